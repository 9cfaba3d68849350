//! What a job found, as its three files say it.

use crate::JobFile;
use bytes::Bytes;
use std::fmt::Write as _;
use superposed_identity::WordId;
use superposed_mining::{
    Mined, Pool, PoolForm, Status,
    records::{python_repr, read_pool, write_pool},
};
use superposed_shared::rows::{self, TopicRow};

/// The contents of a job's three files, in the order of [`JobFile::ALL`].
pub type JobContents = [Bytes; 3];

/// What a job found.
#[derive(Debug, Clone, PartialEq)]
pub struct JobResult {
    /// The words the neuron activates.
    pub pool: Pool,
    /// The word sets, as they stand in their file.
    pub word_sets: Vec<Vec<WordId>>,
    /// The topics, as they stand in their file.
    pub topics: Vec<TopicRow>,
    /// How each topic was solved, where that is known; of no topics it is not.
    pub solves: Option<Vec<Solve>>,
}

/// How a topic was solved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Solve {
    /// Whether its words are proved to be best.
    pub status: Status,
    /// By how much a better choice could exceed the score; 0 when optimal.
    pub gap: f64,
}

/// A file that cannot be read as what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// Which of the job's files.
    pub file: JobFile,
    /// Why.
    pub reason: String,
}

impl JobResult {
    /// Whether both say the same, as far as both say it: how topics were solved is not everywhere known.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        let solves = match (&self.solves, &other.solves) {
            (Some(own), Some(theirs)) => own == theirs,
            _ => true,
        };
        let Self { pool, word_sets, topics, .. } = self;
        solves && *pool == other.pool && *word_sets == other.word_sets && *topics == other.topics
    }

    /// Reads a job's files; of all that cannot be read, it is told why.
    ///
    /// # Errors
    /// When a file is damaged.
    pub fn read(contents: &JobContents) -> Result<Self, Vec<Unreadable>> {
        let [word_sets, topics, pool] = contents;
        let unreadable = |file| move |reason: String| Unreadable { file, reason };
        let word_sets = rows::word_sets(word_sets).collect::<Result<Vec<_>, _>>();
        let word_sets = word_sets.map_err(|error| unreadable(JobFile::WordSets)(error.to_string()));
        let topics = rows::topics(topics).collect::<Result<Vec<_>, _>>();
        let topics = topics.map_err(|error| unreadable(JobFile::Topics)(error.to_string()));
        let pool = read_pool(pool).map_err(|error| unreadable(JobFile::Pool)(error.to_string()));
        match (word_sets, topics, pool) {
            (Ok(word_sets), Ok(topics), Ok(pool)) => Ok(Self { pool, word_sets, topics, solves: None }),
            (word_sets, topics, pool) => {
                Err([word_sets.err(), topics.err(), pool.err()].into_iter().flatten().collect())
            }
        }
    }

    /// The files that say this, as this project writes them.
    #[must_use]
    pub fn contents(&self) -> JobContents {
        let mut word_sets = String::new();
        for set in &self.word_sets {
            ids(&mut word_sets, set);
            word_sets.push('\n');
        }
        let mut topics = String::new();
        for TopicRow { words, score } in &self.topics {
            ids(&mut topics, words);
            topics.push(',');
            topics.push_str(&python_repr(*score));
            topics.push('\n');
        }
        [word_sets.into(), topics.into(), write_pool(&self.pool).into()]
    }
}

impl From<&Mined> for JobResult {
    fn from(mined: &Mined) -> Self {
        let solve = |topic: &superposed_mining::Topic| Solve { status: topic.status, gap: topic.gap };
        let row = |topic: &superposed_mining::Topic| TopicRow { words: topic.words.clone(), score: topic.score };
        Self {
            pool: mined.pool.clone(),
            word_sets: mined.word_sets.iter().map(|set| set.members().to_vec()).collect(),
            topics: mined.topics.iter().map(row).collect(),
            solves: (!mined.topics.is_empty()).then(|| mined.topics.iter().map(solve).collect()),
        }
    }
}

/// The name of a pool's form in packs and lines.
pub(crate) const fn form_name(form: PoolForm) -> &'static str {
    match form {
        PoolForm::Set => "set",
        PoolForm::List => "list",
    }
}

/// The form of this name.
pub(crate) fn form_of(name: &str) -> Option<PoolForm> {
    [PoolForm::Set, PoolForm::List].into_iter().find(|form| form_name(*form) == name)
}

