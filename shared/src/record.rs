//! The campaign's record beside its results: what made the files.
//!
//! A `<size>` belongs to one model, one corpus and one set of parameters: a campaign that would mix its files with
//! another's is refused.

use crate::{
    description::CampaignDescription,
    destination::{Destination, DestinationError},
    layout,
    spec::CampaignSpec,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// What made the files of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CampaignRecord {
    /// The version of this software that accepted the campaign.
    pub version: String,
    /// The campaign as it was submitted.
    pub spec: CampaignSpec,
    /// The campaign as it was resolved.
    pub description: CampaignDescription,
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

    /// Whether this campaign's record lies at its destination.
    ///
    /// # Errors
    /// When the destination cannot be read.
    pub async fn is_present(&self, destination: &Destination) -> Result<bool, RecordError> {
        Ok(destination.get(&self.path()).await?.is_some())
    }

    /// Checks that the destination's tree of this size holds nothing that something else made.
    ///
    /// # Errors
    /// When it does, or a record there cannot be read.
    pub async fn check_tree(&self, destination: &Destination) -> Result<(), RecordError> {
        for path in destination.list(&layout::records_directory(&self.description.size)).await? {
            let Some(content) = destination.get(&path).await? else { continue };
            let there: Self = serde_json::from_slice(&content)
                .map_err(|source| RecordError::Unreadable { path: path.clone(), source })?;
            let (ours, theirs) = (&self.description, &there.description);
            let what = if ours.model_digest != theirs.model_digest {
                "model"
            } else if ours.corpus_digest != theirs.corpus_digest {
                "corpus"
            } else if ours.parameters != theirs.parameters {
                "set of parameters"
            } else {
                continue;
            };
            return Err(RecordError::Foreign {
                size: ours.size.to_string(),
                destination: ours.destination.clone(),
                campaign: there.spec.name,
                what,
            });
        }
        Ok(())
    }

    /// Writes the record, and the map from ids to words: `words` holds one word a line, in the order of their ids.
    ///
    /// # Errors
    /// When the destination cannot be written.
    pub async fn write(&self, destination: &Destination, words: &str) -> Result<(), RecordError> {
        let words_file = layout::words_file(&self.description.size);
        destination.put(&words_file, Bytes::copy_from_slice(words.as_bytes())).await?;
        let mut record = serde_json::to_vec_pretty(self).expect("a record is plain data");
        record.push(b'\n');
        destination.put(&self.path(), Bytes::from(record)).await?;
        destination.sync().await?;
        Ok(())
    }
}
