//! What is done to whom, and when it is over.

use crate::{
    database::{Held, Standing},
    installation::Installation,
    proxy::Network,
    schedule::Draws,
    waiting::until,
};
use nix::sys::signal::Signal;
use std::{
    fmt,
    time::{Duration, Instant},
};

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    WorkerKilled,
    WorkerKilledAndBackAtOnce,
    WorkerStopped,
    WorkerDrained,
    WorkerCutOff,
    WorkerStalled,
    WorkerAnswersLost,
    WorkerHalfClosed,
    CoordinatorKilled,
    CoordinatorsKilled,
    CoordinatorStopped,
    DatabaseCrashed,
    DatabaseCutOff,
    DatabaseStalled,
    DatabaseAnswersLost,
    DatabaseHalfClosed,
    DiskFull,
}

impl Fault {
    pub(crate) const ALL: [Self; 17] = [
        Self::WorkerKilled,
        Self::WorkerKilledAndBackAtOnce,
        Self::WorkerStopped,
        Self::WorkerDrained,
        Self::WorkerCutOff,
        Self::WorkerStalled,
        Self::WorkerAnswersLost,
        Self::WorkerHalfClosed,
        Self::CoordinatorKilled,
        Self::CoordinatorsKilled,
        Self::CoordinatorStopped,
        Self::DatabaseCrashed,
        Self::DatabaseCutOff,
        Self::DatabaseStalled,
        Self::DatabaseAnswersLost,
        Self::DatabaseHalfClosed,
        Self::DiskFull,
    ];

    /// What is done, and what is waited for and timed.
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        let elsewhere = "its jobs are leased elsewhere or done";
        let next_done = "the next job is done";
        let next_sync = "the network is whole → its next Sync but one is taken";
        match self {
            Self::WorkerKilled => ("worker: SIGKILL", elsewhere),
            Self::WorkerKilledAndBackAtOnce => ("worker: SIGKILL, started again at once", elsewhere),
            Self::WorkerStopped => ("worker: SIGSTOP until its leases are lost, SIGCONT", elsewhere),
            Self::WorkerDrained => ("worker: SIGTERM, started again", "it has drained and ended"),
            Self::WorkerCutOff => ("worker cut off until its leases are lost", next_sync),
            Self::WorkerStalled => ("worker's network stalls until its leases are lost", next_sync),
            Self::WorkerAnswersLost => ("answers to a worker are lost until its leases are", next_sync),
            Self::WorkerHalfClosed => ("worker's connection half closed", "its next Sync but one is taken"),
            Self::CoordinatorKilled => ("one coordinator: SIGKILL, started again later", next_done),
            Self::CoordinatorsKilled => ("both coordinators: SIGKILL, started again", next_done),
            Self::CoordinatorStopped => ("one coordinator: SIGSTOP for more than a lease, SIGCONT", next_done),
            Self::DatabaseCrashed => ("Postgres: pg_ctl restart -m immediate", next_done),
            Self::DatabaseCutOff => ("one coordinator cut off from Postgres for more than a lease", next_done),
            Self::DatabaseStalled => ("its network to Postgres stalls for more than a lease", next_done),
            Self::DatabaseAnswersLost => ("Postgres's answers to it are lost for more than a lease", next_done),
            Self::DatabaseHalfClosed => ("its connections to Postgres half closed", next_done),
            Self::DiskFull => ("the destination is full until the campaign says so", "room is made → next job done"),
        }
    }
}

/// A fault that happened.
#[derive(Debug)]
pub(crate) struct Felt {
    pub(crate) fault: Fault,
    /// Jobs that its victim held.
    pub(crate) held: usize,
    /// How long until what was hurt was well again.
    pub(crate) recovery: Duration,
    /// For faults of coordinators that last: whether jobs were done meanwhile.
    pub(crate) went_on: Option<bool>,
    /// Jobs of the campaign whose leases had ended unfinished before.
    pub(crate) handed_back_before: usize,
    /// Jobs whose leases ended unfinished from then to the next fault.
    pub(crate) handed_back: usize,
}

