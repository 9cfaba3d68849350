//! What a worker tells of itself to Prometheus. docs/metrics.md has the names.

use crate::pipeline::{Share, StageShares};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{
        MetricType,
        counter::{ConstCounter, Counter},
        histogram::Histogram,
    },
    registry::{Registry, Unit},
};
use std::fmt;
use superposed_mining::Mined;

/// Bounds of forward passes, in seconds: from a small model's batch on a GPU to a large one's, read block by block.
const FORWARD: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// Bounds of pools, in words. As published, a pool has 900 tokens, and of these the words that the corpus knows.
const POOL: [f64; 9] = [0.0, 25.0, 50.0, 100.0, 200.0, 300.0, 450.0, 600.0, 900.0];

/// Bounds of solves, in seconds: most take well under a millisecond, and few take minutes.
const SOLVE: [f64; 9] = [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 60.0, 600.0];

/// Bounds of uploads, in seconds: from a local disk to a store that answers late.
const UPLOAD: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// Jobs that left the pipeline.
#[derive(Debug, Clone, Default)]
pub struct JobCounts {
    /// Done, their files durable.
    pub done: Counter,
    /// Failed by themselves.
    pub failed: Counter,
}

/// What a worker counts and measures as it goes. A copy adds to the same counts.
#[derive(Debug, Clone)]
pub struct Measures {
    /// Syncs that were answered.
    pub syncs: Counter,
    /// Leases taken.
    pub leases_taken: Counter,
    /// Leases that the coordinator took back.
    pub leases_lost: Counter,
    /// Jobs that left the pipeline.
    pub jobs: JobCounts,
    /// Forward passes, each of a batch of neurons, in seconds.
    pub forward_seconds: Histogram,
    /// Pools, in words.
    pub pool_words: Histogram,
    /// Solves, each of a word set, in seconds.
    pub solve_seconds: Histogram,
    /// Batches from when they begin to be written until their files are durable, in seconds.
    pub upload_seconds: Histogram,
    /// What these hold.
    pub uploaded_bytes: Counter,
    /// Batches whose files could not be written.
    pub uploads_failed: Counter,
}

impl Default for Measures {
    fn default() -> Self {
        Self {
            syncs: Counter::default(),
            leases_taken: Counter::default(),
            leases_lost: Counter::default(),
            jobs: JobCounts::default(),
            forward_seconds: Histogram::new(FORWARD),
            pool_words: Histogram::new(POOL),
            solve_seconds: Histogram::new(SOLVE),
            upload_seconds: Histogram::new(UPLOAD),
            uploaded_bytes: Counter::default(),
            uploads_failed: Counter::default(),
        }
    }
}

impl Measures {
    /// Takes note of a job that was mined.
    pub(crate) fn mined(&self, mined: &Mined) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "words of a pool and microseconds of a solve are far below 2^53"
        )]
        {
            self.pool_words.observe(mined.pool.words.len() as f64);
            for topic in &mined.topics {
                self.solve_seconds.observe(topic.microseconds as f64 / 1e6);
            }
        }
    }
}

/// Everything that a worker tells.
#[must_use]
pub fn registry(stages: StageShares, measures: &Measures) -> Registry {
    let mut registry = Registry::with_prefix("superposed_worker");
    registry.register_collector(Box::new(Stages(stages)));
    let Measures {
        syncs,
        leases_taken,
        leases_lost,
        jobs,
        forward_seconds,
        pool_words,
        solve_seconds,
        upload_seconds,
        uploaded_bytes,
        uploads_failed,
    } = measures.clone();
    registry.register("syncs", "Syncs that were answered", syncs);
    registry.register("leases_taken", "Leases taken", leases_taken);
    registry.register("leases_lost", "Leases that the coordinator took back", leases_lost);
    registry.register("jobs_done", "Jobs done, their files durable", jobs.done);
    registry.register("jobs_failed", "Jobs failed by themselves", jobs.failed);
    registry.register_with_unit("forward", "Forward passes of batches", Unit::Seconds, forward_seconds);
    registry.register_with_unit("pool", "Pools", Unit::Other("words".to_owned()), pool_words);
    registry.register_with_unit("solve", "Solves of word sets", Unit::Seconds, solve_seconds);
    registry.register_with_unit("upload", "Batches until their files were durable", Unit::Seconds, upload_seconds);
    registry.register_with_unit("uploaded", "Files that became durable", Unit::Bytes, uploaded_bytes);
    registry.register("uploads_failed", "Batches whose files could not be written", uploads_failed);
    registry
}

/// The time of the pipeline's stages, read when it is asked for.
#[derive(Debug)]
struct Stages(StageShares);

impl Collector for Stages {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut family = encoder.encode_descriptor(
            "stage",
            "What the pipeline's stages spent their time on",
            Some(&Unit::Seconds),
            MetricType::Counter,
        )?;
        for (stage, Share { worked, starved, blocked }) in StageShares::NAMES.into_iter().zip(self.0.so_far()) {
            for (spent, seconds) in [("at_work", worked), ("without_input", starved), ("held_up", blocked)] {
                let labels = [("stage", stage), ("spent", spent)];
                ConstCounter::new(seconds).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use superposed_mining::{Pool, PoolForm};
    use superposed_shared::metrics;

    #[test]
    fn what_is_measured_is_told() {
        let measures = Measures::default();
        measures.jobs.done.inc_by(128);
        let mined = Mined { pool: Pool { words: vec![], form: PoolForm::Set }, word_sets: vec![], topics: vec![] };
        measures.mined(&mined);
        let text = metrics::text(&registry(StageShares::default(), &measures));
        for line in [
            "superposed_worker_stage_seconds_total{stage=\"prepare\",spent=\"at_work\"} 0.0",
            "superposed_worker_stage_seconds_total{stage=\"deliver\",spent=\"held_up\"} 0.0",
            "superposed_worker_jobs_done_total 128",
            "superposed_worker_jobs_failed_total 0",
            "superposed_worker_pool_words_bucket{le=\"0.0\"} 1",
            "superposed_worker_pool_words_count 1",
            "superposed_worker_solve_seconds_count 0",
            "superposed_worker_uploaded_bytes_total 0",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn the_documentation_has_these_metrics_and_no_others() {
        let told = metrics::names(&registry(StageShares::default(), &Measures::default()));
        let documented = metrics::documented(include_str!("../../docs/metrics.md"), "superposed_worker_");
        assert_eq!(told, documented);
    }
}
