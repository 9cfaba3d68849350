//! Where results lie, relative to a destination (the published layout, and this project's files beside it).

use superposed_identity::{JobId, LayerIndex, Mode, Size};

/// The three files of a job, in the order in which they are written: the pool is last, so that a job with a pool has
/// everything.
pub const FILE_ENDINGS: [&str; 3] = ["_isets.csv", "_topics.csv", ".pkl"];

/// The paths of a job's three files, in the order of [`FILE_ENDINGS`].
#[must_use]
pub fn job_files(size: &Size, job: JobId) -> [String; 3] {
    let stem = job.stem(size);
    FILE_ENDINGS.map(|ending| format!("{stem}{ending}"))
}

/// The path of a job's topics.
#[must_use]
pub fn topics_file(size: &Size, job: JobId) -> String {
    format!("{}_topics.csv", job.stem(size))
}

/// The path of a layer's pack: all jobs of a mode and layer in one file.
#[must_use]
pub fn pack_file(size: &Size, mode: Mode, layer: LayerIndex) -> String {
    format!("{size}/{mode}/{layer}.parquet")
}

/// The path of a layer's jobs as lines of JSON.
#[must_use]
pub fn lines_file(size: &Size, mode: Mode, layer: LayerIndex) -> String {
    format!("{size}/{mode}/{layer}.jsonl")
}

/// The directory of the parts of a layer's pack, until they are put together.
#[must_use]
pub fn parts_directory(size: &Size, mode: Mode, layer: LayerIndex) -> String {
    format!("{size}/{mode}/{layer}.parts")
}

/// The path of a part of a pack: a campaign's jobs from `first` to `last`, which are of one mode and layer and all that the
/// campaign has between them: so parts of one name hold the same jobs.
#[must_use]
pub fn part_file(size: &Size, campaign: &str, first: JobId, last: JobId) -> String {
    let JobId { mode, layer, neuron, polarity } = first;
    let directory = parts_directory(size, mode, layer);
    format!("{directory}/{campaign}/{neuron}_{polarity}-{}_{}.parquet", last.neuron, last.polarity)
}

/// The directory of the campaigns' records.
#[must_use]
pub fn records_directory(size: &Size) -> String {
    format!("{size}/campaigns")
}

/// The path of a campaign's record.
#[must_use]
pub fn record_file(size: &Size, campaign: &str) -> String {
    format!("{size}/campaigns/{campaign}.json")
}

/// The directory of the solver records of a campaign.
#[must_use]
pub fn solves_directory(size: &Size, campaign: &str) -> String {
    format!("{size}/solves/{campaign}")
}

/// The path of the solver records of a campaign's jobs from `first` to `last`, which are of one mode and layer and all
/// that the campaign has between them: so files of one name are of the same jobs.
#[must_use]
pub fn solves_file(size: &Size, campaign: &str, first: JobId, last: JobId) -> String {
    let JobId { mode, layer, neuron, polarity } = first;
    let directory = solves_directory(size, campaign);
    format!("{directory}/{mode}/{layer}_{neuron}_{polarity}-{}_{}.jsonl", last.neuron, last.polarity)
}

/// The path of a word set of a job on which two solvers contradict each other.
#[must_use]
pub fn disagreement_file(size: &Size, job: JobId) -> String {
    let JobId { mode, layer, neuron, polarity } = job;
    format!("{size}/disagreements/{mode}_{layer}_{neuron}_{polarity}.json")
}

/// The path of the map from word ids to words: one word a line, the line's number from 0 is the id.
#[must_use]
pub fn words_file(size: &Size) -> String {
    format!("{size}/words.txt")
}
