//! A campaign as a worker needs it: complete, checked against its model and corpus.

use crate::extra_vocab::ExtraVocab;
use serde::{Deserialize, Serialize};
use superposed_identity::{AuditShare, MiningParameters, Polarities, Precision, ResultLayout, Size};

/// Identifies a campaign in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CampaignId(pub i64);

impl std::fmt::Display for CampaignId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What jobs start from, as it was when the campaign was admitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// A model: logits are computed.
    Model {
        /// Its [`Place`](crate::place::Place); of a hub's, the revision is a commit.
        directory: String,
        /// `sha256:…` over its files.
        digest: String,
    },
    /// A tree of pools.
    Pools {
        /// The tree.
        place: String,
        /// `sha256:…` over its pools.
        digest: String,
    },
    /// A tree of logits.
    Logits {
        /// The tree.
        place: String,
        /// `sha256:…` over its logits.
        digest: String,
        /// The [`Place`](crate::place::Place) of the tokenizer whose tokens they are of.
        tokenizer: String,
        /// `sha256:…` over the tokenizer's files.
        tokenizer_digest: String,
    },
}

impl Input {
    /// In what two inputs differ that makes their results differ; where they lie does not.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        match (self, other) {
            (Self::Model { digest, .. }, Self::Model { digest: other, .. }) => (digest != other).then_some("model"),
            (Self::Pools { digest, .. }, Self::Pools { digest: other, .. }) => {
                (digest != other).then_some("tree of pools")
            }
            (
                Self::Logits { digest, tokenizer_digest, .. },
                Self::Logits { digest: other, tokenizer_digest: other_tokenizer, .. },
            ) => match (digest == other, tokenizer_digest == other_tokenizer) {
                (true, true) => None,
                (true, false) => Some("tokenizer"),
                (false, _) => Some("tree of logits"),
            },
            _ => Some("kind of input"),
        }
    }
}

/// A campaign, complete: what makes its jobs' results, and how they are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CampaignDescription {
    /// What people call it; names the directory of its solver records.
    pub name: String,
    /// The label of the model in the results' paths.
    pub size: Size,
    /// What jobs start from.
    pub input: Input,
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
    /// The method's parameters, complete. With pools, τ is what their campaign's record says, 0 if there is none.
    pub parameters: MiningParameters,
    /// Neurons in one forward pass, and in one piece of work.
    pub batch: u32,
    /// What a forward pass multiplies in.
    #[serde(default)]
    pub precision: Precision,
    /// Which share of the solves the other solver checks; changes no result.
    pub audit: AuditShare,
    /// As what results are written; changes no result.
    #[serde(default)]
    pub layout: ResultLayout,
}
