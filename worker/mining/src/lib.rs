//! From a neuron's logits to its topics (Lim & Lauw, "Disentangling Transformer Language Models as Superposed Topic
//! Models", EMNLP 2023).
//!
//! A [`Miner`] runs the stages; each is a module of its own and a pure function of what comes before it:
//!
//! 1. [`ranking`]: the τ tokens at each end of the logits
//! 2. [`pool`]: the corpus words those tokens make, by the tokenizer's rule
//! 3. [`graph`]: the pairs of words of the pool whose NPMI lies within θ
//! 4. [`wordsets`]: the star heuristic, which cuts the graph into small word sets
//! 5. [`solve`]: the k words of each set with the greatest mean NPMI, exactly
//! 6. [`records`]: the bytes of the job's three files
//!
//! Beside them, [`audit`] has the other solver check a share of the solves.
//!
//! Nothing depends on hash order, threads or time: equal logits, corpus and parameters give equal bytes. (SCIP is the
//! exception: its wall-clock limit, and its choice among optima within its tolerance.)

pub mod audit;
pub mod graph;
mod miner;
pub mod pool;
pub mod ranking;
pub mod records;
pub mod solve;
pub mod wordsets;

pub use audit::{Audited, Instance, Verdict};
pub use miner::{MineError, Mined, Miner, Topic};
pub use pool::{Pool, PoolForm, TokenWords};
pub use records::JobFiles;
pub use solve::Status;
pub use wordsets::WordSet;
