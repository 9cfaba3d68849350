//! A job's line in the solver records: how each of its topics was found.
//!
//! Beside the three legacy files lies one file of JSON lines for every run of jobs that was written together, see
//! `docs/results.md`. It says what the legacy files have no room for; as it holds times, it differs from run to run.

use serde::Serialize;
use superposed_identity::{JobId, Mode, Polarity, SolverKind};
use superposed_mining::{Mined, Status, Topic};

/// A job's line.
#[derive(Serialize)]
struct Line<'j> {
    job: String,
    mode: Mode,
    layer: u32,
    neuron: u32,
    polarity: Polarity,
    backend: &'j str,
    solver: SolverKind,
    /// Words of the pool.
    pool: usize,
    solves: Vec<Solve>,
}

/// A topic's part of its job's line, in the order of the topics' file.
#[derive(Serialize)]
struct Solve {
    /// Words of the word set.
    words: usize,
    status: Status,
    gap: f64,
    nodes: u64,
    microseconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    audit: Option<Audit>,
}

/// What the other solver said.
#[derive(Serialize)]
struct Audit {
    solver: SolverKind,
    score: f64,
    status: Status,
    gap: f64,
    microseconds: u64,
}

impl Solve {
    fn new(words: usize, topic: &Topic) -> Self {
        let audit = topic.audit.as_ref().map(|audit| Audit {
            solver: audit.solver,
            score: audit.score,
            status: audit.status,
            gap: audit.gap,
            microseconds: audit.microseconds,
        });
        let Topic { status, gap, nodes, microseconds, .. } = *topic;
        Self { words, status, gap, nodes, microseconds, audit }
    }
}

/// The line of a job, with its line feed. `backend` is what its logits or pools came from.
#[must_use]
pub fn line(job: JobId, backend: &str, solver: SolverKind, mined: &Mined) -> String {
    let sets = mined.word_sets.iter().map(|set| set.members().len());
    let line = Line {
        job: job.to_string(),
        mode: job.mode,
        layer: job.layer.0,
        neuron: job.neuron.0,
        polarity: job.polarity,
        backend,
        solver,
        pool: mined.pool.words.len(),
        solves: sets.zip(&mined.topics).map(|(words, topic)| Solve::new(words, topic)).collect(),
    };
    serde_json::to_string(&line).expect("strings, numbers and lists of them can be written") + "\n"
}
