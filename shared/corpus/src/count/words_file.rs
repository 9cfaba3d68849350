//! A vocabulary that is given in a file.

use crate::{CorpusError, input};
use std::{io::BufRead, path::Path, sync::atomic::AtomicU64};

/// Reads a list of words: one a line, in any order, as they are. Blank lines and a byte order mark are passed over. The
/// `vocabulary.txt` of a store is such a list. It may be compressed as text may be.
///
/// # Errors
/// A file that cannot be read or is no UTF-8, or a line with white space before, in or after its word, which no token has.
pub fn read_words(path: &Path) -> Result<Vec<String>, CorpusError> {
    let passed = AtomicU64::new(0);
    let mut words = Vec::new();
    for (number, line) in (1..).zip(input::open(path, &passed)?.split(b'\n')) {
        let line = line.map_err(CorpusError::io("read", path))?;
        let wrong =
            |detail: &'static str| CorpusError::Text { path: path.to_owned(), line: number, detail: detail.into() };
        let line = str::from_utf8(&line).map_err(|_| wrong("it is no UTF-8: convert the file first"))?;
        let line = if number == 1 { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
        let word = line.strip_suffix('\r').unwrap_or(line);
        if word.contains(char::is_whitespace) && !word.trim().is_empty() {
            return Err(wrong("it has white space beside its word, which no token has: give one word a line"));
        }
        if !word.trim().is_empty() {
            words.push(word.to_owned());
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_lines_as_they_are() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let path = place.path().join("words");
        let read = |text: &[u8]| {
            std::fs::write(&path, text).expect("written");
            read_words(&path).map_err(|error| error.to_string())
        };
        assert_eq!(read(b"\xef\xbb\xbfb\r\n\na\n \nX-ray").expect("read"), ["b", "a", "X-ray"]);
        assert!(read(b"a\nnew york\n").is_err_and(|error| error.contains("words, line 2: it has white space")));
        assert!(read(b"a\n\xff\n").is_err_and(|error| error.contains("words, line 2: it is no UTF-8")));
        assert!(read(b"").expect("read").is_empty());
    }
}
