//! The words that a campaign admits to its pools: a text file, one word a line.
//!
//! The list changes results, so a campaign carries its digest and everyone who reads the file compares.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

/// A list of words, as a campaign was admitted with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ExtraVocab {
    /// The file.
    pub file: String,
    /// `sha256:…` over the words in their order, each once: neither the order of the lines nor how they end counts.
    pub digest: String,
}

/// A list of words that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExtraVocabError {
    /// The file cannot be read.
    #[error("cannot read extra_vocab {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no text.
    #[error("extra_vocab {}:{line}: not UTF-8; save the list as UTF-8, one word a line", path.display())]
    NoText {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The file has no word.
    #[error("extra_vocab {} has no word; write one word a line, or leave extra_vocab out to admit all", .0.display())]
    Empty(PathBuf),
}

/// Reads a list of words and its digest. Blank lines, and blanks around a word, are not part of it.
///
/// # Errors
/// When the file cannot be read, is not UTF-8 or has no word.
pub fn read(path: &Path) -> Result<(Vec<String>, String), ExtraVocabError> {
    let bytes = std::fs::read(path).map_err(|source| ExtraVocabError::Read { path: path.to_owned(), source })?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        ExtraVocabError::NoText { path: path.to_owned(), line }
    })?;
    // Some editors begin a text with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let words: BTreeSet<&str> = text.lines().map(str::trim).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err(ExtraVocabError::Empty(path.to_owned()));
    }
    let mut digest = Sha256::new();
    for word in &words {
        digest.update(word);
        digest.update("\n");
    }
    let digits: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((words.into_iter().map(str::to_owned).collect(), format!("sha256:{digits}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_bytes(bytes: &[u8]) -> Result<(Vec<String>, String), String> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("words.txt");
        std::fs::write(&path, bytes).expect("a writable file");
        read(&path).map_err(|e| e.to_string().replace(&directory.path().display().to_string(), ""))
    }

    #[test]
    fn the_digest_is_of_the_words_and_not_of_how_they_are_written() {
        let (words, digest) = read_bytes("bee\nant\n".as_bytes()).expect("a list");
        assert_eq!(words, ["ant", "bee"]);
        let same = read_bytes("\u{feff}ant\r\n\r\n bee \r\nant".as_bytes()).expect("a list");
        assert_eq!(same, (words, digest.clone()));
        let (_, other) = read_bytes(b"antbee\n").expect("a list");
        assert_ne!(other, digest);
    }

    #[test]
    fn what_is_no_list_is_named() {
        let refused = |bytes: &[u8]| read_bytes(bytes).expect_err("it was read");
        assert_eq!(
            refused(b"\n \n"),
            "extra_vocab /words.txt has no word; write one word a line, or leave extra_vocab out to admit all"
        );
        assert_eq!(
            refused(b"ant\nb\xffe\n"),
            "extra_vocab /words.txt:2: not UTF-8; save the list as UTF-8, one word a line"
        );
        let missing = read(Path::new("/nowhere/words.txt")).expect_err("it was read").to_string();
        assert_eq!(missing, "cannot read extra_vocab /nowhere/words.txt: No such file or directory (os error 2)");
    }
}
