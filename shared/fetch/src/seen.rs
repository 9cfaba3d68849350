//! What a campaign starts from, as it is looked at before it is queued.

use superposed_model::{ModelConfig, ModelDirectory, ModelError, Outline, Tokenizer};

/// A model that is there. Weights that lie elsewhere are not fetched to know what jobs there are: their digests are
/// those that the hub announces, and whoever fetches them checks them.
#[derive(Debug)]
pub struct SeenModel {
    place: String,
    model: Model,
    digest: Option<String>,
}

#[derive(Debug)]
enum Model {
    Whole(Box<ModelDirectory>),
    Outline(Outline),
}

impl SeenModel {
    pub(crate) fn whole(place: String, model: ModelDirectory, digest: Option<String>) -> Self {
        Self { place, model: Model::Whole(Box::new(model)), digest }
    }

    pub(crate) fn outline(place: String, model: Outline, digest: String) -> Self {
        Self { place, model: Model::Outline(model), digest: Some(digest) }
    }

    /// Where it lies, for workers: of a hub's, the revision is a commit.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Its configuration.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        match &self.model {
            Model::Whole(model) => model.config(),
            Model::Outline(model) => model.config(),
        }
    }

    /// Its tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Tokenizer {
        match &self.model {
            Model::Whole(model) => model.tokenizer(),
            Model::Outline(model) => model.tokenizer(),
        }
    }

    /// How many logits stand for a token and are ranked.
    #[must_use]
    pub fn ranked_tokens(&self) -> u32 {
        match &self.model {
            Model::Whole(model) => model.ranked_tokens(),
            Model::Outline(model) => model.ranked_tokens(),
        }
    }

    /// `sha256:…` over its files: as announced, or, of a directory, from reading them all.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn digest(&self) -> Result<String, ModelError> {
        match (&self.digest, &self.model) {
            (Some(digest), _) => Ok(digest.clone()),
            (None, Model::Whole(model)) => model.digest(),
            (None, Model::Outline(_)) => unreachable!("an outline comes with a digest"),
        }
    }
}

/// A tokenizer that is there.
#[derive(Debug)]
pub struct SeenTokenizer {
    place: String,
    tokenizer: Tokenizer,
}

impl SeenTokenizer {
    pub(crate) const fn new(place: String, tokenizer: Tokenizer) -> Self {
        Self { place, tokenizer }
    }

    /// Where it lies, for workers: of a hub's, the revision is a commit.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The tokenizer.
    #[must_use]
    pub const fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }
}
