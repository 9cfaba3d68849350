//! Bad input: one clear line, an exit status that is not 0, and everything on disk as it was.

#[allow(dead_code, reason = "shared with the tests that run from end to end")]
#[path = "../end_to_end/support.rs"]
mod support;

mod bench;

mod campaign_file;
mod commands;
mod corpora;
mod counts;
mod demonstration;
mod destinations;
mod installation;
mod models;
mod parameters;
mod stored_input;
mod submission;
