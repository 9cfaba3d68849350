//! How claiming and completing change with the number of jobs.

use crate::{
    Extent, campaigns,
    drain::{Crew, Drained, drain},
    installation::Installation,
    peer::{Peer, Tuning},
    simulated::Acknowledge,
    table,
};
use anyhow::Result;
use std::time::{Duration, Instant};
use table::BestAndMedian;

/// Beyond this the peer's insertion alone takes many minutes.
const MOST_FOR_PEER: u32 = 1_000_000;

/// Four workers work off all of each backlog, from its first job to its last.
pub(crate) async fn measure(installation: &Installation, extent: Extent) -> Result<()> {
    let queue = installation.queue().await?;
    let peer = Peer::start(&installation.database("peer").await?).await?;
    table::heading(
        "Growth with the backlog: queued, then worked off to the last job by 4 workers",
        &[
            "backlog",
            "queueing it",
            "jobs per CPU-second, best",
            "median",
            "Sync p50",
            "Sync p99",
            "graphile_worker: queueing it",
            "jobs per CPU-second",
        ],
    );
    let crew = Crew { workers: 4, capacity: 256, acknowledge: Acknowledge::EachJob };
    for backlog in extent.of([10_000, 1_000_000, 10_000_000], [1_000, 2_000, 3_000]) {
        let (mut queueing, mut drained): (Vec<f64>, Vec<Drained>) = (Vec::new(), Vec::new());
        // The largest takes minutes.
        for round in 0..if backlog > MOST_FOR_PEER { 1 } else { extent.repeat } {
            let start = Instant::now();
            let (id, jobs) = campaigns::queue(&queue, &format!("backlog-{backlog}-{round}"), backlog).await?;
            queueing.push(start.elapsed().as_secs_f64());
            drained.push(drain(installation, id, jobs, crew).await?);
        }
        let peers = if backlog <= MOST_FOR_PEER {
            let inserted = peer.insert(backlog).await?;
            let rate = peer.drain(installation, backlog, Tuning::OwnBenchmark).await?.jobs_per_cpu_second();
            [table::seconds(inserted), table::count(rate)]
        } else {
            ["not measured".to_owned(), "not measured".to_owned()]
        };
        let rates = BestAndMedian::of(drained.iter().map(Drained::jobs_per_cpu_second));
        let syncs = BestAndMedian::of(drained.into_iter().flat_map(|drained| drained.syncs));
        let milliseconds = |seconds: f64| format!("{:.1} ms", seconds * 1e3);
        let [peers_queueing, peers_rate] = peers;
        table::row(&[
            table::count(f64::from(backlog)),
            table::seconds(Duration::from_secs_f64(BestAndMedian::of(queueing).median())),
            table::count(rates.most()),
            table::count(rates.median()),
            milliseconds(syncs.median()),
            milliseconds(syncs.at(0.99)),
            peers_queueing,
            peers_rate,
        ]);
    }
    Ok(())
}
