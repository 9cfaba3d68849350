//! The queue and its services against a real Postgres.

#![expect(clippy::single_range_in_vec_init, reason = "lists of ranges are meant")]

mod support;

mod adoption;
mod claims;
mod concurrency;
mod counts;
mod deadlocks;
mod deaths;
mod errors;
mod fences;
mod grpc;
mod life;
mod lost_grants;
mod neurons;
mod plans;
mod processes;
mod random_operations;
mod schema;
mod upkeep;
mod workers;
