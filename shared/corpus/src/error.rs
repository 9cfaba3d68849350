//! What can go wrong with a corpus, each as one line that says what, where and what to do.

use crate::{pickle::PickleError, store::FORMAT};
use std::{borrow::Cow, io, path::Path, path::PathBuf};
use superposed_identity::WordId;

/// A corpus that could not be made, opened or trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// The operating system, or a decompressor, refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done, like `read`.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The counts are neither a directory nor a whole archive.
    #[error(
        "{} is no tar archive, or a damaged one ({source}): give the published .tar.gz, or a directory of counts",
        path.display()
    )]
    Archive {
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// The destination of a new store is taken.
    #[error("{} exists already: choose another destination, or remove it first", .0.display())]
    Exists(PathBuf),
    /// There is no directory, or it has no header.
    #[error(
        "{} is no corpus store, as it has no store.json: make one with `superposed corpus import` or \
         `superposed corpus count`",
        .0.display()
    )]
    NotAStore(PathBuf),
    /// The header is not what this program writes.
    #[error("{} is no header of a corpus store ({detail}): fetch or build the store again", path.display())]
    Header {
        /// The header's file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The store was written by another version.
    #[error("{} is of store format {found}, but only {FORMAT} can be read: import or count it again", path.display())]
    Format {
        /// The header's file.
        path: PathBuf,
        /// The format it names.
        found: u64,
    },
    /// A file of the store is shorter or longer than its header says.
    #[error("{} has {found} bytes, but the header says {expected}: fetch or build the store again", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Its length according to the header, in bytes.
        expected: u64,
        /// Its length, in bytes.
        found: u64,
    },
    /// A file of the store does not have the content its header says.
    #[error(
        "{} has the checksum sha256:{found}, but the header says sha256:{expected}: fetch or build the store again",
        path.display()
    )]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The checksum according to the header, in hexadecimal.
        expected: String,
        /// The checksum of the content, in hexadecimal.
        found: String,
    },
    /// A file of the store breaks a rule of the format, though its header vouches for it.
    #[error("{} is damaged ({detail}): fetch or build the store again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The broken rule.
        detail: String,
    },
    /// The row of a word is not the one that was written.
    #[error(
        "{} is damaged where it has the counts of {word:?} (id {id}): fetch or build the store again",
        path.display()
    )]
    DamagedRow {
        /// The file.
        path: PathBuf,
        /// The first word whose counts are damaged.
        word: String,
        /// Its id.
        id: WordId,
    },
    /// A word is listed twice.
    #[error("the vocabulary has the word {0:?} twice: a word's id is its rank, so each word may be there once")]
    DuplicateWord(String),
    /// A word cannot be a line of the vocabulary file.
    #[error("the vocabulary has the word {0:?}, which contains a line break: remove it")]
    LineBreak(String),
    /// The vocabulary is larger than a store can hold.
    #[error("the vocabulary has {words} words, but a store holds at most {most}: choose fewer")]
    TooManyWords {
        /// How many were given.
        words: usize,
        /// How many may be.
        most: u32,
    },
    /// There is no word to count.
    #[error("the vocabulary is empty: no word passed its rules, or no input has a word")]
    NoWords,
    /// There is no window to count in.
    #[error("the corpus has no window: no input has a document")]
    NoWindows,
    /// The inputs name no file.
    #[error("there is no text to count in {}: give files, or directories that hold some", .0.display())]
    NoInput(PathBuf),
    /// A pickle is damaged or of a foreign kind.
    #[error("{member}: {source}")]
    Pickle {
        /// The member of the archive or directory.
        member: String,
        /// What is wrong, and at which byte.
        source: PickleError,
    },
    /// A member of the published counts does not hold what its name promises.
    #[error("{member}: {detail}")]
    Member {
        /// The member of the archive or directory.
        member: String,
        /// What is wrong with it and what to do.
        detail: String,
    },
    /// The published counts as a whole are incomplete or ambiguous.
    #[error("{}: {detail}", counts.display())]
    Counts {
        /// The archive or directory.
        counts: PathBuf,
        /// What is wrong with it and what to do.
        detail: String,
    },
    /// A word of the vocabulary has no count file.
    #[error(
        "{}: the word {word:?} (id {id}) has no {what}: complete the counts, or import them with --allow-missing{}",
        counts.display(),
        match others { 0 => String::new(), n => format!("; {n} more words lack one") }
    )]
    MissingCounts {
        /// The archive or directory.
        counts: PathBuf,
        /// The first word without counts.
        word: String,
        /// Its id.
        id: WordId,
        /// What it lacks, like `joint counts (10/7.pkl)`.
        what: String,
        /// How many further words lack counts.
        others: usize,
    },
    /// The count of (a, b) is not the count of (b, a).
    #[error(
        "the joint counts are not symmetric: {first:?} (id {first_id}) counts {forward} windows with {second:?} \
         (id {second_id}), but {second:?} counts {backward} with {first:?}: the counts are damaged, get them again"
    )]
    Asymmetric {
        /// The word with the smaller id.
        first: String,
        /// Its id.
        first_id: WordId,
        /// The other word.
        second: String,
        /// Its id.
        second_id: WordId,
        /// The count in the first word's row.
        forward: u64,
        /// The count in the second word's row.
        backward: u64,
    },
    /// A text file cannot be read as documents.
    #[error("{}, line {line}: {detail}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it and what to do.
        detail: Cow<'static, str>,
    },
    /// A document names a word that the vocabulary does not have.
    #[error("document {document} has the word id {id}, but the vocabulary has only {words} words")]
    ForeignWord {
        /// The document, from 0.
        document: u64,
        /// The id.
        id: WordId,
        /// How many words there are.
        words: usize,
    },
}

impl CorpusError {
    /// Makes an error of what the operating system said when `action` was tried on `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    /// The same error, of a member that is named with the archive or directory it is in.
    pub(crate) fn within(mut self, counts: &Path) -> Self {
        if let Self::Pickle { member, .. } | Self::Member { member, .. } = &mut self {
            *member = format!("{}: {member}", counts.display());
        }
        self
    }

    /// A member that does not hold what its name promises.
    pub(crate) fn member(member: &str, detail: impl Into<String>) -> Self {
        Self::Member { member: member.to_owned(), detail: detail.into() }
    }
}
