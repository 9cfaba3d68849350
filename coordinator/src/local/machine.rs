//! The processes of a local installation: started, watched over, stopped.

use super::process::Process;
use crate::{
    client::{CampaignClient, dialer},
    postgres::{Cluster, PostgresError},
};
use futures::future::join_all;
use nix::{
    fcntl::{Flock, FlockArg},
    unistd::Uid,
};
use std::{
    env,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process,
    time::{Duration, Instant},
};
use superposed_shared::{
    credentials::{Credentials, CredentialsError},
    proto::v1::campaign_service_client::CampaignServiceClient,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tonic::Code;

/// What a coordinator says on standard output once it listens, before its URL.
pub const ANNOUNCEMENT: &str = "listening on ";

/// The directory of the processes' logs, below the state directory.
const LOGS: &str = "logs";

/// A worker that dies is started again, but not for ever.
const MAX_RESTARTS: u32 = 10;

/// A worker that lived this long before it died counts as one that died for the first time.
const LONG_LIFE: Duration = Duration::from_secs(60);

/// Workers drain within ten seconds.
const WORKER_PATIENCE: Duration = Duration::from_secs(12);

/// A coordinator keeps nothing that it would have to save.
const COORDINATOR_PATIENCE: Duration = Duration::from_secs(5);

/// How a local installation is set up.
#[derive(Debug, Clone)]
pub struct MachineSettings {
    /// Where Postgres keeps its data and processes their logs.
    pub state: PathBuf,
    /// How many workers.
    pub workers: usize,
    /// Threads of each worker.
    pub cores: usize,
    /// Where workers compute forward passes, dealt out in turn; what each finds when there are none.
    pub devices: Vec<String>,
    /// The most memory that each worker takes on its device, in bytes.
    pub memory: Option<u64>,
    /// How long a lease lasts without being renewed, in seconds.
    pub lease_seconds: u32,
}

/// A local installation that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The state directory cannot be used.
    #[error("the state directory {path} cannot be used: {source}; name another with --state")]
    State {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another local installation uses the state directory.
    #[error(
        "another `superposed local` or `superposed demo` is using {0}; wait for it to end, or name another directory with --state"
    )]
    Busy(PathBuf),
    /// There is neither an environment nor an account to tell where state belongs.
    #[error("there is no home directory to keep state in; name one with --state")]
    NoHome,
    /// Postgres cannot be had.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// A process cannot be started.
    #[error("cannot start {what} ({program}): {source}")]
    Start {
        /// Which process.
        what: String,
        /// Its program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A process ended by itself, or can no longer do its work.
    #[error("{0}")]
    Ended(String),
    /// The coordinator or a worker refuses, and would again.
    #[error("{0}")]
    Refused(String),
    /// What the coordinator said is no URL.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The coordinator cannot be reached.
    #[error("cannot reach the coordinator: {0}")]
    Connect(#[from] tonic::transport::Error),
}

impl From<tonic::Status> for LocalError {
    fn from(status: tonic::Status) -> Self {
        let message = status.message().to_owned();
        match status.code() {
            // The database or the connection broke: what was asked for is all right.
            Code::Unavailable | Code::Unknown | Code::Internal => Self::Ended(message),
            _ => Self::Refused(message),
        }
    }
}

/// Where state belongs when nobody says: `/var/lib/superposed` for root, since Postgres, which does not run as root,
/// cannot enter root's home; else the user's state directory.
///
/// # Errors
/// When the user has no home.
pub fn default_state() -> Result<PathBuf, LocalError> {
    if Uid::effective().is_root() {
        return Ok(PathBuf::from("/var/lib/superposed"));
    }
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
    state.map(|state| state.join("superposed")).ok_or(LocalError::NoHome)
}

/// The programs of this project, beside the one that runs.
#[derive(Debug, Clone)]
struct Programs {
    coordinator: PathBuf,
    worker: PathBuf,
}

/// A state directory that is this process's alone, with everything there to start an installation in it.
#[derive(Debug)]
pub struct Reservation {
    settings: MachineSettings,
    programs: Programs,
    lock: Flock<File>,
}

impl Reservation {
    /// Checks that everything is installed, and takes the state directory. Nothing is started yet.
    ///
    /// # Errors
    /// When a program or Postgres is missing, or the directory cannot be used or is in use.
    pub fn take(settings: MachineSettings) -> Result<Self, LocalError> {
        let programs = Programs { coordinator: own_program("superposed")?, worker: own_program("superposed-worker")? };
        Cluster::check(&settings.state)?;
        for device in &settings.devices {
            check_device(&programs.worker, device)?;
        }
        let state = |source| LocalError::State { path: settings.state.clone(), source };
        fs::create_dir_all(settings.state.join(LOGS)).map_err(state)?;
        let lock = File::create(settings.state.join("lock")).map_err(state)?;
        let lock =
            Flock::lock(lock, FlockArg::LockExclusiveNonblock).map_err(|_| LocalError::Busy(settings.state.clone()))?;
        Ok(Self { settings, programs, lock })
    }

    /// How the installation is set up.
    #[must_use]
    pub const fn settings(&self) -> &MachineSettings {
        &self.settings
    }
}

/// A running local installation.
#[derive(Debug)]
pub struct Machine {
    client: CampaignClient,
    coordinator: Process,
    url: String,
    workers: Vec<Watched>,
    settings: MachineSettings,
    programs: Programs,
    ended: (mpsc::UnboundedSender<LocalError>, mpsc::UnboundedReceiver<LocalError>),
    // Dropped in this order: the database stops before the directory is free for another.
    cluster: Cluster,
    _lock: Flock<File>,
}

/// A worker, and the task that starts it again when it dies.
#[derive(Debug)]
struct Watched {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Machine {
    /// Starts Postgres and a coordinator; [workers](Self::start_workers) come once there is something to do.
    ///
    /// # Errors
    /// When something does not start. What was started is stopped then.
    pub async fn start(reservation: Reservation) -> Result<Self, LocalError> {
        let Reservation { settings, programs, lock } = reservation;
        let cluster = Cluster::start(&settings.state).await?;
        let arguments = [
            "serve".to_owned(),
            "--database".to_owned(),
            cluster.url(),
            "--listen".to_owned(),
            "127.0.0.1:0".to_owned(),
            "--lease-seconds".to_owned(),
            settings.lease_seconds.to_string(),
        ];
        let log = settings.state.join(LOGS).join("coordinator.log");
        let mut coordinator = Process::start("the coordinator", &programs.coordinator, &arguments, log)?;
        let url = announced(&mut coordinator).await?;
        let client = CampaignServiceClient::new(dialer(&url, &Credentials::default())?.connect().await?);
        Ok(Self {
            client,
            coordinator,
            url,
            workers: Vec::new(),
            settings,
            programs,
            ended: mpsc::unbounded_channel(),
            cluster,
            _lock: lock,
        })
    }

    /// A client of the coordinator.
    #[must_use]
    pub fn client(&self) -> CampaignClient {
        self.client.clone()
    }

    /// Starts the workers. One that dies is started again.
    ///
    /// # Errors
    /// When one cannot be started at all.
    pub fn start_workers(&mut self) -> Result<(), LocalError> {
        let run = process::id();
        for number in 1..=self.settings.workers {
            let name = format!("local-{number}");
            let settings = &self.settings;
            let mut fixed = vec!["--coordinator".to_owned(), self.url.clone()];
            fixed.extend(["--cores".to_owned(), settings.cores.to_string()]);
            if !settings.devices.is_empty() {
                fixed.extend(["--device".to_owned(), settings.devices[(number - 1) % settings.devices.len()].clone()]);
            }
            if let Some(memory) = &settings.memory {
                fixed.extend(["--memory".to_owned(), memory.to_string()]);
            }
            let log = self.settings.state.join(LOGS).join(format!("worker-{number}.log"));
            let (program, ended) = (self.programs.worker.clone(), self.ended.0.clone());
            let mut lives = 0;
            let mut start = move || {
                lives += 1;
                // A name of its own for each: that of one that was killed is not free at once.
                let own = format!("{name}-{run}-{lives}");
                let arguments: Vec<String> = fixed.iter().cloned().chain(["--name".to_owned(), own]).collect();
                Process::start(&format!("worker {name}"), &program, &arguments, log.clone())
            };
            let first = start()?;
            let (stop, stopped) = oneshot::channel();
            let task = tokio::spawn(watch_over(first, start, stopped, ended));
            self.workers.push(Watched { stop, task });
        }
        Ok(())
    }

    /// Waits until a process that is needed has ended for good; returns what it said last.
    pub async fn broken(&mut self) -> LocalError {
        tokio::select! {
            _ = self.coordinator.ended() => LocalError::Ended(self.coordinator.last_words()),
            Some(error) = self.ended.1.recv() => error,
            () = self.cluster.ended() => LocalError::Ended("the private Postgres has ended".to_owned()),
        }
    }

    /// An error of a call to the coordinator, or, when the coordinator has ended, what it said last.
    pub fn explain(&mut self, error: LocalError) -> LocalError {
        if self.coordinator.has_ended() { LocalError::Ended(self.coordinator.last_words()) } else { error }
    }

    /// Stops everything in order: workers first, which report what is finished and hand the rest back.
    pub async fn stop(self) {
        let workers = self.workers.into_iter().map(|Watched { stop, task }| {
            let _ = stop.send(());
            task
        });
        join_all(workers).await;
        self.coordinator.stop(COORDINATOR_PATIENCE).await;
    }
}

async fn watch_over(
    mut worker: Process,
    mut start: impl FnMut() -> Result<Process, LocalError>,
    mut stopped: oneshot::Receiver<()>,
    ended: mpsc::UnboundedSender<LocalError>,
) {
    let mut deaths = 0;
    while deaths < MAX_RESTARTS {
        let started = Instant::now();
        let refuses = tokio::select! {
            status = worker.ended() => status.is_ok_and(|status| status.code().is_some_and(|code| code != 0)),
            _ = &mut stopped => return worker.stop(WORKER_PATIENCE).await,
        };
        let words = worker.last_words();
        // One that refuses to work says why, and would again; one that was killed or told to stop, by somebody who
        // did not mean the campaign, deserves another life.
        if refuses {
            let _ = ended.send(LocalError::Refused(words));
            return;
        }
        tracing::warn!("{words}; it is started again");
        deaths = if started.elapsed() < LONG_LIFE { deaths + 1 } else { 1 };
        match start() {
            Ok(next) => worker = next,
            Err(error) => {
                let _ = ended.send(error);
                return;
            }
        }
    }
    let words = format!("{}; it died {MAX_RESTARTS} times and is not started again", worker.last_words());
    let _ = ended.send(LocalError::Ended(words));
}

/// Refuses a device that a worker could not use, before anything is started.
fn check_device(worker: &Path, device: &str) -> Result<(), LocalError> {
    let failed =
        |source| LocalError::Start { what: "superposed-worker".to_owned(), program: worker.to_owned(), source };
    let asked = process::Command::new(worker).args(["--check-device", "--device", device]).output().map_err(failed)?;
    if asked.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&asked.stderr);
    let said = said.lines().last().unwrap_or_default();
    Err(LocalError::Refused(said.strip_prefix("superposed-worker: ").unwrap_or(said).to_owned()))
}

/// A program of this project, beside the one that runs.
pub(crate) fn own_program(name: &str) -> Result<PathBuf, LocalError> {
    let failed = |source| LocalError::Start { what: name.to_owned(), program: PathBuf::from(name), source };
    let own = env::current_exe().map_err(failed)?;
    let program = own.parent().unwrap_or(Path::new("/")).join(name);
    if program.exists() {
        return Ok(program);
    }
    let source = io::Error::new(io::ErrorKind::NotFound, "it must lie beside `superposed`; build both");
    Err(LocalError::Start { what: name.to_owned(), program, source })
}

/// The URL a coordinator announces.
async fn announced(coordinator: &mut Process) -> Result<String, LocalError> {
    let stdout = coordinator.take_stdout().expect("the coordinator's output is piped");
    let line = BufReader::new(stdout).lines().next_line().await.ok().flatten();
    match line.as_deref().and_then(|line| line.strip_prefix(ANNOUNCEMENT)) {
        Some(url) => Ok(url.to_owned()),
        None => {
            let _ = coordinator.ended().await;
            Err(LocalError::Ended(coordinator.last_words()))
        }
    }
}
