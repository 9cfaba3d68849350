//! In which numbers a forward pass multiplies matrices.

use crate::ParseError;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The numbers of the matrix products of the blocks: both factors and the product are rounded to it; sums within a
/// product are `f32`. Norms, activations, biases, the residual stream, the head, logits and ranking are `f32` always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 24 bits of significand: not rounded any further.
    #[default]
    F32,
    /// 8 bits of significand, and the range of `f32`.
    Bf16,
    /// 11 bits of significand, up to 65504.
    F16,
}

impl Precision {
    const ALL: [Self; 3] = [Self::F32, Self::Bf16, Self::F16];

    /// The precision's name in campaign files and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        }
    }

    /// Bytes of a number.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        match self {
            Self::F32 => 4,
            Self::Bf16 | Self::F16 => 2,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Precision {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::ALL.into_iter().find(|precision| precision.as_str() == text).ok_or_else(|| ParseError {
            what: "precision",
            text: text.to_owned(),
            expected: "f32, bf16 or f16",
        })
    }
}
