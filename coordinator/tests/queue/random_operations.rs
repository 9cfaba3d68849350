//! Random sequences of operations through two coordinators, against what each of them may change.

use crate::support::{Campaign, Database, Job, MODE, Place, Worker, fresh_name, jobs, run_out, state};
use proptest::{
    collection::vec,
    prelude::*,
    sample::Index,
    test_runner::{Config, TestRunner},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    env,
};
use superposed::queue::{Ordinals, Queue, claim::Granted, progress::CampaignState, report::Reported};
use superposed_shared::description::CampaignId;
use tokio::runtime::Runtime;

/// How often a lone job may be tried.
const ATTEMPTS: i32 = 2;

/// What a worker or an operator does. A lease is chosen from all that were ever handed out: most are stale.
#[derive(Debug, Clone)]
enum Operation {
    Claim {
        worker: Index,
        wanted: u32,
    },
    Complete {
        lease: Index,
        part: (Index, Index),
    },
    Fail {
        lease: Index,
        part: (Index, Index),
    },
    Release {
        lease: Index,
    },
    Renew {
        lease: Index,
    },
    RunOut {
        lease: Index,
    },
    LoseAnswers {
        worker: Index,
    },
    Restart {
        worker: Index,
    },
    Merge,
    PauseOrResume,
    /// Upkeep finds a lease long overdue.
    Forgotten {
        lease: Index,
    },
    /// Upkeep finds that a worker has not got on for long.
    Wedge {
        worker: Index,
    },
    Settle,
    Retry,
    Cancel,
    /// Two at the same moment, through two coordinators.
    Both(Box<Operation>, Box<Operation>),
}

fn alone() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let part = || any::<(Index, Index)>();
    prop_oneof![
        24 => (any::<Index>(), 1..40_u32).prop_map(|(worker, wanted)| Claim { worker, wanted }),
        24 => (any::<Index>(), part()).prop_map(|(lease, part)| Complete { lease, part }),
        12 => (any::<Index>(), part()).prop_map(|(lease, part)| Fail { lease, part }),
        8 => any::<Index>().prop_map(|lease| Release { lease }),
        4 => any::<Index>().prop_map(|lease| Renew { lease }),
        8 => any::<Index>().prop_map(|lease| RunOut { lease }),
        4 => any::<Index>().prop_map(|worker| LoseAnswers { worker }),
        4 => any::<Index>().prop_map(|worker| Restart { worker }),
        4 => Just(Merge),
        4 => Just(PauseOrResume),
        4 => any::<Index>().prop_map(|lease| Forgotten { lease }),
        4 => any::<Index>().prop_map(|worker| Wedge { worker }),
        2 => Just(Settle),
        4 => Just(Retry),
        1 => Just(Cancel),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    let both = (alone(), alone()).prop_map(|(one, other)| Operation::Both(Box::new(one), Box::new(other)));
    prop_oneof![3 => alone(), 1 => both]
}

type Jobs = BTreeMap<Place, Job>;

