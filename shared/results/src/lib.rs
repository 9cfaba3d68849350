//! Result trees.

pub mod check;
mod entry;
pub mod pack;
mod presence;
mod result;
mod words;

pub use check::{JobFault, JobFaultKind, Rules, check_job, check_job_files};
pub use entry::{Entry, JobFile};
pub use pack::{PackError, PackWriter};
pub use presence::{Files, Presence};
pub use result::{JobContents, JobResult, Solve, StoredResult, Unreadable};
pub use words::{Words, WordsError};
