//! LLaMA's rule: an alphabetic word is in the pool when all its pieces are activated.

use super::spellings::Spellings;
use superposed_identity::{TokenId, WordId};
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Tokenizes the alphabetic ones among `words`; where `encode` gives nothing, a word has no spelling.
///
/// The published code compares the number of *distinct* activated pieces with the number of pieces, so a word with a
/// repeated piece never matches; kept, for comparability.
pub(super) fn spellings<'v>(
    words: impl Iterator<Item = (WordId, &'v str)>,
    mut encode: impl FnMut(&str) -> Vec<TokenId>,
) -> Spellings {
    let words = words.filter(|(_, text)| is_alphabetic(text));
    Spellings::new(words.filter_map(|(word, text)| {
        let mut pieces = encode(text);
        pieces.sort_unstable();
        let distinct = pieces.windows(2).all(|pair| pair[0] != pair[1]);
        (distinct && !pieces.is_empty()).then_some((word, pieces))
    }))
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

    fn map(words: &[(&str, &[u32])]) -> Spellings {
        let encode = |text: &str| {
            let (_, pieces) = words.iter().find(|(word, _)| *word == text).expect("only these words are asked for");
            pieces.iter().copied().map(TokenId).collect()
        };
        spellings(words.iter().zip(0..).map(|((word, _), id)| (WordId(id), *word)), encode)
    }

    #[test]
    fn a_word_with_a_repeated_piece_never_matches() {
        let map = map(&[("abab", &[1, 2, 1]), ("ab", &[1, 2])]);
        assert_eq!(map.words(), 1);
        assert_eq!(map.pool(&[TokenId(2), TokenId(1), TokenId(0)]), [WordId(1)]);
    }

    #[test]
    fn a_word_without_pieces_or_with_other_signs_than_letters_is_in_no_pool() {
        let map = map(&[("ab", &[]), ("cd", &[1]), ("x1", &[1])]);
        assert_eq!(map.words(), 1);
        assert!(map.pool(&[]).is_empty());
        assert_eq!(map.pool(&[TokenId(1), TokenId(0)]), [WordId(1)]);
    }
}
