//! What a campaign starts from, looked at before it is queued: a model, or a tree of pools or logits.

use super::AdmissionError;
use superposed_corpus::Corpus;
use superposed_fetch::{Fetcher, SeenModel, SeenTokenizer};
use superposed_identity::{MiningParameters, TokenRule};
use superposed_mining::{Pool, PoolForm, records::read_pool};
use superposed_model::Tokenizer;
use superposed_shared::{
    description::Input,
    spec::{
        CampaignSpec, ParameterChoices, Source,
        plan::{LayerPlan, jobs, plan},
    },
    stored::{self, Kind, StoredError, StoredTree, npy},
};
use tokio::runtime::Handle;

/// An input that is there and readable. Looking at it blocks, so it is done on a thread that may.
pub(super) enum SeenInput {
    /// A model, looked at but not read.
    Model(SeenModel),
    /// A tree of pools, and its place as the campaign names it.
    Pools(StoredTree, String),
    /// A tree of logits, and whose they are.
    Logits {
        /// The logits.
        tree: StoredTree,
        /// Their place as the campaign names it.
        place: String,
        /// The tokenizer.
        tokenizer: SeenTokenizer,
    },
}

impl SeenInput {
    /// Looks at what a source names.
    pub(super) fn open(source: &Source) -> Result<Self, AdmissionError> {
        let tree = |kind, place: &str| Handle::current().block_on(StoredTree::open(kind, place));
        let fetcher = || Fetcher::from_environment(Handle::current());
        match source {
            Source::Model(place) => Ok(Self::Model(fetcher().look_at_model(place)?)),
            Source::Pools(place) => Ok(Self::Pools(tree(Kind::Pools, place)?, place.clone())),
            Source::Logits { logits, tokenizer } => {
                let tokenizer = fetcher().look_at_tokenizer(tokenizer)?;
                Ok(Self::Logits { tree: tree(Kind::Logits, logits)?, place: logits.clone(), tokenizer })
            }
        }
    }

    /// The tree, if it is one.
    pub(super) const fn tree(&self) -> Option<&StoredTree> {
        match self {
            Self::Model(_) => None,
            Self::Pools(tree, _) | Self::Logits { tree, .. } => Some(tree),
        }
    }

    /// The tokenizer, if words are still to be made of tokens.
    pub(super) fn tokenizer(&self) -> Option<&Tokenizer> {
        match self {
            Self::Model(model) => Some(model.tokenizer()),
            Self::Logits { tokenizer, .. } => Some(tokenizer.tokenizer()),
            Self::Pools(..) => None,
        }
    }

    /// The jobs.
    pub(super) fn layers(&self, spec: &CampaignSpec) -> Result<Vec<LayerPlan>, AdmissionError> {
        match self {
            Self::Model(model) => {
                let config = model.config();
                Ok(plan(spec, config.layers, |mode| config.width(mode))?)
            }
            Self::Pools(tree, _) | Self::Logits { tree, .. } => Ok(stored::plan::plan(spec, tree)?),
        }
    }

    /// The complete parameters, checked. Of a tree, the records and the first file that a job needs are read.
    pub(super) fn parameters(
        &self,
        spec: &CampaignSpec,
        layers: &[LayerPlan],
        corpus: &Corpus,
    ) -> Result<MiningParameters, AdmissionError> {
        match self {
            Self::Model(model) => {
                let parameters = spec.parameters.resolve(model.tokenizer().rule());
                parameters.check(model.ranked_tokens())?;
                Ok(parameters)
            }
            Self::Pools(tree, _) => {
                let parameters = Handle::current().block_on(of_pools(tree, spec, layers, corpus))?;
                parameters.check_for_pools()?;
                Ok(parameters)
            }
            Self::Logits { tree, tokenizer, .. } => {
                let tokenizer = tokenizer.tokenizer();
                let parameters = spec.parameters.resolve(tokenizer.rule());
                parameters.check(tokenizer.vocabulary_size())?;
                Handle::current().block_on(check_first_logits(tree, tokenizer, spec, layers))?;
                Ok(parameters)
            }
        }
    }

