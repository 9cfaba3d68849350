//! LLaMA's rule: a word is in the pool when all its pieces are activated.
//!
//! If that makes more than τ words, only the first τ − 50 tokens count, then τ − 100 and so on, until no more than τ
//! words are left (Lim & Lauw 2023, appendix; the published code). A word is in by some cut exactly when the last of its
//! pieces lies before it, so one pass over the activated tokens finds where each word is complete, and every cut is a
//! prefix of that list: the vocabulary is not scanned at all.

use std::fmt::Display;
use superposed_identity::{TokenId, WordId};
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// By how many tokens the cut shrinks at a time.
const STEP: usize = 50;

/// The words of each piece.
#[derive(Debug)]
pub(super) struct SentencePiece {
    /// The words that have token t as a piece: `words[starts[t]..starts[t + 1]]`, ascending.
    starts: Vec<usize>,
    words: Vec<WordId>,
    /// How many pieces each word of the corpus has; 0 for those that cannot match.
    pieces: Vec<u32>,
}

impl SentencePiece {
    /// Tokenizes the alphabetic ones among `words`, which ascend, of a vocabulary of `vocabulary` words.
    ///
    /// The published code compares the number of *distinct* activated pieces with the number of pieces, so a word with
    /// a repeated piece never matches; kept, for comparability.
    pub(super) fn new<'v, E: Display>(
        words: impl Iterator<Item = (WordId, &'v str)>,
        vocabulary: usize,
        encode: impl Fn(&str) -> Result<Vec<TokenId>, E>,
    ) -> Self {
        let mut pieces = vec![0; vocabulary];
        let mut pairs = Vec::new();
        let mut failures = 0;
        for (word, text) in words.filter(|(_, text)| is_alphabetic(text)) {
            let mut tokens = match encode(text) {
                Ok(tokens) => tokens,
                Err(error) => {
                    if failures == 0 {
                        tracing::warn!(%error, text, "a corpus word cannot be tokenized and will be in no pool");
                    }
                    failures += 1;
                    continue;
                }
            };
            tokens.sort_unstable();
            if tokens.windows(2).all(|pair| pair[0] != pair[1]) {
                pieces[word.index()] = tokens.len() as u32;
                pairs.extend(tokens.into_iter().map(|token| (token, word)));
            }
        }
        if failures > 1 {
            tracing::warn!(words = failures, "corpus words that cannot be tokenized will be in no pool");
        }
        pairs.sort_unstable();
        let tokens = pairs.last().map_or(0, |(token, _)| token.index() + 1);
        let starts = (0..=tokens).map(|token| pairs.partition_point(|(other, _)| other.index() < token)).collect();
        Self { starts, words: pairs.into_iter().map(|(_, word)| word).collect(), pieces }
    }

    /// How many words can be in a pool.
    pub(super) fn words(&self) -> usize {
        self.pieces.iter().filter(|pieces| **pieces > 0).count()
    }

    /// The words that have the token as a piece.
    pub(super) fn words_of(&self, token: TokenId) -> &[WordId] {
        match self.starts.get(token.index()..token.index() + 2) {
            Some(&[start, end]) => &self.words[start..end],
            _ => &[],
        }
    }

    /// The pool of the activated tokens, which are distinct and ordered from the extreme inwards, ascending.
    pub(super) fn pool(&self, activated: &[TokenId]) -> Vec<WordId> {
        let tau = activated.len();
        let mut missing = self.pieces.clone();
        // Each complete word with the place of its last piece, ascending by that place.
        let mut complete: Vec<(usize, WordId)> = Vec::new();
        for (place, token) in activated.iter().enumerate() {
            for &word in self.words_of(*token) {
                let missing = &mut missing[word.index()];
                // Stays at 0 if a token came twice, though it must not.
                *missing = missing.saturating_sub(1);
                if *missing == 0 {
                    complete.push((place, word));
                }
            }
        }
        let mut cut = tau;
        while complete.len() > tau && cut > 0 {
            cut = cut.saturating_sub(STEP);
            complete.truncate(complete.partition_point(|(place, _)| *place < cut));
        }
        let mut pool: Vec<WordId> = complete.into_iter().map(|(_, word)| word).collect();
        pool.sort_unstable();
        pool.dedup();
        pool
    }
}

