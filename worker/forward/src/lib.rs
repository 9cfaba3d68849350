//! One-hot forward passes through the rest of a model, in the four modes of the paper.
//!
//! A neuron is mined by what the model says when that neuron alone is on: a one-hot vector is put where the mode says,
//! passes the blocks the mode says, and comes out as a row of logits over the vocabulary. One position, no position
//! embeddings: attention is `O(V(x))`.
//!
//! | mode | the one-hot enters | and passes |
//! | --- | --- | --- |
//! | i | the layer's down-projection (a row of it, plus its bias) | blocks L+1 … last |
//! | ii | the same | no block |
//! | iii | the residual stream before block L | blocks L … last |
//! | iiii | the same | block L |
//!
//! and then always the final norm and the head. Nothing else of the model is computed.
//!
//! - `device`: the cores, or a GPU, chosen at run time
//! - `memory`: what a model takes there, and how much of it stays there
//! - `modes`: that table as code
//! - `stack`: the blocks, on the device or read when a pass needs them
//! - `gpt2`, `llama`: a block of each architecture
//! - `operations`: the few tensor operations they are made of, for any burn backend, and as passes over rows on the CPU
//! - `weights`: from a [`ModelDirectory`](superposed_model::ModelDirectory) to tensors of a backend
//! - `logits`: what comes out
//!
//! **Determinism.** A forward always has exactly [`ForwardModel::batch`] rows, filled up if fewer are asked for, so the
//! matrix products always have the same shapes. Then a row's bits depend neither on what its companions are nor on its
//! place among them (tested), and results do not depend on how a layer was cut into spans.

mod device;
mod error;
mod gpt2;
mod llama;
mod logits;
mod memory;
mod model;
mod modes;
mod operations;
mod stack;
mod weights;

pub use device::{Device, DeviceChoice, DeviceError};
pub use error::ForwardError;
pub use logits::Logits;
pub use memory::MemoryPlan;
pub use model::{ForwardModel, ForwardOptions};
