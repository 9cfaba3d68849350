//! A campaign as a worker needs it: complete, checked against its model and corpus.

use crate::extra_vocab::ExtraVocab;
use serde::{Deserialize, Serialize};
use superposed_identity::{MiningParameters, Polarities, Size};

/// Identifies a campaign in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CampaignId(pub i64);

impl std::fmt::Display for CampaignId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What makes a job's result, the job itself aside. Two campaigns with the same one write the same files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CampaignDescription {
    /// The label of the model in the results' paths.
    pub size: Size,
    /// The model's directory.
    pub model: String,
    /// `sha256:…` over the model's files.
    pub model_digest: String,
    /// The corpus store's directory.
    pub corpus: String,
    /// `sha256:…` over the corpus store's content.
    pub corpus_digest: String,
    /// The words that pools may have; all of the corpus' when absent.
    #[serde(default)]
    pub extra_vocab: Option<ExtraVocab>,
    /// Where results go.
    pub destination: String,
    /// Which ends of the logits are mined.
    pub polarities: Polarities,
    /// The method's parameters, complete.
    pub parameters: MiningParameters,
    /// Neurons in one forward pass.
    pub batch: u32,
}
