//! How many of the planted themes came back.
//!
//! A planted theme counts as recovered when some topic mined for its neuron and sign has at least eight words of the
//! theme. Every planted theme counts once in each mode that was mined.

use crate::{
    error::DemoError,
    ground_truth::{GroundTruth, by_job},
    themes::Theme,
    topics_file::read_topics,
};
use serde::Serialize;
use std::{
    collections::{HashMap, HashSet},
    path::Path,
};
use superposed_corpus::Vocabulary;
use superposed_identity::{JobId, Mode, WordId};

/// How many of a topic's ten words must be the theme's.
pub const WORDS_TO_RECOVER: usize = 8;

/// How many themes were planted, and how many came back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Recovery {
    /// Planted themes that were looked for, over all modes.
    pub planted: u64,
    /// Those that were found.
    pub recovered: u64,
    /// The same for each mode; empty for random pools, which belong to none.
    pub modes: Vec<ModeRecovery>,
}

/// [`Recovery`] in one mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModeRecovery {
    /// The mode.
    pub mode: Mode,
    /// Planted themes that were looked for.
    pub planted: u64,
    /// Those that were found.
    pub recovered: u64,
}

impl Recovery {
    /// The recovered share in percent; 0 when nothing was planted.
    #[must_use]
    pub fn percent(&self) -> f64 {
        percent(self.recovered, self.planted)
    }
}

impl ModeRecovery {
    /// The recovered share in percent; 0 when nothing was planted.
    #[must_use]
    pub fn percent(&self) -> f64 {
        percent(self.recovered, self.planted)
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

/// Counts the planted themes that the results of a campaign contain.
///
/// `results` is the `<destination>/<size>` directory of the campaign, `vocabulary` that of the demo's corpus.
///
/// # Errors
/// A planted job without a topics file, a file that is none, or a ground truth of another corpus.
pub fn recovery(
    truth: &GroundTruth,
    results: &Path,
    vocabulary: &Vocabulary,
    modes: &[Mode],
) -> Result<Recovery, DemoError> {
    let themes = ThemeWords::new(truth, vocabulary)?;
    let jobs = by_job(&truth.planted);
    let mut recovery = Recovery::default();
    for &mode in modes {
        let mut here = ModeRecovery { mode, planted: 0, recovered: 0 };
        for (planted, names) in &jobs {
            let job = JobId { mode, layer: planted.layer, neuron: planted.neuron, polarity: planted.polarity };
            let topics: Vec<_> = read_topics(results, job)?.into_iter().map(|topic| topic.words).collect();
            here.planted += names.len() as u64;
            here.recovered += themes.count_recovered(names, &topics);
        }
        recovery.planted += here.planted;
        recovery.recovered += here.recovered;
        recovery.modes.push(here);
    }
    Ok(recovery)
}

/// The word ids of each theme.
#[derive(Debug)]
pub(crate) struct ThemeWords<'a> {
    themes: HashMap<&'a str, HashSet<WordId>>,
}

impl<'a> ThemeWords<'a> {
    pub(crate) fn new(truth: &'a GroundTruth, vocabulary: &Vocabulary) -> Result<Self, DemoError> {
        let ids = |theme: &'a Theme| {
            let words = theme.words.iter().map(|word| {
                vocabulary
                    .id(word)
                    .ok_or_else(|| DemoError::UnknownWord { theme: theme.name.clone(), word: word.clone() })
            });
            Ok((theme.name.as_str(), words.collect::<Result<_, _>>()?))
        };
        Ok(Self { themes: truth.themes.iter().map(ids).collect::<Result<_, DemoError>>()? })
    }

    /// Whether a topic shows a theme.
    pub(crate) fn shows(&self, topic: &[WordId], theme: &str) -> bool {
        let of_theme = |words: &HashSet<WordId>| topic.iter().filter(|word| words.contains(word)).count();
        self.themes.get(theme).is_some_and(|words| of_theme(words) >= WORDS_TO_RECOVER)
    }

