//! Inputs and corpora, opened once and checked against the digests a campaign was admitted with.
//!
//! What was used last stays open; what two campaigns share is open once.

use crate::input::Input;
use std::{path::Path, sync::Arc};
use superposed_corpus::{Corpus, CorpusError};
use superposed_forward::{ForwardError, ForwardModel, ForwardOptions};
use superposed_identity::TokenRule;
use superposed_mining::{MineError, Miner, TokenWords, pool::PoolError};
use superposed_model::{ModelDirectory, ModelError, Tokenizer, TokenizerError};
use superposed_shared::{
    description::{self, CampaignDescription},
    destination::{Destination, DestinationError},
    extra_vocab::{self, ExtraVocab, ExtraVocabError},
    stored::{self, Kind, StoredError},
};

/// The most campaigns, models and corpora that stay open.
const KEPT: usize = 2;

/// Everything that mining a campaign's jobs takes.
#[derive(Debug)]
pub struct Campaign {
    /// What the campaign is.
    pub description: CampaignDescription,
    /// Gives logits or pools.
    pub input: Input,
    /// What that is, for records.
    pub backend: String,
    /// Mines them.
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
    /// The tokenizer cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The tree of pools or logits cannot be used.
    #[error(transparent)]
    Stored(#[from] StoredError),
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
        /// `model`, `tokenizer`, `corpus` or `extra_vocab`.
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

/// Whose tokens, the words of which corpus, by which rule, and the list that admits them.
type WordsKey = (String, String, TokenRule, Option<String>);

/// The open artefacts of a worker.
#[derive(Debug)]
pub struct Artefacts {
    models: Recent<(String, String, u32), Model>,
    corpora: Recent<(String, String), Corpus>,
    words: Recent<WordsKey, TokenWords>,
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
            let CampaignDescription { corpus, corpus_digest, parameters, batch, .. } = description;
            let corpus_key = (corpus.clone(), corpus_digest.clone());
            let (input, miner) = match &description.input {
                description::Input::Model { directory, digest } => {
                    // A model is named with the batch it is loaded for.
                    let model_key = (directory.clone(), digest.clone(), *batch);
                    let model = models.get_or_open(model_key, || open_model(directory, digest, *batch))?;
                    let corpus = corpora.get_or_open(corpus_key, || open_corpus(description))?;
                    let words = open_words(words, digest, model.directory.tokenizer(), &corpus, description)?;
                    (Input::Model(Arc::clone(&model.forward)), Miner::new(corpus, words, parameters.clone())?)
                }
                description::Input::Logits { place, tokenizer, tokenizer_digest, .. } => {
                    let tree = stored::open(Kind::Logits, place)?;
                    let opened = Tokenizer::load(Path::new(tokenizer))?;
                    unchanged("tokenizer", tokenizer, opened.digest()?, tokenizer_digest)?;
                    let corpus = corpora.get_or_open(corpus_key, || open_corpus(description))?;
                    let words = open_words(words, tokenizer_digest, &opened, &corpus, description)?;
                    let input = Input::Logits { tree, tokens: words.tokens() as usize };
                    (input, Miner::new(corpus, words, parameters.clone())?)
                }
                description::Input::Pools { place, .. } => {
                    let tree = stored::open(Kind::Pools, place)?;
                    let corpus = corpora.get_or_open(corpus_key, || open_corpus(description))?;
                    (Input::Pools(tree), Miner::of_pools(corpus, parameters.clone())?)
                }
            };
            Ok(Campaign {
                description: description.clone(),
                backend: input.backend(),
                input,
                miner: miner.with_audit(description.audit)?,
                destination: Destination::open(&description.destination)?,
            })
        })
    }
}

fn open_words(
    words: &mut Recent<WordsKey, TokenWords>,
    tokens_digest: &str,
    tokenizer: &Tokenizer,
    corpus: &Corpus,
    description: &CampaignDescription,
) -> Result<Arc<TokenWords>, ArtefactError> {
    let CampaignDescription { corpus_digest, extra_vocab, parameters, .. } = description;
    let list_digest = extra_vocab.as_ref().map(|list| list.digest.clone());
    let key = (tokens_digest.to_owned(), corpus_digest.clone(), parameters.rule, list_digest);
    words.get_or_open(key, || {
        let listed = extra_vocab.as_ref().map(open_list).transpose()?;
        Ok(TokenWords::build(tokenizer, corpus.vocabulary(), parameters.rule, listed.as_deref())?)
    })
}

fn open_model(place: &str, digest: &str, batch: u32) -> Result<Model, ArtefactError> {
    let directory = ModelDirectory::open(Path::new(place))?;
    unchanged("model", place, directory.digest()?, digest)?;
    let options = ForwardOptions { batch: batch as usize, ..ForwardOptions::default() };
    let forward = Arc::new(ForwardModel::load(&directory, &options)?);
    tracing::info!(model = place, backend = forward.backend(), "model loaded");
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
