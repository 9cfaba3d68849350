//! What is started: Postgres, two coordinators, three workers, and the network between them.

use crate::{
    database::Database,
    disk::Disk,
    processes::{Coordinator, Worker},
    proxy::{Proxy, Upstream},
};
use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};
use tempfile::TempDir;

const COORDINATORS: usize = 2;
const WORKERS: usize = 3;

/// Everything that runs. What depends on something else comes before it, and so ends before it.
#[derive(Debug)]
pub(crate) struct Installation {
    pub(crate) workers: Vec<Worker>,
    pub(crate) coordinators: Vec<Coordinator>,
    /// From each worker to the coordinators.
    pub(crate) worker_links: Vec<Proxy>,
    /// From each coordinator to Postgres.
    pub(crate) database_links: Vec<Proxy>,
    pub(crate) database: Database,
    pub(crate) disk: Disk,
    pub(crate) lease: Duration,
    place: TempDir,
}

impl Installation {
    /// Starts everything, with a demo's model and corpus and no campaign.
    pub(crate) async fn start(lease: Duration) -> Self {
        // Short, so that a socket's path fits; open, so that a Postgres run by root's stand-in can enter.
        let place = tempfile::Builder::new().prefix("sc-").tempdir_in("/tmp").expect("a temporary directory");
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("own directory");
        superposed_demo::generate(&place.path().join("demo"), 1).expect("a demo");
        let disk = Disk::mount(&place.path().join("disk"));
        let database = Database::start(&place.path().join("state")).await;
        let mut installation = Self {
            workers: Vec::new(),
            coordinators: Vec::new(),
            worker_links: Vec::new(),
            database_links: Vec::new(),
            database,
            disk,
            lease,
            place,
        };
        for index in 0..COORDINATORS {
            let link = Proxy::start(vec![Upstream::Unix(installation.database.socket())]).await;
            installation.database_links.push(link);
            let coordinator = installation.coordinator(index);
            installation.coordinators.push(coordinator);
        }
        installation.database.take_notes().await;
        for index in 0..WORKERS {
            let link = Proxy::start(installation.upstreams(index)).await;
            let name = format!("worker-{index}");
            let log = installation.log(&name);
            installation.workers.push(Worker::start(&name, link.address(), &log));
            installation.worker_links.push(link);
        }
        installation
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn log(&self, process: &str) -> PathBuf {
        self.path(&format!("{process}.log"))
    }

    fn coordinator(&self, index: usize) -> Coordinator {
        let SocketAddr::V4(link) = self.database_links[index].address() else { panic!("links listen on 127.0.0.1") };
        let database = format!("postgresql://superposed@{link}/superposed?sslmode=disable");
        let lease = self.lease.as_secs().to_string();
        Coordinator::start(&database, &lease, &self.log(&format!("coordinator-{index}")))
    }

    /// Starts a coordinator again, and leads workers to it.
    pub(crate) fn restart_coordinator(&mut self, index: usize) {
        self.coordinators[index] = self.coordinator(index);
        for (worker, link) in self.worker_links.iter().enumerate() {
            link.lead_to(self.upstreams(worker));
        }
    }

    /// Workers prefer different coordinators.
    fn upstreams(&self, worker: usize) -> Vec<Upstream> {
        let count = self.coordinators.len();
        (0..count).map(|next| Upstream::Tcp(self.coordinators[(worker + next) % count].address)).collect()
    }

    /// Fails when a process ended that nobody killed.
    pub(crate) fn check_all_run(&mut self) {
        for worker in &mut self.workers {
            let ended = worker.process.ended();
            assert!(ended.is_none(), "{} ended by itself: {ended:?}", worker.name);
        }
        for (index, coordinator) in self.coordinators.iter_mut().enumerate() {
            let ended = coordinator.process.ended();
            assert!(ended.is_none(), "coordinator {index} ended by itself: {ended:?}");
        }
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        if thread::panicking() {
            self.place.disable_cleanup(true);
            eprintln!("logs are kept in {}", self.place.path().display());
            let names = (0..COORDINATORS).map(|index| format!("coordinator-{index}"));
            for name in names.chain(self.workers.iter().map(|worker| worker.name.clone())) {
                eprintln!("the last of {name}:\n{}", last_lines(&self.log(&name)));
            }
        }
    }
}

fn last_lines(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}
