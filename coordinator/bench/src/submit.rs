//! Queueing a campaign of twelve million jobs.

use crate::{Extent, campaigns, installation::Installation, table};
use anyhow::Result;
use std::time::Instant;
use superposed_shared::{
    proto::v1::{self, campaign_service_client::CampaignServiceClient},
    spec::plan::plan,
};
use table::BestAndMedian;

/// The whole of `Submit` through gRPC, admission included: the model's configuration, weights and tokenizer are read, the
/// corpus is opened, the record is written to its destination and synced. Beside it, the part that is the queue's.
pub(crate) async fn measure(installation: &Installation, extent: Extent) -> Result<()> {
    let (layers, neurons) = extent.of((96, 31_250), (4, 100));
    let jobs = campaigns::write_wide_model(installation.place(), layers, neurons)?;
    let mut client = CampaignServiceClient::new(installation.connect().await?);
    let queue = installation.queue().await?;
    let (mut through_grpc, mut queue_alone, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..extent.repeat {
        let spec = campaigns::spec(&format!("submit-{round}"), installation.place());
        let request =
            v1::SubmitRequest { spec: Some((&spec).into()), client_key: spec.name.clone(), ..Default::default() };
        let measured = installation.measure()?;
        let answer = client.submit(request).await?.into_inner();
        let (took, used) = measured.stop()?;
        through_grpc.push(took.as_secs_f64());
        cpu.push(used.all().as_secs_f64());
        let campaign = answer.campaign.unwrap_or_default();
        let queued = campaign.jobs.unwrap_or_default().pending;
        anyhow::ensure!(answer.created && queued == jobs, "{queued} jobs were queued instead of {jobs}");

        let description = queue.description(superposed_shared::description::CampaignId(campaign.id)).await?;
        let width = u32::try_from(neurons)?;
        let plans = plan(&spec, u32::try_from(layers)?, |mode| if mode.is_high() { width } else { 2 })?;
        let start = Instant::now();
        queue.submit(&format!("alone-{round}"), &spec, &description, &plans).await?;
        queue_alone.push(start.elapsed().as_secs_f64());
    }
    campaigns::end_all(&queue).await?;
    table::heading(
        &format!("Submit of {} jobs, {} layers in 4 modes", table::count(jobs as f64), layers),
        &["what", "best", "median"],
    );
    let row = |what: &str, numbers: Vec<f64>| {
        let numbers = BestAndMedian::of(numbers);
        let cell = |seconds: f64| format!("{:.0} ms", seconds * 1e3);
        table::row(&[what.to_owned(), cell(numbers.least()), cell(numbers.median())]);
    };
    row("`CampaignService.Submit`, admission included", through_grpc);
    row("… its CPU time in all processes", cpu);
    row("`Queue::submit` alone", queue_alone);
    Ok(())
}
