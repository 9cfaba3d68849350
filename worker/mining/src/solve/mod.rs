//! The heaviest k-clique of a word set, exactly (Lim & Lauw 2023, MEKC: maximum-edge-weight k-clique).
//!
//! A word set is a complete graph whose edges weigh the NPMI of their two words; the topic is the k words whose
//! k(k − 1)/2 edges weigh most together. Edges may be negative.
//!
//! - [`problem`]: one word set as a matrix, its fixed-point form, and the canonical score
//! - [`branch_and_bound`]: the default; deterministic, canonical among equal optima, stops at a node count
//! - `bounds`, `split`, `starts`: what the branch and bound prunes with, where that is not enough, and what it begins with
//! - `scip`: the paper's mixed-integer program, by SCIP, with a wall-clock limit (feature `scip`)
//!
//! The solvers are compared by [`Problem::score`], never by set: SCIP's tolerance is 1e-6, and among optima closer
//! than that it may return any.

mod bounds;
pub mod branch_and_bound;
mod eigen;
pub mod problem;
#[cfg(feature = "scip")]
pub mod scip;
mod split;
mod starts;
mod tangent;

pub use problem::Problem;

use superposed_identity::{AuditShare, SolverKind, WordId, parameters::MAX_WORD_SET};

/// How a solve ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The words are proved to be a heaviest clique.
    Optimal,
    /// A limit ended the search: the words are the best found, and the gap says how much they may fall short.
    Limit,
}

/// The words a solver chose.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// The k words, ascending.
    pub words: Vec<WordId>,
    /// The mean NPMI of their pairs, see [`Problem::score`].
    pub score: f64,
    /// Whether the words are proved to be best.
    pub status: Status,
    /// By how much a better choice could exceed [`Solution::score`], in the unit of the score; 0 when optimal.
    pub gap: f64,
    /// The nodes of the search tree that were bounded.
    pub nodes: u64,
}

/// A word set that cannot be solved.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SolveError {
    /// k is outside 2 … 20.
    #[error("a topic of {0} words was asked for, but it must have 2 to 20")]
    CliqueSize(u32),
    /// The word set has fewer words than a topic.
    #[error("a word set of {words} words cannot hold a topic of {clique}")]
    TooFewWords {
        /// The words there are.
        words: usize,
        /// k
        clique: u32,
    },
    /// The word set has more words than the solvers accept.
    #[error("a word set of {0} words is too large: the exact solvers accept at most {MAX_WORD_SET}")]
    TooManyWords(usize),
    /// A word of the set occurs twice.
    #[error("word {0} occurs twice in a word set")]
    RepeatedWord(WordId),
    /// A word of the set is no vertex of the graph.
    #[error("word {0} of a word set is not in the pool's graph")]
    UnknownWord(WordId),
    /// A weight is not a number, or too large for the fixed-point form.
    #[error("the weight of words {a} and {b} is {weight}, not an NPMI")]
    Weight {
        /// The lower word.
        a: WordId,
        /// The higher word.
        b: WordId,
        /// What was found.
        weight: f64,
    },
    /// The build has no SCIP.
    #[error("this build has no SCIP: choose the solver branch-and-bound, or build with the feature `scip`")]
    NoScip,
    /// Solves were to be audited, but the build has no SCIP.
    #[error("audit is {0}, but this build has no SCIP to audit with: set audit = 0, or build with the feature `scip`")]
    NoAuditor(AuditShare),
    /// SCIP gave no clique.
    #[error("SCIP failed on a word set of {words} words: {reason}")]
    Scip {
        /// The size of the word set.
        words: usize,
        /// What SCIP said.
        reason: String,
    },
}

/// Whether this build can use the solver.
///
/// # Errors
/// [`SolveError::NoScip`] for SCIP in a build without the feature `scip`.
pub fn available(solver: SolverKind) -> Result<(), SolveError> {
    match solver {
        SolverKind::Scip if !cfg!(feature = "scip") => Err(SolveError::NoScip),
        SolverKind::BranchAndBound | SolverKind::Scip => Ok(()),
    }
}

/// Finds the heaviest clique.
///
/// # Errors
/// [`SolveError::NoScip`] and [`SolveError::Scip`]; the branch and bound cannot fail.
pub fn solve(problem: &Problem, solver: SolverKind) -> Result<Solution, SolveError> {
    match solver {
        SolverKind::BranchAndBound => Ok(branch_and_bound::solve(problem, branch_and_bound::NODE_LIMIT)),
        #[cfg(feature = "scip")]
        SolverKind::Scip => scip::solve(problem, scip::TIME_LIMIT_SECONDS),
        #[cfg(not(feature = "scip"))]
        SolverKind::Scip => Err(SolveError::NoScip),
    }
}
