//! Real processes end to end: Postgres, a coordinator, workers, files on disk.

mod support;

mod audit;
mod conformance;
mod demo;
mod extra_vocab;
mod hub;
mod interruption;
mod lost_worker;
mod memory;
mod mine;
mod object_store;
mod packs;
mod real_model;
mod resume;
mod stored_input;
mod traces;
