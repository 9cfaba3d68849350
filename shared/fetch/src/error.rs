//! Why something cannot be fetched, each in one line that says what to do.

use std::{io, path::PathBuf};
use superposed_model::{ModelError, TokenizerError};
use superposed_shared::place::PlaceError;
use superposed_storage::StorageError;

/// A model or a tokenizer that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The text names no place.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// What is there cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The tokenizer that is there cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A client cannot be made.
    #[error("cannot ask {address}: {reason}; check {remedy}")]
    Client {
        /// Who was to be asked.
        address: String,
        /// Why not.
        reason: String,
        /// What to check.
        remedy: &'static str,
    },
    /// The hub cannot be reached, or breaks off again and again.
    #[error(
        "{place}: cannot be had from {endpoint} ({reason}): check the network, HF_ENDPOINT and HTTPS_PROXY; a model that \
         is whole in the cache needs no network"
    )]
    Away {
        /// What was to be fetched.
        place: String,
        /// The hub.
        endpoint: String,
        /// What happened the last time.
        reason: String,
    },
    /// The hub is not to be asked, and what is wanted is not in its cache.
    #[error("{place} is not whole in {}, and HF_HUB_OFFLINE forbids to fetch it: unset that", cache.display())]
    Offline {
        /// What was to be fetched.
        place: String,
        /// The cache.
        cache: PathBuf,
    },
    /// The hub says no.
    #[error("{place}: {endpoint} answers {status}: {remedy}")]
    Refused {
        /// What was to be fetched.
        place: String,
        /// The hub.
        endpoint: String,
        /// The status, with what the hub calls the error.
        status: String,
        /// What to do.
        remedy: String,
    },
    /// The hub answers in a way that is not understood.
    #[error("{place}: {endpoint} answers with {reason}: check that HF_ENDPOINT is a hub")]
    Answer {
        /// What was to be fetched.
        place: String,
        /// The hub.
        endpoint: String,
        /// What is strange about it.
        reason: String,
    },
    /// What was fetched is not what was announced.
    #[error(
        "{file} came with digest {found}, but {expected} was announced, two times: something between here and \
         {endpoint} changes it; fetch it another way and name its directory"
    )]
    Digest {
        /// The file, and of what it is.
        file: String,
        /// The hub.
        endpoint: String,
        /// The digest that the hub announced.
        expected: String,
        /// The digest of what came.
        found: String,
    },
    /// What has a name in the cache is not what the hub announces.
    #[error(
        "{place}: the files in {} are not those that the hub announces: remove them and what they link to, then they are \
         fetched again",
        directory.display()
    )]
    Damaged {
        /// What was to be fetched.
        place: String,
        /// The directory of the commit.
        directory: PathBuf,
    },
    /// The disk is too full.
    #[error(
        "{}: {file} needs {needed} bytes and {free} are free: make room, or let {variable} name another disk",
        cache.display()
    )]
    NoRoom {
        /// The directory of the cache.
        cache: PathBuf,
        /// The file.
        file: String,
        /// How many bytes are still to come.
        needed: u64,
        /// How many there is room for.
        free: u64,
        /// What names the cache.
        variable: &'static str,
    },
    /// The cache cannot be used.
    #[error("{}: {source}; the cache must be writable and have room: {variable} names another", path.display())]
    Disk {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// What names the cache.
        variable: &'static str,
    },
    /// An object store does not give what is wanted.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// An object is not as long as it was listed.
    #[error("{place}: {reason}; try again once it does not change any more")]
    Length {
        /// What was to be fetched.
        place: String,
        /// How long it is.
        reason: String,
    },
}
