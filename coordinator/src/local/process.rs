//! A child process that ends with its parent and says its last words to a log file.

use super::LocalError;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs::{self, File},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};
use superposed_shared::credentials::VARIABLES;
use tokio::{
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// A running child. Its standard input is held open: when the parent dies, however it dies, the child sees it close and
/// stops.
#[derive(Debug)]
pub(super) struct Process {
    what: String,
    child: Child,
    // Kept apart: waiting for a child closes the standard input that it still holds.
    _stdin: Option<ChildStdin>,
    log: PathBuf,
}

impl Process {
    pub(super) fn start(what: &str, program: &Path, arguments: &[String], log: PathBuf) -> Result<Self, LocalError> {
        let failed = |source| LocalError::Start { what: what.to_owned(), program: program.to_owned(), source };
        let lines = File::create(&log).map_err(failed)?;
        let mut command = Command::new(program);
        // A private installation needs none; those of another are not to be shown to it.
        for variable in VARIABLES {
            command.env_remove(variable);
        }
        let mut child = command
            .args(arguments)
            .arg("--until-stdin-closes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(lines)
            // Ctrl-C in a terminal goes to the whole group, and is to stop the children in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        Ok(Self { what: what.to_owned(), _stdin: child.stdin.take(), child, log })
    }

    pub(super) fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits for the process to end by itself.
    pub(super) async fn ended(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Whether the process has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Why the process ended: what killed it, or what it said last.
    pub(super) fn last_words(&mut self) -> String {
        if let Some(signal) = self.child.try_wait().ok().flatten().and_then(|status| status.signal()) {
            return format!("{} was killed by signal {signal} (log: {})", self.what, self.log.display());
        }
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let last = log.lines().rev().map(str::trim).find(|line| !line.is_empty());
        format!("{} stopped: {} (log: {})", self.what, last.unwrap_or("without a word"), self.log.display())
    }

    /// Asks the process to stop, and kills it when it does not in time.
    pub(super) async fn stop(mut self, patience: Duration) {
        if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        if timeout(patience, self.child.wait()).await.is_err() {
            tracing::warn!(process = self.what, "did not stop in time and is killed");
            let _ = self.child.kill().await;
        }
    }
}
