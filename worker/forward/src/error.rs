//! What can go wrong with a forward pass.

use crate::DeviceError;
use bytesize::ByteSize;
use superposed_identity::{LayerIndex, Mode, NeuronId};
use superposed_model::ModelError;

/// A forward pass that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// The weights cannot be read.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The device's memory is too small, even for one block at a time.
    #[error(
        "{class} with {parameters} parameters does not fit: one block at a time, in batches of {batch}, it needs {} \
         ({needed} bytes), and {} ({most} bytes) are left for it beside what mining takes; all of it would need {} ({all} bytes). Take a smaller batch, a device with more \
         memory, or raise --memory",
        ByteSize(*needed).display().iec(), ByteSize(*most).display().iec(), ByteSize(*all).display().iec()
    )]
    DoesNotFit {
        /// The model's architecture as its configuration names it.
        class: String,
        /// How many numbers the model has.
        parameters: u64,
        /// How many rows a pass has.
        batch: usize,
        /// The bytes it needs with one block at a time.
        needed: u64,
        /// The bytes it needs as a whole.
        all: u64,
        /// The bytes it may use.
        most: u64,
    },
    /// The device cannot be had.
    #[error(transparent)]
    NoDevice(#[from] DeviceError),
    /// The device failed during a pass.
    #[error("the device failed: {0}")]
    Device(String),
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
