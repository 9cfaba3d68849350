//! Random sequences of operations through two coordinators, against what each of them may change.

use crate::support::{Campaign, Database, Job, MODE, Place, Worker, fresh_name, jobs, run_out, state};
use proptest::{
    collection::vec,
    prelude::*,
    sample::Index,
    test_runner::{Config, TestRunner},
};
use std::collections::{BTreeMap, BTreeSet};
use superposed::queue::{Ordinals, Queue, claim::Granted, progress::CampaignState, report::Reported};
use superposed_shared::description::CampaignId;
use tokio::runtime::Runtime;

/// How often a lone job may be tried.
const ATTEMPTS: i32 = 2;

/// What a worker or an operator does. A lease is chosen from all that were ever handed out: most are stale.
#[derive(Debug, Clone)]
enum Operation {
    Claim { worker: Index, wanted: u32 },
    Complete { lease: Index, part: (Index, Index) },
    Fail { lease: Index, part: (Index, Index) },
    Release { lease: Index },
    Renew { lease: Index },
    RunOut { lease: Index },
    LoseAnswers { worker: Index },
    Restart { worker: Index },
    Merge,
    PauseOrResume,
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let part = || any::<(Index, Index)>();
    prop_oneof![
        6 => (any::<Index>(), 1..40_u32).prop_map(|(worker, wanted)| Claim { worker, wanted }),
        6 => (any::<Index>(), part()).prop_map(|(lease, part)| Complete { lease, part }),
        3 => (any::<Index>(), part()).prop_map(|(lease, part)| Fail { lease, part }),
        2 => any::<Index>().prop_map(|lease| Release { lease }),
        1 => any::<Index>().prop_map(|lease| Renew { lease }),
        2 => any::<Index>().prop_map(|lease| RunOut { lease }),
        1 => any::<Index>().prop_map(|worker| LoseAnswers { worker }),
        1 => any::<Index>().prop_map(|worker| Restart { worker }),
        1 => Just(Merge),
        1 => Just(PauseOrResume),
    ]
}

type Jobs = BTreeMap<Place, Job>;

struct Run {
    queue: Queue,
    campaign: CampaignId,
    workers: Vec<Worker>,
    /// Everything ever handed out, with the worker it was handed to.
    leases: Vec<(usize, Granted)>,
    jobs: Jobs,
}

fn place(lease: &Granted, ordinal: u32) -> Place {
    (i16::from(lease.key.mode.number()), lease.key.layer.0.cast_signed(), ordinal)
}

/// A part of a lease, possibly reaching beyond it.
fn part_of(lease: &Granted, (from, length): (Index, Index)) -> Ordinals {
    let size = lease.ordinals.len();
    let start = lease.ordinals.start + u32::try_from(from.index(size)).expect("a small lease");
    start..start + 1 + u32::try_from(length.index(size)).expect("a small lease")
}

impl Run {
    async fn start(queues: &[Queue; 2]) -> Self {
        let [queue, other] = queues;
        let campaign = Campaign::new(&fresh_name()).layer(0, "0-9,20-24").layer(3, "7").attempts(ATTEMPTS as u32);
        let campaign = campaign.submit(queue).await;
        let names = [fresh_name(), fresh_name(), fresh_name()];
        let mut workers: Vec<_> =
            names.iter().zip([queue, other, queue]).map(|(name, queue)| Worker::new(queue, name)).collect();
        for worker in &mut workers {
            worker.sync().await;
        }
        Self { jobs: jobs(queue, campaign).await, queue: queue.clone(), campaign, workers, leases: Vec::new() }
    }

    fn lease(&self, index: &Index) -> Option<(&Worker, &Granted)> {
        if self.leases.is_empty() {
            return None;
        }
        let (worker, lease) = &self.leases[index.index(self.leases.len())];
        Some((&self.workers[*worker], lease))
    }

    /// The jobs that are leased under a lease's epoch.
    fn current(&self, lease: &Granted) -> BTreeSet<Place> {
        let epoch = Some(lease.epoch.to_wire());
        self.jobs.iter().filter(|(_, job)| job.epoch == epoch).map(|(place, _)| *place).collect()
    }

