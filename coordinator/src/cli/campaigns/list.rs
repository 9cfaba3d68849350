//! `superposed list`

use super::facts::{json, state_style, state_words, total};
use crate::{
    cli::{
        block_on,
        output::{Cell, Column, OutputOption, Table},
        server::{Server, refused},
    },
    client::soon,
    local::display::Spell,
};
use anyhow::Result;
use clap::Args;
use console::Style;
use std::{process::ExitCode, time::Duration};
use superposed_shared::proto::v1;

const COLUMNS: &[Column] = &[
    Column::numbers("id"),
    Column::texts("name"),
    Column::words("size"),
    Column::words("state"),
    Column::numbers("priority"),
    Column::numbers("jobs"),
    Column::numbers("done"),
    Column::numbers("failed"),
    Column::numbers("jobs/s"),
    Column::numbers("left"),
];

/// List all campaigns
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    pub(super) output: OutputOption,
    #[command(flatten)]
    pub(super) server: Server,
}

impl List {
    pub(in crate::cli) fn run(self) -> Result<ExitCode> {
        block_on(async {
            let mut client = self.server.client().await?;
            let all = client.list(soon(v1::ListRequest {})).await.map_err(refused)?.into_inner().campaigns;
            if self.output.is_json() {
                all.iter().for_each(|campaign| say!("{}", json(campaign)));
                return Ok(ExitCode::SUCCESS);
            }
            if all.is_empty() {
                eprintln!("there is no campaign yet; `superposed submit` queues one");
            }
            let mut table = Table::new(COLUMNS);
            all.iter().for_each(|campaign| table.row(row(campaign)));
            table.print();
            for campaign in all.iter().filter(|campaign| !campaign.trouble.is_empty()) {
                eprintln!("campaign {} is held up: {}", campaign.id, campaign.trouble);
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

fn row(campaign: &v1::Campaign) -> [Cell; COLUMNS.len()] {
    let jobs = campaign.jobs.unwrap_or_default();
    let rate = campaign.jobs_per_second;
    let left = campaign.seconds_left.map(|seconds| Spell(Duration::from_secs(seconds)).to_string());
    [
        campaign.id.into(),
        campaign.name.as_str().into(),
        campaign.size.as_str().into(),
        Cell::styled(state_words(campaign.state()), state_style(campaign.state())),
        campaign.priority.into(),
        total(&jobs).into(),
        percent(jobs.done, total(&jobs)).into(),
        Cell::styled(jobs.failed.to_string(), if jobs.failed > 0 { Style::new().red() } else { Style::new() }),
        if rate > 0.0 { format!("{rate:.1}") } else { String::new() }.into(),
        left.unwrap_or_default().into(),
    ]
}

/// A share in percent, rounded down: only all is 100 %.
fn percent(part: u64, all: u64) -> String {
    format!("{} %", (u128::from(part) * 100).checked_div(all.into()).unwrap_or(100))
}
