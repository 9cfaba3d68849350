//! A wider rule for byte-level BPE: a word is in the pool when a token is the word, as by GPT-2's rule, or when all
//! tokens that spell it are activated.
//!
//! A word without a token of its own can never be in a pool by GPT-2's rule. This rule is not in the paper, so a
//! campaign must ask for it.

use super::spellings::Spellings;
use superposed_identity::{TokenId, WordId};

/// The spellings of each word: the tokens that are the word by GPT-2's rule, one spelling each, and what `encode` makes
/// of the word in the middle of a text (after a space) and at its beginning. A token that comes twice in a spelling need
/// be activated only once.
pub(super) fn spellings<'v>(
    words: impl Iterator<Item = (WordId, &'v str)>,
    whole_tokens: impl Iterator<Item = (TokenId, WordId)>,
    mut encode: impl FnMut(&str) -> Vec<TokenId>,
) -> Spellings {
    let mut spellings: Vec<(WordId, Vec<TokenId>)> = whole_tokens.map(|(token, word)| (word, vec![token])).collect();
    for (word, text) in words {
        for text in [&format!(" {text}"), text] {
            let mut tokens = encode(text);
            tokens.sort_unstable();
            tokens.dedup();
            if !tokens.is_empty() {
                spellings.push((word, tokens));
            }
        }
    }
    spellings.sort_unstable();
    spellings.dedup();
    Spellings::new(spellings.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_spelt_by_a_token_of_its_own_and_by_its_pieces_with_and_without_a_space() {
        // "cat" is token 7 and 8, " cat" 8; "tactac" is 1 1 after a space 2 1; "nil" cannot be encoded.
        let words = [(WordId(0), "cat"), (WordId(1), "nil"), (WordId(2), "tactac")];
        let encode = |text: &str| -> Vec<TokenId> {
            let tokens: &[u32] = match text {
                " cat" | "cat" => &[8],
                " tactac" => &[2, 1],
                "tactac" => &[1, 1],
                _ => &[],
            };
            tokens.iter().copied().map(TokenId).collect()
        };
        let map = spellings(words.into_iter(), [(TokenId(7), WordId(0)), (TokenId(8), WordId(0))].into_iter(), encode);
        assert_eq!(map.words(), 2);
        let pool = |tokens: &[u32]| map.pool(&tokens.iter().copied().map(TokenId).collect::<Vec<_>>());
        assert_eq!(pool(&[7, 0]), [WordId(0)]);
        assert_eq!(pool(&[8, 0]), [WordId(0)]);
        assert_eq!(pool(&[2, 0]), []);
        assert_eq!(pool(&[1, 8]), [WordId(0), WordId(2)]);
    }
}
