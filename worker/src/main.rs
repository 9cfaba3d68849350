//! `superposed-worker`: takes jobs from a coordinator and mines them.

use anyhow::{Context, Result};
use clap::Parser;
use std::{process::ExitCode, thread};
use superposed_shared::telemetry::{self, LogFormat};
use superposed_worker::agent::{self, AgentSettings};
use tokio::{
    io::AsyncReadExt,
    signal::unix::{SignalKind, signal},
};

/// Takes jobs from a coordinator and mines them, until it is stopped. On SIGTERM or Ctrl-C it reports what is
/// finished, hands the rest back, and exits within ten seconds.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The coordinator's URL
    #[arg(long, env = "SUPERPOSED_COORDINATOR", default_value = "http://127.0.0.1:7117")]
    coordinator: String,
    /// The worker's name, its own among all workers [default: the host's name and a random part]
    #[arg(long)]
    name: Option<String>,
    /// Threads that mine [default: as many as there are cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    cores: Option<u16>,
    /// The most jobs held at a time
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    capacity: u32,
    /// Stop as well when standard input is closed, so that no worker outlives what started it
    #[arg(long)]
    until_stdin_closes: bool,
    /// How log lines look
    #[arg(long, value_enum, default_value_t)]
    log_format: LogFormat,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    telemetry::start(arguments.log_format, "info");
    match serve(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("superposed-worker: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: Arguments) -> Result<()> {
    let cores = arguments.cores.map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
    let host = nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let settings = AgentSettings {
        name: arguments.name.unwrap_or_else(|| format!("{host}-{}", &uuid::Uuid::new_v4().simple().to_string()[..8])),
        coordinator: arguments.coordinator,
        cores,
        capacity: arguments.capacity,
    };
    let runtime = tokio::runtime::Runtime::new().context("cannot start the asynchronous runtime")?;
    let served = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
        let shutdown = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                () = stdin_closes(), if arguments.until_stdin_closes => {}
            }
        };
        Ok(agent::run(settings, shutdown).await?)
    });
    // Not waited for: a thread that reads standard input would hold the process until something is typed.
    runtime.shutdown_background();
    served
}

async fn stdin_closes() {
    let mut stdin = tokio::io::stdin();
    let mut buffer = [0; 64];
    while !matches!(stdin.read(&mut buffer).await, Ok(0) | Err(_)) {}
}
