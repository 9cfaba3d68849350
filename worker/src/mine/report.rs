//! What is printed of a job.

use anyhow::Result;
use serde::Serialize;
use std::{
    fmt,
    io::{self, Write},
    time::Duration,
};
use superposed_corpus::Vocabulary;
use superposed_identity::WordId;
use superposed_mining::{Mined, Status};

/// A job and what it found, or what is wrong with it.
#[derive(Debug)]
pub(super) struct Report {
    name: String,
    mined: Result<Mined, String>,
}

/// The JSON object of a job.
#[derive(Serialize)]
struct JobJson<'a> {
    job: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    pool: Vec<&'a str>,
    topics: Vec<TopicJson<'a>>,
}

#[derive(Serialize)]
struct TopicJson<'a> {
    words: Vec<&'a str>,
    score: f64,
    /// The word set, its centre last.
    word_set: Vec<&'a str>,
    status: Status,
    gap: f64,
    nodes: u64,
    microseconds: u64,
}

impl Report {
    pub(super) fn new(name: String, mined: Result<Mined>) -> Self {
        Self { name, mined: mined.map_err(|error| format!("{error:#}")) }
    }

    /// A heading and a line for each topic, its score and its words.
    pub(super) fn write_text(&self, out: &mut dyn Write, vocabulary: &Vocabulary) -> io::Result<()> {
        match &self.mined {
            Ok(Mined { pool, topics, .. }) => {
                writeln!(out, "{}: {} words in its pool, {} topics", self.name, pool.words.len(), topics.len())?;
                for topic in topics {
                    let limited = if topic.status == Status::Optimal { "" } else { "  (best found, not proved)" };
                    writeln!(out, "  {:.4}  {}{limited}", topic.score, spelt(vocabulary, &topic.words).join(" "))?;
                }
                Ok(())
            }
            Err(error) => writeln!(out, "{}: failed: {error}", self.name),
        }
    }

    /// One line of JSON.
    pub(super) fn write_json(&self, out: &mut dyn Write, vocabulary: &Vocabulary) -> io::Result<()> {
        let (mut pool, mut topics) = (Vec::new(), Vec::new());
        if let Ok(mined) = &self.mined {
            pool = spelt(vocabulary, &mined.pool.words);
            topics.extend(mined.word_sets.iter().zip(&mined.topics).map(|(set, topic)| TopicJson {
                words: spelt(vocabulary, &topic.words),
                score: topic.score,
                word_set: spelt(vocabulary, set.members()),
                status: topic.status,
                gap: topic.gap,
                nodes: topic.nodes,
                microseconds: topic.microseconds,
            }));
        }
        let job = JobJson { job: &self.name, error: self.mined.as_ref().err().map(String::as_str), pool, topics };
        serde_json::to_writer(&mut *out, &job)?;
        writeln!(out)
    }
}

fn spelt<'v>(vocabulary: &'v Vocabulary, words: &[WordId]) -> Vec<&'v str> {
    words.iter().map(|word| vocabulary.word(*word)).collect()
}

/// What all jobs came to.
#[derive(Debug, Default)]
pub(super) struct Totals {
    jobs: usize,
    topics: usize,
    failures: usize,
    time: Duration,
}

impl Totals {
    /// Counts jobs that took so long together, forward pass and all, printing not.
    pub(super) fn add(&mut self, reports: &[Report], time: Duration) {
        self.jobs += reports.len();
        self.time += time;
        for report in reports {
            match &report.mined {
                Ok(mined) => self.topics += mined.topics.len(),
                Err(_) => self.failures += 1,
            }
        }
    }

    /// Whether any job failed.
    pub(super) const fn any_failed(&self) -> bool {
        self.failures > 0
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { jobs, topics, failures, time } = self;
        let seconds = time.as_secs_f64();
        write!(f, "{jobs} jobs, {topics} topics, {failures} failures in {seconds:.3} s")?;
        if *jobs > 0 {
            write!(f, ", {:.2} ms a job", seconds * 1e3 / *jobs as f64)?;
        }
        Ok(())
    }
}
