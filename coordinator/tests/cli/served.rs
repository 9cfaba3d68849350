//! A coordinator in this process, and commands that ask it.

use crate::{
    queue::{Campaign, Database, Worker, settings},
    support::{succeed, superposed},
};
use serde_json::Value;
use std::{
    net::SocketAddr,
    process::{Command, Output},
};
use superposed::{
    guard::GuardSettings,
    queue::{Queue, SyncIdentity},
    serve::{Coordinator, ServeError},
};
use tokio::{
    runtime::Runtime,
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
};

/// A coordinator on a port of its own. It ends with the test.
pub(crate) struct Served {
    pub(crate) queue: Queue,
    pub(crate) url: String,
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    /// On a runtime of its own: when that ends, so do its connections, as those of a process do.
    serving: Option<(Runtime, JoinHandle<Result<(), ServeError>>)>,
    database: Database,
}

impl Drop for Served {
    fn drop(&mut self) {
        // One cannot be waited for on another.
        if let Some((runtime, _)) = self.serving.take() {
            runtime.shutdown_background();
        }
    }
}

impl Served {
    pub(crate) async fn start() -> Self {
        let database = Database::start().await;
        let queue = database.queue().await;
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut served = Self { queue, url: String::new(), address, stop: None, serving: None, database };
        served.serve().await;
        served.url = format!("http://{}", served.address);
        served
    }

    /// Serves at the address where it served before, or at a free one.
    pub(crate) async fn serve(&mut self) {
        let (url, address) = (self.database.url(), self.address);
        let bound = spawn_blocking(move || {
            let runtime = Runtime::new().expect("a runtime");
            let bound = runtime.block_on(Coordinator::bind(&url, settings(), address, &GuardSettings::default()));
            (runtime, bound.expect("the coordinator listens"))
        });
        let (runtime, coordinator) = bound.await.expect("no panic");
        self.address = coordinator.address().expect("a bound address");
        let (stop, stopped) = oneshot::channel();
        self.stop = Some(stop);
        let serving = runtime.spawn(coordinator.serve(async {
            let _ = stopped.await;
        }));
        self.serving = Some((runtime, serving));
    }

    /// Ends the coordinator; the database stays.
    pub(crate) async fn end(&mut self) {
        drop(self.stop.take());
        let (runtime, serving) = self.serving.take().expect("it serves");
        serving.await.expect("no panic").expect("it served");
        runtime.shutdown_background();
    }

    /// A command that asks this coordinator.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = superposed(arguments);
        command.args(["--coordinator", &self.url]);
        command
    }

    /// What a command prints that must succeed.
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        succeed(self.command(arguments))
    }

    /// The lines of JSON that a command prints that must succeed.
    pub(crate) fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let mut command = self.command(arguments);
        command.args(["--output", "json"]);
        succeed(command).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// The exit code of a command, and the one line it says on standard error.
    pub(crate) fn refused(&self, arguments: &[&str]) -> (Option<i32>, String) {
        refusal(self.command(arguments))
    }

    /// Submits a campaign of one layer and finishes some of its jobs, of which each neuron has two; gives the worker.
    pub(crate) async fn worker(&self, name: &str) -> Worker {
        let mut worker = Worker::new(&self.queue, name);
        worker.identity = SyncIdentity { worker: name.to_owned(), boot: 1, sequence: 0 };
        worker
    }

    /// Submits a campaign over some neurons of layers 0 and 1.
    pub(crate) async fn submit(&self, name: &str, neurons: &str) -> i64 {
        Campaign::new(name).layer(0, neurons).layer(1, neurons).submit(&self.queue).await.0
    }
}

/// The exit code of a command that must fail, and the one line it says.
pub(crate) fn refusal(mut command: Command) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    assert_eq!(String::from_utf8_lossy(&stdout), "", "standard output is for results");
    let stderr = String::from_utf8(stderr).expect("text");
    let line = stderr.strip_prefix("superposed: ").and_then(|said| said.strip_suffix('\n'));
    let line = line.unwrap_or_else(|| panic!("no refusal: {stderr}"));
    assert!(!line.contains('\n'), "more than one line: {line}");
    (status.code(), line.to_owned())
}