    /// The input with its digest, for which all of it is read; of pools, that all ids are words of the corpus.
    pub(super) fn digested(&self, corpus: &Corpus) -> Result<Input, AdmissionError> {
        Ok(match self {
            Self::Model(model) => Input::Model { directory: model.place().to_owned(), digest: model.digest()? },
            Self::Pools(tree, place) => {
                let words = corpus.vocabulary().len();
                // A damaged file is the failure of its job, not of all.
                let check = move |content: &[u8]| read_pool(content).map_or(Ok(()), |pool| known_words(&pool, words));
                Input::Pools { place: place.clone(), digest: Handle::current().block_on(tree.digest(check))? }
            }
            Self::Logits { tree, place, tokenizer } => Input::Logits {
                place: place.clone(),
                digest: Handle::current().block_on(tree.digest(|_| Ok(())))?,
                tokenizer: tokenizer.place().to_owned(),
                tokenizer_digest: tokenizer.tokenizer().digest()?,
            },
        })
    }
}

/// The parameters of a campaign on pools. Their rule is the spec's, else that of the record beside them, else the one
/// that the first pool's form is by.
async fn of_pools(
    tree: &StoredTree,
    spec: &CampaignSpec,
    layers: &[LayerPlan],
    corpus: &Corpus,
) -> Result<MiningParameters, AdmissionError> {
    let origins = tree.origins().await?;
    if let Some(other) = origins.iter().find(|origin| origin.corpus_digest != corpus.digest()) {
        return Err(AdmissionError::OtherCorpus {
            place: tree.place().to_string(),
            record: other.campaign.clone(),
            theirs: other.corpus_digest.clone(),
            ours: corpus.digest().to_owned(),
        });
    }
    let origin = origins.first();
    let rule = match spec.parameters.rule.or(origin.map(|origin| origin.rule)) {
        Some(rule) => rule,
        None => {
            let (path, content) = first(tree, spec, layers).await?;
            let wrong = |reason: String| StoredError::Content { place: tree.place().to_string(), path, reason };
            match read_pool(&content).map_err(|error| wrong(error.to_string()))?.form {
                PoolForm::Set => TokenRule::ByteLevel,
                PoolForm::List => TokenRule::SentencePiece,
            }
        }
    };
    let choices = ParameterChoices { rule: Some(rule), ..spec.parameters.clone() };
    Ok(MiningParameters { tau: origin.map_or(0, |origin| origin.tau), ..choices.resolve(rule) })
}

/// Refuses logits that are of another tokenizer, by the first file that a job needs.
async fn check_first_logits(
    tree: &StoredTree,
    tokenizer: &Tokenizer,
    spec: &CampaignSpec,
    layers: &[LayerPlan],
) -> Result<(), AdmissionError> {
    let (path, content) = first(tree, spec, layers).await?;
    let tokens = tokenizer.vocabulary_size() as usize;
    let reason = match npy::read(&content) {
        Ok(logits) if logits.len() < tokens => npy::too_few(logits.len(), tokens),
        Ok(_) => return Ok(()),
        Err(error) => error.to_string(),
    };
    Err(StoredError::Content { place: tree.place().to_string(), path, reason }.into())
}

/// The file that the first job starts from, and its content.
async fn first(
    tree: &StoredTree,
    spec: &CampaignSpec,
    layers: &[LayerPlan],
) -> Result<(String, bytes::Bytes), AdmissionError> {
    let job = jobs(spec, layers).next().expect("a plan has a job");
    Ok((tree.kind().file(job), tree.content(job).await?))
}

fn known_words(pool: &Pool, words: usize) -> Result<(), String> {
    match pool.words.last() {
        Some(last) if last.index() >= words => Err(format!(
            "it has word {last}, but the corpus has words 0 to {}; name the corpus that the pools were made with",
            words - 1
        )),
        _ => Ok(()),
    }
}