impl fmt::Display for Felt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:.2} s", self.fault.words().0, self.recovery.as_secs_f64())?;
        if self.held > 0 { write!(f, ", {} jobs held", self.held) } else { Ok(()) }
    }
}

/// What became of an injection, before the campaign's numbers are added.
struct Outcome {
    held: usize,
    recovery: Duration,
    went_on: Option<bool>,
}

impl Outcome {
    const fn of_worker(held: usize, recovery: Duration) -> Self {
        Self { held, recovery, went_on: None }
    }
}

/// Does it to a random victim, and waits until what it hurt is well again. `None` when the campaign ended before.
pub(crate) async fn inject(
    fault: Fault,
    installation: &mut Installation,
    campaign: i64,
    draws: &mut Draws,
) -> Option<Felt> {
    // Something is done already, so that there is something to lose.
    let begun = until("the campaign has begun", async || {
        installation.database.standing(campaign).await.ok().filter(|standing| standing.done > 0 || standing.ended())
    });
    if begun.await.ended() {
        return None;
    }
    let (returned, _) = installation.database.returned(campaign).await;
    let handed_back_before = returned.iter().map(|jobs| jobs.ordinals.len()).sum();
    let worker = draws.below(installation.workers.len());
    let coordinator = draws.below(installation.coordinators.len());
    let Outcome { held, recovery, went_on } = match fault {
        Fault::WorkerKilled => worker_killed(installation, campaign, worker, false).await?,
        Fault::WorkerKilledAndBackAtOnce => worker_killed(installation, campaign, worker, true).await?,
        Fault::WorkerStopped => worker_stopped(installation, campaign, worker).await?,
        Fault::WorkerDrained => worker_drained(installation, campaign, worker).await?,
        Fault::WorkerCutOff => worker_cut_off(installation, campaign, worker, Network::Cut).await?,
        Fault::WorkerStalled => worker_cut_off(installation, campaign, worker, Network::Stalled).await?,
        Fault::WorkerAnswersLost => worker_cut_off(installation, campaign, worker, Network::AnswersLost).await?,
        Fault::WorkerHalfClosed => worker_cut_off(installation, campaign, worker, Network::HalfClosed).await?,
        Fault::CoordinatorKilled => coordinator_killed(installation, campaign, coordinator).await,
        Fault::CoordinatorsKilled => coordinators_killed(installation, campaign).await,
        Fault::CoordinatorStopped => coordinator_stopped(installation, campaign, coordinator).await,
        Fault::DatabaseCrashed => database_crashed(installation, campaign).await,
        Fault::DatabaseCutOff => database_cut_off(installation, campaign, coordinator, Network::Cut).await,
        Fault::DatabaseStalled => database_cut_off(installation, campaign, coordinator, Network::Stalled).await,
        Fault::DatabaseAnswersLost => database_cut_off(installation, campaign, coordinator, Network::AnswersLost).await,
        Fault::DatabaseHalfClosed => database_cut_off(installation, campaign, coordinator, Network::HalfClosed).await,
        Fault::DiskFull => disk_full(installation, campaign).await?,
    };
    Some(Felt { fault, held, recovery, went_on, handed_back_before, handed_back: 0 })
}

async fn standing(installation: &Installation, campaign: i64) -> Standing {
    until("the database answers", async || installation.database.standing(campaign).await.ok()).await
}

/// Waits until a worker holds something to lose, and does it to it; returns what it holds then. When it was faster, it
/// is undone and tried again. `None` when the campaign ended.
async fn catch(
    installation: &Installation,
    campaign: i64,
    worker: usize,
    strike: impl Fn(&Installation),
    undo: impl Fn(&Installation),
) -> Option<Vec<Held>> {
    let name = &installation.workers[worker].name;
    until("a worker holds a lease, or the campaign ends", async || {
        let held = installation.database.held(campaign, name).await.ok()?;
        if !held.is_empty() {
            strike(installation);
            let held = until("the database answers", async || installation.database.held(campaign, name).await.ok());
            let held = held.await;
            if !held.is_empty() {
                return Some(Some(held));
            }
            undo(installation);
        }
        let standing = installation.database.standing(campaign).await.ok()?;
        standing.ended().then_some(None)
    })
    .await
}

