//! A corpus and a model made on the spot, with topics planted into known neurons, and how many of them came back.
//!
//! [`generate`] makes, from a seed, everything a campaign needs. Sixty-odd [themes](themes()) of twenty related words
//! are mixed with thousands of words that mean nothing into documents, which are counted into a corpus store; a
//! GPT-2-shaped model is written whose every neuron superposes two to four of the themes, some raised and some lowered.
//! The [`GroundTruth`] says which. Once a campaign over [`Demo::campaign`] is mined, [`recovery`](recovery()) counts
//! the planted themes among the mined topics, and [`random_baseline`] the same for pools drawn at random, which contain
//! almost none: that difference is what the method finds.
//!
//! - [`themes`](mod@themes): the word lists, from `themes.txt`
//! - `noise_words`: the words that mean nothing
//! - `documents`: the text, with themes whose words keep company
//! - `tokenizer`: a byte-level BPE with one token for each word
//! - `model`: the weights, and how themes are superposed in them
//! - [`ground_truth`]: what was planted where
//! - [`demo`]: making it all in a directory, or taking it up again
//! - [`recovery`](mod@recovery): counting what came back
//! - [`baseline`]: counting what comes back from random pools
//! - [`report`]: the closing lines, and examples in words
//! - `sampling`: random draws that are the same on every machine
//! - `topics_file`: reading mined topics

pub mod baseline;
pub mod demo;
mod documents;
pub mod error;
pub mod ground_truth;
mod model;
mod noise_words;
pub mod recovery;
pub mod report;
mod sampling;
pub mod themes;
mod tokenizer;
mod topics_file;

pub use baseline::random_baseline;
pub use demo::{Demo, DemoCampaign, generate};
pub use error::DemoError;
pub use ground_truth::{GroundTruth, Planted};
pub use recovery::{ModeRecovery, Recovery, recovery};
pub use report::{Example, ExampleTopic, examples, summary};
pub use themes::{Theme, themes};
