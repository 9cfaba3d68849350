//! A bearer token.

use std::{fmt, str::FromStr};

/// A token has at least this many characters: one of fewer might be guessed.
const SHORTEST: usize = 32;

/// And at most this many.
const LONGEST: usize = 512;

/// Says who somebody is. Whoever has it is that one, so it is printed nowhere: `Debug` hides it, and there is no
/// `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// A text that is no token. It is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing at all.
    #[error("there is no token in it; make one with `superposed token new`")]
    Empty,
    /// Too short to be safe.
    #[error(
        "a token of {0} characters might be guessed, {SHORTEST} are needed at least; make one with `superposed token new`"
    )]
    Short(usize),
    /// Longer than any token.
    #[error("a token has {LONGEST} characters at most, not {0}")]
    Long(usize),
    /// A character that a header cannot hold.
    #[error("a token is one line of letters, digits and signs, without spaces")]
    Character,
}

impl Token {
    /// The token itself, to be presented or hashed, and never to be printed.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = TokenError;

    /// Space around the token, like the end of a file's line, does not belong to it.
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        match text.len() {
            0 => Err(TokenError::Empty),
            _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(TokenError::Character),
            length if length < SHORTEST => Err(TokenError::Short(length)),
            length if length > LONGEST => Err(TokenError::Long(length)),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_might_be_guessed_or_sent_wrongly_is_no_token_and_is_not_repeated() {
        assert_eq!("  \n".parse::<Token>(), Err(TokenError::Empty));
        assert_eq!("hunter2".parse::<Token>(), Err(TokenError::Short(7)));
        assert_eq!("a token of many words, which are not one".parse::<Token>(), Err(TokenError::Character));
        assert_eq!("x".repeat(513).parse::<Token>(), Err(TokenError::Long(513)));
        let token: Token = format!("{}\n", "s3cret".repeat(6)).parse().expect("a token");
        assert_eq!(token.secret().len(), 36);
        assert!(!format!("{token:?}").contains("s3cret"));
    }
}
