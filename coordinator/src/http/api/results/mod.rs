//! What campaigns found, in words: a job's pool, word sets and topics, how the words of a set hang together, and which
//! topics have a word.
//!
//! Results are read from the campaign's destination and scores from its corpus, as this coordinator reaches them.

pub(super) mod affinity;
pub(super) mod job;
pub(super) mod search;

pub(in crate::http) use affinity::Corpora;
