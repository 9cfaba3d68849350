//! Which tokens become the words of a corpus.

use super::tally::{Table, Tallies, Tally};
use crate::{CorpusError, vocabulary::MAX_WORDS};
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

/// In how many documents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Frequency {
    /// So many.
    Documents(u64),
    /// So many of each: 0.5 is every second one.
    Share(f64),
}

impl Frequency {
    /// How many documents of `all` it is; they need not be whole.
    fn of(self, all: u64) -> f64 {
        match self {
            Self::Documents(documents) => documents as f64,
            Self::Share(share) => share * all as f64,
        }
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Documents(documents) => write!(f, "{documents} documents"),
            Self::Share(share) => write!(f, "{share} of all documents"),
        }
    }
}

/// Which tokens become words: of those that pass all limits, the first by the ranking, ties in code-point order.
#[derive(Debug, Clone, PartialEq)]
pub struct VocabularyRule {
    /// The most words that are chosen; 40,000 unless changed.
    pub max_words: u32,
    /// What makes a word come before another; how often it is there unless changed.
    pub ranking: Ranking,
    /// The least documents that have a word; 1 unless changed.
    pub min_document_frequency: Frequency,
    /// The most documents that have a word, when there is a limit; none unless changed.
    pub max_document_frequency: Option<Frequency>,
    /// The least characters of a word; 1 unless changed. Shorter tokens are treated as all that are not chosen.
    pub min_word_length: u32,
}

impl Default for VocabularyRule {
    fn default() -> Self {
        Self {
            max_words: 40_000,
            ranking: Ranking::default(),
            min_document_frequency: Frequency::Documents(1),
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
        write!(f, ", of at least {min_word_length} characters")
    }
}

/// A word that was chosen, and how often it is there.
pub(super) type Chosen = (String, u64);

impl VocabularyRule {
    /// The words it chooses of tokens, in no order.
    pub(super) fn choose(&self, tallies: &Tallies, tables: Vec<Table<'_>>) -> Result<Vec<Chosen>, CorpusError> {
        let documents = tables.iter().map(Table::documents).sum();
        let least = self.min_document_frequency.of(documents);
        let most = self.max_document_frequency.map_or(f64::INFINITY, |most| most.of(documents));
        let long_enough = |word: &str| word.chars().nth((self.min_word_length as usize).saturating_sub(1)).is_some();
        let rank = |tally: &Tally| match self.ranking {
            Ranking::WordCount => tally.tokens,
            Ranking::DocumentFrequency => tally.documents,
        };
        // Of more words than a store holds all are kept, so that the refusal can say how many; but not of all tokens.
        let kept = (self.max_words as usize).min(2 * MAX_WORDS as usize);
        let mut words: Vec<(Reverse<u64>, Box<str>, u64)> = Vec::new();
        tallies.for_each(tables, |word, tally| {
            if (least..=most).contains(&(tally.documents as f64)) && long_enough(&word) {
                words.push((Reverse(rank(&tally)), word, tally.tokens));
                if words.len() > 2 * kept + 1024 {
                    words.select_nth_unstable(kept);
                    words.truncate(kept);
                }
            }
        })?;
        words.sort_unstable();
        words.truncate(kept);
        Ok(words.into_iter().map(|(_, word, tokens)| (word.into_string(), tokens)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::spill::Spill;
    use super::*;
    use proptest::{collection::vec, prelude::*};

    /// The words that the default rule, changed, chooses from documents that several threads see.
    fn chosen(
        documents: &[&str],
        threads: usize,
        memory: u64,
        change: impl FnOnce(&mut VocabularyRule),
    ) -> Vec<Chosen> {
        let place = tempfile::tempdir().expect("a temporary directory");
        let tallies = Tallies::new(Spill::within(place.path()).expect("a file"), memory, threads);
        let mut tables: Vec<_> = (0..threads).map(|_| tallies.table()).collect();
        for (number, document) in documents.iter().enumerate() {
            let table = &mut tables[number % threads];
            table.start_document().expect("written");
            document.split_whitespace().for_each(|token| table.add(token));
        }
        let mut rule = VocabularyRule::default();
        change(&mut rule);
        rule.choose(&tallies, tables).expect("read")
    }

    fn words(change: impl FnOnce(&mut VocabularyRule)) -> Vec<String> {
        let chosen = chosen(&["a a a bb bb c", "bb c d", "c éé", ""], 2, 1 << 20, change);
        chosen.into_iter().map(|(word, _)| word).collect()
    }

    #[test]
    fn words_are_ranked_by_count_or_documents_with_ties_by_code_point() {
        assert_eq!(words(|_| {}), ["a", "bb", "c", "d", "éé"]);
        assert_eq!(words(|rule| rule.max_words = 2), ["a", "bb"]);
        let by_documents = |most| words(|rule| (rule.ranking, rule.max_words) = (Ranking::DocumentFrequency, most));
        assert_eq!(by_documents(1), ["c"]);
        assert_eq!(by_documents(2), ["c", "bb"]);
        assert_eq!(by_documents(3), ["c", "bb", "a"]);
    }

    #[test]
    fn words_must_be_in_enough_and_not_too_many_documents_and_long_enough() {
        use Frequency::{Documents, Share};
        for two in [Documents(2), Share(0.5), Share(0.26)] {
            assert_eq!(words(|rule| rule.min_document_frequency = two), ["bb", "c"]);
        }
        for one in [Documents(1), Share(0.25), Share(0.49)] {
            assert_eq!(words(|rule| rule.max_document_frequency = Some(one)), ["a", "d", "éé"]);
        }
        assert_eq!(words(|rule| rule.min_word_length = 2), ["bb", "éé"]);
        assert!(words(|rule| rule.min_word_length = 3).is_empty());
    }

    proptest! {
        #[test]
        fn neither_threads_nor_memory_change_what_is_chosen(
            documents in vec("[abc]{1,2}( [a-dé]{1,2}){0,9}", 0..20),
            threads in 1_usize..4,
            memory in 0_u64..2000,
            most in 1_u32..12,
        ) {
            let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
            let rule = |rule: &mut VocabularyRule| rule.max_words = most;
            prop_assert_eq!(chosen(&documents, threads, memory, rule), chosen(&documents, 1, 1 << 30, rule));
        }
    }
}
