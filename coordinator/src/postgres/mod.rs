//! A private Postgres: the installed binaries, a cluster of its own, reached through a unix socket and by nobody else.
//! A system's cluster is never touched.

mod binaries;
mod cluster;

pub use binaries::Binaries;
pub use cluster::Cluster;

use std::{io, path::PathBuf};

/// A private Postgres that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// No installation was found.
    #[error(
        "Postgres was not found (looked at {looked_at}): run deploy/setup/postgres.sh or install your distribution's \
         postgresql package, or set PGBIN to the directory that holds initdb"
    )]
    NotFound {
        /// Where it was looked for.
        looked_at: String,
    },
    /// The environment names a directory without Postgres.
    #[error("PGBIN is {0}, but there is no initdb and pg_ctl in it; point it at Postgres's bin directory or unset it")]
    NotThere(PathBuf),
    /// The data were made by a version that is not installed.
    #[error(
        "{data} was made by Postgres {made_by}, but only {installed} is installed; install that version, or move the directory away to start afresh"
    )]
    Version {
        /// The data directory.
        data: PathBuf,
        /// Its version.
        made_by: String,
        /// The versions found.
        installed: String,
    },
    /// A directory cannot be made or handed over.
    #[error("cannot prepare {path}: {source}")]
    Prepare {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program of Postgres failed.
    #[error("{program} failed: {message}")]
    Program {
        /// The program and what it was to do.
        program: &'static str,
        /// What it said.
        message: String,
    },
    /// Postgres refuses to run as root, and there is no user to run it as.
    #[error("Postgres does not run as root, and there is neither a user postgres nor nobody; run this as another user")]
    NoUser,
    /// The database cannot be made.
    #[error("cannot make the database: {0}")]
    Database(#[from] sqlx::Error),
}
