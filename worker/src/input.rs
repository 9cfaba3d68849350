//! What jobs start from: logits that are computed, logits that were kept, or pools that were kept.
//!
//! A batch is read as a whole, its files side by side. A file that is missing or damaged is the failure of the jobs that
//! start from it; a tree that is not there at all is trouble of the campaign.

use crate::assignment::{Assignment, Batch, BatchNeuron};
use futures::{StreamExt, stream};
use std::sync::Arc;
use superposed_forward::{ForwardError, ForwardModel, Logits};
use superposed_identity::{JobId, WordId};
use superposed_mining::records::read_pool;
use superposed_shared::{
    destination::Destination,
    stored::{self, Kind, npy},
};
use tokio::runtime::Handle;

/// Where a campaign's jobs start.
#[derive(Debug)]
pub enum Input {
    /// Logits are computed.
    Model(Arc<ForwardModel>),
    /// Logits lie in a tree.
    Logits {
        /// The tree.
        tree: Destination,
        /// The tokenizer's tokens: a row must have as many logits.
        tokens: usize,
    },
    /// Pools lie in a tree.
    Pools(Destination),
}

/// What a batch's neurons start from.
#[derive(Debug)]
pub enum BatchInput {
    /// Computed logits, a row for each of the batch.
    Computed(Logits),
    /// Stored logits, for each neuron of the batch.
    Logits(Vec<Result<Vec<f32>, String>>),
    /// Stored pools, for each neuron of the batch and each of its jobs.
    Pools(Vec<Vec<Result<Vec<WordId>, String>>>),
}

/// What a neuron's jobs start from.
#[derive(Debug, Clone, Copy)]
pub enum NeuronInput<'b> {
    /// A logit for each token; or why there are none.
    Logits(Result<&'b [f32], &'b str>),
    /// For each job the words of its pool; or why there are none.
    Pools(&'b [Result<Vec<WordId>, String>]),
}

/// An input that cannot be had for any job.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The forward pass failed.
    #[error(transparent)]
    Forward(#[from] ForwardError),
    /// The whole tree is gone.
    #[error("{kind} {place}: the directory is not there any more; put it back, then the campaign goes on by itself")]
    Gone {
        /// What it held.
        kind: Kind,
        /// The tree.
        place: String,
    },
}

impl Input {
    /// What computes, or whence logits or pools are.
    #[must_use]
    pub fn backend(&self) -> String {
        match self {
            Self::Model(forward) => forward.backend().to_owned(),
            Self::Logits { .. } => "stored logits".to_owned(),
            Self::Pools(_) => "stored pools".to_owned(),
        }
    }

    /// What a batch of an assignment starts from. Files are read on `runtime`.
    ///
    /// # Errors
    /// What would be the same for every job.
    pub fn of_batch(&self, assignment: &Assignment, batch: &Batch, runtime: &Handle) -> Result<BatchInput, InputError> {
        match self {
            Self::Model(forward) => {
                Ok(BatchInput::Computed(forward.logits(assignment.mode, assignment.layer, &batch.rows)?))
            }
            Self::Logits { tree, tokens } => {
                let files: Vec<_> = batch.neurons.iter().map(|neuron| Kind::Logits.file(neuron.jobs[0].1)).collect();
                let rows = read_all(Kind::Logits, tree, &files, runtime, |content| logits(content, *tokens))?;
                Ok(BatchInput::Logits(rows))
            }
            Self::Pools(tree) => {
                let file = |(_, job): &(_, JobId)| Kind::Pools.file(*job);
                let files: Vec<_> = batch.neurons.iter().flat_map(|neuron| neuron.jobs.iter().map(file)).collect();
                let pools = read_all(Kind::Pools, tree, &files, runtime, |content| {
                    read_pool(content).map(|pool| pool.words).map_err(|error| error.to_string())
                })?;
                let mut pools = pools.into_iter();
                let of_neurons = batch.neurons.iter().map(|neuron| pools.by_ref().take(neuron.jobs.len()).collect());
                Ok(BatchInput::Pools(of_neurons.collect()))
            }
        }
    }
}

impl BatchInput {
    /// What the neuron at `place` of the batch starts from.
    #[must_use]
    pub fn of_neuron(&self, place: usize, neuron: &BatchNeuron) -> NeuronInput<'_> {
        match self {
            Self::Computed(logits) => NeuronInput::Logits(Ok(logits.row(neuron.row))),
            Self::Logits(rows) => NeuronInput::Logits(rows[place].as_deref().map_err(String::as_str)),
            Self::Pools(pools) => NeuronInput::Pools(&pools[place]),
        }
    }
}

fn logits(content: &[u8], tokens: usize) -> Result<Vec<f32>, String> {
    match npy::read(content) {
        Ok(logits) if logits.len() < tokens => Err(npy::too_few(logits.len(), tokens)),
        Ok(logits) => Ok(logits),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads files side by side, in their order; what is wrong with one is told with its path.
fn read_all<T>(
    kind: Kind,
    tree: &Destination,
    files: &[String],
    runtime: &Handle,
    parse: impl Fn(&[u8]) -> Result<T, String>,
) -> Result<Vec<Result<T, String>>, InputError> {
    let mut missing = 0;
    let contents =
        stream::iter(files).map(async |path| tree.get_at_most(path, stored::LONGEST).await).buffered(stored::READS);
    let contents = runtime.block_on(contents.collect::<Vec<_>>());
    let read = files.iter().zip(contents).map(|(path, content)| match content {
        Ok(Some(content)) => parse(&content).map_err(|reason| format!("{tree}/{path}: {reason}")),
        Ok(None) => {
            missing += 1;
            Err(format!("{tree}/{path} is not there any more: a tree must not change while a campaign starts from it"))
        }
        Err(error) => Err(format!("{kind} {tree}: {error}")),
    });
    let read: Vec<_> = read.collect();
    if missing == files.len() && !tree.is_there() {
        return Err(InputError::Gone { kind, place: tree.to_string() });
    }
    Ok(read)
}
