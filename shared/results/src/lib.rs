//! Trees of results: what lies where, read, checked and written in other forms.
//!
//! A tree is opened as a [`Tree`], whether it is a directory, an object store or an archive like the published ones. What
//! it holds is kept in three bits a job ([`inventory`]), and read layer by layer, jobs on all cores ([`tree::Layer`]).
//!
//! - [`JobResult`]: what a job found, as its three files say it; [`StoredResult`] with what they say beyond that
//! - [`check`]: the check of one job, by its three files
//! - [`mod@verify`]: the check of a whole tree
//! - [`pack`]: the jobs of a layer as one Parquet file
//! - [`mod@compact`]: parts of packs, put together
//! - [`lines`]: jobs as lines of JSON
//! - [`mod@export`]: from each form to the others
//! - [`Selector`]: which jobs are meant
//!
//! With the feature `test-trees` there is also a module `test_trees`, which makes up trees that hold together.

mod archive;
pub mod check;
pub mod compact;
mod entry;
pub mod export;
pub mod inventory;
pub mod lines;
mod listing;
pub mod pack;
mod presence;
mod result;
mod selector;
#[cfg(feature = "test-trees")]
pub mod test_trees;
pub mod tree;
pub mod verify;
mod words;

pub use check::{JobFault, JobFaultKind, Rules, check_job, check_job_files};
pub use entry::{Entry, JobFile};
pub use pack::{PackError, PackWriter};
pub use presence::{Files, Presence};
pub use result::{JobContents, JobResult, Solve, StoredResult, Unreadable};
pub use selector::{Selector, SelectorError};
pub use tree::{Held, Layer, Scope, Tree, TreeError};
pub use words::{Words, WordsError};
