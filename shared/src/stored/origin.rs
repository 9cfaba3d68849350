//! What the campaigns' records in a tree of pools say of it: the corpus that its ids are words of, and how it was made.

use super::{Kind, StoredError, StoredTree};
use serde::Deserialize;
use superposed_identity::TokenRule;

/// Where the records lie, in a tree that is named with its size.
const RECORDS: &str = "campaigns";

/// How a tree's pools were made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The campaign that says so.
    pub campaign: String,
    /// The digest of its corpus.
    pub corpus_digest: String,
    /// How its tokens became words.
    pub rule: TokenRule,
    /// Its τ; 0 where it is not known.
    pub tau: u32,
}

/// The part of a record that is looked at, whatever version wrote it.
#[derive(Deserialize)]
struct Record {
    description: Description,
}

#[derive(Deserialize)]
struct Description {
    corpus_digest: String,
    parameters: Parameters,
}

#[derive(Deserialize)]
struct Parameters {
    rule: TokenRule,
    tau: u32,
}

impl StoredTree {
    /// What the tree's records say, one each; none, when the tree is from elsewhere.
    ///
    /// # Errors
    /// When a record is there and cannot be read.
    pub async fn origins(&self) -> Result<Vec<Origin>, StoredError> {
        let access = |source| StoredError::Access { kind: Kind::Pools, place: self.place.to_string(), source };
        let mut paths = self.place.list(RECORDS).await.map_err(access)?;
        paths.retain(|path| path.ends_with(".json"));
        paths.sort_unstable();
        let mut origins = Vec::with_capacity(paths.len());
        for path in paths {
            let Some(content) = self.place.get(&path).await.map_err(access)? else { continue };
            let record: Record = serde_json::from_slice(&content).map_err(|error| StoredError::Content {
                place: self.place.to_string(),
                path: path.clone(),
                reason: format!("not a campaign record: {error}; without it nobody knows what the ids mean"),
            })?;
            let Description { corpus_digest, parameters: Parameters { rule, tau } } = record.description;
            origins.push(Origin { campaign: path, corpus_digest, rule, tau });
        }
        Ok(origins)
    }
}
