//! Where results lie, relative to a destination (the published layout, and this project's files beside it).

use superposed_identity::{JobId, Size};

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

/// The path of the map from word ids to words: one word a line, the line's number from 0 is the id.
#[must_use]
pub fn words_file(size: &Size) -> String {
    format!("{size}/words.txt")
}
