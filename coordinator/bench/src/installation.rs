//! Postgres and the coordinator.

use crate::cpu::{self, CpuTime};
use anyhow::{Context, Result};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use superposed::{
    postgres::Cluster,
    queue::{Queue, QueueSettings},
    serve::Coordinator,
};
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

const ANNOUNCEMENT: &str = "listening on ";

/// A private Postgres and a coordinator on it, both processes of their own.
#[derive(Debug)]
pub(crate) struct Installation {
    coordinator: Guarded,
    url: String,
    cluster: Cluster,
    place: TempDir,
}

/// A child that does not outlive this process's work.
#[derive(Debug)]
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Installation {
    pub(crate) async fn start() -> Result<Self> {
        // A thousand workers are a thousand connections.
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
        setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
        // Short, so that a socket's path fits; open, so that a Postgres run by root's stand-in can enter.
        let place = tempfile::Builder::new().prefix("sqb-").tempdir_in("/tmp")?;
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755))?;
        let cluster = Cluster::start(&place.path().join("state")).await?;
        let mut command = Command::new(env::current_exe()?);
        command.args(["serve", "--database", &cluster.url()]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut coordinator = Guarded(command.spawn().context("cannot start the coordinator")?);
        let mut line = String::new();
        BufReader::new(coordinator.0.stdout.take().context("piped")?).read_line(&mut line)?;
        let url = line.trim().strip_prefix(ANNOUNCEMENT).context("the coordinator did not start")?.to_owned();
        Ok(Self { coordinator, url, cluster, place })
    }

    /// A directory for files.
    pub(crate) fn place(&self) -> &std::path::Path {
        self.place.path()
    }

    /// The queue past the coordinator, to set up what is measured then.
    pub(crate) async fn queue(&self) -> Result<Queue> {
        Ok(Queue::connect(&self.cluster.url(), QueueSettings::default()).await?)
    }

    /// The URL of another database of the same Postgres, made if it is not there.
    pub(crate) async fn database(&self, name: &str) -> Result<String> {
        let mut connection = PgConnection::connect(&self.cluster.url()).await?;
        let known = sqlx::query("SELECT FROM pg_database WHERE datname = $1").bind(name);
        if known.fetch_optional(&mut connection).await?.is_none() {
            // A name cannot be bound; these are constants.
            sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await?;
        }
        connection.close().await?;
        Ok(self.cluster.url().replacen("///superposed?", &format!("///{name}?"), 1))
    }

    /// Whether a commit waits for the disk.
    pub(crate) async fn durability(&self) -> Result<String> {
        let mut connection = PgConnection::connect(&self.cluster.url()).await?;
        let settings = "SELECT 'Postgres ' || current_setting('server_version') || ', fsync '
            || current_setting('fsync') || ', synchronous_commit ' || current_setting('synchronous_commit')";
        let text = sqlx::query_scalar(settings).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(text)
    }

    /// A connection of its own to the coordinator.
    pub(crate) async fn connect(&self) -> Result<Channel> {
        let endpoint = Endpoint::from_shared(self.url.clone())?.timeout(Duration::from_secs(60));
        Ok(endpoint.connect().await?)
    }

    /// Measures what is used until [`Measured::stop`].
    pub(crate) fn measure(&self) -> Result<Measured<'_>> {
        Ok(Measured { installation: self, start: Instant::now(), before: self.cpu()? })
    }

    fn cpu(&self) -> Result<CpuTime> {
        let state = self.place.path().join("state");
        Ok(CpuTime {
            postgres: cpu::of_family(cpu::postmaster(&state)?)?,
            coordinator: cpu::of_process(self.coordinator.0.id())?,
            clients: cpu::of_process(std::process::id())?,
        })
    }
}

/// A measurement that is going on.
#[derive(Debug)]
pub(crate) struct Measured<'a> {
    installation: &'a Installation,
    start: Instant,
    before: CpuTime,
}

impl Measured<'_> {
    /// How long it took, and what it used.
    pub(crate) fn stop(self) -> Result<(Duration, CpuTime)> {
        let took = self.start.elapsed();
        Ok((took, self.installation.cpu()?.since(&self.before)))
    }
}

/// The coordinator's process: serves until it is killed.
pub(crate) async fn serve(database: &str) -> Result<()> {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let coordinator = Coordinator::bind(database, QueueSettings::default(), address, false).await?;
    println!("{ANNOUNCEMENT}http://{}", coordinator.address()?);
    coordinator.serve(std::future::pending()).await?;
    Ok(())
}
