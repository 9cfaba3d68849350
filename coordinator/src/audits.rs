//! What the audits of a campaign came to, read from its solver records.

use serde::{Deserialize, de::IgnoredAny};
use std::{collections::HashSet, fmt};
use superposed_identity::Size;
use superposed_shared::{
    destination::{Destination, DestinationError},
    layout,
};

/// Solves of a campaign's finished jobs, and those of them that the other solver confirmed. (Where it did not, the job
/// failed.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Audits {
    /// All solves.
    pub solves: u64,
    /// How long they took.
    pub microseconds: u64,
    /// Those that the other solver confirmed.
    pub audited: u64,
    /// Those that came up for an audit in which the other solver gave no answer.
    pub unanswered: u64,
    /// How long the audits took.
    pub audit_microseconds: u64,
}

/// Solver records that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AuditsError {
    /// The destination cannot be read.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// A line is no job's record.
    #[error("{path}:{line}: not a job's solver record: {source}")]
    Line {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
}

/// The part of a line that is looked at.
#[derive(Deserialize)]
struct Line {
    job: String,
    solves: Vec<Solve>,
}

#[derive(Deserialize)]
struct Solve {
    microseconds: u64,
    audit: Option<Audit>,
}

#[derive(Deserialize)]
struct Audit {
    microseconds: u64,
    error: Option<IgnoredAny>,
}

impl Audits {
    /// Adds up the solver records of a campaign. A job that ran twice counts once.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub async fn of_campaign(destination: &Destination, size: &Size, campaign: &str) -> Result<Self, AuditsError> {
        let mut audits = Self::default();
        let mut seen = HashSet::new();
        let mut paths = destination.list(&layout::solves_directory(size, campaign)).await?;
        paths.sort_unstable();
        for path in paths {
            let Some(content) = destination.get(&path).await? else { continue };
            for (index, text) in content.split(|byte| *byte == b'\n').enumerate().filter(|(_, text)| !text.is_empty()) {
                let line: Line = serde_json::from_slice(text).map_err(|source| AuditsError::Line {
                    path: path.clone(),
                    line: index + 1,
                    source,
                })?;
                if !seen.insert(line.job) {
                    continue;
                }
                for solve in line.solves {
                    audits.solves += 1;
                    audits.microseconds += solve.microseconds;
                    if let Some(audit) = solve.audit {
                        match audit.error {
                            None => audits.audited += 1,
                            Some(_) => audits.unanswered += 1,
                        }
                        audits.audit_microseconds += audit.microseconds;
                    }
                }
            }
        }
        Ok(audits)
    }
}

impl fmt::Display for Audits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { solves, microseconds, audited, unanswered, audit_microseconds } = *self;
        if audited + unanswered == 0 {
            return write!(f, "none of {solves} solves came up for an audit");
        }
        let seconds = |microseconds: u64| microseconds as f64 / 1e6;
        write!(f, "{audited} of {solves} solves audited by the other solver, which agrees: ")?;
        write!(f, "{:.2} s beside {:.2} s of solving", seconds(audit_microseconds), seconds(microseconds))?;
        match unanswered {
            0 => Ok(()),
            _ => write!(f, "; on {unanswered} more it failed, the solver records say why"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    async fn audits(files: &[(&str, &'static str)]) -> Result<Audits, AuditsError> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let destination = Destination::open(&directory.path().display().to_string()).expect("a writable directory");
        for (path, content) in files {
            destination.put(path, Bytes::from_static(content.as_bytes())).await.expect("a writable file");
        }
        Audits::of_campaign(&destination, &"1M".parse().expect("a legal size"), "small").await
    }

    #[tokio::test]
    async fn a_job_counts_once_and_other_campaigns_do_not() {
        let both = "{\"job\":\"i/0_1_neg\",\"solves\":[{\"microseconds\":5},{\"microseconds\":7,\"audit\":{\"microseconds\":900}}]}\n\
                    {\"job\":\"i/0_1_pos\",\"solves\":[]}\n";
        let failed = "{\"job\":\"i/0_2_neg\",\"solves\":[{\"microseconds\":1,\"audit\":{\"error\":\"no memory\",\"microseconds\":100}}]}\n";
        let again = "{\"job\":\"i/0_1_neg\",\"solves\":[{\"microseconds\":6},{\"microseconds\":8}]}\n";
        let files = [
            ("1M/solves/small/i/0_1_neg-1_pos.jsonl", both),
            ("1M/solves/small/i/0_1_neg-2_pos.jsonl", again),
            ("1M/solves/small/i/0_2_neg-2_neg.jsonl", failed),
            ("1M/solves/smaller/i/0_3_neg-3_pos.jsonl", "{}"),
        ];
        let found = audits(&files).await.expect("records");
        assert_eq!(found, Audits { solves: 3, microseconds: 13, audited: 1, unanswered: 1, audit_microseconds: 1000 });
        assert_eq!(
            found.to_string(),
            "1 of 3 solves audited by the other solver, which agrees: 0.00 s beside 0.00 s of solving; on 1 more it \
             failed, the solver records say why"
        );
        let none = audits(&[]).await.expect("no records");
        assert_eq!(none.to_string(), "none of 0 solves came up for an audit");
    }

    #[tokio::test]
    async fn a_damaged_record_is_named_with_its_line() {
        let lines = "{\"job\":\"i/0_1_neg\",\"solves\":[]}\n{\"job\":\n";
        let error = audits(&[("1M/solves/small/i/0_1_neg-1_pos.jsonl", lines)]).await.expect_err("it was read");
        let said = error.to_string();
        assert!(said.starts_with("1M/solves/small/i/0_1_neg-1_pos.jsonl:2: not a job's solver record: "), "{said}");
    }
}
