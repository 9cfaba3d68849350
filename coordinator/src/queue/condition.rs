//! How workers fare, as they tell it themselves. It decides nothing.

use serde::{Deserialize, Serialize};
use superposed_shared::proto::v1;
use utoipa::ToSchema;

/// The most stages that are kept, so that nobody fills the database with them.
const MOST_STAGES: usize = 8;

/// The longest name of a stage, in bytes.
const LONGEST_NAME: usize = 40;

/// How a worker fares.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct WorkerCondition {
    /// The stages of its pipeline in their order, over about the last minute.
    pub stages: Vec<StageShares>,
    /// Jobs done or failed a second, over about the last minute.
    pub jobs_per_second: f64,
    /// Memory of the process that is its own, mapped files aside; 0 where nobody can tell.
    pub memory_bytes: u64,
}

/// What a stage spent its time on, as shares that sum to 1.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct StageShares {
    /// Its name.
    #[schema(example = "mine")]
    pub stage: String,
    /// At work.
    pub at_work: f32,
    /// Waiting for the stage before it.
    pub without_input: f32,
    /// Waiting for the stage behind it.
    pub held_up: f32,
}

impl From<&v1::WorkerCondition> for WorkerCondition {
    /// What cannot be is left out: no number here is infinite or none.
    fn from(told: &v1::WorkerCondition) -> Self {
        let share = |share: f32| if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        let stage = |told: &v1::StageShares| StageShares {
            stage: told.stage[..told.stage.floor_char_boundary(LONGEST_NAME)].replace('\0', "\u{fffd}"),
            at_work: share(told.at_work),
            without_input: share(told.without_input),
            held_up: share(told.held_up),
        };
        let rate = told.jobs_per_second;
        Self {
            stages: told.stages.iter().take(MOST_STAGES).map(stage).collect(),
            jobs_per_second: if rate.is_finite() { rate.max(0.0) } else { 0.0 },
            memory_bytes: told.memory_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_worker_can_mean_is_left_out() {
        let stage = v1::StageShares { stage: "\0".repeat(100), at_work: f32::NAN, without_input: 7.0, held_up: 0.25 };
        let told = v1::WorkerCondition { stages: vec![stage; 100], jobs_per_second: f64::INFINITY, memory_bytes: 5 };
        let read = WorkerCondition::from(&told);
        assert_eq!(read.stages.len(), MOST_STAGES);
        let StageShares { stage, at_work, without_input, held_up } = &read.stages[0];
        assert_eq!((stage.chars().count(), *at_work, *without_input, *held_up), (LONGEST_NAME, 0.0, 1.0, 0.25));
        assert!(read.jobs_per_second.abs() < 1e-9 && read.memory_bytes == 5);
    }
}
