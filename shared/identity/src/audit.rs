//! How many solves are checked by the other solver.

use crate::ParseError;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The share of a campaign's solves that the other solver solves as well: from 0, none, to 1, all.
///
/// Not one of the [`MiningParameters`](crate::MiningParameters), since it changes no result.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct AuditShare(f64);

/// A share that is none.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("audit is {0}, but must be a share of the solves: a number from 0, none, to 1, all")]
pub struct AuditShareError(f64);

impl AuditShare {
    /// No solve is audited.
    pub const NONE: Self = Self(0.0);
    /// Every solve is audited.
    pub const ALL: Self = Self(1.0);

    /// A share from 0 to 1.
    ///
    /// # Errors
    /// Anything else, NaN included.
    pub fn new(share: f64) -> Result<Self, AuditShareError> {
        // Adding 0 makes 0 of −0 and leaves everything else as it is.
        if (0.0..=1.0).contains(&share) { Ok(Self(share + 0.0)) } else { Err(AuditShareError(share)) }
    }

    /// The share as a number from 0 to 1.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Whether no solve is audited.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// One solve of ten thousand.
impl Default for AuditShare {
    fn default() -> Self {
        Self(0.0001)
    }
}

impl TryFrom<f64> for AuditShare {
    type Error = AuditShareError;

    fn try_from(share: f64) -> Result<Self, AuditShareError> {
        Self::new(share)
    }
}

impl From<AuditShare> for f64 {
    fn from(share: AuditShare) -> Self {
        share.0
    }
}

impl FromStr for AuditShare {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let share = text.parse().ok().and_then(|share| Self::new(share).ok());
        share.ok_or_else(|| ParseError {
            what: "audit",
            text: text.to_owned(),
            expected: "a share of the solves, from 0, none, to 1, all",
        })
    }
}

impl fmt::Display for AuditShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_lies_between_none_and_all() {
        for share in [0.0, 1e-300, 0.0001, 0.5, 1.0] {
            assert_eq!(AuditShare::new(share).map(f64::from), Ok(share));
        }
        for share in [-1e-300, 1.000_000_1, 10_000.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let refused = AuditShare::new(share).expect_err("the share was accepted").to_string();
            assert!(refused.contains(&format!("audit is {share}")), "{refused}");
        }
        assert_eq!(AuditShare::default().get(), 0.0001);
        assert!(AuditShare::new(-0.0).is_ok_and(|share| share.is_none() && share.get().is_sign_positive()));
        assert!(!AuditShare::ALL.is_none());
    }

    #[test]
    fn a_share_is_read_as_it_is_written() {
        for text in ["0", "1", "0.0001"] {
            assert_eq!(text.parse::<AuditShare>().map(|share| share.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "2", "-0.1", "NaN", "1 %"] {
            let refused = text.parse::<AuditShare>().expect_err("the text was accepted").to_string();
            assert!(refused.contains("audit"), "{refused}");
        }
    }
}
