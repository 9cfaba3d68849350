//! Models and corpora, opened once and checked against the digests a campaign was admitted with.
//!
//! What was used last stays open; what two campaigns share is open once.

use std::{path::Path, sync::Arc};
use superposed_corpus::{Corpus, CorpusError};
use superposed_forward::{ForwardError, ForwardModel, ForwardOptions};
use superposed_identity::TokenRule;
use superposed_mining::{MineError, Miner, TokenWords, pool::PoolError};
use superposed_model::{ModelDirectory, ModelError};
use superposed_shared::{
    description::CampaignDescription,
    destination::{Destination, DestinationError},
    extra_vocab::{self, ExtraVocab, ExtraVocabError},
};

/// The most campaigns, models and corpora that stay open.
const KEPT: usize = 2;

/// Everything that mining a campaign's jobs takes.
#[derive(Debug)]
pub struct Campaign {
    /// What the campaign is.
    pub description: CampaignDescription,
    /// Computes logits.
    pub forward: Arc<ForwardModel>,
    /// Mines logits.
    pub miner: Miner,
    /// Takes files.
    pub destination: Destination,
}

/// What keeps a campaign from being worked on here.
#[derive(Debug, thiserror::Error)]
pub enum ArtefactError {
    /// The model cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model cannot be computed with.
    #[error(transparent)]
    Forward(#[from] ForwardError),
    /// The corpus cannot be used.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The list of words that pools may have cannot be used.
    #[error(transparent)]
    ExtraVocab(#[from] ExtraVocabError),
    /// Corpus and tokenizer do not fit.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The parameters cannot be mined.
    #[error(transparent)]
    Mine(#[from] MineError),
    /// The destination cannot be used.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// What lies there is not what the campaign was admitted with.
    #[error(
        "{what} {place} is {found}, but the campaign was submitted with {admitted}; put the old one back, or submit a new campaign"
    )]
    Changed {
        /// `model`, `corpus` or `extra_vocab`.
        what: &'static str,
        /// Its directory or file.
        place: String,
        /// The digest of what lies there.
        found: String,
        /// The digest of what was there.
        admitted: String,
    },
}

/// A list of the things used last, the most recent at the end.
#[derive(Debug)]
struct Recent<K, V>(Vec<(K, Arc<V>)>);

impl<K: PartialEq, V> Recent<K, V> {
    fn get_or_open<E>(&mut self, key: K, open: impl FnOnce() -> Result<V, E>) -> Result<Arc<V>, E> {
        let entry = match self.0.iter().position(|(known, _)| *known == key) {
            Some(index) => self.0.remove(index),
            None => {
                // Room is made first: two models at once may be more than memory holds.
                if self.0.len() == KEPT {
                    self.0.remove(0);
                }
                (key, Arc::new(open()?))
            }
        };
        let value = Arc::clone(&entry.1);
        self.0.push(entry);
        Ok(value)
    }
}

#[derive(Debug)]
struct Model {
    directory: ModelDirectory,
    forward: Arc<ForwardModel>,
}

/// The open artefacts of a worker.
#[derive(Debug)]
pub struct Artefacts {
    models: Recent<(String, String, u32), Model>,
    corpora: Recent<(String, String), Corpus>,
    words: Recent<(String, String, TokenRule, Option<String>), TokenWords>,
    campaigns: Recent<CampaignDescription, Campaign>,
}

impl Default for Artefacts {
    fn default() -> Self {
        Self {
            models: Recent(Vec::new()),
            corpora: Recent(Vec::new()),
            words: Recent(Vec::new()),
            campaigns: Recent(Vec::new()),
        }
    }
}

impl Artefacts {
    /// Everything that mining a campaign's jobs takes, opened where it is not open yet.
    ///
    /// # Errors
    /// When something cannot be opened, or is not what the campaign was admitted with.
    pub fn campaign(&mut self, description: &CampaignDescription) -> Result<Arc<Campaign>, ArtefactError> {
        let Self { models, corpora, words, campaigns } = self;
        campaigns.get_or_open(description.clone(), || {
            let CampaignDescription { model, model_digest, corpus, corpus_digest, extra_vocab, parameters, .. } =
                description;
            // A model is named with the batch it is loaded for.
            let model_key = (model.clone(), model_digest.clone(), description.batch);
            let model = models.get_or_open(model_key, || open_model(description))?;
            let corpus_key = (corpus.clone(), corpus_digest.clone());
            let corpus = corpora.get_or_open(corpus_key, || open_corpus(description))?;
            let list_digest = extra_vocab.as_ref().map(|list| list.digest.clone());
            let words_key = (model_digest.clone(), corpus_digest.clone(), parameters.rule, list_digest);
            let words = words.get_or_open(words_key, || {
                let listed = extra_vocab.as_ref().map(open_list).transpose()?;
                let tokenizer = model.directory.tokenizer();
                let words = TokenWords::build(tokenizer, corpus.vocabulary(), parameters.rule, listed.as_deref())?;
                Ok::<_, ArtefactError>(words)
            })?;
            Ok(Campaign {
                description: description.clone(),
                forward: Arc::clone(&model.forward),
                miner: Miner::new(corpus, words, parameters.clone())?,
                destination: Destination::open(&description.destination)?,
            })
        })
    }
}

fn open_model(description: &CampaignDescription) -> Result<Model, ArtefactError> {
    let directory = ModelDirectory::open(Path::new(&description.model))?;
    unchanged("model", &description.model, directory.digest()?, &description.model_digest)?;
    let options = ForwardOptions { batch: description.batch as usize, ..ForwardOptions::default() };
    let forward = Arc::new(ForwardModel::load(&directory, &options)?);
    tracing::info!(model = description.model, backend = forward.backend(), "model loaded");
    Ok(Model { directory, forward })
}

fn open_corpus(description: &CampaignDescription) -> Result<Corpus, ArtefactError> {
    let corpus = Corpus::open(Path::new(&description.corpus))?;
    unchanged("corpus", &description.corpus, corpus.digest().to_owned(), &description.corpus_digest)?;
    Ok(corpus)
}

fn open_list(list: &ExtraVocab) -> Result<Vec<String>, ArtefactError> {
    let (words, digest) = extra_vocab::read(Path::new(&list.file))?;
    unchanged("extra_vocab", &list.file, digest, &list.digest)?;
    Ok(words)
}

fn unchanged(what: &'static str, place: &str, found: String, admitted: &str) -> Result<(), ArtefactError> {
    if found == admitted {
        return Ok(());
    }
    Err(ArtefactError::Changed { what, place: place.to_owned(), found, admitted: admitted.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_last_stays_open() {
        let mut recent = Recent(Vec::new());
        let mut opened = Vec::new();
        for key in [1, 2, 1, 3, 1, 2] {
            let open = || {
                opened.push(key);
                Ok::<_, ()>(key)
            };
            assert_eq!(recent.get_or_open(key, open).as_deref(), Ok(&key));
        }
        assert_eq!(opened, [1, 2, 3, 2]);
    }
}
