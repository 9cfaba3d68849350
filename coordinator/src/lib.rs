//! The coordinator of mining campaigns and the operator's command `superposed`.
//!
//! - [`queue`]: jobs in Postgres
//! - [`admission`]: what a campaign must pass before it is queued
//! - [`service`]: the gRPC services over the queue
//! - [`guard`]: who may connect to a coordinator, and what they may ask
//! - [`http`]: the dashboard, the JSON API and the probes
//! - [`serve`]: the coordinator's process
//! - [`client`]: how the commands talk to a coordinator
//! - [`postgres`]: a private Postgres
//! - [`local`]: coordinator, workers and Postgres on one machine, for one campaign
//! - [`job_result`]: what one job found
//! - [`topics`]: mined topics in words
//! - [`audits`]: what the audits of a campaign came to
//! - [`text_inputs`]: what a count of text reads
//! - [`cli`]: the command line

pub mod admission;
pub mod audits;
pub mod cli;
pub mod client;
pub mod guard;
pub mod http;
pub mod job_result;
pub mod local;
pub mod postgres;
pub mod queue;
pub mod serve;
pub mod service;
pub mod text_inputs;
pub mod topics;
