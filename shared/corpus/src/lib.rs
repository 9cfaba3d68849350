//! The corpus store: a vocabulary, exact co-occurrence counts of its words, and NPMI over them.
//!
//! A store is a directory of a few files ([`store`] describes each byte), made once by [`import::import`] (from
//! published counts), [`count::count`] (from text) or [`count::count_documents`] (from documents already turned into
//! word ids), and then only read, memory-mapped, by any number of processes that share one page cache.
//!
//! - [`vocabulary`]: the words in code-point order; a word's id is its rank
//! - [`store`]: the files, the reader [`Corpus`] and what describes a store
//! - [`mod@npmi`]: normalized pointwise mutual information of pairs and pools
//! - [`mod@import`]: published counts to a store
//! - [`mod@count`]: text to a store
//! - [`mod@export`]: a store to published counts
//! - [`pickle`]: the part of Python's pickle format that counts are written in; executes nothing
//! - [`progress`]: what long work reports while it runs
//!
//! With the feature `synthetic` there is also a module `synthetic`, which makes up counts of any size for benchmarks;
//! with the feature `fuzz` a module `fuzz`, the bodies of the fuzz targets in `shared/fuzz`.

pub mod count;
pub mod error;
pub mod export;
#[cfg(feature = "fuzz")]
pub mod fuzz;
pub mod import;
mod in_order;
mod input;
mod map;
pub mod npmi;
pub mod pickle;
pub mod progress;
pub mod store;
#[cfg(feature = "synthetic")]
pub mod synthetic;
pub mod vocabulary;

pub use count::{CountOptions, DocumentsOptions, count, count_documents};
pub use error::CorpusError;
pub use export::{ExportOptions, export};
pub use import::{ImportOptions, import};
pub use input::{Inputs, Source};
pub use npmi::Npmi;
pub use progress::{Progress, Stage};
pub use store::{Corpus, CorpusSummary, Provenance};
pub use superposed_identity::WordId;
pub use vocabulary::Vocabulary;
