//! `superposed status`

use super::{
    CampaignName, List,
    facts::{json_in_full, line},
};
use crate::{
    cli::{
        block_on,
        output::{Cell, Column, OutputOption, Table},
        server::{Server, refused},
    },
    client::soon,
};
use anyhow::Result;
use clap::Args;
use std::process::ExitCode;
use superposed_shared::{
    proto::v1,
    wire::{self, WireError},
};

const COLUMNS: &[Column] = &[
    Column::words("mode"),
    Column::numbers("layer"),
    Column::numbers("done"),
    Column::numbers("leased"),
    Column::numbers("pending"),
    Column::numbers("failed"),
    Column::numbers("cancelled"),
];

/// Show a campaign with its layers, and who works on it; without a campaign, list all
#[derive(Debug, Args)]
pub(in crate::cli) struct Status {
    /// The campaign: its number, or its name; all campaigns when left out
    campaign: Option<CampaignName>,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: Server,
}

impl Status {
    pub(in crate::cli) fn run(self) -> Result<ExitCode> {
        let Self { campaign, output, server } = self;
        let Some(campaign) = campaign else { return List { output, server }.run() };
        block_on(async {
            let mut client = server.client().await?;
            let campaign_id = campaign.number(&mut client).await?;
            let campaign = client.get(soon(v1::GetRequest { campaign_id })).await.map_err(refused)?.into_inner();
            if output.is_json() {
                say!("{}", json_in_full(&campaign)?);
                return Ok(ExitCode::SUCCESS);
            }
            say!("{}", line(&campaign));
            if campaign.workers_at_work > 0 {
                say!("{}", at_work(&campaign));
            }
            let mut table = Table::new(COLUMNS);
            for layer in &campaign.layers {
                table.row(row(layer)?);
            }
            table.print();
            Ok(ExitCode::SUCCESS)
        })
    }
}

fn row(layer: &v1::LayerProgress) -> Result<[Cell; COLUMNS.len()], WireError> {
    let v1::JobCounts { pending, leased, done, failed, cancelled } = layer.jobs.unwrap_or_default();
    let mode = wire::mode(layer.mode)?;
    Ok([mode.into(), layer.layer.into(), done.into(), leased.into(), pending.into(), failed.into(), cancelled.into()])
}

/// Who works on a campaign, in a line.
pub(in crate::cli) fn at_work(campaign: &v1::Campaign) -> String {
    let named: Vec<String> = campaign.at_work.iter().map(|worker| format!("{} {}", worker.id, worker.jobs)).collect();
    let more = u64::from(campaign.workers_at_work).saturating_sub(named.len() as u64);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} workers hold jobs: {}{more}", campaign.workers_at_work, named.join(", "))
}
