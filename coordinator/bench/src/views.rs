//! What people and their tools look at, while a thousand workers hold leases.

use crate::{
    Extent, campaigns,
    installation::Installation,
    simulated::{Acknowledge, SimulatedWorker},
    table::{self, BestAndMedian},
};
use anyhow::{Result, ensure};
use reqwest::Client;
use std::time::Instant;
use superposed_shared::proto::v1::{self, campaign_service_client::CampaignServiceClient};

/// The dashboard's requests and those of `superposed status`, each many times, with 120,000 jobs and with twelve million in
/// as many layers.
pub(crate) async fn measure(installation: &Installation, extent: Extent) -> Result<()> {
    // Another installed it, or this does.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let workers: u32 = extent.of(1000, 4);
    let requests: u32 = extent.of(500, 2);
    table::heading(
        &format!("{workers} workers that hold leases, {requests} requests one after the other"),
        &["jobs", "request", "p50", "p99", "worst", "CPU time a request, Postgres and coordinator"],
    );
    for jobs in [120_000, extent.of(12_000_000, 240_000)] {
        let queue = installation.queue().await?;
        let layers = extent.of(96, 4);
        let (id, _) = campaigns::queue_in(&queue, "views", jobs, layers).await?;
        for index in 0..workers {
            // A few done, a few held, each in a layer's front.
            let mut worker = SimulatedWorker::new(
                installation.connect().await?,
                format!("views-{jobs}-{index}"),
                16,
                Acknowledge::EachJob,
            );
            for _ in 0..2 {
                ensure!(worker.sync(0).await?.granted > 0, "there was nothing to hand out");
            }
        }
        let id = id.0;
        let paths = [
            "/api/v1/campaigns".to_owned(),
            format!("/api/v1/campaigns/{id}"),
            format!("/api/v1/campaigns/{id}/rates"),
            format!("/api/v1/campaigns/{id}/failures"),
            "/api/v1/workers".to_owned(),
            "/api/v1/demand".to_owned(),
        ];
        let client = Client::new();
        for path in paths {
            let url = format!("{}{path}", installation.url());
            let ask = async || {
                let response = client.get(&url).send().await?.error_for_status()?;
                response.bytes().await?;
                Ok(())
            };
            row(installation, jobs, &path.replace(&format!("/{id}"), "/{id}"), requests, ask).await?;
        }
        let client = CampaignServiceClient::new(installation.connect().await?);
        let status = async || {
            client.clone().get(v1::GetRequest { campaign_id: id }).await?;
            Ok(())
        };
        row(installation, jobs, "CampaignService.Get", requests, status).await?;
        campaigns::end_all(&queue).await?;
        // The next have others, as many.
        sqlx::query("DELETE FROM workers").execute(queue.pool()).await?;
    }
    Ok(())
}

async fn row(
    installation: &Installation,
    jobs: u32,
    what: &str,
    requests: u32,
    ask: impl AsyncFn() -> Result<()>,
) -> Result<()> {
    ask().await?;
    let measured = installation.measure()?;
    let mut times = Vec::new();
    for _ in 0..requests {
        let start = Instant::now();
        ask().await?;
        times.push(start.elapsed().as_secs_f64());
    }
    let (_, cpu) = measured.stop()?;
    let times = BestAndMedian::of(times);
    let cell = |seconds: f64| format!("{:.1} ms", seconds * 1e3);
    let served = (cpu.postgres + cpu.coordinator).as_secs_f64() / f64::from(requests);
    table::row(&[
        table::count(f64::from(jobs)),
        what.to_owned(),
        cell(times.median()),
        cell(times.at(0.99)),
        cell(times.most()),
        cell(served),
    ]);
    Ok(())
}
