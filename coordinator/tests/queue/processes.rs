//! Real workers of a real coordinator, killed from outside and by their own jobs.

use crate::support::Database;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use superposed::queue::Queue;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// Far more than anything here takes.
const TOO_LONG: Duration = Duration::from_secs(240);

/// A database, a coordinator's process on it, and a directory with a small model and corpus.
struct Installation {
    queue: Queue,
    url: String,
    directory: TempDir,
    _coordinator: Child,
    _database: Database,
}

fn program(name: &str) -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_superposed")).with_file_name(name);
    assert!(program.exists(), "{} is not built: run `cargo build --workspace --bins` first", program.display());
    program
}

fn start(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.env_remove("SUPERPOSED_LOG").env_remove("SUPERPOSED_COORDINATOR");
    command
}

impl Installation {
    async fn start(lease_seconds: &str) -> Self {
        let database = Database::start().await;
        let queue = database.queue().await;
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("own directory");
        superposed_demo::generate(&directory.path().join("demo"), 1).expect("a demo");
        let serve =
            ["serve", "--listen", "127.0.0.1:0", "--lease-seconds", lease_seconds, "--database", &database.url()];
        let mut coordinator = start(&program("superposed"), &serve).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(coordinator.stdout.take().expect("piped")).lines();
        let announcement = lines.next_line().await.expect("text").expect("an announcement");
        let url = announcement.strip_prefix("listening on ").expect("a URL").to_owned();
        Self { queue, url, directory, _coordinator: coordinator, _database: database }
    }

    /// Submits a campaign of mode i, the first layer, and both polarities of so many neurons.
    async fn submit(&self, destination: &str, neurons: u32) {
        let file = self.directory.path().join(format!("{destination}.toml"));
        let campaign = format!(
            "name = '{destination}'\nsize = 'demo'\nmodel = 'demo/model'\ncorpus = 'demo/corpus'\n\
             destination = '{destination}'\nmodes = ['i']\n[[select]]\nlayers = 0\nneurons = '0-{}'\n\
             [parameters]\nmin_freq = 20\n",
            neurons - 1
        );
        fs::write(&file, campaign).expect("a writable file");
        let submit = ["submit", file.to_str().expect("a UTF-8 path"), "--coordinator", &self.url];
        let output = start(&program("superposed"), &submit).output().await.expect("it starts");
        assert!(output.status.success(), "{output:?}");
    }

    fn worker(&self, name: &str) -> Command {
        self.worker_of(&program("superposed-worker"), &[], name)
    }

    fn worker_of(&self, program: &Path, before: &[&str], name: &str) -> Command {
        let mut command = start(program, before);
        command.args(["--coordinator", &self.url, "--name", name, "--cores", "1"]);
        command
    }

    fn watch(&self, campaign: &str) -> Child {
        let watch = ["watch", campaign, "--coordinator", &self.url];
        start(&program("superposed"), &watch).spawn().expect("it starts")
    }

    async fn ask<T>(&self, question: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        sqlx::query_scalar(question).fetch_one(self.queue.pool()).await.expect("an answer")
    }

    /// All files of a campaign's results by name, with their sizes.
    fn sizes(&self, destination: &str) -> BTreeMap<String, u64> {
        let directory = self.directory.path().join(destination).join("demo/i");
        let files = fs::read_dir(directory).expect("results").map(|entry| entry.expect("a readable directory"));
        let files = files.map(|file| (file.file_name(), file.metadata().expect("an own file").len()));
        files.map(|(name, size)| (name.into_string().expect("text"), size)).collect()
    }
}

fn signal(child: &Child, signal: Signal) {
    let id = child.id().and_then(|id| i32::try_from(id).ok()).expect("a running process");
    kill(Pid::from_raw(id), signal).expect("an own child");
}

