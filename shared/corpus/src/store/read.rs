//! Reading a store: checked when it is opened, then two loads per joint count.

use super::{
    Cell, ESCAPE, JOINT, OVERFLOW, Provenance, Record, SINGLES, VOCABULARY,
    header::{FileRecord, Header, checksum, checksum_of},
    key,
};
use crate::{CorpusError, Vocabulary, map::FileMap};
use std::path::{Path, PathBuf};
use superposed_identity::WordId;

/// An opened store. Its files are mapped into memory, so that all processes that open it share one copy.
pub struct Corpus {
    directory: PathBuf,
    header: Header,
    vocabulary: Vocabulary,
    singles: FileMap,
    joint: FileMap,
    overflow: FileMap,
}

impl Corpus {
    /// Opens a store and checks its header, the length of every file, and the content of all but the joint rows
    /// (gigabytes, perhaps: [`Self::verify`] reads those too).
    ///
    /// # Errors
    /// No store, another format, or the first damage that was found.
    pub fn open(directory: &Path) -> Result<Self, CorpusError> {
        let header = Header::read(directory)?;
        let map = |file: &str| FileMap::open(&directory.join(file), header.files[file].bytes);
        let (lines, singles, joint, overflow) = (map(VOCABULARY)?, map(SINGLES)?, map(JOINT)?, map(OVERFLOW)?);
        for (file, map) in [(VOCABULARY, &lines), (SINGLES, &singles), (OVERFLOW, &overflow)] {
            compare(&directory.join(file), &header.files[file], checksum_of(map.bytes()))?;
        }
        let damaged = |file: &str, detail: String| CorpusError::Damaged { path: directory.join(file), detail };
        let lines = std::str::from_utf8(lines.bytes()).map_err(|error| damaged(VOCABULARY, error.to_string()))?;
        let vocabulary = Vocabulary::from_lines(lines.to_owned()).map_err(|detail| damaged(VOCABULARY, detail))?;
        if vocabulary.len() as u64 != u64::from(header.words) {
            let detail = format!("it has {} words, but the header says {}", vocabulary.len(), header.words);
            return Err(damaged(VOCABULARY, detail));
        }
        let corpus = Self { directory: directory.to_owned(), header, vocabulary, singles, joint, overflow };
        corpus.check_overflow().map_err(|detail| damaged(OVERFLOW, detail))?;
        Ok(corpus)
    }

    /// Reads all files and compares their checksums with the header's.
    ///
    /// # Errors
    /// The first file whose content is not what the header says, or that cannot be read.
    pub fn verify(&self) -> Result<(), CorpusError> {
        for (file, record) in &self.header.files {
            let path = self.directory.join(file);
            // Read, not mapped: a file that shrank is an error here, not a signal.
            let found = checksum(&path, |_| {})?;
            if found.bytes != record.bytes {
                return Err(CorpusError::Length { path, expected: record.bytes, found: found.bytes });
            }
            compare(&path, record, found.sha256)?;
        }
        Ok(())
    }

    /// The words.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The windows of the whole corpus; at least one.
    #[must_use]
    pub fn windows(&self) -> u64 {
        self.header.windows
    }

    /// The size of a window in tokens; 0 is the whole document.
    #[must_use]
    pub fn window_size(&self) -> u32 {
        self.header.window
    }

    /// The unordered pairs of two words that share at least one window.
    #[must_use]
    pub fn pairs_nonzero(&self) -> u64 {
        self.header.pairs_nonzero
    }

    /// The windows that contain a word.
    ///
    /// # Panics
    /// When the word is not one of the vocabulary.
    #[must_use]
    pub fn single_count(&self, word: WordId) -> u64 {
        u64::from_le_bytes(self.singles.bytes().as_chunks().0[word.index()])
    }

    /// The windows that contain both words. For a word with itself it is what published counts say, or 0.
    ///
    /// # Panics
    /// When a word is not one of the vocabulary, or when the store is damaged in a way that [`Self::verify`] finds.
    #[must_use]
    pub fn joint_count(&self, a: WordId, b: WordId) -> u64 {
        self.count_of(u16::from_le_bytes(self.row(a)[b.index()]), a, b)
    }

    /// The words whose own count file was missing when the counts were imported: their joint counts are only what the
    /// other words' files say. Empty unless the import allowed missing words. Ascending.
    #[must_use]
    pub fn missing_words(&self) -> &[WordId] {
        &self.header.missing
    }

    /// The digest of the content, `sha256:<hexadecimal>`: the same on every machine, whatever the provenance.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.header.digest
    }

    /// Where the store came from.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.header.provenance
    }

    /// Where the store lies.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The joint counts of a word, one cell for each word.
    pub(super) fn row(&self, word: WordId) -> &[Cell] {
        let words = self.vocabulary.len();
        &self.joint.bytes().as_chunks().0[word.index() * words..][..words]
    }

    /// A joint count that does not fit a cell.
    #[cold]
    pub(super) fn large_count(&self, a: WordId, b: WordId) -> u64 {
        let key = key(a.0.min(b.0), a.0.max(b.0));
        match self.records().binary_search_by_key(&key, |record| split(record).0) {
            Ok(at) => split(&self.records()[at]).1,
            Err(_) => {
                panic!("{} lacks the words {a} and {b}: verify the store", self.directory.join(OVERFLOW).display())
            }
        }
    }

    fn records(&self) -> &[Record] {
        self.overflow.bytes().as_chunks().0
    }

    /// Checks the order and the range of the overflow table.
    fn check_overflow(&self) -> Result<(), String> {
        let mut last = None;
        for (number, record) in self.records().iter().enumerate() {
            let (key, count) = split(record);
            let (row, column) = ((key >> 32) as u32, key as u32);
            if row > column || column >= self.header.words || count < u64::from(ESCAPE) || last >= Some(key) {
                return Err(format!("record {number}, words {row} and {column}, is out of order or range"));
            }
            last = Some(key);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Corpus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Corpus")
            .field("directory", &self.directory)
            .field("digest", &self.digest())
            .finish_non_exhaustive()
    }
}

/// The key and the count of a record.
fn split(record: &Record) -> (u64, u64) {
    let [key, count] = *record.as_chunks().0 else { unreachable!("a record has twice eight bytes") };
    (u64::from_le_bytes(key), u64::from_le_bytes(count))
}

fn compare(path: &Path, record: &FileRecord, found: String) -> Result<(), CorpusError> {
    if found == record.sha256 {
        return Ok(());
    }
    Err(CorpusError::Checksum { path: path.to_owned(), expected: record.sha256.clone(), found })
}
