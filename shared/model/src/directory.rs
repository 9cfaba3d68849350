//! A model directory: configuration, weights and tokenizer, checked against each other.

use crate::{Layout, ModelConfig, ModelError, TensorId, Tokenizer, outline, weights::Weights};
use std::path::{Path, PathBuf};

/// A model that can be mined: everything the forward pass and the token rules need is there and fits together.
///
/// Opening maps the weight files and reads their headers, not their numbers. `Send + Sync`.
#[derive(Debug)]
pub struct ModelDirectory {
    path: PathBuf,
    layout: Layout,
    weights: Weights,
    tokenizer: Tokenizer,
}

impl ModelDirectory {
    /// Opens a directory in Hugging Face's layout (`config.json`, `model.safetensors` or shards with their index) or
    /// Meta's (`params.json`, `consolidated.*.pth`), with a tokenizer (see [`Tokenizer::load`]).
    ///
    /// # Errors
    /// The first thing that is missing, damaged, not known or does not fit the rest.
    pub fn open(directory: &Path) -> Result<Self, ModelError> {
        let layout = Layout::of_directory(directory)?;
        let weights = Weights::open(directory, &layout)?;
        let tokenizer = Tokenizer::load(directory)?;
        outline::check_tokenizer(weights.config(), &tokenizer)?;
        Ok(Self { path: directory.to_owned(), layout, weights, tokenizer })
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The model's configuration.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        self.weights.config()
    }

    /// The model's tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// How many logits stand for a token and are ranked: the columns from here on are padding.
    #[must_use]
    pub fn ranked_tokens(&self) -> u32 {
        outline::ranked_tokens(self.config(), &self.tokenizer)
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
        [self.path.join(self.layout.config())]
            .into_iter()
            .chain(self.weights.files())
            .chain(self.tokenizer.files().iter().cloned())
    }
}
