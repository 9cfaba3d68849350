//! The programs under test, as processes that signals reach.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Instant,
};

/// A child that is killed when the test ends, however it ends.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("an own child that was not waited for");
    }

    /// Whether it ended by itself.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("an own child")
    }

    /// SIGKILL; returns when it was sent.
    fn kill(&mut self) -> Instant {
        let when = Instant::now();
        self.signal(Signal::SIGKILL);
        self.child.wait().expect("an own child");
        when
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Logs go on where an earlier process of the same name stopped.
fn log(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).expect("a writable directory")
}

fn program(name: &str) -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_superposed")).with_file_name(name);
    assert!(program.exists(), "{} is not built: run `cargo build --workspace --bins` first", program.display());
    program
}

/// `superposed` with these arguments.
pub(crate) fn superposed(arguments: &[&str]) -> Command {
    let mut command = Command::new(program("superposed"));
    command.args(arguments).stdin(Stdio::null()).env_remove("SUPERPOSED_LOG").env_remove("SUPERPOSED_COORDINATOR");
    command
}

/// A coordinator; after a restart it listens elsewhere.
#[derive(Debug)]
pub(crate) struct Coordinator {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Coordinator {
    /// Starts one, and returns once it listens.
    pub(crate) fn start(database: &str, lease_seconds: &str, log_file: &Path) -> Self {
        let serve = ["serve", "--listen", "127.0.0.1:0", "--lease-seconds", lease_seconds, "--database", database];
        let mut command = superposed(&serve);
        let child = command.stdout(Stdio::piped()).stderr(log(log_file)).spawn().expect("the program starts");
        let mut process = Process { child };
        let stdout = process.child.stdout.take().expect("piped");
        let mut announcement = String::new();
        BufReader::new(stdout).read_line(&mut announcement).expect("a line");
        let address = announcement.trim().strip_prefix("listening on http://").and_then(|text| text.parse().ok());
        let address = address.unwrap_or_else(|| panic!("the coordinator did not start; see {}", log_file.display()));
        Self { process, address }
    }

    pub(crate) fn kill(&mut self) -> Instant {
        self.process.kill()
    }
}

/// A worker.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) process: Process,
    pub(crate) name: String,
    coordinator: SocketAddr,
    log_file: PathBuf,
}

impl Worker {
    /// Starts one that reaches coordinators by an address.
    pub(crate) fn start(name: &str, coordinator: SocketAddr, log_file: &Path) -> Self {
        let mut command = Command::new(program("superposed-worker"));
        // Small leases: what dies with a worker is not the whole campaign.
        command.args(["--coordinator", &format!("http://{coordinator}"), "--name", name]);
        command.args(["--cores", "1", "--capacity", "64"]).env_remove("SUPERPOSED_LOG");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log(log_file));
        let process = Process { child: command.spawn().expect("the program starts") };
        Self { process, name: name.to_owned(), coordinator, log_file: log_file.to_owned() }
    }

    pub(crate) fn kill(&mut self) -> Instant {
        self.process.kill()
    }

    /// Starts it again, under the same name.
    pub(crate) fn restart(&mut self) {
        *self = Self::start(&self.name, self.coordinator, &self.log_file);
    }
}
