//! Models and tokenizers from a hub or an object store to the disk of this machine.
//!
//! A campaign names its model by a [`Place`](superposed_shared::place::Place). [`Fetcher`] turns that into a directory
//! with the files that mining needs and no others: at once where it is a directory, else through a cache that all processes
//! of the machine share. A file is fetched once, also when several processes want it at the same time; it is checked
//! before it gets its name, so that what has one is whole.
//!
//! - [`settings`]: endpoints, tokens and caches, from the environment
//! - [`fetcher`]: what the rest of the project calls
//! - [`seen`]: a model as it is looked at before a campaign is queued, without its weights where they lie elsewhere
//! - `selection`: which files of a place are needed
//! - `hub`: Hugging Face's hub and its cache
//! - `bucket`: object stores and a cache by digest
//! - `disk`: locks, room and names on the disk

mod bucket;
mod disk;
mod error;
pub mod fetcher;
mod hub;
pub mod seen;
mod selection;
pub mod settings;

#[cfg(feature = "test-hub")]
pub mod test_hub;

pub use error::FetchError;
pub use fetcher::Fetcher;
pub use seen::{SeenModel, SeenTokenizer};
pub use settings::Settings;
