//! Many workers that come now and then.

use crate::{
    Extent, campaigns,
    installation::Installation,
    simulated::{Acknowledge, SimulatedWorker},
    table,
};
use anyhow::Result;
use std::time::Duration;
use table::BestAndMedian;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// How often each worker syncs.
const EVERY: Duration = Duration::from_secs(5);

/// A thousand workers, each with a connection of its own and a Sync every five seconds, in which it reports a lease of
/// 256 jobs and takes another. Measured from the moment the Sync was due, so that one that waits for the one before it
/// is late.
pub(crate) async fn measure(installation: &Installation, extent: Extent) -> Result<()> {
    let workers: u32 = extent.of(1000, 10);
    let rounds: u32 = extent.of(12, 1);
    // The first round connects and fills caches; then every Sync is granted 256 jobs.
    let queue = installation.queue().await?;
    campaigns::queue(&queue, "latency", workers * (rounds + 2) * 256).await?;
    let mut simulated = Vec::new();
    for index in 0..workers {
        let channel = installation.connect().await?;
        let name = format!("latency-{index}");
        simulated.push(SimulatedWorker::new(channel, name, 256, Acknowledge::EachJob));
    }
    let start = Instant::now() + Duration::from_millis(100);
    let mut running = JoinSet::new();
    for (index, mut worker) in (0..).zip(simulated) {
        running.spawn(async move {
            let mut times = Vec::new();
            let mut empty = 0_u32;
            for round in 0..=rounds {
                let due = start + EVERY * round + EVERY * index / workers;
                sleep_until(due).await;
                let synced = worker.sync(0).await?;
                if round > 0 {
                    times.push(due.elapsed().as_secs_f64());
                    empty += u32::from(synced.granted == 0);
                }
            }
            Ok::<_, anyhow::Error>((times, empty))
        });
    }
    sleep_until(start + EVERY).await;
    let measured = installation.measure()?;
    let (mut times, mut empty) = (Vec::new(), 0);
    while let Some(ended) = running.join_next().await {
        let (more, without) = ended??;
        times.extend(more);
        empty += without;
    }
    let (took, cpu) = measured.stop()?;
    campaigns::end_all(&queue).await?;
    table::heading(
        &format!("{workers} workers, one Sync each 5 s, work available"),
        &["Syncs", "without a grant", "p50", "p99", "worst", "cores used", "CPU: Postgres/coordinator/clients"],
    );
    let count = times.len();
    let times = BestAndMedian::of(times);
    let cell = |seconds: f64| format!("{:.1} ms", seconds * 1e3);
    table::row(&[
        count.to_string(),
        empty.to_string(),
        cell(times.median()),
        cell(times.at(0.99)),
        cell(times.most()),
        format!("{:.2}", cpu.all().as_secs_f64() / took.as_secs_f64()),
        table::shares(&cpu),
    ]);
    Ok(())
}
