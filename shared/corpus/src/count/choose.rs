//! Which tokens become the words of a corpus.

use crate::{CorpusError, Vocabulary};
use rustc_hash::FxHashMap;
use std::{cmp::Reverse, fmt};

/// What makes a word come before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Ranking {
    /// How often it is there.
    #[default]
    WordCount,
    /// In how many documents it is.
    DocumentFrequency,
}

/// Which tokens become words: of those that pass all limits, the first by the ranking, ties in code-point order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VocabularyRule {
    /// The most words that are chosen; 40,000 unless changed.
    pub max_words: u32,
    /// What makes a word come before another; how often it is there unless changed.
    pub ranking: Ranking,
    /// The least documents that have a word; 1 unless changed.
    pub min_document_frequency: u64,
    /// The most documents that have a word, when there is a limit; none unless changed.
    pub max_document_frequency: Option<u64>,
    /// The least characters of a word; 1 unless changed. Shorter tokens keep their positions, as all tokens that are
    /// not chosen.
    pub min_word_length: u32,
}

impl Default for VocabularyRule {
    fn default() -> Self {
        Self {
            max_words: 40_000,
            ranking: Ranking::default(),
            min_document_frequency: 1,
            max_document_frequency: None,
            min_word_length: 1,
        }
    }
}

impl fmt::Display for VocabularyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { max_words, ranking, min_document_frequency, max_document_frequency, min_word_length } = self;
        let by = match ranking {
            Ranking::WordCount => "word count",
            Ranking::DocumentFrequency => "document frequency",
        };
        write!(f, "first {max_words} by {by}, in at least {min_document_frequency}")?;
        if let Some(most) = max_document_frequency {
            write!(f, " and at most {most}")?;
        }
        write!(f, " documents, of at least {min_word_length} characters")
    }
}

/// How often a token was there.
#[derive(Default)]
struct Tally {
    tokens: u64,
    documents: u64,
    /// The last document that had it, from 1.
    last: u64,
}

/// All tokens of a corpus.
#[derive(Default)]
pub(super) struct Candidates {
    tallies: FxHashMap<Box<str>, Tally>,
    document: u64,
}

impl Candidates {
    pub(super) fn start_document(&mut self) {
        self.document += 1;
    }

    pub(super) fn add(&mut self, token: &str) {
        // Looked up first: nearly every token was there before, and an entry would cost a copy of its text.
        if let Some(tally) = self.tallies.get_mut(token) {
            tally.count(self.document);
        } else {
            self.tallies.entry(token.into()).or_default().count(self.document);
        }
    }

    /// The words that the rule chooses.
    pub(super) fn choose(self, rule: &VocabularyRule) -> Result<Vocabulary, CorpusError> {
        let most = rule.max_document_frequency.unwrap_or(u64::MAX);
        let long_enough = |word: &str| word.chars().nth((rule.min_word_length as usize).saturating_sub(1)).is_some();
        let passes = |(word, tally): &(Box<str>, Tally)| {
            (rule.min_document_frequency..=most).contains(&tally.documents) && long_enough(word)
        };
        let mut words: Vec<(Reverse<u64>, Box<str>)> = self
            .tallies
            .into_iter()
            .filter(passes)
            .map(|(word, tally)| match rule.ranking {
                Ranking::WordCount => (Reverse(tally.tokens), word),
                Ranking::DocumentFrequency => (Reverse(tally.documents), word),
            })
            .collect();
        words.sort_unstable();
        words.truncate(rule.max_words as usize);
        Vocabulary::from_words(words.into_iter().map(|(_, word)| word.into_string()))
    }
}

impl Tally {
    fn count(&mut self, document: u64) {
        self.tokens += 1;
        self.documents += u64::from(self.last != document);
        self.last = document;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words that the default rule, changed, chooses from four documents.
    fn chosen(change: impl FnOnce(&mut VocabularyRule)) -> Vec<String> {
        let mut candidates = Candidates::default();
        for document in ["a a a bb bb c", "bb c d", "c éé", ""] {
            candidates.start_document();
            document.split_whitespace().for_each(|token| candidates.add(token));
        }
        let mut rule = VocabularyRule::default();
        change(&mut rule);
        match candidates.choose(&rule) {
            Ok(vocabulary) => vocabulary.iter().map(|(_, word)| word.to_owned()).collect(),
            Err(error) => vec![error.to_string()],
        }
    }

    #[test]
    fn words_are_ranked_by_count_or_documents_with_ties_by_code_point() {
        assert_eq!(chosen(|_| {}), ["a", "bb", "c", "d", "éé"]);
        assert_eq!(chosen(|rule| rule.max_words = 2), ["a", "bb"]);
        let by_documents = |most| chosen(|rule| (rule.ranking, rule.max_words) = (Ranking::DocumentFrequency, most));
        assert_eq!(by_documents(1), ["c"]);
        assert_eq!(by_documents(2), ["bb", "c"]);
        assert_eq!(by_documents(3), ["a", "bb", "c"]);
    }

    #[test]
    fn words_must_be_in_enough_and_not_too_many_documents_and_long_enough() {
        assert_eq!(chosen(|rule| rule.min_document_frequency = 2), ["bb", "c"]);
        assert_eq!(chosen(|rule| rule.max_document_frequency = Some(1)), ["a", "d", "éé"]);
        assert_eq!(chosen(|rule| rule.min_word_length = 2), ["bb", "éé"]);
        let none = chosen(|rule| rule.min_word_length = 3);
        assert!(none[0].starts_with("the vocabulary is empty"), "{none:?}");
    }
}
