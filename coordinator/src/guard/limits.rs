//! How many may be connected.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::time::Duration;

/// Descriptors that connections leave to the database, to files and to the runtime.
const SPARE_DESCRIPTORS: u64 = 256;

/// No coordinator has to serve more.
const MOST: u64 = 65_536;

/// Strangers at a time: so many handshakes are soon done, and nobody waits long behind them.
const STRANGERS: usize = 512;

/// How many may be connected at a time, and how long those may stay who do not say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of strangers: of those on which nobody was authenticated yet.
    pub strangers: usize,
    /// How long somebody may stay a stranger.
    pub patience: Duration,
}

impl Limits {
    /// What this process can bear. Takes as many file descriptors as the system lets it have.
    #[must_use]
    pub fn of_process() -> Self {
        let descriptors = getrlimit(Resource::RLIMIT_NOFILE).map_or(1024, |(soft, hard)| {
            let wanted = hard.min(MOST + SPARE_DESCRIPTORS);
            if wanted > soft && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok() { wanted } else { soft }
        });
        let connections = descriptors.saturating_sub(SPARE_DESCRIPTORS).clamp(64, MOST);
        let connections = usize::try_from(connections).expect("it was bounded");
        Self { connections, strangers: STRANGERS.min(connections / 4), patience: Duration::from_secs(10) }
    }
}
