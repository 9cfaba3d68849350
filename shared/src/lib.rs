//! What coordinator and workers agree on.
//!
//! - [`spec`]: a campaign as its author writes it, and the jobs that follow from it
//! - [`description`]: a campaign as a worker needs it, complete and checked
//! - [`extra_vocab`]: the words that a campaign admits to its pools
//! - [`layout`]: where results lie, relative to a destination
//! - [`destination`]: results through `object_store`
//! - [`place`]: where a model or a tokenizer lies
//! - [`record`]: the campaign's record beside its results, and the map from ids to words
//! - [`rows`]: word sets and topics read back from their files
//! - [`stored`]: pools and logits that a campaign starts from instead of a model
//! - [`wire`]: between these types and the protocol's
//! - [`proto`]: the generated gRPC code
//! - [`credentials`]: what clients present to a coordinator, and whom they trust
//! - [`clock`]: time outside the database
//! - [`shutdown`]: when a process is to stop
//! - [`command_line`]: the outermost shell of a program
//! - [`telemetry`]: logs and traces of a process
//! - [`metrics`]: what a process tells of itself to Prometheus

pub mod clock;
pub mod command_line;
pub mod credentials;
pub mod description;
pub mod destination;
pub mod extra_vocab;
pub mod layout;
pub mod metrics;
pub mod place;
pub mod proto;
pub mod record;
pub mod rows;
pub mod shutdown;
pub mod spec;
pub mod stored;
pub mod telemetry;
pub mod wire;
