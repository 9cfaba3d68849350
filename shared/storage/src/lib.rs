//! Directories and object stores by their URL, through `object_store`.
//!
//! - [`address`]: what a path or a URL names
//! - [`settings`]: endpoints, credentials and patience, from the environment and the usual files
//! - [`storage`]: files put whole or not at all, read, and listed in a stream
//! - [`blocking`]: the same for threads that may wait, with a reader of what need not fit in memory
//! - [`error`]: what went wrong, in one line that says what to do
//! - `connect`: from an address to its store; `key`: what a path is called there
//! - `profile`: the files of credentials that the tools of AWS write
//! - `test_server`: a real S3 server on loopback and a proxy that injects faults, for tests
//! - `tls`: what clients are secured by

pub mod address;
pub mod blocking;
mod connect;
pub mod error;
mod key;
mod profile;
pub mod settings;
pub mod storage;
mod tls;

#[cfg(feature = "test-server")]
pub mod test_server;

pub use address::{Address, AddressError, Bucket, Service};
pub use error::{Kind, StorageError};
pub use settings::{Patience, Settings};
pub use storage::{Listed, Storage};
pub use tls::prepare as prepare_tls;