/// Stops a worker while it holds something, so that what it holds stays what it is.
async fn stop(installation: &Installation, campaign: i64, worker: usize) -> Option<(Vec<Held>, Instant)> {
    let signal = |signal| move |all: &Installation| all.workers[worker].process.signal(signal);
    let held = catch(installation, campaign, worker, signal(Signal::SIGSTOP), signal(Signal::SIGCONT)).await?;
    Some((held, Instant::now()))
}

async fn until_elsewhere(installation: &Installation, campaign: i64, held: &[Held]) {
    until("jobs are leased elsewhere", async || {
        installation.database.elsewhere(campaign, held).await.ok().filter(|elsewhere| *elsewhere)
    })
    .await;
}

/// Waits until more than `done` jobs are. Fewer would mean that finished work was lost.
async fn until_more_is_done(installation: &Installation, campaign: i64, done: i64) {
    until("the next job is done", async || {
        let standing = installation.database.standing(campaign).await.ok()?;
        assert!(standing.done >= done, "{done} jobs were done, and now {}", standing.done);
        (standing.done > done || standing.ended()).then_some(())
    })
    .await;
}

/// Waits until two more Syncs of a worker are begun: then the first was answered.
async fn until_it_syncs(installation: &Installation, worker: usize) {
    let name = &installation.workers[worker].name;
    let before = until("the database answers", async || installation.database.syncs(name).await.ok()).await;
    until("a worker syncs", async || {
        let (boot, sequence) = installation.database.syncs(name).await.ok()?;
        (boot != before.0 || sequence >= before.1 + 2).then_some(())
    })
    .await;
}

/// Whether no worker is at work: each has begun a Sync since this was called, and holds nothing. A worker works off
/// one lease after the other, so that one which reports a lease, and is handed none, has nothing left to write.
pub(crate) async fn all_idle(installation: &Installation) -> bool {
    for worker in 0..installation.workers.len() {
        until_it_syncs(installation, worker).await;
    }
    true
}

async fn worker_killed(
    installation: &mut Installation,
    campaign: i64,
    worker: usize,
    back_at_once: bool,
) -> Option<Outcome> {
    // Stopped first, so that it is known what dies with it.
    let (held, _) = stop(installation, campaign, worker).await?;
    let killed = installation.workers[worker].kill();
    if back_at_once {
        installation.workers[worker].restart();
    }
    until_elsewhere(installation, campaign, &held).await;
    let recovery = killed.elapsed();
    if back_at_once {
        // What happens to it next happens to the new process.
        until_it_syncs(installation, worker).await;
    } else {
        installation.workers[worker].restart();
    }
    Some(Outcome::of_worker(Held::jobs(&held), recovery))
}

async fn worker_stopped(installation: &Installation, campaign: i64, worker: usize) -> Option<Outcome> {
    let (held, stopped) = stop(installation, campaign, worker).await?;
    until_elsewhere(installation, campaign, &held).await;
    let recovery = stopped.elapsed();
    installation.workers[worker].process.signal(Signal::SIGCONT);
    until_it_syncs(installation, worker).await;
    Some(Outcome::of_worker(Held::jobs(&held), recovery))
}

async fn worker_drained(installation: &mut Installation, campaign: i64, worker: usize) -> Option<Outcome> {
    let (held, _) = stop(installation, campaign, worker).await?;
    let told = Instant::now();
    installation.workers[worker].process.signal(Signal::SIGTERM);
    installation.workers[worker].process.signal(Signal::SIGCONT);
    let victim = &mut installation.workers[worker];
    let status = until("a worker that is told to stop ends", async || victim.process.ended()).await;
    let recovery = told.elapsed();
    assert!(status.success(), "{status}");
    assert!(recovery < Duration::from_secs(10), "draining took {recovery:?}");
    installation.workers[worker].restart();
    Some(Outcome::of_worker(Held::jobs(&held), recovery))
}

