//! `superposed failures`

use super::CampaignName;
use crate::{
    cli::{
        block_on,
        output::OutputOption,
        server::{Server, refused},
    },
    client::soon,
};
use anyhow::Result;
use clap::Args;
use console::Style;
use serde_json::json;
use std::process::ExitCode;
use superposed_identity::{JobId, LayerIndex, NeuronId};
use superposed_shared::{
    proto::v1,
    wire::{self, WireError},
};

/// List the failed jobs of a campaign: which neuron, and why
///
/// Jobs are named as their files are: mode/layer_neuron_polarity. Once the cause is mended, `superposed retry` queues them
/// again.
#[derive(Debug, Args)]
pub(in crate::cli) struct Failures {
    /// The campaign: its number, or its name
    campaign: CampaignName,
    /// How many at the most
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: Server,
}

impl Failures {
    pub(in crate::cli) fn run(self) -> Result<ExitCode> {
        block_on(async {
            let mut client = self.server.client().await?;
            let campaign_id = self.campaign.number(&mut client).await?;
            let request = v1::FailuresRequest { campaign_id, limit: self.limit };
            let failures = client.failures(soon(request)).await.map_err(refused)?.into_inner().failures;
            let failures = failures.iter().map(|failure| Ok((job(failure)?, failure)));
            let failures = failures.collect::<Result<Vec<_>, WireError>>()?;
            let width = failures.iter().map(|(job, _)| job.to_string().len()).max().unwrap_or(0);
            for (job, v1::Failure { attempts, error, worker, .. }) in &failures {
                let (JobId { mode, layer, neuron, polarity }, name) = (*job, job.to_string());
                self.output.tell(
                    || {
                        json!({ "job": name, "mode": mode, "layer": layer, "neuron": neuron, "polarity": polarity,
                            "attempts": attempts, "error": error, "worker": worker })
                    },
                    || {
                        let name = Style::new().red().apply_to(format!("{name:<width$}"));
                        format!("{name}  {attempts} attempts, last by {worker}: {error}")
                    },
                );
            }
            if failures.len() as u64 == u64::from(self.limit) {
                eprintln!("the first {} are listed; --limit lists more", self.limit);
            }
            if failures.is_empty() {
                eprintln!("no job of campaign {campaign_id} has failed");
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// The job that failed.
///
/// # Errors
/// When the coordinator names a mode or polarity that is not known.
pub(in crate::cli) fn job(failure: &v1::Failure) -> Result<JobId, WireError> {
    Ok(JobId {
        mode: wire::mode(failure.mode)?,
        layer: LayerIndex(failure.layer),
        neuron: NeuronId(failure.neuron),
        polarity: wire::polarity(failure.polarity)?,
    })
}
