//! What can be wrong with a model directory, each in one line that says what to do.

use crate::{TensorId, TokenizerError};
use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// A model that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that every model has is not there.
    #[error("{} is missing: {remedy}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What to do.
        remedy: &'static str,
    },
    /// The model is there, but in a format that is not read.
    #[error("{} holds {format}, which is not read: {remedy}", directory.display())]
    Format {
        /// The directory of the model.
        directory: PathBuf,
        /// What it holds.
        format: &'static str,
        /// How to convert it.
        remedy: &'static str,
    },
    /// The configuration is incomplete or contradicts itself.
    #[error("{}: {reason}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The model is of another architecture than those known here.
    #[error(
        "{} is a model of architecture {name}: only GPT-2 and the LLaMA family (LlamaForCausalLM, MistralForCausalLM, \
         Qwen2ForCausalLM, Qwen3ForCausalLM) can be mined",
        path.display()
    )]
    Architecture {
        /// The file that says so.
        path: PathBuf,
        /// What it calls itself.
        name: String,
    },
    /// A weight file is cut short or otherwise not what it should be.
    #[error("{} is damaged ({reason}): fetch it again from where the model came from", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A PyTorch checkpoint holds something other than tensors, or holds them in a way that is not read.
    #[error(
        "{} cannot be read as a checkpoint: {reason}; save the model's tensors alone with \
         `torch.save({{name: tensor.contiguous() for name, tensor in ...}}, FILE)`",
        path.display()
    )]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is in the way.
        reason: String,
    },
    /// A tensor that the configuration calls for is in none of the weight files.
    #[error(
        "{} has no tensor {name}: fetch the weights again, or check that config.json (params.json) belongs to them",
        path.display()
    )]
    TensorMissing {
        /// The weight file, or the index of several.
        path: PathBuf,
        /// The tensor's name in the file.
        name: String,
    },
    /// A tensor has another shape than the configuration calls for.
    #[error(
        "{}: tensor {name} has shape {found:?}, but {config} calls for {expected:?}: check that they belong to the same \
         model, and that no file of it is missing",
        path.display()
    )]
    TensorShape {
        /// The weight file.
        path: PathBuf,
        /// The tensor's name in the file.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The shape it should have there.
        expected: Vec<usize>,
        /// What says so.
        config: String,
    },
    /// A tensor's numbers are in a format that is not read.
    #[error(
        "{}: tensor {name} is {found}, but only F32, F16 and BF16 are read: save the model in one of them (quantized \
         weights must be dequantized first)",
        path.display()
    )]
    TensorFormat {
        /// The weight file.
        path: PathBuf,
        /// The tensor's name in the file.
        name: String,
        /// The format as the file names it.
        found: String,
    },
    /// A tensor was asked for that a model of this configuration does not have.
    #[error("the model has no tensor {0:?}")]
    NoSuchTensor(TensorId),
    /// The tokenizer cannot be read.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The tokenizer has another vocabulary than the model.
    #[error(
        "{} has {tokens} tokens, but the model has logits for {vocabulary}: it belongs to another model, put this \
         model's own tokenizer there",
        path.display()
    )]
    TokenizerMismatch {
        /// The tokenizer's first file.
        path: PathBuf,
        /// The size of its vocabulary.
        tokens: u32,
        /// The number of logits.
        vocabulary: u32,
    },
}

impl ModelError {
    pub(crate) fn config(path: &Path, reason: impl fmt::Display) -> Self {
        Self::Config { path: path.to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn weights(path: &Path, reason: impl fmt::Display) -> Self {
        Self::Weights { path: path.to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn checkpoint(path: &Path, reason: impl fmt::Display) -> Self {
        Self::Checkpoint { path: path.to_owned(), reason: reason.to_string() }
    }

    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Read { path: path.to_owned(), source }
    }
}
