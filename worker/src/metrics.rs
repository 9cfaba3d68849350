//! What a worker tells of itself to Prometheus. docs/metrics.md has the names.

use crate::pipeline::{Share, StageShares};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{
        MetricType,
        counter::{ConstCounter, Counter},
    },
    registry::{Registry, Unit},
};
use std::fmt;

/// Jobs that left the pipeline.
#[derive(Debug, Clone, Default)]
pub struct JobCounts {
    /// Done, their files durable.
    pub done: Counter,
    /// Failed by themselves.
    pub failed: Counter,
}

/// Everything that a worker tells.
#[must_use]
pub fn registry(stages: StageShares, jobs: &JobCounts) -> Registry {
    let mut registry = Registry::with_prefix("superposed_worker");
    registry.register_collector(Box::new(Stages(stages)));
    registry.register("jobs_done", "Jobs done, their files durable", jobs.done.clone());
    registry.register("jobs_failed", "Jobs failed by themselves", jobs.failed.clone());
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
    use prometheus_client::encoding::text::encode;

    #[test]
    fn stages_and_jobs_are_told_by_the_names_of_the_documentation() {
        let jobs = JobCounts::default();
        jobs.done.inc_by(128);
        let mut text = String::new();
        encode(&mut text, &registry(StageShares::default(), &jobs)).expect("a string takes everything");
        for line in [
            "superposed_worker_stage_seconds_total{stage=\"prepare\",spent=\"at_work\"} 0.0",
            "superposed_worker_stage_seconds_total{stage=\"deliver\",spent=\"held_up\"} 0.0",
            "superposed_worker_jobs_done_total 128",
            "superposed_worker_jobs_failed_total 0",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
        let page = include_str!("../../docs/metrics.md");
        for name in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()) {
            assert!(page.contains(&format!("`{name}_total")), "docs/metrics.md has no {name}");
        }
    }
}
