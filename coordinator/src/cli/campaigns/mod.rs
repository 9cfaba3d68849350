//! The commands about campaigns that ask a running coordinator.
//!
//! - [`name`]: which campaign is meant
//! - [`facts`]: a campaign in words, and as JSON
//! - the others: a file for each command, or for those that are alike

mod change;
mod delete;
pub(super) mod facts;
mod failures;
mod list;
mod name;
mod status;
mod submit;

pub(super) use change::{Cancel, Pause, Priority, Resume, Retry};
pub(super) use delete::Delete;
pub(super) use failures::{Failures, job as failed_job};
pub(super) use list::List;
pub(super) use name::CampaignName;
pub(super) use status::{Status, at_work};
pub(super) use submit::{AdoptionOptions, Submit};
