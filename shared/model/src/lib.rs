//! Models on disk: configuration, weights and tokenizers of GPT-2 and the LLaMA family.
//!
//! [`ModelDirectory::open`] takes a directory in Hugging Face's layout, or Meta's, and checks all of it before anything is
//! computed: the architecture is one that is known, every tensor that the forward pass needs is there in the shape the
//! configuration states and in a number format that is read, and the tokenizer belongs to the model. What is wrong is
//! said in one line that names the file, the tensor and what to do ([`ModelError`]).
//!
//! - [`config`]: `config.json`, and the [`TensorId`]s that a model so configured consists of
//! - [`layout`]: which files make a model
//! - [`weights`]: `safetensors` files, one or sharded, and Meta's checkpoints, mapped into memory and converted to `f32` when asked for
//! - [`tokenizer`]: the strings of the vocabulary and the tokens of a word
//! - [`directory`]: the three together, checked against each other
//! - [`outline`]: a model without its weights
//! - [`digest`]: the name of a model's content
//!
//! The forward pass has one position, where attention is `O(V(x))`: queries, keys and position embeddings are neither
//! needed nor read. Matrices come in one orientation, `[in, out]` row by row (`y = x W`), whichever way the file has
//! them.

pub mod config;
pub mod digest;
pub mod directory;
mod error;
pub mod layout;
pub mod outline;
pub mod tokenizer;
pub mod weights;

#[cfg(feature = "test-models")]
pub mod test_models;

pub use config::{Architecture, BlockTensor, ModelConfig, TensorId};
pub use directory::ModelDirectory;
pub use error::ModelError;
pub use layout::Layout;
pub use outline::Outline;
pub use tokenizer::{Tokenizer, TokenizerError};
