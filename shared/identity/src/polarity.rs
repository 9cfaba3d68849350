//! The two ends of a neuron's logits.

use crate::ParseError;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Which end of the sorted logits makes the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Polarity {
    /// The lowest logits.
    Neg,
    /// The highest logits.
    Pos,
}

impl Polarity {
    /// Both, in the order in which a neuron's jobs are numbered.
    pub const BOTH: [Self; 2] = [Self::Neg, Self::Pos];

    /// The polarity as it stands in file names: `neg` or `pos`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Neg => "neg",
            Self::Pos => "pos",
        }
    }
}

impl fmt::Display for Polarity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Polarity {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::BOTH.into_iter().find(|polarity| polarity.as_str() == text).ok_or_else(|| ParseError {
            what: "polarity",
            text: text.to_owned(),
            expected: "neg or pos",
        })
    }
}

/// The polarities a campaign mines: one of them or both, never none, always in the order of [`Polarity::BOTH`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<Polarity>", into = "Vec<Polarity>")]
pub enum Polarities {
    /// Only one end.
    One(Polarity),
    /// Both ends.
    Both,
}

impl Polarities {
    /// The polarities as a slice, in numbering order.
    #[must_use]
    pub const fn as_slice(self) -> &'static [Polarity] {
        match self {
            Self::One(Polarity::Neg) => &[Polarity::Neg],
            Self::One(Polarity::Pos) => &[Polarity::Pos],
            Self::Both => &Polarity::BOTH,
        }
    }

    /// How many jobs a neuron has: 1 or 2.
    #[must_use]
    pub const fn count(self) -> u32 {
        match self {
            Self::One(_) => 1,
            Self::Both => 2,
        }
    }
}

impl TryFrom<Vec<Polarity>> for Polarities {
    type Error = ParseError;

    fn try_from(list: Vec<Polarity>) -> Result<Self, ParseError> {
        match list.as_slice() {
            [one] => Ok(Self::One(*one)),
            [first, second] if first != second => Ok(Self::Both),
            _ => Err(ParseError {
                what: "polarities",
                text: list.iter().map(|p| p.as_str()).collect::<Vec<_>>().join(" "),
                expected: "neg, pos or both, each once",
            }),
        }
    }
}

impl From<Polarities> for Vec<Polarity> {
    fn from(polarities: Polarities) -> Self {
        polarities.as_slice().to_vec()
    }
}
