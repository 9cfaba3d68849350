//! A lease from its assignment to its files, in three stages that work at the same time:
//!
//! - `prepare`: a batch's input: a forward pass, or files
//! - `mine`: pools, topics and files of the batch's jobs, on a pool of threads
//! - `deliver`: the files to the destination, of several batches side by side, and then the word that their jobs are done
//!
//! Each stage has a thread of its own and hands one batch to the next, so that the forward pass of a batch is computed
//! while the batch before it is mined and the one before that is written: a device never waits for cores, unless they
//! are slower. Between two stages waits one batch at most, so a worker holds a bounded number of them,
//! [`BATCHES_IN_MEMORY`]. Where the forward pass runs on the cores too, it takes its turn among the threads that mine, so
//! that no more threads run than were asked for.
//!
//! Batches go through in the order in which they came, and are done when their files are durable, which of two may be the
//! later first; a lease ends after all of its batches. Stages tell the [agent](crate::agent) what happened through
//! [`Event`]s. What goes wrong with one job (a logit that is not a number, a panic) is that job's failure; what would go
//! wrong with every job (input, corpus, destination) is the campaign's trouble, and its lease is given up.

mod deliver;
mod lease;
mod mine;
mod prepare;
mod stage;

pub use lease::Work;
pub use stage::{Share, StageShares};

use crate::{artefacts::Artefacts, memory::Resources, metrics::Measures, outcome::Failure};
use lease::Step;
use rayon::ThreadPool;
use stage::StageClock;
use std::{
    io,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    process,
    sync::{Arc, mpsc::sync_channel},
    thread,
};
use superposed_fetch::Fetcher;
use tokio::{runtime::Handle, sync::mpsc};

/// The most batches of logits at a time: one that is computed, one that waits, one that is mined.
pub const BATCHES_IN_MEMORY: usize = 3;

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
        /// Which job, and why.
        failure: Failure,
    },
    /// The campaign cannot be worked on here.
    Trouble {
        /// The campaign.
        campaign: i64,
        /// Why.
        error: String,
    },
    /// All that could be mined of the lease is; its files are on their way.
    Mined {
        /// The lease.
        epoch: u64,
    },
    /// Nothing more will be done for the lease.
    Ended {
        /// The lease.
        epoch: u64,
    },
}

/// A pipeline that cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The threads that mine.
    #[error("cannot start {cores} mining threads: {source}")]
    Miners {
        /// How many.
        cores: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
    /// The thread of a stage.
    #[error("cannot start a thread: {0}")]
    Stage(#[from] io::Error),
}

/// Runs a stage, and ends the process when it panics: as in a worker that was killed, whoever starts workers starts it
/// anew, and the lease it was at is parted until the job that does this stands alone. One that lived on without a stage
/// would hold its leases and do nothing.
fn guarded(name: &str, stage: impl FnOnce(), end: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(stage)).is_err() {
        tracing::error!(
            stage = name,
            "a stage panicked, which it must not: the worker ends, others go on with its jobs"
        );
        end();
    }
}

/// Starts a pipeline that computes and mines on `resources` and does its input and output on `runtime`. It works off what
/// is sent to `inbox`, until nobody can send any more, and adds to `measures`.
///
/// # Errors
/// When threads cannot be started.
pub fn start(
    resources: Resources,
    runtime: &Handle,
    inbox: mpsc::UnboundedReceiver<Work>,
    events: mpsc::UnboundedSender<Event>,
    measures: &Measures,
) -> Result<StageShares, PipelineError> {
    let cores = resources.cores;
    let miners = rayon::ThreadPoolBuilder::new().num_threads(cores).thread_name(|index| format!("miner-{index}"));
    let miners: Arc<ThreadPool> = Arc::new(miners.build().map_err(|source| PipelineError::Miners { cores, source })?);
    let clocks: [Arc<StageClock>; 3] = Default::default();
    let shares = StageShares::new(clocks.clone());
    let [preparing, mining, delivering] = clocks;
    let (prepared, to_mine) = sync_channel::<Step<prepare::Prepared>>(1);
    let (mined, to_deliver) = sync_channel::<Step<mine::Mined>>(1);
    let spawn = |name: &'static str, stage: Box<dyn FnOnce() + Send>| {
        thread::Builder::new().name(name.to_owned()).spawn(move || guarded(name, stage, || process::abort())).map(drop)
    };
    let artefacts = Artefacts::new(Fetcher::from_environment(runtime.clone()), resources);
    let prepare = prepare::Prepare::new(artefacts, Arc::clone(&miners), runtime.clone(), measures.clone());
    spawn("prepare", Box::new(move || prepare.run(inbox, &prepared, &preparing)))?;
    let (mine, measured) = (mine::Mine { miners, measures: measures.clone() }, measures.clone());
    spawn("mine", Box::new(move || mine.run(&to_mine, &mined, &mining)))?;
    let uploads = superposed_storage::Settings::from_environment().uploads;
    let deliver = deliver::Deliver::new(runtime.clone(), uploads, events, shares.clone(), measured);
    spawn("deliver", Box::new(move || deliver.run(&to_deliver, &delivering)))?;
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_stage_that_panics_ends_the_process_and_one_that_returns_does_not() {
        let ended = Cell::new(false);
        guarded("quiet", || {}, || ended.set(true));
        assert!(!ended.get());
        guarded("loud", || panic!("an operation failed"), || ended.set(true));
        assert!(ended.get());
    }
}