    /// How many of the themes some topic shows.
    pub(crate) fn count_recovered(&self, themes: &[&str], topics: &[Vec<WordId>]) -> u64 {
        themes.iter().filter(|theme| topics.iter().any(|topic| self.shows(topic, theme))).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Planted;
    use std::fs;
    use superposed_identity::{LayerIndex, NeuronId, Polarity};

    /// Two themes of twelve words each: `a0` … `a11` with ids 0 … and `b0` … with ids 12 … (sorted as text).
    fn truth(planted: &[(u32, Polarity, &str)]) -> (GroundTruth, Vocabulary) {
        let words = |letter: &str| (0..12).map(|n| format!("{letter}{n:02}")).collect::<Vec<_>>();
        let themes = ["a", "b"].map(|name| Theme { name: name.to_owned(), words: words(name) });
        let vocabulary = ["a", "b", "c"].iter().flat_map(|letter| words(letter)).collect::<Vec<_>>();
        let planted = planted
            .iter()
            .map(|&(neuron, polarity, theme)| Planted {
                layer: LayerIndex(1),
                neuron: NeuronId(neuron),
                polarity,
                theme: theme.to_owned(),
            })
            .collect();
        let truth = GroundTruth { version: 1, seed: 1, themes: themes.into(), planted };
        (truth, Vocabulary::from_words(vocabulary).expect("distinct words"))
    }

    fn write(results: &Path, stem: &str, rows: &str) {
        let path = results.join(format!("{stem}_topics.csv"));
        fs::create_dir_all(path.parent().expect("the stem has a directory")).expect("a directory of the mode");
        fs::write(path, rows).expect("a topics file");
    }

    #[test]
    fn a_theme_is_recovered_by_eight_words_of_one_topic_of_its_own_neuron_sign_and_mode() {
        let results = tempfile::tempdir().expect("a temporary directory");
        let (truth, vocabulary) = truth(&[
            (5, Polarity::Pos, "a"),
            (5, Polarity::Pos, "b"),
            (5, Polarity::Neg, "a"),
            (7, Polarity::Neg, "b"),
        ]);
        let eight_a = "0 1 2 3 4 5 6 7 30 31,0.5\n";
        let seven_b = "12 13 14 15 16 17 18 30 31 32,0.25\n19 20 21 22 23 30 31 32 33 34,0.125\n";
        let ten_b = "12 13 14 15 16 17 18 19 20 21,1e-05\n";
        write(results.path(), "i/1_5_pos", &format!("{seven_b}{eight_a}"));
        write(results.path(), "i/1_5_neg", "");
        write(results.path(), "i/1_7_neg", ten_b);
        write(results.path(), "ii/1_5_pos", ten_b);
        write(results.path(), "ii/1_5_neg", ten_b);
        write(results.path(), "ii/1_7_neg", eight_a);

        let modes = [Mode::HighContextual, Mode::HighIsolated];
        let counted = recovery(&truth, results.path(), &vocabulary, &modes).expect("a complete tree");
        assert_eq!((counted.planted, counted.recovered), (8, 3));
        let by_mode: Vec<_> = counted.modes.iter().map(|here| (here.mode, here.planted, here.recovered)).collect();
        assert_eq!(by_mode, [(Mode::HighContextual, 4, 2), (Mode::HighIsolated, 4, 1)]);
        assert_eq!(counted.percent(), 37.5);
    }

    #[test]
    fn a_job_that_was_not_mined_and_a_file_that_is_no_topics_file_are_errors() {
        let results = tempfile::tempdir().expect("a temporary directory");
        let (truth, vocabulary) = truth(&[(5, Polarity::Pos, "a")]);
        let count = || recovery(&truth, results.path(), &vocabulary, &[Mode::HighIsolated]);
        assert!(matches!(count(), Err(DemoError::NotMined { path }) if path.ends_with("ii/1_5_pos_topics.csv")));
        write(results.path(), "ii/1_5_pos", "0 1 2,0.5\n0 1 2\n");
        assert!(matches!(count(), Err(DemoError::MalformedTopics { line: 2, .. })));
    }

    #[test]
    fn a_ground_truth_of_another_corpus_is_refused() {
        let (truth, _) = truth(&[]);
        let vocabulary = Vocabulary::from_words(["a00".to_owned()]).expect("one word");
        let error = recovery(&truth, Path::new("unread"), &vocabulary, &[]).expect_err("a word is missing");
        assert_eq!(error.to_string(), "the corpus lacks \"a01\", which the ground truth names as a word of \"a\"");
    }
}
