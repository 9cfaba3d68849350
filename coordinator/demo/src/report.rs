//! What the demo prints at its end: how much came back, and a few neurons in words.

use crate::{
    error::DemoError,
    ground_truth::{GroundTruth, by_job},
    recovery::{ModeRecovery, Recovery, ThemeWords},
    topics_file::read_topics,
};
use std::{fmt, path::Path};
use superposed_corpus::Vocabulary;
use superposed_identity::{JobId, Mode, WordId};

/// The closing lines of the demo: what was recovered, in all and by mode, and the same from `pools` random pools.
#[must_use]
pub fn summary(recovered: &Recovery, random: &Recovery, pools: usize) -> Vec<String> {
    let Recovery { planted, recovered: found, modes } = recovered;
    let mut lines = vec![format!("recovered {found} of {planted} planted topics = {:.1} %", recovered.percent())];
    for here in modes {
        let ModeRecovery { mode, planted, recovered } = here;
        lines.push(format!("  mode {mode:<4} {recovered} of {planted} = {:.1} %", here.percent()));
    }
    let Recovery { planted, recovered: found, .. } = random;
    lines.push(format!("random {found} of {planted} = {:.1} %, from {pools} random pools", random.percent()));
    lines
}

/// One end of a neuron: what was planted there and what was mined.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The job.
    pub job: JobId,
    /// The planted themes and whether each was recovered.
    pub planted: Vec<(String, bool)>,
    /// The mined topics, in the order of the file.
    pub topics: Vec<ExampleTopic>,
}

/// A mined topic in words.
#[derive(Debug, Clone, PartialEq)]
pub struct ExampleTopic {
    /// Its words.
    pub words: Vec<String>,
    /// The mean NPMI of its pairs.
    pub score: f64,
    /// The planted theme it shows, if any.
    pub theme: Option<String>,
}

/// `count` ends of neurons, evenly spread over the layers of the model and alternating between the modes.
///
/// # Errors
/// As [`recovery`](crate::recovery()).
pub fn examples(
    truth: &GroundTruth,
    results: &Path,
    vocabulary: &Vocabulary,
    modes: &[Mode],
    count: usize,
) -> Result<Vec<Example>, DemoError> {
    let themes = ThemeWords::new(truth, vocabulary)?;
    let jobs = by_job(&truth.planted);
    let spread = (0..count.min(jobs.len())).map(|index| &jobs[index * jobs.len() / count.min(jobs.len())]);
    spread
        .zip(modes.iter().cycle())
        .map(|((planted, names), &mode)| {
            let job = JobId { mode, layer: planted.layer, neuron: planted.neuron, polarity: planted.polarity };
            let topics = read_topics(results, job)?;
            let recovered = |name: &str| topics.iter().any(|topic| themes.shows(&topic.words, name));
            let planted = names.iter().map(|name| ((*name).to_owned(), recovered(name))).collect();
            let topics = topics.iter().map(|topic| {
                // A word that the vocabulary lacks would make it panic; the results may be of another corpus.
                let word = |id: &WordId| match id.index() < vocabulary.len() {
                    true => vocabulary.word(*id).to_owned(),
                    false => format!("#{id}"),
                };
                let theme = names.iter().find(|name| themes.shows(&topic.words, name));
                ExampleTopic {
                    words: topic.words.iter().map(word).collect(),
                    score: topic.score,
                    theme: theme.map(|name| (*name).to_owned()),
                }
            });
            Ok(Example { job, planted, topics: topics.collect() })
        })
        .collect()
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let JobId { mode, layer, neuron, polarity } = self.job;
        write!(f, "layer {layer}, neuron {neuron}, {polarity}, mode {mode}; planted:")?;
        for (index, (theme, recovered)) in self.planted.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            let lost = if *recovered { "" } else { " (lost)" };
            write!(f, "{separator} {theme}{lost}")?;
        }
        for ExampleTopic { words, score, theme } in &self.topics {
            write!(f, "\n  {score:.3}  {}  [{}]", words.join(" "), theme.as_deref().unwrap_or("not planted here"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Planted, Theme};
    use std::fs;
    use superposed_identity::{LayerIndex, NeuronId, Polarity};

    #[test]
    fn the_summary_names_both_shares_and_each_mode() {
        let mode = |mode, recovered| ModeRecovery { mode, planted: 200, recovered };
        let modes = vec![mode(Mode::HighContextual, 193), mode(Mode::HighIsolated, 200)];
        let recovered = Recovery { planted: 400, recovered: 393, modes };
        let random = Recovery { planted: 571, recovered: 1, modes: Vec::new() };
        assert_eq!(
            summary(&recovered, &random, 250),
            [
                "recovered 393 of 400 planted topics = 98.2 %",
                "  mode i    193 of 200 = 96.5 %",
                "  mode ii   200 of 200 = 100.0 %",
                "random 1 of 571 = 0.2 %, from 250 random pools",
            ]
        );
    }

    #[test]
    fn an_example_shows_planted_themes_and_mined_topics_in_words() {
        let results = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir(results.path().join("ii")).expect("the mode's directory");
        fs::write(results.path().join("ii/0_3_neg_topics.csv"), "0 1 2 3 4 5 6 7 8 9,0.5\n8 9 10 999,0.25\n")
            .expect("a topics file");
        let words = |from: u8, to: u8| (from..to).map(|b| char::from(b).to_string()).collect::<Vec<_>>();
        let theme = |name: &str, words| Theme { name: name.to_owned(), words };
        let planted = |theme: &str| Planted {
            layer: LayerIndex(0),
            neuron: NeuronId(3),
            polarity: Polarity::Neg,
            theme: theme.to_owned(),
        };
        let truth = GroundTruth {
            version: 1,
            seed: 1,
            themes: vec![theme("first", words(b'a', b'i')), theme("second", words(b'i', b'q'))],
            planted: vec![planted("first"), planted("second")],
        };
        let vocabulary = Vocabulary::from_words(words(b'a', b'q')).expect("distinct words");
        let shown = examples(&truth, results.path(), &vocabulary, &[Mode::HighIsolated], 5).expect("one job was mined");
        let lines: Vec<String> = shown.iter().map(Example::to_string).collect();
        assert_eq!(
            lines,
            ["layer 0, neuron 3, neg, mode ii; planted: first, second (lost)\n  \
              0.500  a b c d e f g h i j  [first]\n  \
              0.250  i j k #999  [not planted here]"]
        );
    }
}
