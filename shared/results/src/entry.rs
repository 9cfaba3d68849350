//! What a path of a result tree is.

use superposed_identity::{JobId, LayerIndex, Mode, NeuronId, Polarity};
use superposed_shared::{layout::FILE_ENDINGS, spec::MAX_INDEX};

/// One of a job's three files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobFile {
    /// `_isets.csv`
    WordSets,
    /// `_topics.csv`
    Topics,
    /// `.pkl`
    Pool,
}

impl JobFile {
    /// All three, in the order of [`FILE_ENDINGS`].
    pub const ALL: [Self; 3] = [Self::WordSets, Self::Topics, Self::Pool];

    /// How its name ends.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        FILE_ENDINGS[self as usize]
    }

    /// Its path below the directory of its size.
    #[must_use]
    pub fn path(self, job: JobId) -> String {
        format!("{job}{}", self.ending())
    }
}

/// What lies at a path, which is relative to the directory of a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry<'p> {
    /// A file of a job.
    Job(JobId, JobFile),
    /// Logits of a neuron, from which a campaign may have started.
    Logits,
    /// The pack of a layer.
    Pack(Mode, LayerIndex),
    /// A part of a layer's pack.
    Part(Mode, LayerIndex),
    /// The jobs of a layer as lines of JSON.
    Lines(Mode, LayerIndex),
    /// The map from ids to words.
    Words,
    /// The record of a campaign.
    Record(&'p str),
    /// Solver records of a campaign.
    Solves(&'p str),
    /// A word set on which two solvers contradict each other.
    Disagreement,
    /// What a process that was killed while it wrote left behind.
    Leftover,
    /// Nothing that this project writes.
    Foreign,
}

impl<'p> Entry<'p> {
    /// What lies at `path`.
    #[must_use]
    pub fn at(path: &'p str) -> Self {
        if is_leftover(path) {
            return Self::Leftover;
        }
        known(path).unwrap_or(Self::Foreign)
    }
}

/// `object_store` writes `name#1` and moves it into place.
fn is_leftover(path: &str) -> bool {
    let counted = path.rsplit_once('#').map(|(_, count)| count);
    counted.is_some_and(|count| !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit()))
}

fn known(path: &str) -> Option<Entry<'_>> {
    if path == "words.txt" {
        return Some(Entry::Words);
    }
    let (directory, rest) = path.split_once('/')?;
    match directory {
        "campaigns" => rest.strip_suffix(".json").filter(|name| !name.contains('/')).map(Entry::Record),
        "solves" => {
            let (campaign, rest) = rest.split_once('/')?;
            let (mode, name) = rest.split_once('/')?;
            mode.parse::<Mode>().ok()?;
            (name.ends_with(".jsonl") && !name.contains('/')).then_some(Entry::Solves(campaign))
        }
        "disagreements" => {
            let (mode, job) = rest.strip_suffix(".json")?.split_once('_')?;
            job_of(mode.parse().ok()?, job).map(|_| Entry::Disagreement)
        }
        mode => in_mode(mode.parse().ok()?, rest),
    }
}

fn in_mode(mode: Mode, name: &str) -> Option<Entry<'_>> {
    if let Some((parts, part)) = name.split_once('/') {
        let (_campaign, part) = part.split_once('/')?;
        let layer = LayerIndex(index(parts.strip_suffix(".parts")?)?);
        let (first, last) = part.strip_suffix(".parquet")?.split_once('-')?;
        return [first, last].into_iter().all(|end| end_of(end).is_some()).then_some(Entry::Part(mode, layer));
    }
    if let Some(layer) = name.strip_suffix(".parquet") {
        return Some(Entry::Pack(mode, LayerIndex(index(layer)?)));
    }
    if let Some(layer) = name.strip_suffix(".jsonl") {
        return Some(Entry::Lines(mode, LayerIndex(index(layer)?)));
    }
    if let Some(neuron) = name.strip_suffix("_logits.npy") {
        let (layer, neuron) = neuron.split_once('_')?;
        return index(layer).and(index(neuron)).map(|_| Entry::Logits);
    }
    JobFile::ALL.into_iter().find_map(|file| {
        let stem = name.strip_suffix(file.ending())?;
        Some(Entry::Job(job_of(mode, stem)?, file))
    })
}

/// `<layer>_<neuron>_<polarity>`
pub(crate) fn job_of(mode: Mode, stem: &str) -> Option<JobId> {
    let (layer, end) = stem.split_once('_')?;
    let (neuron, polarity) = end_of(end)?;
    Some(JobId { mode, layer: LayerIndex(index(layer)?), neuron, polarity })
}

/// `<neuron>_<polarity>`
fn end_of(text: &str) -> Option<(NeuronId, Polarity)> {
    let (neuron, polarity) = text.split_once('_')?;
    Some((NeuronId(index(neuron)?), polarity.parse().ok()?))
}

/// A number as this project writes it: no sign, no zeros before it, not beyond what the queue counts.
fn index(digits: &str) -> Option<u32> {
    let number = digits.parse::<u32>().ok().filter(|number| *number <= MAX_INDEX)?;
    (number.to_string() == digits).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_is_written_is_known_by_its_path() {
        let job = job_of(Mode::LowIsolated, "3_17_neg").expect("a job");
        for file in JobFile::ALL {
            assert_eq!(Entry::at(&file.path(job)), Entry::Job(job, file));
        }
        for (path, entry) in [
            ("words.txt", Entry::Words),
            ("campaigns/a.b.json", Entry::Record("a.b")),
            ("solves/a/i/0_64_neg-127_pos.jsonl", Entry::Solves("a")),
            ("disagreements/i_0_3_pos.json", Entry::Disagreement),
            ("ii/0_3_logits.npy", Entry::Logits),
            ("ii/31.parquet", Entry::Pack(Mode::HighIsolated, LayerIndex(31))),
            ("iii/31.jsonl", Entry::Lines(Mode::LowContextual, LayerIndex(31))),
            ("ii/31.parts/small/0_neg-63_pos.parquet", Entry::Part(Mode::HighIsolated, LayerIndex(31))),
            ("ii/0_3_pos.pkl#1", Entry::Leftover),
            ("campaigns/a.json#12", Entry::Leftover),
        ] {
            assert_eq!(Entry::at(path), entry, "{path}");
        }
    }

    #[test]
    fn what_is_not_named_as_it_is_written_is_foreign() {
        for path in [
            "notes.txt",
            "i/0_3_up.pkl",
            "i/00_3_pos.pkl",
            "i/0_+3_pos.pkl",
            "i/0_3_pos.pkl.bak",
            "i/0_4294967295_pos.pkl",
            "i/x/0_3_pos.pkl",
            "v/0_3_pos.pkl",
            "i/0.parts/small/0_neg.parquet",
            "i/0.parts/0_neg-63_pos.parquet",
            "i/a#b",
            "campaigns/a/b.json",
            "solves/a/0_64_neg-127_pos.jsonl",
            "",
        ] {
            assert_eq!(Entry::at(path), Entry::Foreign, "{path}");
        }
    }
}
