//! A guarded coordinator: whom it refuses, what it takes anew while it runs, and that it stays up.

mod browser;
mod certificates;
mod door;
mod flood;
mod hosts;
mod refusals;
mod rotation;
mod secrets;
#[path = "../end_to_end/support.rs"]
#[allow(dead_code, reason = "those tests use more of it")]
mod support;
#[path = "../chaos/waiting.rs"]
mod waiting;
