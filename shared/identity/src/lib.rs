//! The words both sides of the system use, as types that cannot be mixed up.
//!
//! A *job* is one (model, layer, neuron, polarity, mode); its address inside a campaign is
//! (mode, layer, [`Ordinal`]). Words of the corpus, tokens of the model and neurons of a layer are all small
//! integers, so each has a type of its own.
//!
//! - [`audit`]: how many solves are checked by the other solver
//! - [`mode`]: which one-hot goes where, and how much of the model it then passes
//! - [`parameters`]: what a campaign may vary about the method
//! - [`polarity`]: the lowest or the highest end of a neuron's logits
//! - [`size`]: the label of a model in the results' paths, like `1558M`
//! - [`ids`]: tokens, words, layers and neurons
//! - [`job`]: a job, its ordinal in its layer, and its place in a results tree

pub mod audit;
pub mod ids;
pub mod job;
pub mod mode;
pub mod parameters;
pub mod polarity;
mod precision;
mod result_layout;
pub mod size;

pub use audit::{AuditShare, AuditShareError};
pub use ids::{LayerIndex, NeuronId, TokenId, WordId};
pub use job::{JobId, Ordinal};
pub use mode::Mode;
pub use parameters::{MiningParameters, ParameterError, SolverKind, TokenRule};
pub use polarity::{Polarities, Polarity};
pub use precision::Precision;
pub use result_layout::ResultLayout;
pub use size::Size;

/// A text that does not name what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?}: expected {expected}")]
pub struct ParseError {
    /// What was being read, like `mode`.
    pub what: &'static str,
    /// The text that was found.
    pub text: String,
    /// What would have been right.
    pub expected: &'static str,
}
