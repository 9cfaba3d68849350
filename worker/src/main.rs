//! `superposed-worker`: takes jobs from a coordinator and mines them, or mines what the command line names.

mod mine;

use anyhow::{Context, Result};
use bytesize::ByteSize;
use clap::{Args, Parser, Subcommand};
use std::{
    env,
    io::{self, Write},
    net::SocketAddr,
    process::ExitCode,
    thread,
};
use superposed_forward::{Device, DeviceChoice};
use superposed_shared::{
    command_line,
    credentials::Credentials,
    shutdown,
    telemetry::{self, LogFormat, Otlp, Service},
};
use superposed_worker::{
    agent::{self, AgentSettings},
    memory::Resources,
};

/// Takes jobs from a coordinator and mines them, until it is stopped. On SIGTERM or Ctrl-C, or when an operator drains it,
/// it reports what is finished, hands the rest back, and exits within ten seconds.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    Mine(mine::Mine),
}

#[derive(Debug, Args)]
struct Serve {
    /// The coordinator's URL; of several, named one by one or with commas between them, the worker turns to the next when
    /// one does not answer
    #[arg(
        long,
        value_name = "URL",
        env = "SUPERPOSED_COORDINATOR",
        default_value = "http://127.0.0.1:7117",
        value_delimiter = ','
    )]
    coordinator: Vec<String>,
    #[command(flatten)]
    credentials: Credentials,
    /// The worker's name, its own among all workers [default: the host's name and a random part]
    #[arg(long)]
    name: Option<String>,
    /// Threads that mine [default: as many as there are cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    cores: Option<u16>,
    /// Where forward passes are computed: cpu, cuda, cuda:<number>, or auto, the first GPU if there is one
    #[arg(long, default_value_t)]
    device: DeviceChoice,
    /// The most memory to take on that device, like 12GiB; models that need more are read block by block, slower
    /// [default: what is free there]
    #[arg(long, value_name = "SIZE")]
    memory: Option<ByteSize>,
    /// Say where forward passes would be computed, and end
    #[arg(long)]
    check_device: bool,
    /// The most jobs held at a time
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    capacity: u32,
    /// Serve metrics for Prometheus at this address, like 127.0.0.1:9117; there is no authentication
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<SocketAddr>,
    /// Stop as well when standard input is closed, so that no worker outlives what started it
    #[arg(long)]
    until_stdin_closes: bool,
    /// How log lines look
    #[arg(long, value_enum, default_value_t)]
    log_format: LogFormat,
    #[command(flatten)]
    otlp: Otlp,
}

fn main() -> ExitCode {
    // `superposed mine` starts this program under its own name, which is the one that people typed.
    let typed = env::args_os().next().is_some_and(|name| name == "superposed");
    let program = if typed { "superposed" } else { "superposed-worker" };
    command_line::run(program, |arguments: Arguments| match arguments.command {
        Some(Command::Mine(mine)) => {
            telemetry::start(arguments.serve.log_format, "warn,superposed_fetch=info");
            mine.run()
        }
        None => serve(arguments.serve),
    })
}

/// Says what computes on a device, and what is free there.
fn tell_device(device: Device) -> io::Result<()> {
    let free = device.free_memory().map(|bytes| format!(", {} free", ByteSize(bytes)));
    writeln!(io::stdout(), "{device}: {}{}", device.backend(), free.unwrap_or_default())
}

fn serve(arguments: Serve) -> Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the asynchronous runtime")?;
    // First of all: a worker that is told to stop while it starts ends as it should.
    let shutdown = runtime.block_on(async { shutdown::requested(arguments.until_stdin_closes) });
    let shutdown = shutdown.context("cannot listen for signals")?;
    let host = nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let random = || format!("{host}-{}", &uuid::Uuid::new_v4().simple().to_string()[..8]);
    let name = arguments.name.unwrap_or_else(random);
    let service = Service { name: "superposed-worker", instance: &name };
    // Of every request that is done again, the library says so: one in trouble would fill the log.
    let filter = "info,object_store=warn";
    // Spans are sent until this is dropped.
    let _exporting = telemetry::start_exporting(arguments.log_format, filter, &arguments.otlp, &service)?;
    let cores = arguments.cores.map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
    let (device, why_not_gpu) = arguments.device.device()?;
    if let Some(reason) = why_not_gpu {
        tracing::warn!("{reason}");
    }
    let memory = arguments.memory.map(|size| size.as_u64());
    if arguments.check_device {
        tell_device(device)?;
        return Ok(ExitCode::SUCCESS);
    }
    tracing::info!(%device, backend = device.backend(), cores, "computing");
    let settings = AgentSettings {
        name: name.clone(),
        coordinators: arguments.coordinator,
        credentials: arguments.credentials,
        resources: Resources { device, cores, memory },
        capacity: arguments.capacity,
        metrics: arguments.metrics,
    };
    let served = runtime.block_on(async {
        agent::run(settings, shutdown).await?;
        Ok(ExitCode::SUCCESS)
    });
    // Not waited for: a thread that reads standard input would hold the process until something is typed.
    runtime.shutdown_background();
    served
}
