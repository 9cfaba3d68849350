//! Where results lie, relative to a destination (the published layout, and this project's files beside it).

use superposed_identity::{JobId, LayerIndex, Mode, NeuronId, Polarity, Size};

/// The three files of a job, in the order in which they are written: the pool is last, so that a job with a pool has
/// everything.
pub const FILE_ENDINGS: [&str; 3] = ["_isets.csv", "_topics.csv", ".pkl"];

/// The paths of a job's three files, in the order of [`FILE_ENDINGS`].
#[must_use]
pub fn job_files(size: &Size, job: JobId) -> [String; 3] {
    let stem = job.stem(size);
    FILE_ENDINGS.map(|ending| format!("{stem}{ending}"))
}

/// The directory of a mode's jobs.
#[must_use]
pub fn mode_directory(size: &Size, mode: Mode) -> String {
    format!("{size}/{mode}")
}

/// Whose file this is, and which of the three, by its place in [`FILE_ENDINGS`]; `None` when it is no job's.
#[must_use]
pub fn job_of_file(size: &Size, path: &str) -> Option<(JobId, usize)> {
    let (mode, name) = path.strip_prefix(size.as_str())?.strip_prefix('/')?.split_once('/')?;
    let (ending, stem) =
        FILE_ENDINGS.iter().enumerate().find_map(|(place, ending)| Some((place, name.strip_suffix(ending)?)))?;
    let mut fields = stem.split('_');
    let (layer, neuron) = (LayerIndex(index(fields.next()?)?), NeuronId(index(fields.next()?)?));
    let polarity = match fields.next()? {
        "neg" => Polarity::Neg,
        "pos" => Polarity::Pos,
        _ => return None,
    };
    let job = JobId { mode: mode.parse().ok()?, layer, neuron, polarity };
    fields.next().is_none().then_some((job, ending))
}

/// A number as this project writes it: no sign, no zeros before it.
fn index(digits: &str) -> Option<u32> {
    let canonical = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    canonical.then(|| digits.parse().ok())?
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_a_file_is_is_told_from_its_path_alone() {
        let size: Size = "1M".parse().expect("a legal size");
        let job =
            JobId { mode: Mode::LowIsolated, layer: LayerIndex(0), neuron: NeuronId(17), polarity: Polarity::Pos };
        for (place, path) in job_files(&size, job).iter().enumerate() {
            assert_eq!(job_of_file(&size, path), Some((job, place)), "{path}");
        }
        for other in [
            "1M/words.txt",
            "1M/solves/a/i/0_1_neg-2_pos.jsonl",
            "2M/i/0_1_neg.pkl",
            "1M/i/0_01_neg.pkl",
            "1M/i/0_+1_neg.pkl",
            "1M/i/0_1_up.pkl",
            "1M/i/0_1_neg_2.pkl",
            "1M/v/0_1_neg.pkl",
            "1M/i/0_1_neg.pkl#1",
        ] {
            assert_eq!(job_of_file(&size, other), None, "{other}");
        }
    }
}
