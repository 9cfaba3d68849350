//! The worker: takes leases from a coordinator and mines them.
//!
//! ```text
//! agent ── lease ──▶ assignment ─▶  input  ─▶ ranking ▶ pool ▶ graph ▶ wordsets ▶ solve ▶ records ─▶ upload
//!   ▲                (batches)    (logits)   └───────────── superposed-mining ──────────────────┘   │
//!   └──────────────────────────────── done, failed, trouble ────────────────────────────────────────┘
//! ```
//!
//! - [`agent`]: the protocol: holds leases, renews them, reports
//! - [`assignment`]: a lease as the forward batches it touches
//! - [`artefacts`]: models and corpora, opened once and checked against their digests
//! - [`input`]: what a batch starts from: a forward pass, or logits or pools that were kept
//! - [`memory`]: how much of it a worker takes
//! - [`metrics`]: what it tells of itself to Prometheus
//! - [`outcome`]: what became of a batch: what is written, and what is then told
//! - [`pipeline`]: a lease from its assignment to its files
//! - [`solves`]: how a job's topics were found, a line of the records beside its files
//! - [`upload`]: the files of a batch, durable before it is reported
//!
//! `superposed-forward` and `superposed-mining` know no network.

pub mod agent;
pub mod artefacts;
pub mod assignment;
pub mod input;
pub mod memory;
pub mod metrics;
pub mod outcome;
pub mod pipeline;
pub mod solves;
pub mod upload;
