//! What the tokens of a document are.

use std::fmt;

/// How a text is cut into tokens. Every token has a position, whether or not it becomes a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tokenization {
    /// The maximal runs of characters with the Unicode property Alphabetic, each in lower case by Unicode's
    /// context-sensitive full mapping. Everything else, digits, apostrophes and combining marks too, only separates.
    #[default]
    AlphabeticLowercase,
    /// What stands between whitespace, as it is. Whitespace is what Python's `str.split()` takes for it: the Unicode
    /// property White_Space and the control characters U+001C to U+001F.
    Whitespace,
}

impl Tokenization {
    /// Calls `visit` with every token of a text, in order.
    pub fn for_each_token(self, text: &str, mut visit: impl FnMut(&str)) {
        match self {
            Self::AlphabeticLowercase => {
                let mut lower = String::new();
                for run in text.split(|char: char| !char.is_alphabetic()).filter(|run| !run.is_empty()) {
                    if run.is_ascii() {
                        lower.clear();
                        lower.push_str(run);
                        lower.make_ascii_lowercase();
                        visit(&lower);
                    } else {
                        visit(&run.to_lowercase());
                    }
                }
            }
            Self::Whitespace => {
                let space = |char: char| char.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&char);
                text.split(space).filter(|token| !token.is_empty()).for_each(visit);
            }
        }
    }
}

impl fmt::Display for Tokenization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AlphabeticLowercase => "alphabetic-lowercase",
            Self::Whitespace => "whitespace",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(tokenization: Tokenization, text: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        tokenization.for_each_token(text, |token| tokens.push(token.to_owned()));
        tokens
    }

    #[test]
    fn alphabetic_runs_are_lower_cased_and_all_else_separates() {
        let words = |text| tokens(Tokenization::AlphabeticLowercase, text);
        assert_eq!(words("The U.S. don't—ÉCOLE 42nd\nx_y"), ["the", "u", "s", "don", "t", "école", "nd", "x", "y"]);
        // The last sigma of a word is another letter; a sharp s stays.
        assert_eq!(words("ΟΔΟΣ Straße 東京"), ["οδος", "straße", "東京"]);
        assert!(words(" 1 , ").is_empty());
    }

    #[test]
    fn whitespace_tokens_are_left_as_they_are() {
        let words = |text| tokens(Tokenization::Whitespace, text);
        assert_eq!(words(" The\tU.S.\u{a0}don't\u{1f}x\r\n"), ["The", "U.S.", "don't", "x"]);
    }
}
