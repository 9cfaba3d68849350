//! Words that take several tokens: a word is in the pool when all tokens of one of its spellings are activated.
//!
//! If that makes more than τ words, only the first τ − 50 tokens count, then τ − 100 and so on, until no more than τ
//! words are left (Lim & Lauw 2023, appendix; the published code). A word is in by some cut exactly when the last token
//! of one of its spellings lies before it, so one pass over the activated tokens finds where each word is complete, and
//! every cut is a prefix of that list: the vocabulary is not scanned at all.

use superposed_identity::{TokenId, WordId};

/// By how many tokens the cut shrinks at a time.
const STEP: usize = 50;

/// A way to write a word in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Spelling(u32);

/// The words that tokens spell.
#[derive(Debug)]
pub(super) struct Spellings {
    /// The spellings that token t is part of: `uses[starts[t]..starts[t + 1]]`, ascending.
    starts: Vec<usize>,
    uses: Vec<Spelling>,
    /// The word of each spelling.
    words: Vec<WordId>,
    /// How many tokens each spelling has.
    lengths: Vec<u32>,
}

impl Spellings {
    /// All spellings, each a word and its tokens, which are distinct and not none.
    pub(super) fn new(spellings: impl Iterator<Item = (WordId, Vec<TokenId>)>) -> Self {
        let (mut words, mut lengths, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        for (word, tokens) in spellings {
            let spelling = Spelling(words.len() as u32);
            words.push(word);
            lengths.push(tokens.len() as u32);
            pairs.extend(tokens.into_iter().map(|token| (token, spelling)));
        }
        pairs.sort_unstable();
        let tokens = pairs.last().map_or(0, |(token, _)| token.index() + 1);
        let starts = (0..=tokens).map(|token| pairs.partition_point(|(other, _)| other.index() < token)).collect();
        Self { starts, uses: pairs.into_iter().map(|(_, spelling)| spelling).collect(), words, lengths }
    }

    /// How many words can be in a pool.
    pub(super) fn words(&self) -> usize {
        let mut words = self.words.clone();
        words.sort_unstable();
        words.dedup();
        words.len()
    }

    /// The words that have the token in one of their spellings; a word once for each.
    pub(super) fn words_of(&self, token: TokenId) -> impl Iterator<Item = WordId> {
        self.spellings_of(token).iter().map(|spelling| self.words[spelling.0 as usize])
    }

    fn spellings_of(&self, token: TokenId) -> &[Spelling] {
        match self.starts.get(token.index()..token.index() + 2) {
            Some(&[start, end]) => &self.uses[start..end],
            _ => &[],
        }
    }

    /// The pool of the activated tokens, which are distinct and ordered from the extreme inwards, ascending.
    pub(super) fn pool(&self, activated: &[TokenId]) -> Vec<WordId> {
        let tau = activated.len();
        let mut missing = self.lengths.clone();
        // Each complete spelling's word with the place of its last token.
        let mut complete: Vec<(WordId, usize)> = Vec::new();
        for (place, token) in activated.iter().enumerate() {
            for spelling in self.spellings_of(*token) {
                let missing = &mut missing[spelling.0 as usize];
                // Stays at 0 if a token came twice, though it must not.
                *missing = missing.saturating_sub(1);
                if *missing == 0 {
                    complete.push((self.words[spelling.0 as usize], place));
                }
            }
        }
        // Of a word's spellings the one complete first.
        complete.sort_unstable();
        complete.dedup_by_key(|(word, _)| *word);
        let mut cut = tau;
        while complete.len() > tau && cut > 0 {
            cut = cut.saturating_sub(STEP);
            complete.retain(|(_, place)| *place < cut);
        }
        complete.into_iter().map(|(word, _)| word).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Of each word its spellings.
    type Words = Vec<Vec<Vec<u32>>>;

    fn map(words: &Words) -> Spellings {
        let spellings = words.iter().zip(0..).flat_map(|(spellings, id)| {
            spellings.iter().map(move |tokens| (WordId(id), tokens.iter().copied().map(TokenId).collect()))
        });
        Spellings::new(spellings)
    }

    /// The published loop, over the whole vocabulary for each cut.
    fn slow_pool(words: &Words, activated: &[u32]) -> Vec<WordId> {
        let tau = activated.len();
        let spelt = |id: u32, cut: usize| {
            let all_in = |tokens: &Vec<u32>| tokens.iter().all(|token| activated[..cut].contains(token));
            words[id as usize].iter().any(all_in)
        };
        let mut cut = tau;
        let mut pool: Vec<u32> = (0..words.len() as u32).filter(|id| spelt(*id, cut)).collect();
        while pool.len() > tau && cut > 0 {
            cut = cut.saturating_sub(50);
            pool.retain(|id| spelt(*id, cut));
        }
        pool.into_iter().map(WordId).collect()
    }

    fn spelling() -> impl Strategy<Value = Vec<u32>> {
        prop::collection::btree_set(0_u32..200, 1..4).prop_map(|tokens| tokens.into_iter().collect())
    }

    proptest! {
        #[test]
        fn the_pool_is_that_of_the_published_loop(
            words in prop::collection::vec(prop::collection::vec(spelling(), 0..3), 0..1000),
            activated in Just((0_u32..200).collect::<Vec<_>>()).prop_shuffle(),
            tau in 0_usize..200,
        ) {
            let tokens: Vec<TokenId> = activated[..tau].iter().copied().map(TokenId).collect();
            prop_assert_eq!(map(&words).pool(&tokens), slow_pool(&words, &activated[..tau]));
        }
    }

    #[test]
    fn a_word_is_complete_with_the_first_of_its_spellings() {
        let map = map(&vec![vec![vec![1, 2], vec![3]], vec![vec![1, 4]]]);
        assert_eq!(map.words(), 2);
        assert_eq!(map.pool(&[TokenId(3), TokenId(1)]), [WordId(0)]);
        assert_eq!(map.pool(&[TokenId(2), TokenId(1), TokenId(3), TokenId(9)]), [WordId(0)]);
        assert_eq!(map.words_of(TokenId(1)).collect::<Vec<_>>(), [WordId(0), WordId(1)]);
        assert_eq!(map.words_of(TokenId(5)).count(), 0);
    }

    #[test]
    fn a_cut_that_reaches_zero_leaves_nothing() {
        let map = map(&vec![vec![vec![1]]; 60]);
        assert!(map.pool(&(0..40).map(TokenId).collect::<Vec<_>>()).is_empty());
    }
}
