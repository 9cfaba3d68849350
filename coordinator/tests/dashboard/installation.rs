//! A coordinator's process with a database of its own, the demo's model and corpus, and workers.

use crate::support::{Guarded, superposed};
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};
use superposed::postgres::Cluster;
use tempfile::TempDir;

/// All that is needed to mine.
pub(crate) struct Installation {
    /// Where the coordinator listens.
    pub(crate) url: String,
    // Dropped in this order: who uses the database ends before it.
    _coordinator: Guarded,
    _cluster: Cluster,
    directory: TempDir,
}

impl Installation {
    pub(crate) async fn start() -> Self {
        // Short, so that a socket's path fits; open, so that a Postgres run by root's stand-in can enter.
        let directory = tempfile::Builder::new().prefix("sd-").tempdir_in("/tmp").expect("a temporary directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("own directory");
        let cluster = Cluster::start(&directory.path().join("state")).await.expect("Postgres starts");
        superposed_demo::generate(&directory.path().join("demo"), 1).expect("a demo");
        let mut command = superposed(&["serve", "--listen", "127.0.0.1:0", "--database", &cluster.url()]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
        let mut coordinator = Guarded(child);
        let mut announcement = String::new();
        let mut stdout = BufReader::new(coordinator.0.stdout.take().expect("piped"));
        stdout.read_line(&mut announcement).expect("a line");
        let url = announcement.trim().strip_prefix("listening on ").expect("an announcement").to_owned();
        Self { url, _coordinator: coordinator, _cluster: cluster, directory }
    }

    /// Submits a campaign over all of the demo's model in one mode: 1,152 jobs.
    pub(crate) fn submit(&self, name: &str) {
        let campaign = format!(
            "name = '{name}'\nsize = 'demo'\nmodel = 'demo/model'\ncorpus = 'demo/corpus'\n\
             destination = 'results-{name}'\nmodes = ['i']\n[parameters]\nmin_freq = 20\n"
        );
        let file = self.directory.path().join(format!("{name}.toml"));
        fs::write(&file, campaign).expect("a writable file");
        self.run(&["submit", file.to_str().expect("a UTF-8 path")]);
    }

    /// Runs a command against the coordinator; returns its standard output.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = superposed(arguments).env("SUPERPOSED_COORDINATOR", &self.url).output().expect("it starts");
        assert!(output.status.success(), "{arguments:?} failed: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Starts a worker.
    pub(crate) fn worker(&self, name: &str) -> Guarded {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_superposed")).with_file_name("superposed-worker");
        assert!(program.exists(), "{} is not built: run `cargo build --workspace --bins` first", program.display());
        let mut command = Command::new(program);
        command.args(["--coordinator", &self.url, "--name", name, "--cores", "1", "--capacity", "128"]);
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Guarded(quiet.env_remove("SUPERPOSED_LOG").spawn().expect("the program starts"))
    }

    /// A directory for a browser.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}
