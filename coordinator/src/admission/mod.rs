//! What a campaign must pass before it is queued: its input, its corpus and its destination are looked at, its
//! parameters completed and checked, so that nothing of it fails in the middle for a reason that could be seen before.

mod adoption;
mod input;

pub use adoption::Adoption;

use input::SeenInput;
use std::{path::Path, sync::Arc};
use superposed_corpus::{Corpus, CorpusError};
use superposed_fetch::FetchError;
use superposed_identity::{MiningParameters, ParameterError};
use superposed_mining::{
    TokenWords, audit,
    pool::PoolError,
    solve::{self, SolveError},
};
use superposed_model::ModelError;
use superposed_shared::{
    description::CampaignDescription,
    destination::{Destination, DestinationError},
    extra_vocab::{self, ExtraVocab, ExtraVocabError},
    record::{CampaignRecord, Makers, RecordError},
    spec::{
        CampaignSpec, IndexSet, SpecError,
        plan::{LayerPlan, PlanError},
    },
    stored::{StoredError, plan::StoredPlanError},
};
use tokio::runtime::Handle;

/// A campaign that may be queued.
#[derive(Debug)]
pub struct Admitted {
    /// What it writes beside its results.
    pub record: CampaignRecord,
    /// Its jobs.
    pub layers: Vec<LayerPlan>,
    /// The ordinals of those whose files are there, layer by layer; nothing, where all are to be mined.
    pub adopted: Vec<IndexSet>,
}

impl Admitted {
    /// How many jobs need not be mined.
    #[must_use]
    pub fn adopted_jobs(&self) -> u64 {
        self.adopted.iter().map(|adopted| u64::from(adopted.len())).sum()
    }
}

/// Why a campaign is refused.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionError {
    /// The spec makes no sense by itself.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The model, or the tokenizer, cannot be had or used.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A file of the model cannot be read.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The tree of pools or logits cannot be used.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// A pool or logits are not there.
    #[error(transparent)]
    StoredPlan(#[from] StoredPlanError),
    /// Pools whose ids mean other words.
    #[error(
        "the pools of {place} were made with corpus {theirs} ({record} says so), and this one is {ours}: their ids would \
         mean other words; name that corpus"
    )]
    OtherCorpus {
        /// The tree of pools.
        place: String,
        /// The record in it.
        record: String,
        /// The digest of the corpus they were made with.
        theirs: String,
        /// The digest of the campaign's corpus.
        ours: String,
    },
    /// Results would be written over what they are made from.
    #[error("the results would be written over {0}, which they are made from: choose another size or destination")]
    Overwrite(String),
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
    /// Results that nothing tells the origin of.
    #[error(
        "{size} at {destination} has files of {jobs} of these jobs and no record of what made them: say --trust, which \
         checks them first, or leave out --resume, which mines them again"
    )]
    Unrecorded {
        /// The size.
        size: String,
        /// The destination.
        destination: String,
        /// How many jobs have files.
        jobs: u64,
    },
    /// Results that this campaign would not have made.
    #[error(
        "{size} at {destination} has files of {jobs} jobs that these parameters and this corpus did not make, the first: \
         {first}; move them away, or choose another destination"
    )]
    Untrustworthy {
        /// The size.
        size: String,
        /// The destination.
        destination: String,
        /// How many jobs are wrong.
        jobs: u64,
        /// What is wrong with the first.
        first: String,
    },
}

