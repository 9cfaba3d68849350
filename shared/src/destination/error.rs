//! Why a destination cannot be used.

use std::{io, path::PathBuf};
use superposed_storage::{AddressError, Kind, StorageError};

/// A destination that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    /// The text names no place.
    #[error("destination: {0}")]
    Address(#[from] AddressError),
    /// There is nothing to read from.
    #[error("there is no directory {}: name the destination of a campaign", .0.display())]
    Absent(PathBuf),
    /// The directory cannot be made or opened.
    #[error("destination {path} cannot be used: {source}; name a directory this process may write to")]
    Open {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The object store says no, or cannot be reached.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A file cannot be written, read or listed.
    #[error("{what} {path}: {reason}")]
    Access {
        /// What was attempted.
        what: &'static str,
        /// The file or directory.
        path: String,
        /// Why.
        reason: String,
    },
    /// What a killed process left cannot be removed.
    #[error("cannot remove {path}, which a killed process left: {source}")]
    Sweep {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// What was written could not be made durable.
    #[error("cannot sync {path} to disk: {source}")]
    Sync {
        /// The destination's directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl DestinationError {
    /// Whether it is the fault of the one file that was to be read: no permission, or more than a file may have. A store
    /// that breaks is not.
    #[must_use]
    pub const fn is_of_one_file(&self) -> bool {
        match self {
            Self::Storage(error) => matches!(error.kind, Kind::Denied | Kind::Changed),
            // Of a directory.
            Self::Access { .. } => true,
            _ => false,
        }
    }
}
