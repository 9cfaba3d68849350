//! Ids in words.

use superposed_corpus::Vocabulary;
use superposed_identity::WordId;

/// The map from word ids to words.
#[derive(Debug, Clone)]
pub struct Words {
    /// Every word followed by a line feed.
    lines: String,
    /// Where each ends, before its line feed.
    ends: Vec<usize>,
}

/// A file that maps no ids to words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// Not text.
    #[error("line {0}: it is not UTF-8; it was damaged")]
    Encoding(usize),
    /// The last line has no end.
    #[error("line {0}: the file was cut short, the line has no end")]
    CutShort(usize),
    /// A word that does not sort after the one before it.
    #[error(
        "line {line}: {word:?} does not sort after {before:?}, but words ascend by code point; the file was changed"
    )]
    Order {
        /// The line, from 1.
        line: usize,
        /// What stands there.
        word: String,
        /// What stands before it.
        before: String,
    },
    /// Nothing is there.
    #[error("it has no words")]
    Empty,
}

impl Words {
    /// Reads a map: a word a line, the line's number from 0 is the id.
    ///
    /// # Errors
    /// When it is damaged. Words that do not ascend are refused by [`Self::check_order`] alone.
    pub fn read(content: &[u8]) -> Result<Self, WordsError> {
        let feeds = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
        let lines = str::from_utf8(content)
            .map_err(|error| WordsError::Encoding(1 + feeds(&content[..error.valid_up_to()])))?;
        match content.last() {
            None => return Err(WordsError::Empty),
            Some(b'\n') => {}
            Some(_) => return Err(WordsError::CutShort(1 + feeds(content))),
        }
        Ok(Self::of_lines(lines.to_owned()))
    }

    /// The words of a corpus.
    #[must_use]
    pub fn of_vocabulary(vocabulary: &Vocabulary) -> Self {
        Self::of_lines(vocabulary.iter().flat_map(|(_, word)| [word, "\n"]).collect())
    }

    fn of_lines(lines: String) -> Self {
        let ends = lines.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        Self { lines, ends }
    }

    /// Sees that the words ascend by code point, each once, as a corpus numbers them.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check_order(&self) -> Result<(), WordsError> {
        let word = |index: usize| self.word(WordId(index as u32)).unwrap_or_default();
        match (1..self.len()).find(|index| word(index - 1) >= word(*index)) {
            None => Ok(()),
            Some(index) => Err(WordsError::Order {
                line: index + 1,
                word: word(index).to_owned(),
                before: word(index - 1).to_owned(),
            }),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The word of an id.
    #[must_use]
    pub fn word(&self, id: WordId) -> Option<&str> {
        let end = *self.ends.get(id.index())?;
        let start = id.index().checked_sub(1).map_or(0, |before| self.ends[before] + 1);
        Some(&self.lines[start..end])
    }

    /// The id of a word, which may be anywhere: a map of other programs need not ascend.
    #[must_use]
    pub fn id(&self, word: &str) -> Option<WordId> {
        let found = self.lines.lines().position(|line| line == word)?;
        u32::try_from(found).ok().map(WordId)
    }

    /// The first line, from 1, in which this map differs from another.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<usize> {
        let lines = self.len().max(other.len()) as u32;
        (0..lines).find(|id| self.word(WordId(*id)) != other.word(WordId(*id))).map(|id| id as usize + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_by_its_line_and_a_line_by_its_word() {
        let words = Words::read("a\nß\nc\n".as_bytes()).expect("a map");
        assert_eq!(words.word(WordId(1)), Some("ß"));
        assert_eq!(words.word(WordId(3)), None);
        assert_eq!(words.id("c"), Some(WordId(2)));
        assert_eq!(words.id("d"), None);
        assert_eq!(words.difference(&words), None);
        assert_eq!(words.difference(&Words::read("a\nß\n".as_bytes()).expect("a map")), Some(3));
    }

    #[test]
    fn a_damaged_map_is_refused_with_its_line() {
        let refused = |content: &[u8]| {
            let checked = Words::read(content).and_then(|words| words.check_order());
            checked.expect_err("it was read").to_string()
        };
        assert_eq!(refused(b""), "it has no words");
        assert_eq!(refused(b"a\nb"), "line 2: the file was cut short, the line has no end");
        assert_eq!(refused(b"a\nb\n\xff\n"), "line 3: it is not UTF-8; it was damaged");
        assert!(refused(b"a\nc\nb\n").starts_with("line 3: \"b\" does not sort after \"c\""));
        assert!(refused(b"a\na\n").starts_with("line 2: \"a\" does not sort after \"a\""));
    }
}