/// Python's `str.isalpha`: not empty, and only letters (general categories Lu, Ll, Lt, Lm, Lo). Rust's `is_alphabetic`
/// also takes the letter-like numbers and the vowel signs of many scripts.
fn is_alphabetic(word: &str) -> bool {
    let is_letter = |c: char| c.general_category_group() == GeneralCategoryGroup::Letter;
    !word.is_empty() && word.chars().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn alphabetic_is_what_python_says() {
        for word in ["cat", "naïve", "ʰ", "ǅ", "日本", "ª"] {
            assert!(is_alphabetic(word), "{word}");
        }
        // U+2160 is a letter number, U+0345 a mark, U+24B6 a symbol: alphabetic in Rust, not in Python.
        for word in ["", "don't", "x1", "Ⅰ", "a\u{345}", "Ⓐ", "the cat"] {
            assert!(!is_alphabetic(word), "{word}");
        }
    }

    type Words = Vec<Vec<u32>>;

    fn map(words: &Words) -> SentencePiece {
        // The n-th word is spelt by the n-th letter from U+4E00 on.
        let texts: Vec<String> = (0..words.len() as u32).map(|id| letter(id).to_string()).collect();
        let encode = |text: &str| -> Result<Vec<TokenId>, String> {
            let id = text.chars().next().map_or(0, |c| c as u32 - letter(0) as u32);
            Ok(words[id as usize].iter().copied().map(TokenId).collect())
        };
        let words = texts.iter().zip(0..).map(|(text, id)| (WordId(id), text.as_str()));
        SentencePiece::new(words, texts.len(), encode)
    }

    fn letter(id: u32) -> char {
        char::from_u32(0x4e00 + id).expect("an ideograph")
    }

    /// The published loop, over the whole vocabulary for each cut.
    fn slow_pool(words: &Words, activated: &[u32]) -> Vec<WordId> {
        let tau = activated.len();
        let all_in = |pieces: &[u32], cut: usize| {
            let distinct: std::collections::BTreeSet<_> = pieces.iter().collect();
            let matching = distinct.iter().filter(|piece| activated[..cut].contains(piece)).count();
            matching == pieces.len() && !pieces.is_empty()
        };
        let mut cut = tau;
        let mut pool: Vec<u32> = (0..words.len() as u32).filter(|id| all_in(&words[*id as usize], cut)).collect();
        while pool.len() > tau && cut > 0 {
            cut = cut.saturating_sub(50);
            pool.retain(|id| all_in(&words[*id as usize], cut));
        }
        pool.into_iter().map(WordId).collect()
    }

    proptest! {
        #[test]
        fn the_pool_is_that_of_the_published_loop(
            words in prop::collection::vec(prop::collection::vec(0_u32..200, 0..3), 0..1000),
            activated in Just((0_u32..200).collect::<Vec<_>>()).prop_shuffle(),
            tau in 0_usize..200,
        ) {
            let tokens: Vec<TokenId> = activated[..tau].iter().copied().map(TokenId).collect();
            prop_assert_eq!(map(&words).pool(&tokens), slow_pool(&words, &activated[..tau]));
        }
    }

    #[test]
    fn a_word_with_a_repeated_piece_never_matches() {
        let map = map(&vec![vec![1, 2, 1], vec![1, 2]]);
        assert_eq!(map.words(), 1);
        assert_eq!(map.pool(&[TokenId(2), TokenId(1), TokenId(0)]), [WordId(1)]);
    }

    #[test]
    fn a_word_without_pieces_is_in_no_pool() {
        let map = map(&vec![vec![], vec![1]]);
        assert_eq!(map.words(), 1);
        assert!(map.pool(&[]).is_empty());
        assert_eq!(map.pool(&[TokenId(1), TokenId(0)]), [WordId(1)]);
    }

    #[test]
    fn a_cut_that_reaches_zero_leaves_nothing() {
        let map = map(&vec![vec![1]; 60]);
        assert!(map.pool(&(0..40).map(TokenId).collect::<Vec<_>>()).is_empty());
    }

    #[test]
    fn words_that_cannot_be_tokenized_are_in_no_pool() {
        let words = [(WordId(0), "cat"), (WordId(1), "dog")];
        let encode = |text: &str| {
            if text == "cat" { Err("no cats") } else { Ok(vec![TokenId(0)]) }
        };
        let map = SentencePiece::new(words.into_iter(), 2, encode);
        assert_eq!(map.pool(&[TokenId(0)]), [WordId(1)]);
    }
}
