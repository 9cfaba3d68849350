//! Packs: the jobs of a layer as one Parquet file, a row each.
//!
//! | column | type | what |
//! | --- | --- | --- |
//! | `mode`, `layer`, `neuron`, `polarity` | text, u32, u32, text | which job |
//! | `pool_form` | text | `set` or `list`: as which Python collection the pool is pickled |
//! | `pool` | list of u32 | the pool's word ids, ascending |
//! | `word_sets` | list of lists of u32 | the word sets, the centre last |
//! | `topics` | list of lists of u32 | the topics' word ids |
//! | `words` | list of lists of text, or null | the topics in words |
//! | `scores` | list of f64 | their scores |
//! | `status`, `gaps` | lists of text and f64, or null | how each was solved |
//! | `word_sets_file`, `topics_file`, `pool_file` | bytes, or null | a legacy file that this project would have written otherwise |
//!
//! Rows are in the order of neurons, then polarities. What a pack holds follows from its jobs alone: the same jobs make the
//! same bytes. Parts of a pack, which workers write, are packs of fewer jobs.

mod read;
mod write;

pub use read::{Columns, read};
pub use write::PackWriter;

use arrow_schema::{ArrowError, DataType, Field, Schema};
use parquet::errors::ParquetError;
use std::sync::{Arc, LazyLock};
use superposed_identity::JobId;

/// Names the form of packs in their metadata.
const FORMAT_KEY: &str = "superposed.pack";

/// The form that this version writes and reads.
const FORMAT: &str = "1";

/// A pack that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// Not a Parquet file, or damaged.
    #[error("not a Parquet file, or damaged: {0}")]
    Parquet(#[from] ParquetError),
    /// Damaged behind its footer.
    #[error("damaged: {0}")]
    Arrow(#[from] ArrowError),
    /// A Parquet file of something else.
    #[error("a Parquet file, but no pack of this project: its metadata lack {FORMAT_KEY}")]
    NoPack,
    /// A pack of another version.
    #[error("a pack of form {0:?}, but this version reads form {FORMAT:?}: use the version that wrote it")]
    Form(String),
    /// A column is not there, or holds something else.
    #[error("its column {0} is missing or of another type")]
    Column(&'static str),
    /// A row says what no job can.
    #[error("row {row}: {reason}")]
    Row {
        /// The row, from 1.
        row: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// Lines that are no jobs'.
    #[error("{0}")]
    Line(String),
    /// A job twice, or not in order.
    #[error("{next} stands behind {job}, but the jobs of a pack ascend")]
    Order {
        /// The one before.
        job: JobId,
        /// The one after it.
        next: JobId,
    },
}

/// A list whose items are never null.
fn list(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(item, false)))
}

static SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    let field = |name, data, nullable| Field::new(name, data, nullable);
    Arc::new(Schema::new(vec![
        field("mode", DataType::Utf8, false),
        field("layer", DataType::UInt32, false),
        field("neuron", DataType::UInt32, false),
        field("polarity", DataType::Utf8, false),
        field("pool_form", DataType::Utf8, false),
        field("pool", list(DataType::UInt32), false),
        field("word_sets", list(list(DataType::UInt32)), false),
        field("topics", list(list(DataType::UInt32)), false),
        field("words", list(list(DataType::Utf8)), true),
        field("scores", list(DataType::Float64), false),
        field("status", list(DataType::Utf8), true),
        field("gaps", list(DataType::Float64), true),
        field("word_sets_file", DataType::Binary, true),
        field("topics_file", DataType::Binary, true),
        field("pool_file", DataType::Binary, true),
    ]))
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{JobResult, Solve, StoredResult, Words};
    use bytes::Bytes;
    use superposed_identity::{LayerIndex, Mode, NeuronId, Polarity, WordId};
    use superposed_mining::{Pool, PoolForm, Status};
    use superposed_shared::rows::TopicRow;

    fn job(neuron: u32, polarity: Polarity) -> JobId {
        JobId { mode: Mode::LowContextual, layer: LayerIndex(7), neuron: NeuronId(neuron), polarity }
    }

    fn ids(ids: &[u32]) -> Vec<WordId> {
        ids.iter().copied().map(WordId).collect()
    }

    fn jobs() -> Vec<(JobId, StoredResult)> {
        let found = JobResult {
            pool: Pool { words: ids(&[0, 1, 2, 5]), form: PoolForm::Set },
            word_sets: vec![ids(&[1, 2, 0]), ids(&[5])],
            topics: vec![
                TopicRow { words: ids(&[0, 1]), score: 1.0 / 3.0 },
                TopicRow { words: ids(&[5]), score: -5e-324 },
            ],
            solves: Some(vec![
                Solve { status: Status::Optimal, gap: 0.0 },
                Solve { status: Status::Limit, gap: 0.125 },
            ]),
        };
        let nothing = JobResult {
            pool: Pool { words: vec![], form: PoolForm::List },
            word_sets: vec![],
            topics: vec![],
            solves: None,
        };
        let mut foreign = StoredResult::from(nothing.clone());
        foreign.otherwise = [None, Some(Bytes::from_static(b"1 2,0.50\n")), Some(Bytes::new())];
        vec![
            (job(3, Polarity::Neg), found.into()),
            (job(3, Polarity::Pos), nothing.into()),
            (job(9, Polarity::Neg), foreign),
        ]
    }

    fn written(words: Option<&Words>) -> Bytes {
        let mut writer = PackWriter::new(words).expect("a legal schema");
        for (job, result) in jobs() {
            writer.push(job, &result).expect("a legal row");
        }
        writer.finish().expect("a pack").into()
    }

    #[test]
    fn what_is_packed_is_unpacked_and_the_same_jobs_make_the_same_bytes() {
        let words = Words::read(b"a\nb\nc\nd\ne\nf\n").expect("a map");
        for words in [None, Some(&words)] {
            let pack = written(words);
            let read: Vec<_> =
                read(pack.clone(), Columns::All).expect("a pack").map(|row| row.expect("a row")).collect();
            assert_eq!(read, jobs());
            assert_eq!(pack, written(words));
        }
    }

    #[test]
    fn topics_alone_are_read_without_the_rest() {
        let read: Vec<_> =
            read(written(None), Columns::Topics).expect("a pack").map(|row| row.expect("a row")).collect();
        for ((job, topics), (packed, all)) in read.iter().zip(jobs()) {
            assert_eq!((*job, &topics.result.topics), (packed, &all.result.topics));
            assert!(topics.result.pool.words.is_empty() && topics.result.word_sets.is_empty());
        }
        assert_eq!(read.len(), 3);
    }

    #[test]
    fn what_is_no_pack_is_refused() {
        let pack = written(None);
        let refused = |bytes: Bytes| match read(bytes, Columns::All) {
            Err(error) => error.to_string(),
            Ok(mut rows) => rows.find_map(Result::err).expect("it was read").to_string(),
        };
        assert!(refused(Bytes::new()).starts_with("not a Parquet file, or damaged"), "{}", refused(Bytes::new()));
        for cut in [4, pack.len() / 2, pack.len() - 1] {
            assert!(refused(pack.slice(..cut)).contains("damaged"));
        }
        let mut writer = PackWriter::new(None).expect("a legal schema");
        let [first, second, _] = &jobs()[..] else { panic!("three jobs") };
        writer.push(second.0, &second.1).expect("a legal row");
        let error = writer.push(first.0, &first.1).expect_err("it was written").to_string();
        assert_eq!(error, "iii/7_3_neg stands behind iii/7_3_pos, but the jobs of a pack ascend");
    }
}
