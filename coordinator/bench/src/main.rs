//! Measures the queue through gRPC, with a real Postgres that waits for the disk, beside `graphile_worker`.
//!
//! ```sh
//! cargo run --release -p superposed-queue-bench -- all
//! ```
//!
//! Workers are simulated: they speak the protocol over connections of their own and mine nothing. CPU time is that of
//! Postgres (all of its processes, also those that ended), the coordinator (a process of its own) and the clients (this
//! process), summed: it depends less on the neighbours than wall time does.
//!
//! - [`submit`]: queueing a campaign of 12 million jobs
//! - [`drain`]: claiming and completing a backlog, by a number of workers; the peer does the same
//! - [`latency`]: a thousand workers that sync every five seconds
//! - [`views`]: what the dashboard and `status` ask, with few jobs and with many
//! - [`backlog`]: how claiming and completing change with the number of jobs
//!
//! and below them
//!
//! - [`installation`]: Postgres and the coordinator
//! - [`cpu`]: who used the processor
//! - [`campaigns`]: campaigns to be worked off, and a model of twelve million neurons
//! - [`simulated`]: a worker that speaks the protocol
//! - [`peer`]: the other queue, `graphile_worker`
//! - [`table`]: what is printed
#![expect(clippy::print_stdout, reason = "a benchmark prints its tables")]

mod backlog;
mod campaigns;
mod cpu;
mod drain;
mod installation;
mod latency;
mod peer;
mod simulated;
mod submit;
mod table;
mod views;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use installation::Installation;
use std::process::Command;

/// Measures the queue through gRPC on a private Postgres.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    measurement: Measurement,
    /// Tiny numbers, to see that everything works; the figures mean nothing
    #[arg(long, global = true)]
    quick: bool,
    /// How often each measurement is made; the best and the median are shown
    #[arg(long, global = true, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
enum Measurement {
    /// All of the following
    All,
    /// Queue a campaign of 12 million jobs
    Submit,
    /// Claim and complete a million jobs with 1, 4 and 16 workers, and with `graphile_worker`
    Drain,
    /// A thousand workers, one Sync each 5 s: from request to grant
    Latency,
    /// Claim and complete backlogs of ten thousand, one million and ten million jobs
    Backlog,
    /// What the dashboard and `status` ask, with 120,000 jobs and with twelve million
    Views,
    /// A coordinator, started by the others
    #[command(hide = true)]
    Serve {
        #[arg(long)]
        database: String,
    },
    /// Postgres, started by the others
    #[command(hide = true)]
    Postgres,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Extent {
    quick: bool,
    repeat: u32,
}

impl Extent {
    /// The full number, or a tiny one.
    const fn of<T: Copy>(self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new().context("cannot start the asynchronous runtime")?;
    runtime.block_on(measure(arguments))
}

async fn measure(Arguments { measurement, quick, repeat }: Arguments) -> Result<()> {
    match measurement {
        Measurement::Serve { database } => return installation::serve(&database).await,
        Measurement::Postgres => return installation::keep_postgres().await,
        _ => {}
    }
    let extent = Extent { quick, repeat: if quick { 1 } else { repeat } };
    let installation = Installation::start()?;
    println!("{}, {}", commit(), installation.durability().await?);
    if matches!(measurement, Measurement::All | Measurement::Submit) {
        submit::measure(&installation, extent).await?;
    }
    if matches!(measurement, Measurement::All | Measurement::Drain) {
        drain::measure(&installation, extent).await?;
    }
    if matches!(measurement, Measurement::All | Measurement::Latency) {
        latency::measure(&installation, extent).await?;
    }
    if matches!(measurement, Measurement::All | Measurement::Views) {
        views::measure(&installation, extent).await?;
    }
    if matches!(measurement, Measurement::All | Measurement::Backlog) {
        backlog::measure(&installation, extent).await?;
    }
    Ok(())
}

/// The checkout that this was built from, as git calls it now.
fn commit() -> String {
    let git = ["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty"];
    let described = Command::new("git").args(git).output();
    let text = described.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if text.is_empty() { "an unknown commit".to_owned() } else { format!("commit {text}") }
}
