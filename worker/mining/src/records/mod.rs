//! The three files of a job.
//!
//! - `pickle`: the pool, as Python reads it
//! - `stored_pool`: the same, read back
//! - `rows`: word sets and topics, a row each
//! - `float`: numbers as Python writes them
//!
//! The bytes depend on nothing but what was mined: no times, no hash order. Nothing extracted makes `_isets.csv` and
//! `_topics.csv` empty files; an empty pool is still the pickle of an empty collection, so that it can be read and told
//! from a file cut short.

mod float;
mod pickle;
mod rows;
mod stored_pool;

pub use float::python_repr;
pub use pickle::pool as write_pool;
pub use stored_pool::{ReadPoolError, read_pool};

use crate::{Topic, pool::Pool, wordsets::WordSet};

/// The contents of a job's files; the endings belong behind [`superposed_identity::JobId::stem`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobFiles {
    /// `.pkl`: the pool, a protocol-4 pickle of a set or a list of ints.
    pub pool: Vec<u8>,
    /// `_isets.csv`: a row per word set, `id id … id`, ascending but for the centre, which is last.
    pub isets: Vec<u8>,
    /// `_topics.csv`: a row per topic, `id id … id,score`, ascending.
    pub topics: Vec<u8>,
}

impl JobFiles {
    /// The files of what a job found.
    #[must_use]
    pub fn new(pool: &Pool, word_sets: &[WordSet], topics: &[Topic]) -> Self {
        Self {
            pool: pickle::pool(pool),
            isets: rows::word_sets(word_sets).into_bytes(),
            topics: rows::topics(topics).into_bytes(),
        }
    }
}
