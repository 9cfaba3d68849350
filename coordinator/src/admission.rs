//! What a campaign must pass before it is queued: its model, its corpus and its destination are looked at, its
//! parameters completed and checked, so that nothing of it fails in the middle for a reason that could be seen before.

use std::path::Path;
use superposed_corpus::{Corpus, CorpusError};
use superposed_identity::{MiningParameters, ParameterError};
use superposed_mining::{
    TokenWords,
    pool::PoolError,
    solve::{self, SolveError},
};
use superposed_model::{ModelDirectory, ModelError};
use superposed_shared::{
    description::CampaignDescription,
    destination::{Destination, DestinationError},
    extra_vocab::{self, ExtraVocab, ExtraVocabError},
    record::{CampaignRecord, Makers, RecordError},
    spec::{
        CampaignSpec, SpecError,
        plan::{LayerPlan, PlanError, plan},
    },
};

/// A campaign that may be queued.
#[derive(Debug)]
pub struct Admitted {
    /// What it writes beside its results.
    pub record: CampaignRecord,
    /// Its jobs.
    pub layers: Vec<LayerPlan>,
}

/// Why a campaign is refused.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionError {
    /// The spec makes no sense by itself.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The model cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The corpus store cannot be used.
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
    Parameters(#[from] ParameterError),
    /// The solver is not there.
    #[error(transparent)]
    Solver(#[from] SolveError),
    /// A layer or neuron is not there.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The destination cannot be used.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// The destination's tree is another's.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Looks at everything a spec names, and, as the last step, writes the campaign's record to its destination.
///
/// # Errors
/// The first thing that keeps the campaign from being mined; the destination is then as it was.
pub async fn admit(spec: CampaignSpec) -> Result<Admitted, AdmissionError> {
    // Before the model's weights are read for their digest, which may take minutes.
    Destination::look_at(&spec.destination)?;
    let read = blocking(move || {
        let seen = Seen::look_at(&spec)?;
        let words: String = seen.corpus.vocabulary().iter().flat_map(|(_, word)| [word, "\n"]).collect();
        let description = CampaignDescription {
            size: spec.size.clone(),
            model: spec.model.clone(),
            model_digest: seen.model.digest()?,
            corpus: spec.corpus.clone(),
            corpus_digest: seen.corpus.digest().to_owned(),
            extra_vocab: seen.extra_vocab,
            destination: spec.destination.clone(),
            polarities: spec.polarities,
            parameters: seen.parameters,
            batch: spec.batch,
        };
        let record = CampaignRecord { version: env!("CARGO_PKG_VERSION").to_owned(), spec, description };
        Ok((Admitted { record, layers: seen.layers }, words))
    });
    let (admitted, words) = read.await?;
    let place = &admitted.record.description.destination;
    if let Some(destination) = Destination::look_at(place)? {
        admitted.record.check_tree(&destination).await?;
    }
    admitted.record.write(&Destination::open(place)?, &words).await?;
    Ok(admitted)
}

/// Looks at everything a spec names and changes nothing. Much faster than [`admit`], since the model's weights are not
/// read: this does not see that a destination holds another model's results.
///
/// # Errors
/// The first thing that keeps the campaign from being mined.
pub async fn check(spec: CampaignSpec) -> Result<(), AdmissionError> {
    let (size, place, batch) = (spec.size.clone(), spec.destination.clone(), spec.batch);
    let seen = blocking(move || Seen::look_at(&spec)).await?;
    if let Some(destination) = Destination::look_at(&place)? {
        let makers = Makers {
            model_digest: None,
            corpus_digest: seen.corpus.digest(),
            extra_vocab: seen.extra_vocab.as_ref().map(|words| words.digest.as_str()),
            parameters: &seen.parameters,
            batch,
        };
        makers.check_tree(&destination, &size).await?;
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(
    look: impl FnOnce() -> Result<T, AdmissionError> + Send + 'static,
) -> Result<T, AdmissionError> {
    tokio::task::spawn_blocking(look).await.expect("looking at a campaign does not panic")
}

/// What a spec names, where it fits together.
struct Seen {
    model: ModelDirectory,
    corpus: Corpus,
    extra_vocab: Option<ExtraVocab>,
    parameters: MiningParameters,
    layers: Vec<LayerPlan>,
}

impl Seen {
    fn look_at(spec: &CampaignSpec) -> Result<Self, AdmissionError> {
        spec.check()?;
        let model = ModelDirectory::open(Path::new(&spec.model))?;
        let corpus = Corpus::open(Path::new(&spec.corpus))?;
        let parameters = spec.parameters.resolve(model.tokenizer().rule());
        parameters.check(model.ranked_tokens())?;
        solve::available(parameters.solver)?;
        let config = model.config();
        let layers = plan(spec, config.layers, |mode| config.width(mode))?;
        let listed = match &spec.parameters.extra_vocab {
            Some(file) => {
                let (words, digest) = extra_vocab::read(Path::new(file))?;
                Some((words, ExtraVocab { file: file.clone(), digest }))
            }
            None => None,
        };
        // Refuses a corpus whose words never match the tokenizer's.
        let words = listed.as_ref().map(|(words, _)| words.as_slice());
        TokenWords::build(model.tokenizer(), corpus.vocabulary(), parameters.rule, words)?;
        Ok(Self { model, corpus, extra_vocab: listed.map(|(_, list)| list), parameters, layers })
    }
}
