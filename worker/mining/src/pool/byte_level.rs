//! GPT-2's rule: a token is the word that its raw string spells.

use superposed_identity::{TokenId, WordId};

/// How byte-level BPE writes a leading space.
const SPACE: char = 'Ġ';

/// The word of each token.
#[derive(Debug)]
pub(super) struct ByteLevel {
    words: Vec<Option<WordId>>,
}

impl ByteLevel {
    /// Takes each token's string as the vocabulary file has it (bytes not decoded), without one leading `Ġ`, in lower
    /// case; `word_of` knows the words.
    pub(super) fn new<'t>(
        tokens: impl Iterator<Item = (TokenId, &'t str)>,
        word_of: impl Fn(&str) -> Option<WordId>,
    ) -> Self {
        let mut words = Vec::new();
        for (token, text) in tokens {
            let text = text.strip_prefix(SPACE).unwrap_or(text);
            let word = word_of(&text.to_lowercase());
            if words.len() <= token.index() {
                words.resize(token.index() + 1, None);
            }
            words[token.index()] = word;
        }
        Self { words }
    }

    /// How many tokens are words.
    pub(super) fn words(&self) -> usize {
        self.words.iter().flatten().count()
    }

    /// The word of a token.
    pub(super) fn word_of(&self, token: TokenId) -> Option<&WordId> {
        self.words.get(token.index())?.as_ref()
    }

    /// The tokens that are words.
    pub(super) fn whole_tokens(&self) -> impl Iterator<Item = (TokenId, WordId)> {
        self.words.iter().zip(0..).filter_map(|(word, token)| Some((TokenId(token), (*word)?)))
    }

    /// The words of the activated tokens, ascending, each once.
    pub(super) fn pool(&self, activated: &[TokenId]) -> Vec<WordId> {
        let mut pool: Vec<WordId> = activated.iter().filter_map(|token| self.word_of(*token).copied()).collect();
        pool.sort_unstable();
        pool.dedup();
        pool
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(tokens: &[&str]) -> ByteLevel {
        let words = ["cat", "dog", "Ġx", "ï"];
        let word_of = |word: &str| words.iter().position(|known| *known == word).map(|id| WordId(id as u32));
        ByteLevel::new(tokens.iter().zip(0..).map(|(text, id)| (TokenId(2 * id), *text)), word_of)
    }

    #[test]
    fn several_tokens_may_be_one_word() {
        let map = map(&["cat", "Ġcat", "CAT", "ĠDog", "bird"]);
        assert_eq!(map.words(), 4);
        assert_eq!(map.pool(&[TokenId(6), TokenId(4), TokenId(2), TokenId(0), TokenId(8)]), [WordId(0), WordId(1)]);
    }

    #[test]
    fn only_one_leading_space_is_removed_and_nothing_is_decoded() {
        let map = map(&["ĠĠcat", "Ã¯", "Ġï"]);
        assert_eq!(map.word_of(TokenId(0)), None);
        assert_eq!(map.word_of(TokenId(2)), None);
        assert_eq!(map.word_of(TokenId(4)), Some(&WordId(3)));
        assert!(map.pool(&[TokenId(1), TokenId(1_000_000)]).is_empty(), "an id that names no token is no word");
    }
}
