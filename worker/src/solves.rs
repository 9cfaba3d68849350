//! A job's line in the solver records: how each of its topics was found.
//!
//! Beside the three legacy files lies one file of JSON lines for every run of jobs that was written together, see
//! `docs/results.md`. It says what the legacy files have no room for; as it holds times, it differs from run to run.

use serde::Serialize;
use superposed_identity::{JobId, Mode, Polarity, SolverKind};
use superposed_mining::{Audited, Mined, Status, Topic, Verdict};

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

/// What became of the audit.
#[derive(Serialize)]
struct Audit {
    solver: SolverKind,
    #[serde(flatten)]
    verdict: AuditVerdict,
    microseconds: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum AuditVerdict {
    Agrees { score: f64, status: Status, gap: f64 },
    Failed { error: String },
}

impl From<&Audited> for Audit {
    fn from(audited: &Audited) -> Self {
        let Audited { solver, verdict, microseconds } = audited;
        let verdict = match verdict {
            Verdict::Agrees { score, status, gap } => {
                AuditVerdict::Agrees { score: *score, status: *status, gap: *gap }
            }
            Verdict::Failed(error) => AuditVerdict::Failed { error: error.to_string() },
        };
        Self { solver: *solver, verdict, microseconds: *microseconds }
    }
}

impl Solve {
    fn new(words: usize, topic: &Topic) -> Self {
        let audit = topic.audit.as_ref().map(Audit::from);
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
