//! The campaign's record beside its results: what made the files.
//!
//! A `<size>` belongs to one model (or one tree of pools or logits), one corpus and one set of parameters: a campaign that would mix its files with
//! another's is refused.

use crate::{
    description::{CampaignDescription, Input},
    destination::{Destination, DestinationError},
    layout,
    spec::{CampaignSpec, ParameterChoices, plan::LayerPlan},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use superposed_identity::{AuditShare, MiningParameters, Precision, Size};

/// What made the files of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CampaignRecord {
    /// The version of this software that accepted the campaign.
    pub version: String,
    /// The campaign as it was submitted.
    pub spec: CampaignSpec,
    /// The campaign as it was resolved.
    pub description: CampaignDescription,
    /// Its jobs; empty where a version wrote the record that did not say.
    #[serde(default)]
    pub layers: Vec<LayerPlan>,
}

/// A results tree that cannot take a campaign.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The destination cannot be used.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// A record that is there cannot be read.
    #[error("{path} is not a campaign record: {source}; move it away or choose another destination")]
    Unreadable {
        /// The record.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// A campaign of this name that says something else lies there.
    #[error("{path} is the record of a campaign {name} that says something else; give this one another name")]
    NameTaken {
        /// The record.
        path: String,
        /// The name.
        name: String,
    },
    /// The tree holds results that something else made.
    #[error(
        "{size} at {destination} holds results of campaign {campaign}, made with another {what}; choose another size or destination"
    )]
    Foreign {
        /// The size.
        size: String,
        /// The destination.
        destination: String,
        /// The campaign that is there.
        campaign: String,
        /// In what they differ.
        what: &'static str,
    },
}

impl CampaignRecord {
    fn path(&self) -> String {
        layout::record_file(&self.description.size, &self.spec.name)
    }

    /// Checks that the destination's tree of this size holds nothing that something else made.
    ///
    /// # Errors
    /// When it does, or a record there cannot be read.
    pub async fn check_tree(&self, destination: &Destination) -> Result<(), RecordError> {
        Makers::of(&self.description).check_tree(destination, &self.description.size).await?;
        match destination.get(&self.path()).await? {
            Some(content) => self.check_name(&content),
            None => Ok(()),
        }
    }

    /// Checks that a record under this one's name says the same.
    fn check_name(&self, content: &[u8]) -> Result<(), RecordError> {
        // Whether it can be read was seen when its tree was.
        let there: Option<Self> = serde_json::from_slice(content).ok();
        // Where input, corpus and results lie may change; what they are was compared with the tree's. So may what changes
        // no result.
        let says = |spec: &CampaignSpec| {
            let nowhere = String::new;
            let parameters = ParameterChoices { extra_vocab: None, ..spec.parameters.clone() };
            let source = spec.source.anywhere();
            CampaignSpec {
                source,
                corpus: nowhere(),
                destination: nowhere(),
                parameters,
                priority: 0,
                max_workers: None,
                max_attempts: 1,
                audit: AuditShare::NONE,
                ..spec.clone()
            }
        };
        if there.is_some_and(|there| says(&there.spec) != says(&self.spec)) {
            return Err(RecordError::NameTaken { path: self.path(), name: self.spec.name.clone() });
        }
        Ok(())
    }

    /// Writes the record, and the map from ids to words: `words` holds one word a line, in the order of their ids. Of
    /// two campaigns that would not share a tree and come at the same moment, at most one is written.
    ///
    /// # Errors
    /// When the destination cannot be written, or another campaign was faster.
    pub async fn write(&self, destination: &Destination, words: &str) -> Result<(), RecordError> {
        let mut record = serde_json::to_vec_pretty(self).expect("a record is plain data");
        record.push(b'\n');
        let record = Bytes::from(record);
        let created = destination.create(&self.path(), record.clone()).await?;
        // Whoever else wrote a record sees this one from here on.
        if let Err(refused) = self.check_tree(destination).await {
            if created {
                destination.remove(&self.path()).await?;
            }
            return Err(refused);
        }
        if !created {
            destination.put(&self.path(), record).await?;
        }
        let words_file = layout::words_file(&self.description.size);
        destination.put(&words_file, Bytes::copy_from_slice(words.as_bytes())).await?;
        destination.sync().await?;
        Ok(())
    }
}

/// What all files of a size must have been made of.
#[derive(Debug, Clone, Copy)]
pub struct Makers<'a> {
    /// What jobs start from; when it is not known, every input is taken for the same.
    pub input: Option<&'a Input>,
    /// The corpus store's digest.
    pub corpus_digest: &'a str,
    /// The digest of the words that pools may have, where not all of the corpus' may.
    pub extra_vocab: Option<&'a str>,
    /// The method's parameters.
    pub parameters: &'a MiningParameters,
    /// Neurons in one forward pass, on which last bits may depend.
    pub batch: u32,
    /// What a forward pass multiplies in.
    pub precision: Precision,
}

/// Whether the jobs of another campaign are mined by these parameters. With pools, τ plays no part: it may be known to
/// one and not to the other.
fn same_method(parameters: &MiningParameters, theirs: &CampaignDescription) -> bool {
    let tau = match theirs.input {
        Input::Pools { .. } => parameters.tau,
        Input::Model { .. } | Input::Logits { .. } => theirs.parameters.tau,
    };
    *parameters == MiningParameters { tau, ..theirs.parameters.clone() }
}

impl<'a> Makers<'a> {
    /// What a campaign's files were made of.
    #[must_use]
    pub fn of(description: &'a CampaignDescription) -> Self {
        let CampaignDescription { input, corpus_digest, extra_vocab, parameters, batch, precision, .. } = description;
        Self {
            input: Some(input),
            corpus_digest,
            extra_vocab: extra_vocab.as_ref().map(|words| words.digest.as_str()),
            parameters,
            batch: *batch,
            precision: *precision,
        }
    }

    /// In what the files of another campaign were made differently, so that both cannot lie in one tree.
    #[must_use]
    pub fn difference(&self, theirs: &CampaignDescription) -> Option<&'static str> {
        if let Some(what) = self.input.and_then(|input| input.difference(&theirs.input)) {
            Some(what)
        } else if self.corpus_digest != theirs.corpus_digest {
            Some("corpus")
        } else if self.extra_vocab != theirs.extra_vocab.as_ref().map(|words| words.digest.as_str()) {
            Some("extra_vocab")
        } else if !same_method(self.parameters, theirs) {
            Some("set of parameters")
        } else if self.batch != theirs.batch {
            Some("batch size")
        } else if self.precision != theirs.precision {
            Some("precision")
        } else {
            None
        }
    }

    /// Checks that a destination's tree of a size holds nothing that something else made.
    ///
    /// # Errors
    /// When it does, or a record there cannot be read.
    pub async fn check_tree(&self, destination: &Destination, size: &Size) -> Result<(), RecordError> {
        for path in destination.list(&layout::records_directory(size)).await? {
            let Some(content) = destination.get(&path).await? else { continue };
            let there: CampaignRecord = serde_json::from_slice(&content)
                .map_err(|source| RecordError::Unreadable { path: path.clone(), source })?;
            let Some(what) = self.difference(&there.description) else { continue };
            return Err(RecordError::Foreign {
                size: size.to_string(),
                // As it is called here: the campaign there may have come by another path.
                destination: destination.to_string(),
                campaign: there.spec.name,
                what,
            });
        }
        Ok(())
    }
}
