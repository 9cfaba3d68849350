//! The label of a model in the paths of its results.

use crate::ParseError;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The first directory of a results tree: the model's size, like `1558M` or `7B`.
///
/// A path segment by construction: letters, digits, `.`, `_` and `-`, not starting with a dot, at most 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Size(String);

impl Size {
    /// The label itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Size {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let legal = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if legal && !text.is_empty() && !text.starts_with('.') && text.len() <= 64 {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError {
                what: "size",
                text: text.to_owned(),
                expected: "a directory name of letters, digits, '.', '_' and '-', like 1558M or 7B",
            })
        }
    }
}

impl TryFrom<String> for Size {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl From<Size> for String {
    fn from(size: Size) -> Self {
        size.0
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_cannot_leave_its_directory() {
        for text in ["", ".", "..", "../7B", "a/b", ".hidden", "7 B"] {
            assert!(text.parse::<Size>().is_err(), "{text:?} was accepted");
        }
        assert_eq!("1558M".parse::<Size>().map(String::from), Ok("1558M".to_owned()));
    }
}
