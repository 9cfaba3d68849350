//! A model without its weights: what can be known of one that lies elsewhere before they are fetched.

use crate::{Layout, ModelConfig, ModelError, Tokenizer};
use std::path::Path;

/// A configuration and a tokenizer, checked against each other.
#[derive(Debug)]
pub struct Outline {
    config: ModelConfig,
    tokenizer: Tokenizer,
}

impl Outline {
    /// Whether a model of this layout has an outline: Meta's leave to the weights what Hugging Face's configuration
    /// states.
    #[must_use]
    pub const fn is_of(layout: &Layout) -> bool {
        !matches!(layout, Layout::Meta { .. })
    }

    /// Opens the `config.json` and the tokenizer of a directory.
    ///
    /// # Errors
    /// The first thing that is missing, damaged, not known or does not fit the rest.
    pub fn open(directory: &Path) -> Result<Self, ModelError> {
        let config = ModelConfig::load(&directory.join(crate::layout::CONFIG))?;
        let tokenizer = Tokenizer::load(directory)?;
        check_tokenizer(&config, &tokenizer)?;
        Ok(Self { config, tokenizer })
    }

    /// The model's configuration.
    #[must_use]
    pub const fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The model's tokenizer.
    #[must_use]
    pub const fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// How many logits stand for a token and are ranked: the columns from here on are padding.
    #[must_use]
    pub fn ranked_tokens(&self) -> u32 {
        ranked_tokens(&self.config, &self.tokenizer)
    }
}

/// Refuses a tokenizer of another model.
pub(crate) fn check_tokenizer(config: &ModelConfig, tokenizer: &Tokenizer) -> Result<(), ModelError> {
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
    Ok(())
}

pub(crate) fn ranked_tokens(config: &ModelConfig, tokenizer: &Tokenizer) -> u32 {
    config.vocabulary.min(tokenizer.vocabulary_size())
}
