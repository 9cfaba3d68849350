//! Inputs and corpora, opened once and checked against the digests a campaign was admitted with.
//!
//! What was used last stays open; what two campaigns share is open once.

mod models;
mod recent;

use crate::{input::Input, memory::Resources};
use models::{ModelKey, Models};
use recent::Recent;
use std::{path::Path, sync::Arc};
use superposed_corpus::{Corpus, CorpusError};
use superposed_fetch::{FetchError, Fetcher};
use superposed_forward::ForwardError;
use superposed_identity::TokenRule;
use superposed_mining::{MineError, Miner, TokenWords, pool::PoolError};
use superposed_model::Tokenizer;
use superposed_shared::{
    description::{self, CampaignDescription},
    destination::{Destination, DestinationError},
    extra_vocab::{self, ExtraVocab, ExtraVocabError},
    stored::{self, Kind, StoredError},
};

/// Everything that mining a campaign's jobs takes beside their input.
#[derive(Debug)]
pub struct Campaign {
    /// What the campaign is.
    pub description: CampaignDescription,
    /// What gives logits or pools, for records.
    pub backend: String,
    /// Mines them.
    pub miner: Miner,
    /// Takes files.
    pub destination: Destination,
}

/// A campaign that can be worked on. The input is not part of it: who mines or writes what a model computed a while ago
/// does not keep that model in memory.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What mining takes.
    pub campaign: Arc<Campaign>,
    /// Gives logits or pools.
    pub input: Arc<Input>,
}

/// What keeps a campaign from being worked on here.
#[derive(Debug, thiserror::Error)]
pub enum ArtefactError {
    /// The model, or the tokenizer, cannot be had or used.
    #[error(transparent)]
    Fetch(#[from] FetchError),
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

/// Whose tokens, the words of which corpus, by which rule, and the list that admits them.
type WordsKey = (String, String, TokenRule, Option<String>);

/// The open artefacts of a worker.
#[derive(Debug)]
pub struct Artefacts {
    fetcher: Fetcher,
    models: Models,
    corpora: Recent<(String, String), Corpus>,
    words: Recent<WordsKey, TokenWords>,
    stored: Recent<CampaignDescription, Input>,
    campaigns: Recent<CampaignDescription, Campaign>,
}

impl Artefacts {
    /// None are open yet; models are going to be fetched by this and loaded onto these.
    #[must_use]
    pub fn new(fetcher: Fetcher, resources: Resources) -> Self {
        Self {
            fetcher,
            models: Models::new(resources),
            corpora: Recent::default(),
            words: Recent::default(),
            stored: Recent::default(),
            campaigns: Recent::default(),
        }
    }

    /// Everything that a campaign's jobs take, fetched and opened where it is not open yet.
    ///
    /// # Errors
    /// When something cannot be fetched or opened, or is not what the campaign was admitted with.
    pub fn campaign(&mut self, description: &CampaignDescription) -> Result<Opened, ArtefactError> {
        let Self { fetcher, models, corpora, words, stored, campaigns } = self;
        let CampaignDescription { corpus, corpus_digest, parameters, batch, precision, .. } = description;
        let mut corpus = || corpora.get_or_open((corpus.clone(), corpus_digest.clone()), || open_corpus(description));
        match &description.input {
            description::Input::Model { directory, digest } => {
                let key =
                    ModelKey { place: directory.clone(), digest: digest.clone(), batch: *batch, precision: *precision };
                let model = models.open(&key, fetcher)?;
                let input = Input::Model(Arc::clone(&model.forward));
                let campaign = campaigns.get_or_open(description.clone(), || {
                    let corpus = corpus()?;
                    let words = open_words(words, digest, model.directory.tokenizer(), &corpus, description)?;
                    Campaign::new(description, &input, Miner::new(corpus, words, parameters.clone())?)
                })?;
                Ok(Opened { campaign, input: Arc::new(input) })
            }
            description::Input::Logits { place, tokenizer, tokenizer_digest, .. } => {
                let mut miner = || {
                    let (opened, found) = fetcher.open_tokenizer(tokenizer, tokenizer_digest)?;
                    unchanged("tokenizer", tokenizer, found, tokenizer_digest)?;
                    let corpus = corpus()?;
                    let words = open_words(words, tokenizer_digest, &opened, &corpus, description)?;
                    Ok::<_, ArtefactError>((words.tokens() as usize, Miner::new(corpus, words, parameters.clone())?))
                };
                let input = stored.get_or_open(description.clone(), || {
                    let tree = stored::open(Kind::Logits, place)?;
                    Ok::<_, ArtefactError>(Input::Logits { tree, tokens: miner()?.0 })
                })?;
                let open = || Campaign::new(description, &input, miner()?.1);
                Ok(Opened { campaign: campaigns.get_or_open(description.clone(), open)?, input })
            }
            description::Input::Pools { place, .. } => {
                let input = stored.get_or_open(description.clone(), || {
                    Ok::<_, ArtefactError>(Input::Pools(stored::open(Kind::Pools, place)?))
                })?;
                let open = || Campaign::new(description, &input, Miner::of_pools(corpus()?, parameters.clone())?);
                Ok(Opened { campaign: campaigns.get_or_open(description.clone(), open)?, input })
            }
        }
    }
}

impl Campaign {
    fn new(description: &CampaignDescription, input: &Input, miner: Miner) -> Result<Self, ArtefactError> {
        Ok(Self {
            description: description.clone(),
            backend: input.backend(),
            miner: miner.with_audit(description.audit)?,
            destination: Destination::open(&description.destination)?,
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