struct Run {
    queue: Queue,
    /// Another coordinator's.
    other: Queue,
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
        Self {
            jobs: jobs(queue, campaign).await,
            queue: queue.clone(),
            other: other.clone(),
            campaign,
            workers,
            leases: Vec::new(),
        }
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
            Operation::Forgotten { .. } | Operation::Wedge { .. } => {
                self.run_alone(operation, &self.queue).await;
                return self.jobs.iter().filter(|(_, job)| job.epoch.is_some()).map(|(place, _)| *place).collect();
            }
            Operation::Settle => self.queue.settle_all().await.expect("the database is there"),
            Operation::Retry => {
                let ended = state(&self.queue, self.campaign).await == CampaignState::CompletedWithFailures;
                assert_eq!(self.queue.retry(self.campaign).await.is_ok(), ended);
                let failed = self.jobs.iter().filter(|(_, job)| ended && job.state == "failed");
                return failed.map(|(place, _)| *place).collect();
            }
            Operation::Cancel => {
                let _ = self.queue.cancel(self.campaign).await;
                let unfinished = |job: &Job| matches!(job.state.as_str(), "pending" | "leased");
                return self.jobs.iter().filter(|(_, job)| unfinished(job)).map(|(place, _)| *place).collect();
            }
            Operation::Both(one, other) => return self.both(one, other).await,
            Operation::Merge => drop(self.queue.merge_done().await.expect("the database is there")),
            Operation::PauseOrResume => match state(&self.queue, self.campaign).await {
                CampaignState::Running => self.queue.pause(self.campaign).await.expect("it runs"),
                CampaignState::Paused => self.queue.resume(self.campaign).await.expect("it is paused"),
                _ => {}
            },
        }
        nothing
    }

    /// Does an operation through a coordinator, whatever comes of it; returns what it handed out, and to whom.
    async fn run_alone(&self, operation: &Operation, queue: &Queue) -> Vec<(usize, Granted)> {
        let there = "the database is there";
        let named = |lease: &Index| self.lease(lease).map(|(worker, lease)| (worker.named(lease.epoch), lease));
        let who = |worker: &Index| worker.index(self.workers.len());
        match operation {
            Operation::Claim { worker, wanted } => {
                let worker = who(worker);
                queue.pulse().await.expect(there);
                let granted = queue.claim(&self.workers[worker].identity, *wanted, None).await.expect(there);
                return granted.into_iter().map(|lease| (worker, lease)).collect();
            }
            Operation::Complete { lease, part } => {
                let Some((name, lease)) = named(lease) else { return Vec::new() };
                queue.complete(&name, &[part_of(lease, *part)]).await.map(drop).expect(there);
            }
            Operation::Fail { lease, part } => {
                let Some((name, lease)) = named(lease) else { return Vec::new() };
                queue.fail(&name, &part_of(lease, *part), "an error").await.map(drop).expect(there);
            }
            Operation::Release { lease } => {
                let Some((name, _)) = named(lease) else { return Vec::new() };
                queue.release(&name).await.expect(there);
            }
            Operation::Renew { lease } => {
                let Some((worker, lease)) = self.lease(lease) else { return Vec::new() };
                queue.renew(&worker.identity, &[lease.epoch]).await.map(drop).expect(there);
            }
            Operation::RunOut { lease } => {
                let Some((_, lease)) = self.lease(lease) else { return Vec::new() };
                run_out(queue, lease.epoch).await;
            }
            Operation::LoseAnswers { worker } => {
                queue.release_lost(&self.workers[who(worker)].identity, &[]).await.expect(there);
            }
            Operation::Restart { .. } | Operation::Both(..) => {}
            Operation::Merge => drop(queue.merge_done().await.expect(there)),
            Operation::PauseOrResume => {
                // One of the two, or neither where the other coordinator was quicker.
                if queue.pause(self.campaign).await.is_err() {
                    let _ = queue.resume(self.campaign).await;
                }
            }
            Operation::Forgotten { lease } => {
                let Some((_, lease)) = self.lease(lease) else { return Vec::new() };
                let overdue = "UPDATE spans SET deadline = now() - interval '1 hour' WHERE epoch = $1";
                let overdue = sqlx::query(overdue).bind(lease.epoch.to_wire().cast_signed());
                overdue.execute(queue.pool()).await.expect(there);
                queue.pulse().await.expect(there);
                queue.expire_forgotten().await.map(drop).expect(there);
            }
            Operation::Wedge { worker } => {
                let worker = &self.workers[who(worker)].identity.worker;
                for statement in [
                    "UPDATE spans SET leased_at = now() - interval '1 hour' WHERE state = 'leased' AND worker_id = $1",
                    "UPDATE workers SET last_progress = now() - interval '1 hour' WHERE id = $1",
                ] {
                    sqlx::query(statement).bind(worker).execute(queue.pool()).await.expect(there);
                }
                queue.revoke_wedged().await.map(drop).expect(there);
            }
            Operation::Settle => queue.settle_all().await.expect(there),
            Operation::Retry => drop(queue.retry(self.campaign).await),
            Operation::Cancel => drop(queue.cancel(self.campaign).await),
        }
        Vec::new()
    }

    /// Two operations at once. What each of them says depends on which was first, but some things cannot be.
    async fn both(&mut self, one: &Operation, other: &Operation) -> BTreeSet<Place> {
        for worker in &mut self.workers {
            worker.sync().await;
        }
        let (first, second) = tokio::join!(self.run_alone(one, &self.queue), self.run_alone(other, &self.other));
        let granted: Vec<_> = first.into_iter().chain(second).collect();
        let after = jobs(&self.queue, self.campaign).await;
        let mut handed_out = BTreeMap::new();
        for (_, lease) in &granted {
            for ordinal in lease.ordinals.clone() {
                let place = place(lease, ordinal);
                // The later of two, when a worker that was handed something lost it to the other at once.
                let epoch: &mut u64 = handed_out.entry(place).or_default();
                *epoch = (*epoch).max(lease.epoch.to_wire());
            }
        }
        let mut completed = BTreeSet::new();
        for operation in [one, other] {
            if let Operation::Complete { lease, part } = operation
                && let Some((_, lease)) = self.lease(lease)
            {
                let part: BTreeSet<_> = part_of(lease, *part).map(|ordinal| place(lease, ordinal)).collect();
                completed.extend(part.intersection(&self.current(lease)).copied());
            }
        }
        for (place, job) in &after {
            let before = &self.jobs[place];
            let newly_done = job.state == "done" && before.state != "done";
            assert!(!newly_done || completed.contains(place), "{place:?} is done, and nobody with a right said so");
            if let (Some(epoch), true) = (job.epoch, job.epoch != before.epoch) {
                assert_eq!(handed_out.get(place), Some(&epoch), "{place:?} is leased to nobody who knows");
            }
        }
        self.leases.extend(granted);
        self.jobs.iter().filter(|(_, job)| job.state != "done").map(|(place, _)| *place).collect()
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
            .filter(|(_, job)| matches!(job.state.as_str(), "pending" | "leased"))
            .map(|(place, _)| *place)
            .collect()
    }

    async fn step(&mut self, operation: &Operation) {
        let may_change = self.apply(operation).await;
        let after = jobs(&self.queue, self.campaign).await;
        for (place, job) in &after {
            let before = &self.jobs[place];
            assert!(job == before || may_change.contains(place), "{place:?} was {before:?} and became {job:?}");
            assert!(before.state != "done" || job.state == "done", "{place:?} was done and became {job:?}");
            assert!(job.attempts <= ATTEMPTS && (job.state == "failed") == (job.attempts == ATTEMPTS), "{job:?}");
            assert_eq!(job.state == "leased", job.epoch.is_some(), "{job:?}");
        }
        self.jobs = after;
    }

    /// Works off what is left; in the end every job is done or failed.
    async fn drain(mut self) {
        let cancelled = state(&self.queue, self.campaign).await == CampaignState::Cancelled;
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
        let ended = |job: &Job| matches!((job.state.as_str(), cancelled), ("done" | "failed", _) | ("cancelled", true));
        assert!(after.values().all(ended), "{after:?}");
        let failed = after.values().any(|job| job.state == "failed");
        let expected = match (cancelled, failed) {
            (true, _) => CampaignState::Cancelled,
            (false, true) => CampaignState::CompletedWithFailures,
            (false, false) => CampaignState::Completed,
        };
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
    // More for a long run: PROPTEST_CASES=10000.
    let cases = env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(100);
    let config = Config { cases, max_shrink_iters: 300, failure_persistence: None, ..Config::default() };
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
