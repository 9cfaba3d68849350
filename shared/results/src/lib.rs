//! Result trees.

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
