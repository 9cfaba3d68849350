//! The command line as people and scripts use it: real processes, a real coordinator over a private Postgres.

#[allow(dead_code, reason = "shared with the tests of the queue")]
#[path = "../queue/support.rs"]
mod queue;

#[allow(dead_code, reason = "shared with the tests that run from end to end")]
#[path = "../end_to_end/support.rs"]
mod support;

mod served;
mod terminal;

mod campaigns;
mod completions;
mod documentation;
mod drain;
mod exit_codes;
mod profiles;
mod readme;
mod watch;
