//! What a campaign may vary about the method: pool size, thresholds, size limits, clique size, solver.

use crate::ParseError;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// How tokens become words: the paper's two rules, and a wider one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenRule {
    /// GPT-2's: the token's raw string, without one leading `Ġ`, lower-cased, is the word.
    ByteLevel,
    /// LLaMA's: a word is in the pool when all its pieces are activated.
    SentencePiece,
    /// For byte-level tokenizers, not in the paper: GPT-2's rule, and besides a word is in the pool when all tokens
    /// that spell it are activated.
    ByteLevelPieces,
}

/// Which solver finds the cliques.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SolverKind {
    /// Branch and bound on fixed-point weights; deterministic, stops at a node limit.
    #[default]
    BranchAndBound,
    /// SCIP, as in the paper.
    Scip,
}

impl SolverKind {
    const ALL: [Self; 2] = [Self::BranchAndBound, Self::Scip];

    /// The solver's name in campaign files and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BranchAndBound => "branch-and-bound",
            Self::Scip => "scip",
        }
    }
}

impl fmt::Display for SolverKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for SolverKind {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::ALL.into_iter().find(|solver| solver.as_str() == text).ok_or_else(|| ParseError {
            what: "solver",
            text: text.to_owned(),
            expected: "branch-and-bound or scip",
        })
    }
}

/// The parameters of the method, complete and checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MiningParameters {
    /// How tokens become words.
    pub rule: TokenRule,
    /// τ: how many tokens of each end of the logits are activated.
    pub tau: u32,
    /// θl: the least NPMI of an edge of the star heuristic.
    pub theta_low: f64,
    /// θu: the greatest NPMI of an edge of the star heuristic.
    pub theta_high: f64,
    /// κl: the least size of a word set, its centre included.
    pub kappa_low: u32,
    /// κu: the greatest size of a word set, its centre included.
    pub kappa_high: u32,
    /// k: how many words a topic has.
    pub clique: u32,
    /// The least count at which a word or a pair has a probability above 0.
    pub min_freq: u64,
    /// Which solver finds the cliques.
    pub solver: SolverKind,
}

/// The largest word set the exact solver accepts.
pub const MAX_WORD_SET: u32 = 64;

/// A combination of parameters that cannot be mined.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParameterError {
    /// τ is zero or above half of the vocabulary, where both ends would overlap.
    #[error("tau is {tau}, but must lie between 1 and half of the model's {vocabulary} tokens")]
    Tau {
        /// The τ that was asked for.
        tau: u32,
        /// The tokens that are ranked.
        vocabulary: u32,
    },
    /// θl ≤ θu does not hold, or one is not a number.
    #[error("theta is [{low}, {high}], but must be two numbers between -1 and 1 in ascending order")]
    Theta {
        /// θl
        low: f64,
        /// θu
        high: f64,
    },
    /// κl is below the clique size: word sets too small for a topic would be found.
    #[error("kappa is [{low}, {high}], but its lower bound must be at least the {clique} words of a topic")]
    KappaBelowClique {
        /// κl
        low: u32,
        /// κu
        high: u32,
        /// k
        clique: u32,
    },
    /// κl ≤ κu ≤ 64 does not hold.
    #[error("kappa is [{low}, {high}], but must be ascending and at most {MAX_WORD_SET}")]
    Kappa {
        /// κl
        low: u32,
        /// κu
        high: u32,
    },
    /// k is outside 2 … 20.
    #[error("clique is {0}, but a topic must have 2 to 20 words")]
    Clique(u32),
}

impl MiningParameters {
    /// The published parameters for a token rule: θ (0.1, 1) and κ (10, 24) for GPT-2's, (0.025, 1) and (10, 32)
    /// for LLaMA's; τ = 900, k = 10, min_freq = 100 for both.
    #[must_use]
    pub const fn published(rule: TokenRule) -> Self {
        let (theta_low, kappa_high) = match rule {
            TokenRule::ByteLevel | TokenRule::ByteLevelPieces => (0.1, 24),
            TokenRule::SentencePiece => (0.025, 32),
        };
        Self {
            rule,
            tau: 900,
            theta_low,
            theta_high: 1.0,
            kappa_low: 10,
            kappa_high,
            clique: 10,
            min_freq: 100,
            solver: SolverKind::BranchAndBound,
        }
    }

    /// Checks that the parameters can be mined on a model that ranks `vocabulary` tokens.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn check(&self, vocabulary: u32) -> Result<(), ParameterError> {
        let tau = self.tau;
        if tau == 0 || tau > vocabulary / 2 {
            return Err(ParameterError::Tau { tau, vocabulary });
        }
        self.check_for_pools()
    }

    /// Checks that the parameters can be mined where pools are there already, so that τ plays no part.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn check_for_pools(&self) -> Result<(), ParameterError> {
        let Self { theta_low, theta_high, kappa_low, kappa_high, clique, .. } = *self;
        // Written so that NaN fails too.
        if !(-1.0..=theta_high).contains(&theta_low) || !(-1.0..=1.0).contains(&theta_high) {
            return Err(ParameterError::Theta { low: theta_low, high: theta_high });
        }
        if !(2..=20).contains(&clique) {
            return Err(ParameterError::Clique(clique));
        }
        if kappa_low < clique {
            return Err(ParameterError::KappaBelowClique { low: kappa_low, high: kappa_high, clique });
        }
        if kappa_low > kappa_high || kappa_high > MAX_WORD_SET {
            return Err(ParameterError::Kappa { low: kappa_low, high: kappa_high });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_parameters_pass_and_each_broken_one_is_named() {
        let published = MiningParameters::published(TokenRule::ByteLevel);
        assert_eq!(published.check(50_257), Ok(()));
        let refused = |change: fn(&mut MiningParameters)| {
            let mut parameters = published.clone();
            change(&mut parameters);
            parameters.check(50_257).expect_err("the parameters were accepted").to_string()
        };
        assert!(refused(|p| p.tau = 25_129).contains("tau is 25129"));
        assert!(refused(|p| p.tau = 0).contains("tau is 0"));
        assert!(refused(|p| p.kappa_low = 9).contains("10 words of a topic"));
        assert!(refused(|p| p.kappa_high = 65).contains("at most 64"));
        assert!(refused(|p| p.theta_low = f64::NAN).contains("theta"));
        assert!(refused(|p| p.theta_low = 1.5).contains("theta"));
        assert!(refused(|p| p.clique = 21).contains("clique is 21"));
    }
}