    /// Does an operation; returns the jobs whose state it may have changed.
    async fn apply(&mut self, operation: &Operation) -> BTreeSet<Place> {
        let nothing = BTreeSet::new();
        match operation {
            Operation::Claim { worker, wanted } => return self.claim(worker.index(self.workers.len()), *wanted).await,
            Operation::Complete { lease, part } => {
                let Some((worker, lease)) = self.lease(lease) else { return nothing };
                let current = self.current(lease);
                let part = part_of(lease, *part);
                let reported = worker.complete(lease.epoch, std::slice::from_ref(&part)).await;
                assert_eq!(reported == Reported::Stale, current.is_empty());
                let done: BTreeSet<_> = part.map(|ordinal| place(lease, ordinal)).collect();
                let done: BTreeSet<_> = done.intersection(&current).copied().collect();
                let after = jobs(&self.queue, self.campaign).await;
                assert!(done.iter().all(|place| after[place].state == "done"));
                return done;
            }
            Operation::Fail { lease, part } => {
                let Some((worker, lease)) = self.lease(lease) else { return nothing };
                let current = self.current(lease);
                let part = part_of(lease, *part);
                let reported = worker.fail(lease.epoch, part.clone(), "an error").await;
                assert_eq!(reported == Reported::Stale, current.is_empty());
                let failed: BTreeSet<_> = part.map(|ordinal| place(lease, ordinal)).collect();
                return failed.intersection(&current).copied().collect();
            }
            Operation::Release { lease } => {
                let Some((worker, lease)) = self.lease(lease) else { return nothing };
                worker.release(lease.epoch).await;
                return self.current(lease);
            }
            Operation::Renew { lease } => {
                let Some((worker, lease)) = self.lease(lease) else { return nothing };
                worker.renew(&[lease.epoch]).await;
            }
            Operation::RunOut { lease } => {
                let Some((_, lease)) = self.lease(lease) else { return nothing };
                run_out(&self.queue, lease.epoch).await;
            }
            Operation::LoseAnswers { worker } => {
                let worker = &mut self.workers[worker.index(3)];
                worker.sync().await;
                worker.queue.release_lost(&worker.identity, &[]).await.expect("the database is there");
                return self.jobs.iter().filter(|(_, job)| job.epoch.is_some()).map(|(place, _)| *place).collect();
            }
            Operation::Restart { worker } => self.workers[worker.index(3)].restart().await,
            Operation::Merge => self.queue.merge_done().await.expect("the database is there"),
            Operation::PauseOrResume => match state(&self.queue, self.campaign).await {
                CampaignState::Running => self.queue.pause(self.campaign).await.expect("it runs"),
                CampaignState::Paused => self.queue.resume(self.campaign).await.expect("it is paused"),
                _ => {}
            },
        }
        nothing
    }

    async fn claim(&mut self, worker: usize, wanted: u32) -> BTreeSet<Place> {
        let granted = self.workers[worker].claim(wanted).await;
        let after = jobs(&self.queue, self.campaign).await;
        for lease in &granted {
            assert_eq!((lease.key.campaign, lease.key.mode), (self.campaign, MODE));
            for ordinal in lease.ordinals.clone() {
                let place = place(lease, ordinal);
                assert!(matches!(self.jobs[&place].state.as_str(), "pending" | "leased"), "{place:?} was handed out");
                assert_ne!(self.jobs[&place].epoch, Some(lease.epoch.to_wire()), "an epoch was used twice");
                assert_eq!(after[&place].epoch, Some(lease.epoch.to_wire()));
            }
            self.leases.push((worker, lease.clone()));
        }
        // Beside what is handed out, only leases that ran out change.
        self.jobs
            .iter()
            .filter(|(_, job)| job.state != "done" && job.state != "failed")
            .map(|(place, _)| *place)
            .collect()
    }

    async fn step(&mut self, operation: &Operation) {
        let may_change = self.apply(operation).await;
        let after = jobs(&self.queue, self.campaign).await;
        for (place, job) in &after {
            let before = &self.jobs[place];
            assert!(job == before || may_change.contains(place), "{place:?} was {before:?} and became {job:?}");
            assert!(job.attempts <= ATTEMPTS && (job.state == "failed") == (job.attempts == ATTEMPTS), "{job:?}");
        }
        self.jobs = after;
    }

    /// Works off what is left; in the end every job is done or failed.
    async fn drain(mut self) {
        if state(&self.queue, self.campaign).await == CampaignState::Paused {
            self.queue.resume(self.campaign).await.expect("it is paused");
        }
        for (_, lease) in &self.leases {
            run_out(&self.queue, lease.epoch).await;
        }
        // Leases that ran out come back a few at a time.
        while self.workers[0].work_off().await > 0 {}
        self.queue.settle_all().await.expect("the database is there");
        let after = jobs(&self.queue, self.campaign).await;
        assert!(after.values().all(|job| matches!(job.state.as_str(), "done" | "failed")), "{after:?}");
        let failed = after.values().any(|job| job.state == "failed");
        let expected = if failed { CampaignState::CompletedWithFailures } else { CampaignState::Completed };
        assert_eq!(state(&self.queue, self.campaign).await, expected);
        for (place, job) in self.jobs.iter().filter(|(_, job)| matches!(job.state.as_str(), "done" | "failed")) {
            assert_eq!(&after[place].state, &job.state, "{place:?} changed after its end");
        }
        self.queue.delete(self.campaign).await.expect("it ended");
    }
}

#[test]
fn whatever_happens_spans_partition_their_layer_and_nothing_stale_counts() {
    let runtime = Runtime::new().expect("a runtime");
    let (_database, queues) = runtime.block_on(async {
        let database = Database::start().await;
        let queues = [database.queue().await, database.queue().await];
        (database, queues)
    });
    let config = Config { cases: 100, max_shrink_iters: 300, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&vec(operation(), 1..40), |operations| {
        runtime.block_on(async {
            let mut run = Run::start(&queues).await;
            for operation in &operations {
                run.step(operation).await;
            }
            run.drain().await;
        });
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
