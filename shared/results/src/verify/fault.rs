//! What may be wrong with a tree.

use crate::JobFault;
use serde::Serialize;
use std::fmt;
use superposed_identity::{JobId, Size};

/// Something that is wrong with a tree: what, and with which file.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Neighbouring jobs of which nothing is there.
    Missing {
        /// The size.
        size: Size,
        /// The first of them.
        first: JobId,
        /// The last of them.
        last: JobId,
        /// How many they are.
        count: u64,
    },
    /// A job that is there and wrong.
    Job {
        /// The file, or the pack.
        path: String,
        /// The job.
        job: JobId,
        /// What is wrong with it.
        fault: JobFault,
    },
    /// A file that is wrong as such.
    Tree {
        /// The file; of a job that nobody selected, its path without an ending.
        path: String,
        /// What is wrong with it.
        fault: TreeFault,
    },
}

/// What may be wrong with a file as such.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeFault {
    /// One of a job's files is not there, others are.
    #[error("missing, and other files of job {0} are there")]
    MissingFile(JobId),
    /// A job that no campaign selects.
    #[error("job {0} is selected by no campaign of this tree")]
    ForeignJob(JobId),
    /// A file that nobody here writes.
    #[error("no file of a result tree")]
    Foreign,
    /// What a killed process left.
    #[error("half a file that a killed process left")]
    Leftover,
    /// Solver records of a campaign that left nothing else.
    #[error("solver records of campaign {0}, which has no record in this tree")]
    NoRecord(String),
    /// A record that cannot be read.
    #[error("no campaign record: {0}")]
    Record(String),
    /// A campaign that does not belong beside another.
    #[error("campaign {campaign} was mined with another {what} than campaign {other}")]
    Mixed {
        /// The campaign.
        campaign: String,
        /// In what they differ.
        what: &'static str,
        /// The one before it.
        other: String,
    },
    /// A record of another size.
    #[error("the record of a campaign of size {0}")]
    OtherSize(Size),
    /// A map from ids to words that is damaged.
    #[error("{0}")]
    Words(String),
    /// A map from ids to words that is not there.
    #[error("missing: without it nobody can read the ids")]
    NoWords,
    /// A map from ids to words that is not the corpus'.
    #[error("line {0} is not what the corpus has: it was changed, or is of another corpus")]
    OtherWords(usize),
    /// A pack that cannot be read.
    #[error("{0}")]
    Pack(String),
    /// A job that is told in two ways.
    #[error("job {job} is told differently by {other}: one of the two is wrong")]
    Contradiction {
        /// The job.
        job: JobId,
        /// Where else it is told.
        other: String,
    },
}

impl TreeFault {
    const fn name(&self) -> &'static str {
        match self {
            Self::MissingFile(_) => "missing-file",
            Self::ForeignJob(_) => "foreign-job",
            Self::Foreign => "foreign-file",
            Self::Leftover => "leftover",
            Self::NoRecord(_) => "no-record",
            Self::Record(_) => "record",
            Self::Mixed { .. } => "mixed",
            Self::OtherSize(_) => "other-size",
            Self::Words(_) => "words",
            Self::NoWords => "no-words",
            Self::OtherWords(_) => "other-words",
            Self::Pack(_) => "pack",
            Self::Contradiction { .. } => "contradiction",
        }
    }
}

/// A fault as a line of JSON.
#[derive(Debug, Serialize)]
pub struct Line {
    /// A short name of the fault, like `missing-file`.
    pub fault: &'static str,
    /// The file that it is in.
    pub path: String,
    /// The job, where it is one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The row of the file, from 1, where it is one's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    /// How many jobs it is about, from `job` on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<u64>,
    /// What is wrong, for people.
    pub message: String,
}

impl Fault {
    /// A short name of the fault, like `missing-file`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing-jobs",
            Self::Job { fault, .. } => fault.kind.name(),
            Self::Tree { fault, .. } => fault.name(),
        }
    }

    /// The fault as a line of JSON.
    #[must_use]
    pub fn line(&self) -> Line {
        let message = self.to_string();
        let (path, job, row, jobs) = match self {
            Self::Missing { size, first, count, .. } => (first.stem(size), Some(first), None, Some(*count)),
            Self::Job { path, job, fault } => (path.clone(), Some(job), fault.row, None),
            Self::Tree { path, fault } => {
                let job = match fault {
                    TreeFault::MissingFile(job) | TreeFault::ForeignJob(job) | TreeFault::Contradiction { job, .. } => {
                        Some(job)
                    }
                    _ => None,
                };
                (path.clone(), job, None, None)
            }
        };
        Line { fault: self.name(), path, job: job.map(ToString::to_string), row, jobs, message }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { size, first, count: 1, .. } => write!(f, "{size}/{first}: the job is missing"),
            Self::Missing { size, first, last, count } => {
                write!(f, "{size}/{first}: {count} jobs are missing, from here to {last}")
            }
            Self::Job { path, job, fault } if path.ends_with(".parquet") => {
                write!(f, "{path}: job {job}{}: {fault}", fault.file.ending())
            }
            Self::Job { path, fault, .. } => write!(f, "{path}: {fault}"),
            Self::Tree { path, fault } => write!(f, "{path}: {fault}"),
        }
    }
}