async fn worker_cut_off(
    installation: &Installation,
    campaign: i64,
    worker: usize,
    network: Network,
) -> Option<Outcome> {
    let set = |network| move |all: &Installation| all.worker_links[worker].set(network);
    let held = catch(installation, campaign, worker, set(network), set(Network::Whole)).await?;
    // A half-closed connection is replaced by a new one.
    if network != Network::HalfClosed {
        until_elsewhere(installation, campaign, &held).await;
    }
    let whole = Instant::now();
    if network != Network::HalfClosed {
        installation.worker_links[worker].set(Network::Whole);
    }
    until_it_syncs(installation, worker).await;
    let recovery = whole.elapsed();
    installation.worker_links[worker].set(Network::Whole);
    Some(Outcome::of_worker(Held::jobs(&held), recovery))
}

async fn coordinator_killed(installation: &mut Installation, campaign: i64, coordinator: usize) -> Outcome {
    let killed = installation.coordinators[coordinator].kill();
    let done = standing(installation, campaign).await.done;
    until_more_is_done(installation, campaign, done).await;
    let recovery = killed.elapsed();
    installation.restart_coordinator(coordinator);
    Outcome { held: 0, recovery, went_on: Some(true) }
}

async fn coordinators_killed(installation: &mut Installation, campaign: i64) -> Outcome {
    let killed = Instant::now();
    for coordinator in &mut installation.coordinators {
        coordinator.kill();
    }
    let done = standing(installation, campaign).await.done;
    for index in 0..installation.coordinators.len() {
        installation.restart_coordinator(index);
    }
    until_more_is_done(installation, campaign, done).await;
    Outcome { held: 0, recovery: killed.elapsed(), went_on: None }
}

/// Keeps a fault up for more than a lease; returns whether jobs were done in its second half, when what had been
/// reported before it was taken in.
async fn last(installation: &Installation, campaign: i64) -> bool {
    let start = Instant::now();
    let lease = installation.lease;
    let passed = async |time: Duration| {
        until("time passes", async || (start.elapsed() > time).then_some(())).await;
        standing(installation, campaign).await
    };
    let half = passed(lease / 2).await;
    let all = passed(lease + Duration::from_secs(1)).await;
    all.done > half.done || all.ended()
}

async fn coordinator_stopped(installation: &Installation, campaign: i64, coordinator: usize) -> Outcome {
    installation.coordinators[coordinator].process.signal(Signal::SIGSTOP);
    let went_on = last(installation, campaign).await;
    let done = standing(installation, campaign).await.done;
    let continued = Instant::now();
    installation.coordinators[coordinator].process.signal(Signal::SIGCONT);
    until_more_is_done(installation, campaign, done).await;
    Outcome { held: 0, recovery: continued.elapsed(), went_on: Some(went_on) }
}

async fn database_crashed(installation: &Installation, campaign: i64) -> Outcome {
    let crashed = Instant::now();
    let done = standing(installation, campaign).await.done;
    installation.database.crash_and_restart().await;
    until_more_is_done(installation, campaign, done).await;
    Outcome { held: 0, recovery: crashed.elapsed(), went_on: None }
}

async fn database_cut_off(installation: &Installation, campaign: i64, coordinator: usize, network: Network) -> Outcome {
    installation.database_links[coordinator].set(network);
    let went_on = if network == Network::HalfClosed { None } else { Some(last(installation, campaign).await) };
    let done = standing(installation, campaign).await.done;
    let whole = Instant::now();
    installation.database_links[coordinator].set(Network::Whole);
    until_more_is_done(installation, campaign, done).await;
    Outcome { held: 0, recovery: whole.elapsed(), went_on }
}

async fn disk_full(installation: &Installation, campaign: i64) -> Option<Outcome> {
    let ballast = installation.disk.fill();
    let said = until("the campaign says that the disk is full, or ends", async || {
        let standing = installation.database.standing(campaign).await.ok()?;
        (standing.trouble.is_some() || standing.ended()).then_some(standing)
    })
    .await;
    if said.ended() {
        return None;
    }
    let room = Instant::now();
    drop(ballast);
    until_more_is_done(installation, campaign, said.done).await;
    Some(Outcome { held: 0, recovery: room.elapsed(), went_on: None })
}
