//! The four ways a one-hot vector is fed to the model.

use crate::ParseError;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Where the one-hot enters and how much of the model it passes (Lim & Lauw 2023, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// Hi-C: through the layer's down-projection, then all later blocks, the final norm and the head.
    #[serde(rename = "i")]
    HighContextual,
    /// Hi-I: through the layer's down-projection, then the final norm and the head at once.
    #[serde(rename = "ii")]
    HighIsolated,
    /// Lo-C: into the residual stream before the layer, then that block and all later ones.
    #[serde(rename = "iii")]
    LowContextual,
    /// Lo-I: through the layer's block alone, then the final norm and the head.
    #[serde(rename = "iiii")]
    LowIsolated,
}

impl Mode {
    /// All modes, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::HighContextual, Self::HighIsolated, Self::LowContextual, Self::LowIsolated];

    /// The name of the mode's directory in a results tree: `i`, `ii`, `iii` or `iiii`.
    #[must_use]
    pub const fn directory(self) -> &'static str {
        match self {
            Self::HighContextual => "i",
            Self::HighIsolated => "ii",
            Self::LowContextual => "iii",
            Self::LowIsolated => "iiii",
        }
    }

    /// The published number of the mode, 1 to 4.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::HighContextual => 1,
            Self::HighIsolated => 2,
            Self::LowContextual => 3,
            Self::LowIsolated => 4,
        }
    }

    /// The mode with this published number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.number() == number)
    }

    /// Whether the one-hot is as wide as the feed-forward layer (d_ff) rather than the residual stream (d_model).
    #[must_use]
    pub const fn is_high(self) -> bool {
        matches!(self, Self::HighContextual | Self::HighIsolated)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.directory())
    }
}

impl FromStr for Mode {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::ALL.into_iter().find(|mode| mode.directory() == text).ok_or_else(|| ParseError {
            what: "mode",
            text: text.to_owned(),
            expected: "i, ii, iii or iiii",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_is_found_by_its_directory_and_by_its_number() {
        for mode in Mode::ALL {
            assert_eq!(mode.directory().parse(), Ok(mode));
            assert_eq!(Mode::from_number(mode.number()), Some(mode));
        }
        assert_eq!(Mode::from_number(5), None);
        assert_eq!(
            "iv".parse::<Mode>().map_err(|e| e.to_string()),
            Err("mode \"iv\": expected i, ii, iii or iiii".to_owned())
        );
    }
}
