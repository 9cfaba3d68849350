//! The words of a corpus, in code-point order.

use crate::CorpusError;
use superposed_identity::WordId;

/// The most words a store holds: its joint counts then fill 2 × 2¹⁸ × 2¹⁸ bytes (137 GB, where they are not sparse).
pub const MAX_WORDS: u32 = 1 << 18;

/// Words sorted by code point; the id of a word is its rank.
#[derive(Clone, PartialEq, Eq)]
pub struct Vocabulary {
    /// Every word followed by a line feed, which is also how a store keeps them.
    lines: String,
    /// Where each word ends in `lines`, before its line feed.
    ends: Vec<usize>,
}

impl Vocabulary {
    /// Sorts words into a vocabulary.
    ///
    /// # Errors
    /// A word that is there twice or contains a line feed; no words, or more than [`MAX_WORDS`].
    pub fn from_words(words: impl IntoIterator<Item = String>) -> Result<Self, CorpusError> {
        let mut words: Vec<String> = words.into_iter().collect();
        check_length(words.len())?;
        // UTF-8 sorts by bytes as it sorts by code points, so this is the order of Python's `sorted`.
        words.sort_unstable();
        if let Some(pair) = words.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(CorpusError::DuplicateWord(pair[0].clone()));
        }
        if let Some(word) = words.iter().find(|word| word.contains('\n')) {
            return Err(CorpusError::LineBreak(word.clone()));
        }
        let mut vocabulary = Self {
            lines: String::with_capacity(words.iter().map(|word| word.len() + 1).sum()),
            ends: Vec::with_capacity(words.len()),
        };
        for word in &words {
            vocabulary.lines.push_str(word);
            vocabulary.ends.push(vocabulary.lines.len());
            vocabulary.lines.push('\n');
        }
        Ok(vocabulary)
    }

    /// Takes over the text of a vocabulary file; the error says which rule it breaks.
    pub(crate) fn from_lines(lines: String) -> Result<Self, String> {
        if !lines.ends_with('\n') {
            return Err("its last line is not ended".to_owned());
        }
        let ends: Vec<usize> = lines.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        check_length(ends.len()).map_err(|error| error.to_string())?;
        let vocabulary = Self { lines, ends };
        for ((_, word), (id, next)) in vocabulary.iter().zip(vocabulary.iter().skip(1)) {
            if word >= next {
                return Err(format!("word {id}, {next:?}, does not sort after {word:?}"));
            }
        }
        Ok(vocabulary)
    }

    /// The text of the vocabulary file: every word and a line feed.
    pub(crate) fn as_lines(&self) -> &str {
        &self.lines
    }

    /// How many words there are; at least one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no word, which no vocabulary allows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The word with this id.
    ///
    /// # Panics
    /// When the id is not below [`Self::len`].
    #[must_use]
    pub fn word(&self, id: WordId) -> &str {
        let start = id.index().checked_sub(1).map_or(0, |before| self.ends[before] + 1);
        &self.lines[start..self.ends[id.index()]]
    }

    /// The id of a word, when it is one of the vocabulary.
    #[must_use]
    pub fn id(&self, word: &str) -> Option<WordId> {
        let (mut low, mut high) = (0, self.len() as u32);
        while low < high {
            let middle = low.midpoint(high);
            match self.word(WordId(middle)).cmp(word) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(WordId(middle)),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// All words in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (WordId, &str)> + Clone {
        (0..self.len() as u32).map(|id| (WordId(id), self.word(WordId(id))))
    }
}

impl std::fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vocabulary").field("words", &self.len()).finish_non_exhaustive()
    }
}

fn check_length(words: usize) -> Result<(), CorpusError> {
    match words {
        0 => Err(CorpusError::NoWords),
        words if words > MAX_WORDS as usize => Err(CorpusError::TooManyWords { words, most: MAX_WORDS }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::btree_set, prelude::*};

    fn words(words: &[&str]) -> Result<Vocabulary, CorpusError> {
        Vocabulary::from_words(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn ids_are_ranks_by_code_point_and_not_by_length_or_locale() {
        // In UTF-16 the last two would change places.
        let vocabulary = words(&["\u{10000}", "\u{ffff}", "é", "zz", "z", "Z", ""]).expect("good words");
        let sorted: Vec<&str> = vocabulary.iter().map(|(_, word)| word).collect();
        assert_eq!(sorted, ["", "Z", "z", "zz", "é", "\u{ffff}", "\u{10000}"]);
        assert_eq!(vocabulary.id("zz"), Some(WordId(3)));
        assert_eq!(vocabulary.id("zzz"), None);
    }

    #[test]
    fn words_twice_words_over_two_lines_and_no_words_are_refused() {
        let refused = |list: &[&str]| words(list).expect_err("accepted").to_string();
        assert!(refused(&["b", "a", "b"]).contains("\"b\" twice"));
        assert!(refused(&["a\nb"]).contains("line break"));
        assert!(refused(&[]).contains("empty"));
        let many = (0..=MAX_WORDS).map(|word| word.to_string());
        assert!(Vocabulary::from_words(many).expect_err("accepted").to_string().contains("at most 262144"));
    }

    #[test]
    fn an_unsorted_or_unended_vocabulary_file_is_refused() {
        assert!(Vocabulary::from_lines("b\na\n".to_owned()).expect_err("accepted").contains("\"a\", does not sort"));
        assert!(Vocabulary::from_lines("a\nb".to_owned()).expect_err("accepted").contains("not ended"));
    }

    proptest! {
        #[test]
        fn every_word_is_found_under_its_rank_also_after_a_round_trip(words in btree_set("[a-zé]{0,4}", 1..40)) {
            let vocabulary = Vocabulary::from_words(words.iter().rev().cloned()).unwrap();
            let read = Vocabulary::from_lines(vocabulary.as_lines().to_owned()).unwrap();
            prop_assert!(read == vocabulary);
            for (rank, word) in words.iter().enumerate() {
                prop_assert_eq!(read.id(word), Some(WordId(rank as u32)));
                prop_assert_eq!(read.word(WordId(rank as u32)), word);
            }
            prop_assert_eq!(read.id("0"), None);
        }
    }
}
