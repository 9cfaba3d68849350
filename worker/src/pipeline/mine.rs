//! The second stage: batches as results.

use super::{
    lease::{Lease, Step},
    prepare::Prepared,
    stage::StageClock,
};
use crate::{
    artefacts::Campaign,
    assignment::BatchNeuron,
    input::NeuronInput,
    metrics::Measures,
    outcome::{Finished, JobError, JobResult},
};
use rayon::{ThreadPool, prelude::*};
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender},
    },
};
use superposed_identity::{JobId, Ordinal, WordId};
use superposed_mining::MineError;
use tracing::debug_span;

/// A batch that can be written.
#[derive(Debug)]
pub(super) struct Mined {
    pub(super) campaign: Arc<Campaign>,
    /// In the order of their ordinals; fewer than the batch has, where the lease was lost meanwhile.
    pub(super) results: Vec<JobResult>,
}

impl Mined {
    /// What keeps the whole campaign from being mined, if that was met.
    fn trouble(&self) -> Option<String> {
        self.results.iter().find_map(|(_, _, result)| match result {
            Err(JobError::Store(damage)) => Some(damage.clone()),
            _ => None,
        })
    }
}

/// Mines batches on a pool of threads.
#[derive(Debug)]
pub(super) struct Mine {
    pub(super) miners: Arc<ThreadPool>,
    pub(super) measures: Measures,
}

impl Mine {
    /// Mines batches until nobody can send one any more.
    pub(super) fn run(&self, from: &Receiver<Step<Prepared>>, to: &SyncSender<Step<Mined>>, clock: &StageClock) {
        while let Ok(step) = clock.receive(from) {
            let step = match step {
                Step::Batch(lease, prepared) => {
                    let mined = clock.work(|| self.batch(&lease, prepared));
                    match mined.trouble() {
                        Some(trouble) => Step::Trouble(lease, trouble),
                        None => Step::Batch(lease, mined),
                    }
                }
                Step::Trouble(lease, error) => Step::Trouble(lease, error),
                Step::End(lease) => Step::End(lease),
            };
            if clock.send(to, step).is_err() {
                return;
            }
        }
    }

    /// Mines the jobs of a batch, as many as there are until the lease is lost.
    fn batch(&self, lease: &Lease, Prepared { campaign, batch, input }: Prepared) -> Mined {
        let _mine = debug_span!(parent: &lease.work.span, "mine", neurons = batch.neurons.len()).entered();
        let mined = self.miners.install(|| {
            let neurons = batch.neurons.par_iter().enumerate().map(|(place, neuron)| {
                if lease.stopped() {
                    return Vec::new();
                }
                mine_neuron(&campaign, input.of_neuron(place, neuron), neuron, &self.measures)
            });
            neurons.collect::<Vec<_>>()
        });
        let results: Vec<JobResult> = mined.into_iter().flatten().collect();
        tracing::debug!(jobs = results.len(), "batch mined");
        Mined { campaign, results }
    }
}

fn mine_neuron(
    campaign: &Campaign,
    input: NeuronInput<'_>,
    neuron: &BatchNeuron,
    measures: &Measures,
) -> Vec<JobResult> {
    let Campaign { miner, backend, .. } = campaign;
    let mined: Vec<Result<superposed_mining::Mined, JobError>> = match input {
        NeuronInput::Logits(logits) => {
            let ranked = logits.map_err(reason).and_then(|logits| caught(|| miner.rank(logits)));
            let mine = |(_, job): &(_, JobId)| match &ranked {
                Ok(ranked) => caught(|| miner.mine_ranked(ranked, job.polarity)),
                Err(error) => Err(error.clone()),
            };
            neuron.jobs.iter().map(mine).collect()
        }
        NeuronInput::Pools(pools) => {
            let mine = |words: &Result<Vec<WordId>, String>| match words {
                Ok(words) => caught(|| miner.mine_pool(miner.pool_of(words.clone()))),
                Err(error) => Err(reason(error)),
            };
            pools.iter().map(mine).collect()
        }
    };
    let finished = |(&(ordinal, job), mined): (&(Ordinal, JobId), Result<_, JobError>)| {
        let solver = miner.parameters().solver;
        let finished = |mined| {
            measures.mined(&mined);
            Finished::new(job, backend, solver, &mined)
        };
        (ordinal, job, mined.map(finished))
    };
    neuron.jobs.iter().zip(mined).map(finished).collect()
}

fn reason(text: &str) -> JobError {
    JobError::Reason(text.to_owned())
}

/// A panic while one job is mined is that job's failure, not the worker's end: nothing is shared but what is only read.
fn caught<T>(mine: impl FnOnce() -> Result<T, MineError>) -> Result<T, JobError> {
    match catch_unwind(AssertUnwindSafe(mine)) {
        Ok(mined) => mined.map_err(JobError::from),
        Err(panic) => Err(JobError::Accident(format!("panicked: {}", panic_text(&*panic)))),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_the_failure_of_its_job() {
        let caught: Result<(), _> = caught(|| panic!("at row {}", 3));
        assert!(matches!(&caught, Err(JobError::Accident(reason)) if reason == "panicked: at row 3"), "{caught:?}");
    }
}
