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
    record::{CampaignRecord, RecordError},
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
    let looked_at = tokio::task::spawn_blocking(move || look_at(spec));
    let (admitted, words) = looked_at.await.expect("looking at a campaign does not panic")?;
    let destination = Destination::open(&admitted.record.description.destination)?;
    admitted.record.check_tree(&destination).await?;
    admitted.record.write(&destination, &words).await?;
    Ok(admitted)
}

fn look_at(spec: CampaignSpec) -> Result<(Admitted, String), AdmissionError> {
    spec.check()?;
    let model = ModelDirectory::open(Path::new(&spec.model))?;
    let corpus = Corpus::open(Path::new(&spec.corpus))?;
    let parameters = resolve(&spec, &model)?;
    let config = model.config();
    let layers = plan(&spec, config.layers, |mode| config.width(mode))?;
    // Refuses a corpus whose words never match the tokenizer's.
    TokenWords::build(model.tokenizer(), corpus.vocabulary(), parameters.rule, None)?;
    let words: String = corpus.vocabulary().iter().flat_map(|(_, word)| [word, "\n"]).collect();
    let description = CampaignDescription {
        size: spec.size.clone(),
        model: spec.model.clone(),
        model_digest: model.digest()?,
        corpus: spec.corpus.clone(),
        corpus_digest: corpus.digest().to_owned(),
        destination: spec.destination.clone(),
        polarities: spec.polarities,
        parameters,
        batch: spec.batch,
    };
    let record = CampaignRecord { version: env!("CARGO_PKG_VERSION").to_owned(), spec, description };
    Ok((Admitted { record, layers }, words))
}

fn resolve(spec: &CampaignSpec, model: &ModelDirectory) -> Result<MiningParameters, AdmissionError> {
    let parameters = spec.parameters.resolve(model.tokenizer().rule());
    parameters.check(model.ranked_tokens())?;
    solve::available(parameters.solver)?;
    Ok(parameters)
}