#[tokio::test]
async fn the_jobs_of_a_killed_worker_are_leased_by_one_that_waits_within_thirty_seconds() {
    // As long as leases last unless somebody says otherwise.
    let installation = Installation::start("20").await;
    installation.submit("results", 64).await;
    let mut doomed = installation.worker("doomed").stderr(Stdio::piped()).spawn().expect("it starts");
    let mut said = BufReader::new(doomed.stderr.take().expect("piped")).lines();
    while !said.next_line().await.expect("text").expect("a line").contains("lease taken") {}
    // It does nothing more, so that the other finds nothing to do before it is killed.
    signal(&doomed, Signal::SIGSTOP);
    let _waits = installation.worker("waits").spawn().expect("it starts");
    while !installation.ask("SELECT EXISTS (SELECT FROM workers WHERE id = 'waits')").await {}
    doomed.start_kill().expect("a running process");
    doomed.wait().await.expect("an own child");
    assert_eq!(installation.ask::<i64>("SELECT count(*) FROM spans WHERE worker_id = 'waits'").await, 0);
    let watched = timeout(TOO_LONG, installation.watch("1").wait()).await.expect("the campaign ends");
    assert!(watched.expect("an own child").success());
    // On the database's clock, from when the killed worker was last heard of, so from before it was killed.
    let seconds: f64 = installation
        .ask(
            "SELECT extract(epoch FROM min(leased_at) - (SELECT last_sync FROM workers WHERE id = 'doomed'))::float8 \
             FROM spans WHERE leased_at > (SELECT last_sync + interval '1 second' FROM workers WHERE id = 'doomed')",
        )
        .await;
    eprintln!("leased by another {seconds:.1} s after the killed worker was last heard of");
    assert!(seconds < 30.0, "{seconds} s");
    let row: String = installation.ask("SELECT state::text FROM campaigns").await;
    assert_eq!(row, "completed");
}

/// A worker must not write files that are longer: the kernel kills it, as it kills one that wants too much memory.
#[tokio::test]
async fn a_job_that_has_its_worker_killed_fails_alone_after_its_attempts() {
    let installation = Installation::start("1").await;
    installation.submit("undisturbed", 16).await;
    let worker = installation.worker("healthy").spawn().expect("it starts");
    let watched = timeout(TOO_LONG, installation.watch("1").wait()).await.expect("the campaign ends");
    assert!(watched.expect("an own child").success());
    drop(worker);
    let sizes = installation.sizes("undisturbed");
    let (longest, size) = sizes.iter().max_by_key(|(_, size)| **size).expect("files");
    let second = sizes.iter().filter(|(name, _)| *name != longest).map(|(_, size)| *size).max().expect("more files");
    assert!(second < *size, "two files are equally long");
    let job = longest.trim_end_matches(".pkl").trim_end_matches("_isets.csv").trim_end_matches("_topics.csv");

    installation.submit("disturbed", 16).await;
    let limit = format!("--fsize={second}");
    let mortal = program("superposed-worker");
    let limited = ["--core=0", &limit, mortal.to_str().expect("a UTF-8 path")];
    let mut deaths = 0;
    let work = async {
        let mut watch = installation.watch("2");
        loop {
            let name = format!("mortal-{deaths}");
            let worker = installation.worker_of(Path::new("prlimit"), &limited, &name).spawn();
            let mut worker = worker.expect("prlimit is part of every Linux");
            tokio::select! {
                watched = watch.wait() => return watched.expect("an own child"),
                ended = worker.wait() => {
                    let signal = ended.expect("an own child").signal();
                    assert_eq!(signal, Some(Signal::SIGXFSZ as i32), "it died of something else");
                    deaths += 1;
                }
            }
        }
    };
    timeout(TOO_LONG, work).await.expect("the campaign ends, and does not kill workers for ever");
    let state: String = installation.ask("SELECT state::text FROM campaigns WHERE id = 2").await;
    assert_eq!(state, "completed_with_failures");
    let failed: Vec<(String, i32, String)> = sqlx::query_as(
        "SELECT layer || '_' || neuron || '_' || polarity, attempts, error FROM jobs \
         WHERE campaign = 'disturbed' AND state = 'failed'",
    )
    .fetch_all(installation.queue.pool())
    .await
    .expect("an answer");
    let killer = deaths - 1;
    let error = format!("worker mortal-{killer} died, or was not heard of for the time of a lease");
    assert_eq!(failed, [(job.to_owned(), 3, error)]);
    // Nobody else paid for it.
    let burnt: i64 = installation.ask("SELECT count(*) FROM spans WHERE campaign_id = 2 AND attempts > 0").await;
    assert_eq!(burnt, 1);
    let others = |sizes: BTreeMap<String, u64>| -> BTreeMap<String, u64> {
        sizes.into_iter().filter(|(name, _)| is_of_another(name, job)).collect()
    };
    assert_eq!(others(installation.sizes("disturbed")), others(sizes.clone()));
    eprintln!("{deaths} deaths until {job} was given up");
}

/// Whether a file is one of the results of another job.
fn is_of_another(name: &str, job: &str) -> bool {
    !name.contains('#') && !name.starts_with(&format!("{job}.")) && !name.starts_with(&format!("{job}_"))
}
