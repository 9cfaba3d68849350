//! `superposed serve`

use super::{block_on, database::Database};
use crate::{guard::GuardSettings, local::machine::ANNOUNCEMENT, queue::QueueSettings, serve::Coordinator};
use anyhow::Result;
use clap::Args;
use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{self, ExitCode},
    time::Duration,
};
use superposed_shared::{
    shutdown,
    telemetry::{self, Exporting, LogFormat, Otlp, Service},
};

/// Run a coordinator. It keeps nothing in memory: any number of them may serve one database.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    database: Database,
    /// The address to listen on; port 0 chooses a free one, which is then printed
    #[arg(long, default_value = "127.0.0.1:7117")]
    listen: SocketAddr,
    #[command(flatten)]
    door: Door,
    /// How long a lease lasts without being renewed, in seconds
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=3600))]
    lease_seconds: u32,
    /// A worker that holds leases but finishes no job for so many seconds loses them; the job it is at is tried again
    /// elsewhere
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u32).range(1..))]
    wedge_after: u32,
    /// A worker that was not heard of for so many seconds is no longer listed
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400, value_parser = clap::value_parser!(u32).range(60..))]
    forget_workers_after: u32,
    /// Stop as well when standard input is closed, so that no coordinator outlives what started it
    #[arg(long)]
    until_stdin_closes: bool,
    #[command(flatten)]
    otlp: Otlp,
}

/// How the address is guarded.
#[derive(Debug, Args)]
#[command(next_help_heading = "Security")]
struct Door {
    /// Speak TLS, with the certificates (PEM) of this file: the coordinator's own first. It is read again when it changes,
    /// and so are the following
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// The key (PEM) of that certificate
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Let only those connect who have a certificate of one of these authorities (PEM)
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,
    /// Answer only those who have a token of this file, a line each as `superposed token new` prints it
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// Listen without --tokens even where other machines can reach this one: anybody there can submit and cancel campaigns
    #[arg(long)]
    allow_unauthenticated_network: bool,
    /// Listen without TLS even where other machines can reach this one: for an address behind something that speaks it
    #[arg(long)]
    allow_plaintext_network: bool,
}

impl From<Door> for GuardSettings {
    fn from(door: Door) -> Self {
        let Door { certificate, key, client_ca, tokens, allow_unauthenticated_network, allow_plaintext_network } = door;
        Self {
            certificate,
            key,
            client_ca,
            tokens,
            allow_unauthenticated: allow_unauthenticated_network,
            allow_plaintext: allow_plaintext_network,
            limits: None,
        }
    }
}

impl Serve {
    /// Starts logging, and exporting spans if that is asked for.
    pub(super) fn export(&self, format: LogFormat, filter: &str) -> Result<Option<Exporting>> {
        let host = nix::unistd::gethostname().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let instance = format!("{host}-{}", process::id());
        let service = Service { name: "superposed-coordinator", instance: &instance };
        Ok(telemetry::start_exporting(format, filter, &self.otlp, &service)?)
    }

    pub(super) fn run(self) -> Result<ExitCode> {
        block_on(async {
            let settings = QueueSettings {
                lease: Duration::from_secs(self.lease_seconds.into()),
                wedge_after: Duration::from_secs(self.wedge_after.into()),
                forget_workers_after: Duration::from_secs(self.forget_workers_after.into()),
                ..QueueSettings::default()
            };
            let database = self.database.url()?;
            let coordinator = Coordinator::bind(database.secret(), settings, self.listen, &self.door.into()).await?;
            say!("{ANNOUNCEMENT}{}://{}", coordinator.scheme(), coordinator.address()?);
            coordinator.serve(shutdown::requested(self.until_stdin_closes)?).await?;
            Ok(ExitCode::SUCCESS)
        })
    }
}
