//! How the worker fares, as it tells in each Sync.

use crate::{
    metrics::JobCounts,
    pipeline::{Share, StageShares},
};
use std::{collections::VecDeque, fs, time::Duration};
use superposed_shared::{clock::Instant, proto::v1};

/// What is told is of about this long.
const SPAN: Duration = Duration::from_mins(1);

/// What was counted at a moment.
#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    stages: [Share; 3],
    jobs: u64,
}

/// Looks at the pipeline with every Sync.
#[derive(Debug)]
pub(super) struct Condition {
    stages: StageShares,
    jobs: JobCounts,
    /// Oldest first; all but the first are younger than [`SPAN`].
    samples: VecDeque<Sample>,
}

impl Condition {
    pub(super) fn new(stages: StageShares, jobs: JobCounts, now: Instant) -> Self {
        let mut condition = Self { stages, jobs, samples: VecDeque::new() };
        condition.samples.push_back(condition.sample(now));
        condition
    }

    fn sample(&self, at: Instant) -> Sample {
        let JobCounts { done, failed } = &self.jobs;
        Sample { at, stages: self.stages.so_far(), jobs: done.get() + failed.get() }
    }

    /// How the worker fares now.
    pub(super) fn at(&mut self, now: Instant) -> v1::WorkerCondition {
        let sample = self.sample(now);
        self.samples.push_back(sample);
        while self.samples.get(1).is_some_and(|second| now.saturating_duration_since(second.at) >= SPAN) {
            self.samples.pop_front();
        }
        let before = self.samples[0];
        let seconds = now.saturating_duration_since(before.at).as_secs_f64();
        let stages = StageShares::NAMES.into_iter().zip(sample.stages).zip(before.stages);
        #[expect(clippy::cast_precision_loss, reason = "a minute's jobs")]
        let jobs = (sample.jobs - before.jobs) as f64;
        v1::WorkerCondition {
            stages: stages.map(|((name, now), before)| shares(name, now.since(before))).collect(),
            jobs_per_second: if seconds > 0.0 { jobs / seconds } else { 0.0 },
            memory_bytes: own_memory().unwrap_or(0),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "shares are looked at by people")]
fn shares(stage: &str, Share { worked, starved, blocked }: Share) -> v1::StageShares {
    let all = (worked + starved + blocked).max(f64::MIN_POSITIVE);
    v1::StageShares {
        stage: stage.to_owned(),
        at_work: (worked / all) as f32,
        without_input: (starved / all) as f32,
        held_up: (blocked / all) as f32,
    }
}

/// Bytes of this process that are no file's; Linux tells.
fn own_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?.trim().strip_suffix(" kB")?;
    Some(kilobytes.parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use superposed_shared::clock::Clock;

    #[test]
    fn a_rate_is_that_of_the_last_minute() {
        let jobs = JobCounts::default();
        let start = Clock.now();
        let mut condition = Condition::new(StageShares::default(), jobs.clone(), start);
        assert!(condition.at(start).jobs_per_second.abs() < 1e-9);
        jobs.done.inc_by(600);
        assert!((condition.at(start + SPAN / 2).jobs_per_second - 20.0).abs() < 1e-9);
        jobs.failed.inc_by(30);
        let now = condition.at(start + SPAN * 3 / 2);
        assert!((now.jobs_per_second - 0.5).abs() < 1e-9, "what is older than a minute counts yet: {now:?}");
        assert_eq!(now.stages.len(), 3);
        assert!(now.memory_bytes > 0, "Linux tells a process its memory");
    }
}
