//! A lease from its assignment to its files: input (a forward pass, or files), mine, upload, batch by batch.
//!
//! Stored pools enter behind the ranking; everything after that is the same for all.
//!
//! Runs on a thread of its own, with a pool of threads for mining, and tells the [agent](crate::agent) what happened
//! through [`Event`]s. What goes wrong with one job (a logit that is not a number, a panic) is that job's failure;
//! what would go wrong with every job (input, corpus, destination) is the campaign's trouble.

use crate::{
    artefacts::{Artefacts, Campaign},
    assignment::{Assignment, Batch, BatchNeuron},
    input::{InputError, NeuronInput},
    outcome::{Finished, JobError, JobResult, Outcome},
    upload::upload,
};
use rayon::{ThreadPool, prelude::*};
use std::{
    any::Any,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use superposed_identity::{JobId, Ordinal, WordId};
use superposed_mining::{MineError, Mined};
use superposed_shared::description::CampaignDescription;
use tokio::{runtime::Handle, sync::mpsc};

/// A lease to be worked off.
#[derive(Debug, Clone)]
pub struct Work {
    /// The lease's fence.
    pub epoch: u64,
    /// The campaign's number.
    pub campaign: i64,
    /// What the campaign is.
    pub description: Arc<CampaignDescription>,
    /// The jobs.
    pub assignment: Assignment,
    /// Set when the lease is no longer held: its work stops at the next neuron.
    pub stop: Arc<AtomicBool>,
}

/// What happened to a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Jobs are done and their files durable.
    Done {
        /// The lease.
        epoch: u64,
        /// Which jobs.
        ordinals: Vec<Range<u32>>,
    },
    /// A job failed by itself.
    Failed {
        /// The lease.
        epoch: u64,
        /// Which job.
        ordinal: Ordinal,
        /// Why.
        error: String,
    },
    /// The campaign cannot be worked on here.
    Trouble {
        /// The campaign.
        campaign: i64,
        /// Why.
        error: String,
    },
    /// Nothing more will be done for the lease.
    Ended {
        /// The lease.
        epoch: u64,
    },
}

/// Works off leases, one at a time.
#[derive(Debug)]
pub struct Pipeline {
    artefacts: Artefacts,
    miners: ThreadPool,
    runtime: Handle,
    events: mpsc::UnboundedSender<Event>,
}

impl Pipeline {
    /// A pipeline that mines with `cores` threads and uploads on `runtime`.
    ///
    /// # Errors
    /// When the threads cannot be started.
    pub fn new(
        cores: usize,
        runtime: Handle,
        events: mpsc::UnboundedSender<Event>,
    ) -> Result<Self, rayon::ThreadPoolBuildError> {
        let miners =
            rayon::ThreadPoolBuilder::new().num_threads(cores).thread_name(|index| format!("miner-{index}")).build()?;
        Ok(Self { artefacts: Artefacts::default(), miners, runtime, events })
    }

    /// Works off leases until nobody can send one any more.
    pub fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Work>) {
        while let Some(work) = inbox.blocking_recv() {
            if let Err(error) = self.work_off(&work) {
                tracing::error!(campaign = work.campaign, error, "trouble");
                self.tell(Event::Trouble { campaign: work.campaign, error });
            }
            self.tell(Event::Ended { epoch: work.epoch });
        }
    }

    /// The agent may be gone already, when the process stops; then nobody needs to know.
    fn tell(&self, event: Event) {
        let _ = self.events.send(event);
    }

    fn work_off(&mut self, work: &Work) -> Result<(), String> {
        let stopped = || work.stop.load(Ordering::Relaxed);
        if stopped() {
            return Ok(());
        }
        let Work { epoch, description, assignment, .. } = work;
        let campaign = self.artefacts.campaign(description).map_err(|error| error.to_string())?;
        let batches =
            assignment.batches(description.batch, description.polarities).map_err(|error| error.to_string())?;
        for batch in batches {
            if stopped() {
                break;
            }
            let results = self.mine(&campaign, work, &batch).map_err(|error| error.to_string())?;
            let outcome = Outcome::of(results, description, &campaign.destination);
            let uploaded = upload(&campaign.destination, &description.size, outcome.files, outcome.beside);
            self.runtime.block_on(uploaded).map_err(|error| error.to_string())?;
            if !outcome.done.is_empty() {
                self.tell(Event::Done { epoch: *epoch, ordinals: outcome.done });
            }
            for (ordinal, error) in outcome.failed {
                tracing::warn!(error, "job failed");
                self.tell(Event::Failed { epoch: *epoch, ordinal, error });
            }
        }
        Ok(())
    }

    /// Mines the jobs of a batch, as many as there are until the lease is lost; in the order of their ordinals.
    fn mine(&self, campaign: &Campaign, work: &Work, batch: &Batch) -> Result<Vec<JobResult>, InputError> {
        self.miners.install(|| {
            let input = campaign.input.of_batch(&work.assignment, batch, &self.runtime)?;
            let mined = batch.neurons.par_iter().enumerate().map(|(place, neuron)| {
                if work.stop.load(Ordering::Relaxed) {
                    return Vec::new();
                }
                mine_neuron(campaign, input.of_neuron(place, neuron), neuron)
            });
            Ok(mined.collect::<Vec<_>>().into_iter().flatten().collect())
        })
    }
}

fn mine_neuron(campaign: &Campaign, input: NeuronInput<'_>, neuron: &BatchNeuron) -> Vec<JobResult> {
    let Campaign { miner, backend, .. } = campaign;
    let mined: Vec<Result<Mined, JobError>> = match input {
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
    let finished = |(&(ordinal, job), mined): (&(Ordinal, JobId), Result<Mined, JobError>)| {
        let solver = miner.parameters().solver;
        (ordinal, job, mined.map(|mined| Finished::new(job, backend, solver, &mined)))
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
        Err(panic) => Err(JobError::Reason(format!("panicked: {}", panic_text(&*panic)))),
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
        assert!(matches!(&caught, Err(JobError::Reason(reason)) if reason == "panicked: at row 3"), "{caught:?}");
    }
}