/// Looks at everything a spec names, finds the jobs that need not be mined, and, as the last step, writes the campaign's
/// record to its destination.
///
/// # Errors
/// The first thing that keeps the campaign from being mined; the destination is then as it was.
pub async fn admit(spec: CampaignSpec, adoption: Adoption) -> Result<Admitted, AdmissionError> {
    // Before the model's weights are read for their digest, which may take minutes.
    Destination::look_at(&spec.destination).await?;
    let read = blocking(move || {
        let seen = Seen::look_at(&spec)?;
        let words: String = seen.corpus.vocabulary().iter().flat_map(|(_, word)| [word, "\n"]).collect();
        let description = CampaignDescription {
            size: spec.size.clone(),
            input: seen.input.digested(&seen.corpus)?,
            corpus: spec.corpus.clone(),
            corpus_digest: seen.corpus.digest().to_owned(),
            extra_vocab: seen.extra_vocab,
            destination: spec.destination.clone(),
            polarities: spec.polarities,
            parameters: seen.parameters,
            batch: spec.batch,
            precision: spec.precision.unwrap_or_default(),
            name: spec.name.clone(),
            audit: spec.audit,
            layout: spec.layout,
        };
        let (version, layers) = (env!("CARGO_PKG_VERSION").to_owned(), seen.layers.clone());
        let record = CampaignRecord { version, spec, description, layers };
        Ok((Admitted { record, layers: seen.layers, adopted: Vec::new() }, seen.corpus, words))
    });
    let (mut admitted, corpus, words) = read.await?;
    let description = &admitted.record.description;
    let place = &description.destination;
    if let Some(destination) = Destination::look_at(place).await? {
        admitted.record.check_tree(&destination).await?;
        let adopted = adoption::adopt(adoption, &destination, description, &admitted.layers, Arc::new(corpus));
        admitted.adopted = adopted.await?;
    }
    admitted.record.write(&Destination::open(place)?, &words).await?;
    Ok(admitted)
}

/// Looks at everything a spec names and changes nothing. Much faster than [`admit`], since the model's weights, or a
/// whole tree, are not read: this does not see that a destination holds another input's results.
///
/// # Errors
/// The first thing that keeps the campaign from being mined.
pub async fn check(spec: CampaignSpec) -> Result<(), AdmissionError> {
    let (size, place) = (spec.size.clone(), spec.destination.clone());
    let (batch, precision) = (spec.batch, spec.precision.unwrap_or_default());
    let seen = blocking(move || Seen::look_at(&spec)).await?;
    if let Some(destination) = Destination::look_at(&place).await? {
        let makers = Makers {
            input: None,
            corpus_digest: seen.corpus.digest(),
            extra_vocab: seen.extra_vocab.as_ref().map(|words| words.digest.as_str()),
            parameters: &seen.parameters,
            batch,
            precision,
        };
        makers.check_tree(&destination, &size).await?;
    }
    Ok(())
}

/// The jobs of a campaign.
///
/// # Errors
/// When its input cannot be used, or does not have what is selected.
pub async fn layers(spec: CampaignSpec) -> Result<Vec<LayerPlan>, AdmissionError> {
    blocking(move || SeenInput::open(&spec.source)?.layers(&spec)).await
}

async fn blocking<T: Send + 'static>(
    look: impl FnOnce() -> Result<T, AdmissionError> + Send + 'static,
) -> Result<T, AdmissionError> {
    tokio::task::spawn_blocking(look).await.expect("looking at a campaign does not panic")
}

/// What a spec names, where it fits together.
struct Seen {
    input: SeenInput,
    corpus: Corpus,
    extra_vocab: Option<ExtraVocab>,
    parameters: MiningParameters,
    layers: Vec<LayerPlan>,
}

impl Seen {
    fn look_at(spec: &CampaignSpec) -> Result<Self, AdmissionError> {
        spec.check()?;
        let input = SeenInput::open(&spec.source)?;
        let destination = Handle::current().block_on(Destination::look_at(&spec.destination))?;
        if let (Some(tree), Some(destination)) = (input.tree(), destination)
            && tree.place().is_at(&destination, spec.size.as_str())
        {
            return Err(AdmissionError::Overwrite(tree.place().to_string()));
        }
        let corpus = Corpus::open(Path::new(&spec.corpus))?;
        let layers = input.layers(spec)?;
        let parameters = input.parameters(spec, &layers, &corpus)?;
        solve::available(parameters.solver)?;
        audit::available(spec.audit)?;
        let listed = match &spec.parameters.extra_vocab {
            Some(file) => {
                let (words, digest) = extra_vocab::read(Path::new(file))?;
                Some((words, ExtraVocab { file: file.clone(), digest }))
            }
            None => None,
        };
        // Refuses a corpus whose words never match the tokenizer's.
        if let Some(tokenizer) = input.tokenizer() {
            let words = listed.as_ref().map(|(words, _)| words.as_slice());
            TokenWords::build(tokenizer, corpus.vocabulary(), parameters.rule, words)?;
        }
        Ok(Self { input, corpus, extra_vocab: listed.map(|(_, list)| list), parameters, layers })
    }
}
