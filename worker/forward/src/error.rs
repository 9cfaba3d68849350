//! What can go wrong with a forward pass.

use superposed_identity::{LayerIndex, Mode, NeuronId};
use superposed_model::ModelError;

/// A forward pass that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// The weights cannot be read.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A batch must have rows.
    #[error("a forward pass needs a batch of at least one row")]
    NoRows,
    /// More neurons than rows were asked for at once.
    #[error("{asked} neurons do not fit into one forward pass of {batch} rows")]
    TooManyNeurons {
        /// How many were asked for.
        asked: usize,
        /// How many rows a forward pass has.
        batch: usize,
    },
    /// The model has no such layer.
    #[error("the model has layers 0 to {}, not {layer}", layers.saturating_sub(1))]
    NoSuchLayer {
        /// The layer that was asked for.
        layer: LayerIndex,
        /// How many the model has.
        layers: u32,
    },
    /// The layer has no such neuron in this mode.
    #[error("a layer has neurons 0 to {} in mode {mode}, not {neuron}", width.saturating_sub(1))]
    NoSuchNeuron {
        /// The neuron that was asked for.
        neuron: NeuronId,
        /// The mode it was asked for in.
        mode: Mode,
        /// How many neurons a layer has in that mode.
        width: u32,
    },
}
