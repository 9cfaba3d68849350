//! Postgres and the coordinator.

use crate::cpu::{self, CpuTime};
use anyhow::{Context, Result};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    env, fs,
    io::{BufRead, BufReader, Lines},
    net::SocketAddr,
    os::unix::{
        fs::PermissionsExt,
        process::{CommandExt, parent_id},
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};
use superposed::{
    guard::GuardSettings,
    postgres::Cluster,
    queue::{Queue, QueueSettings},
    serve::Coordinator,
};
use superposed_shared::shutdown;
use tonic::transport::{Channel, Endpoint};

/// A private Postgres and a coordinator on it, both in processes of their own that end with this one, however it ends.
#[derive(Debug)]
pub(crate) struct Installation {
    // Dropped, and so stopped, before what it needs.
    coordinator: Kept,
    url: String,
    #[expect(dead_code, reason = "it is kept until this is dropped")]
    postgres: Kept,
    database: String,
    place: PathBuf,
}

/// A child that stops when its standard input closes: a pipe from this process, which nobody else has.
#[derive(Debug)]
struct Kept {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Kept {
    /// Starts this program once more, as one of its hidden commands.
    fn start(arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        // Ctrl-C in a terminal goes to the whole group, and is to stop these last.
        command.args(arguments).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {arguments:?}"))?;
        let said = BufReader::new(child.stdout.take().context("piped")?).lines();
        Ok(Self { child, said })
    }

    /// The next line that it prints.
    fn line(&mut self) -> Result<String> {
        Ok(self.said.next().context("it ended as soon as it was started")??)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

impl Installation {
    pub(crate) fn start() -> Result<Self> {
        // A thousand workers are a thousand connections.
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
        setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
        let mut postgres = Kept::start(&["postgres"])?;
        let (place, database) = (PathBuf::from(postgres.line()?), postgres.line()?);
        let mut coordinator = Kept::start(&["serve", "--database", &database])?;
        let url = coordinator.line()?;
        Ok(Self { coordinator, url, postgres, database, place })
    }

    /// A directory for files.
    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    /// Where the coordinator listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The queue past the coordinator, to set up what is measured then.
    pub(crate) async fn queue(&self) -> Result<Queue> {
        Ok(Queue::connect(&self.database, QueueSettings::default()).await?)
    }

    /// The URL of another database of the same Postgres, made if it is not there.
    pub(crate) async fn database(&self, name: &str) -> Result<String> {
        let mut connection = PgConnection::connect(&self.database).await?;
        let known = sqlx::query("SELECT FROM pg_database WHERE datname = $1").bind(name);
        if known.fetch_optional(&mut connection).await?.is_none() {
            // A name cannot be bound; these are constants.
            sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await?;
        }
        connection.close().await?;
        Ok(self.database.replacen("///superposed?", &format!("///{name}?"), 1))
    }

    /// Whether a commit waits for the disk.
    pub(crate) async fn durability(&self) -> Result<String> {
        let mut connection = PgConnection::connect(&self.database).await?;
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
        let state = self.place.join("state");
        Ok(CpuTime {
            postgres: cpu::of_family(cpu::postmaster(&state)?)?,
            coordinator: cpu::of_process(self.coordinator.child.id())?,
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

/// The process of Postgres: says where it is, and stops it when the benchmark is over or was killed.
pub(crate) async fn keep_postgres() -> Result<()> {
    // Short, so that a socket's path fits; open, so that a Postgres run by root's stand-in can enter.
    let prefix = format!("sqb-{}-", parent_id());
    let place = tempfile::Builder::new().prefix(&prefix).tempdir_in("/tmp")?;
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755))?;
    let cluster = Cluster::start(&place.path().join("state")).await?;
    println!("{}\n{}", place.path().display(), cluster.url());
    shutdown::requested(true)?.await;
    drop(cluster);
    Ok(place.close()?)
}

/// The coordinator's process.
pub(crate) async fn serve(database: &str) -> Result<()> {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let coordinator = Coordinator::bind(database, QueueSettings::default(), address, &GuardSettings::default()).await?;
    println!("http://{}", coordinator.address()?);
    coordinator.serve(shutdown::requested(true)?).await?;
    Ok(())
}