/// The name of a status in packs and lines, as solver records have it.
pub(crate) const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Optimal => "optimal",
        Status::Limit => "limit",
    }
}

/// The status of this name.
pub(crate) fn status_of(name: &str) -> Option<Status> {
    [Status::Optimal, Status::Limit].into_iter().find(|status| status_name(*status) == name)
}

fn ids(text: &mut String, words: &[WordId]) {
    for (place, word) in words.iter().enumerate() {
        let space = if place == 0 { "" } else { " " };
        write!(text, "{space}{word}").expect("a string takes whatever is written to it");
    }
}

/// What a job found, and what its files say beyond that.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredResult {
    /// What it found.
    pub result: JobResult,
    /// The bytes of each file that this project would have written otherwise, in the order of [`JobFile::ALL`]: a set that
    /// Python pickled in the order of its hashes, numbers that are written in another way.
    pub otherwise: [Option<Bytes>; 3],
}

impl StoredResult {
    /// Reads a job's files.
    ///
    /// # Errors
    /// When a file is damaged.
    pub fn read(contents: &JobContents) -> Result<Self, Vec<Unreadable>> {
        let result = JobResult::read(contents)?;
        let ours = result.contents();
        let mut otherwise = contents.clone().map(Some);
        for (theirs, ours) in otherwise.iter_mut().zip(ours) {
            if theirs.as_ref() == Some(&ours) {
                *theirs = None;
            }
        }
        Ok(Self { result, otherwise })
    }

    /// The files, byte for byte as they were read.
    #[must_use]
    pub fn contents(&self) -> JobContents {
        let mut contents = self.result.contents();
        for (content, otherwise) in contents.iter_mut().zip(&self.otherwise) {
            if let Some(bytes) = otherwise {
                *content = bytes.clone();
            }
        }
        contents
    }
}

impl From<JobResult> for StoredResult {
    fn from(result: JobResult) -> Self {
        Self { result, otherwise: [const { None }; 3] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use superposed_mining::JobFiles;

    const TOPICS: &str = "1 2,0.25\n3 4,5e-05\n";

    fn contents(word_sets: &str, topics: &str, pool: &'static [u8]) -> JobContents {
        [word_sets.to_owned().into(), topics.to_owned().into(), Bytes::from_static(pool)]
    }

    #[test]
    fn files_are_written_as_they_were_read_whoever_wrote_them() {
        // Sets as this project and as Python pickle them, {1, 3} and {3, 1}; numbers as Python and as C write them.
        let pools =
            [&b"\x80\x04\x95\x09\0\0\0\0\0\0\0\x8f\x94(K\x01K\x03\x90."[..], b"\x80\x04\x8f\x94(K\x03K\x01\x90."];
        for (topics, pool, same) in [(TOPICS, pools[0], true), ("1 2,0.250\n3 4,0.00005\n", pools[1], false)] {
            let contents = contents("1 2 3\n3 4 0\n", topics, pool);
            let stored = StoredResult::read(&contents).expect("legal files");
            assert_eq!(stored.contents(), contents);
            assert_eq!(
                stored.otherwise,
                [None, (!same).then(|| contents[1].clone()), (!same).then(|| contents[2].clone())]
            );
            assert_eq!(stored.result.pool.words, [WordId(1), WordId(3)]);
            assert_eq!(stored.result.topics[1], TopicRow { words: vec![WordId(3), WordId(4)], score: 5e-5 });
        }
    }

    #[test]
    fn each_damaged_file_is_told_with_what_is_wrong() {
        let error = JobResult::read(&contents("1 x\n", TOPICS, b"\x80\x04")).expect_err("it was read");
        let files: Vec<_> = error.iter().map(|unreadable| unreadable.file).collect();
        assert_eq!(files, [JobFile::WordSets, JobFile::Pool]);
        assert_eq!(error[0].to_string(), "line 1, \"1 x\": \"x\" is no word id");
    }

    #[test]
    fn what_was_mined_is_written_as_the_mining_engine_writes_it() {
        let pool = Pool { words: vec![WordId(1), WordId(3)], form: PoolForm::List };
        let mined = Mined { pool, word_sets: vec![], topics: vec![] };
        let JobFiles { pool, isets, topics } = mined.files();
        assert_eq!(JobResult::from(&mined).contents(), [isets, topics, pool].map(Bytes::from));
    }
}
