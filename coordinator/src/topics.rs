//! Mined topics in words, for people.

use futures::{StreamExt, stream};
use std::{cmp::Ordering, collections::BinaryHeap, fmt};
use superposed_identity::{JobId, Size, WordId};
use superposed_shared::{
    destination::{Destination, DestinationError},
    layout,
    rows::{self, RowError, TopicRow},
    stored::READS,
};

/// A topic of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicInWords {
    /// The job.
    pub job: JobId,
    /// The mean NPMI of its pairs of words.
    pub score: f64,
    /// Its words.
    pub words: Vec<String>,
}

impl fmt::Display for TopicInWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.4}  {:<16} {}", self.score, self.job.to_string(), self.words.join(" "))
    }
}

/// Results that cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum TopicsError {
    /// The destination cannot be read.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// There is no map from ids to words.
    #[error("there is no {0} beside the results; name the destination of a campaign")]
    NoWords(String),
    /// A file is not there.
    #[error("there is no {0}; the job is not finished, or its files were removed")]
    NoTopics(String),
    /// A file holds something else.
    #[error("{path}, {source}")]
    Damaged {
        /// The file.
        path: String,
        /// Where, and what is wrong there.
        source: RowError,
    },
    /// A file names a word that the results have no word for.
    #[error("{path} names word {word}, but {words} lists {count} words")]
    UnknownWord {
        /// The file.
        path: String,
        /// The word's id.
        word: WordId,
        /// The map from ids to words.
        words: String,
        /// How many it has.
        count: usize,
    },
}

/// The results of one size at a destination.
#[derive(Debug)]
pub struct Results {
    destination: Destination,
    size: Size,
    words: Vec<String>,
}

impl Results {
    /// Opens a tree of results.
    ///
    /// # Errors
    /// When there is none.
    pub async fn open(destination: Destination, size: Size) -> Result<Self, TopicsError> {
        let path = layout::words_file(&size);
        let content = destination.get(&path).await?.ok_or(TopicsError::NoWords(path))?;
        let words = String::from_utf8_lossy(&content).lines().map(str::to_owned).collect();
        Ok(Self { destination, size, words })
    }

    /// The topics of a job, in the order of its file.
    ///
    /// # Errors
    /// When the job has no topics file, or it is damaged.
    pub async fn topics(&self, job: JobId) -> Result<Vec<TopicInWords>, TopicsError> {
        let path = layout::topics_file(&self.size, job);
        let content = self.destination.get(&path).await?.ok_or_else(|| TopicsError::NoTopics(path.clone()))?;
        let spelt = |word: &WordId| {
            self.words.get(word.index()).cloned().ok_or_else(|| TopicsError::UnknownWord {
                path: path.clone(),
                word: *word,
                words: layout::words_file(&self.size),
                count: self.words.len(),
            })
        };
        let topic = |row: Result<TopicRow, RowError>| {
            let row = row.map_err(|source| TopicsError::Damaged { path: path.clone(), source })?;
            Ok(TopicInWords { job, score: row.score, words: row.words.iter().map(spelt).collect::<Result<_, _>>()? })
        };
        rows::topics(&content).map(topic).collect()
    }

    /// The topics with the highest scores, best first. Topics of the same words count once; jobs without files (failed
    /// ones) have none.
    ///
    /// # Errors
    /// When a job's topics cannot be read.
    pub async fn best(
        &self,
        jobs: impl IntoIterator<Item = JobId>,
        count: usize,
    ) -> Result<Vec<TopicInWords>, TopicsError> {
        let mut best: BinaryHeap<Ranked> = BinaryHeap::new();
        let mut read = stream::iter(jobs).map(|job| self.topics(job)).buffered(READS);
        while let Some(topics) = read.next().await {
            let topics = match topics {
                Err(TopicsError::NoTopics(_)) => continue,
                topics => topics?,
            };
            for topic in topics {
                if best.iter().any(|Ranked(known)| known.words == topic.words) {
                    continue;
                }
                best.push(Ranked(topic));
                if best.len() > count {
                    best.pop();
                }
            }
        }
        Ok(best.into_sorted_vec().into_iter().map(|Ranked(topic)| topic).collect())
    }
}

/// Worse topics are greater, so that the heap gives up the worst.
#[derive(Debug, PartialEq)]
struct Ranked(TopicInWords);

impl Eq for Ranked {}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.score.total_cmp(&self.0.score).then_with(|| self.0.job.cmp(&other.0.job))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use superposed_identity::{LayerIndex, Mode, NeuronId, Polarity};

    fn job(neuron: u32) -> JobId {
        JobId { mode: Mode::HighIsolated, layer: LayerIndex(0), neuron: NeuronId(neuron), polarity: Polarity::Pos }
    }

    async fn results(files: &[(&str, &'static str)]) -> (tempfile::TempDir, Results) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let destination = Destination::open(&directory.path().display().to_string()).expect("a writable directory");
        for (path, content) in files {
            destination.put(path, Bytes::from_static(content.as_bytes())).await.expect("a writable file");
        }
        let size = "1M".parse().expect("a legal size");
        (directory, Results::open(destination, size).await.expect("a tree"))
    }

    #[tokio::test]
    async fn the_best_topics_come_first_and_each_set_of_words_once() {
        let (_directory, results) = results(&[
            ("1M/words.txt", "a\nb\nc\n"),
            ("1M/ii/0_1_pos_topics.csv", "0 1,0.25\n1 2,5e-05\n"),
            ("1M/ii/0_2_pos_topics.csv", "0 1,0.25\n0 2,0.5\n"),
            ("1M/ii/0_3_pos_topics.csv", ""),
        ])
        .await;
        let best = results.best([1, 2, 3].map(job), 2).await.expect("topics");
        let lines: Vec<_> = best.iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["0.5000  ii/0_2_pos       a c", "0.2500  ii/0_1_pos       a b"]);
    }

    #[tokio::test]
    async fn a_damaged_line_and_an_unknown_word_are_named() {
        let files = [
            ("1M/words.txt", "a\nb\n"),
            ("1M/ii/0_1_pos_topics.csv", "0 1,0.25\n0 1,0.5"),
            ("1M/ii/0_2_pos_topics.csv", "0 2,0.5\n"),
        ];
        let (_directory, results) = results(&files).await;
        let said = async |neuron| results.topics(job(neuron)).await.expect_err("it was read").to_string();
        assert_eq!(
            said(1).await,
            "1M/ii/0_1_pos_topics.csv, line 2, \"0 1,0.5\": the file was cut short, the line has no end"
        );
        assert_eq!(said(2).await, "1M/ii/0_2_pos_topics.csv names word 2, but 1M/words.txt lists 2 words");
    }
}
