//! A model directory: configuration, weights and tokenizer, checked against each other.

use crate::{ModelConfig, ModelError, TensorId, Tokenizer, weights::Weights};
use std::path::{Path, PathBuf};

pub(crate) const CONFIG: &str = "config.json";

/// A model that can be mined: everything the forward pass and the token rules need is there and fits together.
///
/// Opening maps the weight files and reads their headers, not their numbers. `Send + Sync`.
#[derive(Debug)]
pub struct ModelDirectory {
    path: PathBuf,
    config: ModelConfig,
    weights: Weights,
    tokenizer: Tokenizer,
}

impl ModelDirectory {
    /// Opens a directory in Hugging Face's layout: `config.json`, `model.safetensors` (or shards with their index) and
    /// a tokenizer (see [`Tokenizer::load`]).
    ///
    /// # Errors
    /// The first thing that is missing, damaged, not known or does not fit the rest.
    pub fn open(directory: &Path) -> Result<Self, ModelError> {
        let config = directory.join(CONFIG);
        if !config.is_file() {
            return Err(no_config(directory, config));
        }
        let config = ModelConfig::load(&config)?;
        let weights = Weights::open(directory, &config)?;
        let tokenizer = Tokenizer::load(directory)?;
        let (tokens, vocabulary) = (tokenizer.vocabulary_size(), config.vocabulary);
        // Heads are padded to a round number of columns, never to twice the vocabulary: then the tokenizer is a
        // stranger's, as it is when it has tokens without a logit.
        if tokens > vocabulary || tokens < vocabulary / 2 {
            let path = tokenizer.files()[0].clone();
            return Err(ModelError::TokenizerMismatch { path, tokens, vocabulary });
        }
        if tokens < vocabulary {
            tracing::debug!(tokens, vocabulary, "the last logits stand for no token and are not ranked");
        }
        Ok(Self { path: directory.to_owned(), config, weights, tokenizer })
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The model's configuration.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The model's tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// How many logits stand for a token and are ranked: the columns from here on are padding.
    #[must_use]
    pub fn ranked_tokens(&self) -> u32 {
        self.config.vocabulary.min(self.tokenizer.vocabulary_size())
    }

    /// A tensor as `f32` numbers, row by row, in the shape that [`ModelConfig::shape`] states: matrices are
    /// `[in, out]`, whichever way the file has them. 16-bit numbers are widened exactly; nothing is kept, so each call
    /// reads the file (through the page cache) again.
    ///
    /// # Errors
    /// When the model has no such tensor.
    pub fn tensor_f32(&self, id: TensorId) -> Result<Vec<f32>, ModelError> {
        self.weights.tensor_f32(id)
    }

    /// The files that make the model what it is: configuration, weights (with their index) and tokenizer.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        [self.path.join(CONFIG)]
            .into_iter()
            .chain(self.weights.files().map(Path::to_owned))
            .chain(self.tokenizer.files().iter().cloned())
    }
}

fn no_config(directory: &Path, config: PathBuf) -> ModelError {
    if !directory.is_dir() {
        return ModelError::Missing {
            path: directory.to_owned(),
            remedy: "a model is a directory with config.json, model.safetensors and a tokenizer",
        };
    }
    match crate::weights::unreadable(directory) {
        ModelError::Missing { .. } => ModelError::Missing {
            path: config,
            remedy: "a model directory holds config.json, model.safetensors and a tokenizer",
        },
        format => format,
    }
}
