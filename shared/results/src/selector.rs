//! Which jobs are meant: `124M/i/0_304_pos`, `124M/i/0_*`, `124M/*/3-5_*_pos`.

use std::str::FromStr;
use superposed_identity::{JobId, LayerIndex, Mode, NeuronId, Polarity, Size};
use superposed_shared::spec::IndexSet;

/// Jobs of a tree; what is left out means all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    /// The size.
    pub size: Option<Size>,
    /// The mode.
    pub mode: Option<Mode>,
    /// The layers.
    pub layers: Option<IndexSet>,
    /// The neurons.
    pub neurons: Option<IndexSet>,
    /// The polarity.
    pub polarity: Option<Polarity>,
}

/// A text that selects no jobs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} selects no jobs: {reason}; write it like 124M/i/0_304_pos, 124M/i/0_*, 124M/i/3-5_*_pos or 124M")]
pub struct SelectorError {
    text: String,
    reason: String,
}

impl Selector {
    /// Whether it selects jobs of a size.
    #[must_use]
    pub fn has_size(&self, size: &Size) -> bool {
        self.size.as_ref().is_none_or(|own| own == size)
    }

    /// Whether it selects jobs of a layer.
    #[must_use]
    pub fn has_layer(&self, mode: Mode, layer: LayerIndex) -> bool {
        self.mode.is_none_or(|own| own == mode) && self.layers.as_ref().is_none_or(|own| own.contains(layer.0))
    }

    /// Whether it selects a job.
    #[must_use]
    pub fn has(&self, job: JobId) -> bool {
        self.has_layer(job.mode, job.layer)
            && self.neurons.as_ref().is_none_or(|own| own.contains(job.neuron.0))
            && self.polarity.is_none_or(|own| own == job.polarity)
    }

    /// The jobs of both; `None` where they have none in common.
    #[must_use]
    pub fn and(&self, other: &Self) -> Option<Self> {
        fn same<T: Clone + PartialEq>(a: &Option<T>, b: &Option<T>) -> Option<Option<T>> {
            match (a, b) {
                (Some(a), Some(b)) => (a == b).then(|| Some(a.clone())),
                (a, b) => Some(a.clone().or_else(|| b.clone())),
            }
        }
        let common = |a: &Option<IndexSet>, b: &Option<IndexSet>| match (a, b) {
            (Some(a), Some(b)) => {
                let both: IndexSet =
                    a.iter().filter(|index| b.contains(*index)).map(|index| index..index + 1).collect();
                (!both.is_empty()).then_some(Some(both))
            }
            (a, b) => Some(a.clone().or_else(|| b.clone())),
        };
        Some(Self {
            size: same(&self.size, &other.size)?,
            mode: same(&self.mode, &other.mode)?,
            layers: common(&self.layers, &other.layers)?,
            neurons: common(&self.neurons, &other.neurons)?,
            polarity: same(&self.polarity, &other.polarity)?,
        })
    }

    /// The one job that it names, if it names one.
    #[must_use]
    pub fn one(&self) -> Option<(&Size, JobId)> {
        let only = |set: &Option<IndexSet>| set.as_ref().filter(|set| set.len() == 1).and_then(IndexSet::last);
        let job = JobId {
            mode: self.mode?,
            layer: LayerIndex(only(&self.layers)?),
            neuron: NeuronId(only(&self.neurons)?),
            polarity: self.polarity?,
        };
        Some((self.size.as_ref()?, job))
    }

    /// The directories of a tree in which its jobs lie.
    #[must_use]
    pub fn directories(&self) -> Vec<String> {
        let Some(size) = &self.size else { return vec![String::new()] };
        let modes = Mode::ALL.into_iter().filter(|mode| self.mode.is_none_or(|own| own == *mode));
        modes.map(|mode| format!("{size}/{mode}")).collect()
    }
}

/// What a text between slashes or underscores means; `None` for all.
fn part<T: FromStr>(text: Option<&str>) -> Result<Option<T>, String>
where
    T::Err: ToString,
{
    match text {
        None | Some("*") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|error: T::Err| error.to_string()),
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let refused = |reason: String| SelectorError { text: text.to_owned(), reason };
        let mut parts = text.split('/');
        let (size, mode, job) = (parts.next(), parts.next(), parts.next());
        let mut fields = job.into_iter().flat_map(|job| job.split('_'));
        let (layers, neurons, polarity) = (fields.next(), fields.next(), fields.next());
        if parts.next().is_some() || fields.next().is_some() {
            return Err(refused("it has too many parts".to_owned()));
        }
        Ok(Self {
            size: part(size).map_err(refused)?,
            mode: part(mode).map_err(refused)?,
            layers: part(layers).map_err(refused)?,
            neurons: part(neurons).map_err(refused)?,
            polarity: part(polarity).map_err(refused)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(text: &str) -> Selector {
        text.parse().expect(text)
    }

    #[test]
    fn a_job_is_named_as_its_files_are() {
        let named = selector("124M/iii/3_17_neg");
        let (size, job) = named.one().expect("one job");
        assert_eq!(job.stem(size), "124M/iii/3_17_neg");
        assert!(named.has(job) && named.has_size(size));
        assert_eq!(named.directories(), ["124M/iii"]);
    }

    #[test]
    fn what_is_left_out_or_starred_is_all() {
        let job = |text: &str| *selector(text).one().as_ref().map(|(_, job)| job).expect("a job");
        for (pattern, has, lacks) in [
            ("124M/i/0_*", "124M/i/0_304_pos", "124M/i/1_304_pos"),
            ("124M/i/3-5_*_pos", "124M/i/4_7_pos", "124M/i/4_7_neg"),
            ("124M/i/3,5", "124M/i/5_7_pos", "124M/i/4_7_neg"),
            ("124M/*/0_7", "124M/iiii/0_7_neg", "124M/iiii/0_8_neg"),
            ("*/ii", "124M/ii/0_7_neg", "124M/i/0_7_neg"),
        ] {
            let pattern = selector(pattern);
            assert!(pattern.one().is_none());
            assert!(pattern.has(job(has)), "{pattern:?} lacks {has}");
            assert!(!pattern.has(job(lacks)), "{pattern:?} has {lacks}");
        }
        assert_eq!(selector("*").directories(), [""]);
        assert_eq!(selector("7B").directories(), ["7B/i", "7B/ii", "7B/iii", "7B/iiii"]);
        assert_eq!(selector("*"), Selector::default());
    }

    #[test]
    fn what_selects_nothing_is_refused_with_how_to_write_it() {
        for text in ["", "..", "124M/iv", "124M/i/0_1_up", "124M/i/0_1_pos/x", "124M/i/0_1_pos_x", "124M/i/5-3"] {
            let line = text.parse::<Selector>().expect_err(text).to_string();
            assert!(line.contains("selects no jobs: ") && line.ends_with("124M/i/3-5_*_pos or 124M"), "{line}");
        }
    }
}
