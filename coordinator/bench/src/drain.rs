//! Claiming and completing a backlog.

use crate::{
    Extent, campaigns,
    cpu::CpuTime,
    installation::Installation,
    peer::{Peer, Tuning},
    simulated::{Acknowledge, SimulatedWorker},
    table,
};
use anyhow::Result;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use superposed_shared::description::CampaignId;
use table::BestAndMedian;
use tokio::task::JoinSet;

/// How a backlog is worked off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crew {
    pub(crate) workers: u32,
    /// Jobs that a worker asks for; leases have 256 at most.
    pub(crate) capacity: u32,
    pub(crate) acknowledge: Acknowledge,
}

/// A backlog that was worked off.
#[derive(Debug)]
pub(crate) struct Drained {
    pub(crate) jobs: u32,
    pub(crate) took: Duration,
    pub(crate) cpu: CpuTime,
    /// From each Sync to its answer, in seconds.
    pub(crate) syncs: Vec<f64>,
    /// Syncs that the coordinator could not serve and that were repeated.
    pub(crate) repeated: u32,
}

impl Drained {
    pub(crate) fn jobs_per_cpu_second(&self) -> f64 {
        f64::from(self.jobs) / self.cpu.all().as_secs_f64().max(1e-3)
    }
}

/// Works off a campaign that is queued; nothing else may be.
pub(crate) async fn drain(installation: &Installation, campaign: CampaignId, jobs: u32, crew: Crew) -> Result<Drained> {
    let mut workers = Vec::new();
    for index in 0..crew.workers {
        let name = format!("{campaign}-{index}");
        let channel = installation.connect().await?;
        workers.push(SimulatedWorker::new(channel, name, crew.capacity, crew.acknowledge));
    }
    let done = Arc::new(AtomicU32::new(0));
    let measured = installation.measure()?;
    let mut running = JoinSet::new();
    for mut worker in workers {
        let done = Arc::clone(&done);
        running.spawn(async move {
            let (mut syncs, mut repeated) = (Vec::new(), 0);
            while done.load(Ordering::Relaxed) < jobs {
                let sent = Instant::now();
                let synced = worker.sync(0).await?;
                syncs.push(sent.elapsed().as_secs_f64());
                done.fetch_add(synced.done, Ordering::Relaxed);
                repeated += synced.repeated;
            }
            Ok::<_, anyhow::Error>((syncs, repeated))
        });
    }
    let (mut syncs, mut repeated) = (Vec::new(), 0);
    while let Some(ended) = running.join_next().await {
        let (more, again) = ended??;
        syncs.extend(more);
        repeated += again;
    }
    let (took, cpu) = measured.stop()?;
    Ok(Drained { jobs, took, cpu, syncs, repeated })
}

/// A table row of several measurements of the same; returns the median of jobs per CPU-second.
fn print(what: &str, note: &str, drained: &[Drained]) -> f64 {
    let rates = BestAndMedian::of(drained.iter().map(Drained::jobs_per_cpu_second));
    let wall = BestAndMedian::of(drained.iter().map(|drained| f64::from(drained.jobs) / drained.took.as_secs_f64()));
    let last = drained.last().expect("at least one measurement");
    table::row(&[
        what.to_owned(),
        note.to_owned(),
        table::count(f64::from(last.jobs)),
        table::count(rates.most()),
        table::count(rates.median()),
        table::count(wall.median()),
        table::shares(&last.cpu),
        drained.iter().map(|drained| drained.repeated).sum::<u32>().to_string(),
    ]);
    rates.median()
}

/// One, four and sixteen workers, and the peer.
pub(crate) async fn measure(installation: &Installation, extent: Extent) -> Result<()> {
    let jobs = extent.of(1_000_000, 2_000);
    let queue = installation.queue().await?;
    let peer = Peer::start(&installation.database("peer").await?).await?;
    table::heading(
        "Claim and complete, jobs that take no time",
        &[
            "queue",
            "workers",
            "jobs",
            "jobs per CPU-second, best",
            "median",
            "jobs per second, median",
            "CPU: Postgres/coordinator/clients",
            "Syncs repeated after an error",
        ],
    );
    let each = Acknowledge::EachJob;
    let apart = Acknowledge::EachJobApart;
    // The first row's are what `superposed-worker` asks for by default: 256 jobs. One whose jobs take no longer than a Sync
    // would ask for more, so as to have work while it asks: --capacity 2048.
    let one = "superposed, a lease of 256 in each Sync";
    let eight = "superposed, 8 leases of 256 in each Sync";
    let ranges = "superposed, a lease of 256 in each Sync, its jobs named in one report";
    let crews = [
        (one, Crew { workers: 1, capacity: 256, acknowledge: apart }),
        (one, Crew { workers: 4, capacity: 256, acknowledge: apart }),
        (one, Crew { workers: 16, capacity: 256, acknowledge: apart }),
        (eight, Crew { workers: 1, capacity: 2048, acknowledge: apart }),
        (eight, Crew { workers: 4, capacity: 2048, acknowledge: apart }),
        (eight, Crew { workers: 16, capacity: 2048, acknowledge: apart }),
        (ranges, Crew { workers: 4, capacity: 256, acknowledge: each }),
    ];
    let mut ours = Vec::new();
    for (index, (what, crew)) in crews.into_iter().enumerate() {
        let mut drained = Vec::new();
        for round in 0..extent.repeat {
            let (id, jobs) = campaigns::queue(&queue, &format!("drain-{index}-{round}"), jobs).await?;
            drained.push(drain(installation, id, jobs, crew).await?);
        }
        let rate = print(what, &crew.workers.to_string(), &drained);
        ours.push((what, crew.workers, rate));
    }
    let (mut best_peer, mut inserted) = (0.0_f64, Vec::new());
    for tuning in [Tuning::Guide, Tuning::OwnBenchmark] {
        let mut drained = Vec::new();
        for _ in 0..extent.repeat {
            inserted.push(peer.insert(jobs).await?.as_secs_f64());
            drained.push(peer.drain(installation, jobs, tuning).await?);
        }
        best_peer = best_peer.max(print(tuning.words(), "1", &drained));
    }
    let inserted = Duration::from_secs_f64(BestAndMedian::of(inserted).median());
    println!("\ngraphile_worker's jobs were queued before, in {} (not counted)", table::seconds(inserted));
    println!("\nratio of medians to the better of the peer's rows:");
    for (what, workers, rate) in ours {
        println!("- {what}, {workers} workers: {:.1}", rate / best_peer);
    }
    Ok(())
}
