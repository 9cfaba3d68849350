//! `superposed workers`

use super::{
    block_on,
    output::{Cell, Column, OutputOption, Table},
    server::{Server, refused},
};
use crate::{client::soon, local::display::Spell};
use anyhow::Result;
use clap::{Args, Subcommand};
use console::Style;
use serde_json::{Value, json};
use std::{process::ExitCode, time::Duration};
use superposed_shared::proto::v1;

const COLUMNS: &[Column] = &[
    Column::texts("name"),
    Column::texts("device"),
    Column::numbers("cores"),
    Column::numbers("jobs"),
    Column::numbers("last heard of"),
    Column::words(""),
];

/// List workers, or have one leave
#[derive(Debug, Args)]
pub(super) struct Workers {
    #[command(subcommand)]
    command: Option<WorkersCommand>,
    #[command(flatten)]
    output: OutputOption,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Subcommand)]
enum WorkersCommand {
    /// List the workers that were heard of lately
    List,
    /// Have a worker report what is finished, hand back the rest, and end
    ///
    /// It is told within ten seconds, also when the coordinator is restarted meanwhile, and ends as it would on SIGTERM, with
    /// exit code 0. What starts it again gets it back: drain it before its machine is taken away, not instead.
    Drain(Drain),
}

#[derive(Debug, Args)]
struct Drain {
    /// The worker's name, as `superposed workers` lists it
    worker: String,
    /// Take the request back, as long as the worker was not told
    #[arg(long)]
    undo: bool,
}

impl Workers {
    pub(super) fn run(self) -> Result<ExitCode> {
        let Self { command, output, server } = self;
        block_on(async {
            let mut client = server.client().await?;
            let Some(WorkersCommand::Drain(Drain { worker, undo })) = command else {
                let all = client.workers(soon(v1::WorkersRequest {})).await.map_err(refused)?.into_inner().workers;
                list(&all, output);
                return Ok(ExitCode::SUCCESS);
            };
            let request = v1::DrainRequest { worker_id: worker, undo };
            let worker = client.drain(soon(request)).await.map_err(refused)?.into_inner();
            let said = || match undo {
                true => format!("worker {} stays, unless it was told already", worker.id),
                false => format!(
                    "worker {} is told to leave; it holds {} jobs, and was heard of {} ago",
                    worker.id,
                    worker.leased_jobs,
                    Spell(Duration::from_secs(worker.seconds_since_sync))
                ),
            };
            output.tell(|| fields(&worker), said);
            Ok(ExitCode::SUCCESS)
        })
    }
}

fn list(workers: &[v1::Worker], output: OutputOption) {
    if output.is_json() {
        workers.iter().for_each(|worker| say!("{}", fields(worker)));
        return;
    }
    if workers.is_empty() {
        eprintln!("no worker was heard of; `superposed-worker --coordinator URL` starts one");
    }
    let mut table = Table::new(COLUMNS);
    for worker in workers {
        let heard = format!("{} ago", Spell(Duration::from_secs(worker.seconds_since_sync)));
        let note = match (worker.draining, worker.drain_asked) {
            (true, _) => "draining",
            (false, true) => "told to leave",
            (false, false) => "",
        };
        table.row([
            worker.id.as_str().into(),
            worker.backend.as_str().into(),
            worker.cores.into(),
            worker.leased_jobs.into(),
            heard.into(),
            Cell::styled(note, Style::new().yellow()),
        ]);
    }
    table.print();
}

fn fields(worker: &v1::Worker) -> Value {
    let v1::Worker { id, backend, cores, seconds_since_sync, leased_jobs, draining, drain_asked } = worker;
    json!({ "id": id, "backend": backend, "cores": cores, "seconds_since_sync": seconds_since_sync,
        "leased_jobs": leased_jobs, "draining": draining, "drain_asked": drain_asked })
}
