//! Packs as they are read.

use super::{FORMAT, FORMAT_KEY, PackError};
use crate::{
    JobResult, Solve, StoredResult,
    entry::job_of,
    result::{form_of, status_of},
};
use arrow_array::{
    Array, RecordBatch,
    cast::AsArray,
    types::{Float64Type, UInt32Type},
};
use bytes::Bytes;
use parquet::arrow::{ProjectionMask, arrow_reader::ParquetRecordBatchReaderBuilder};
use superposed_identity::{JobId, WordId};
use superposed_mining::{Pool, PoolForm};
use superposed_shared::rows::TopicRow;

/// Rows that are decoded together.
const BATCH: usize = 512;

/// What of a pack is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// Everything.
    All,
    /// Topics and how they were solved; pools, word sets and the bytes of files are then empty.
    Topics,
}

/// The jobs of a pack, in their order.
///
/// # Errors
/// When it is no pack; damage further behind is an error of the row that has it.
pub fn read(
    pack: Bytes,
    columns: Columns,
) -> Result<impl Iterator<Item = Result<(JobId, StoredResult), PackError>>, PackError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(pack)?;
    let metadata = builder.metadata().file_metadata().key_value_metadata();
    let form = metadata.and_then(|pairs| pairs.iter().find(|pair| pair.key == FORMAT_KEY));
    match form.ok_or(PackError::NoPack)?.value.as_deref() {
        Some(FORMAT) => {}
        other => return Err(PackError::Form(other.unwrap_or_default().to_owned())),
    }
    let mask = match columns {
        Columns::All => ProjectionMask::all(),
        Columns::Topics => {
            let names = ["mode", "layer", "neuron", "polarity", "topics", "scores", "status", "gaps"];
            ProjectionMask::columns(builder.parquet_schema(), names)
        }
    };
    let batches = builder.with_projection(mask).with_batch_size(BATCH).build()?;
    let mut before = 0;
    let mut last: Option<JobId> = None;
    Ok(batches.flat_map(move |batch| {
        let rows = batch.map_err(PackError::from).and_then(|batch| {
            let rows = rows_of(&batch, columns, before);
            before += batch.num_rows() as u64;
            rows
        });
        let rows = rows.unwrap_or_else(|error| vec![Err(error)]);
        rows.into_iter().map(|row| ordered(&mut last, row)).collect::<Vec<_>>()
    }))
}

type Row = Result<(JobId, StoredResult), PackError>;

fn ordered(last: &mut Option<JobId>, row: Row) -> Row {
    let (next, stored) = row?;
    match last.replace(next) {
        Some(job) if job >= next => Err(PackError::Order { job, next }),
        _ => Ok((next, stored)),
    }
}

/// The rows of a batch, behind so many others.
fn rows_of(batch: &RecordBatch, columns: Columns, before: u64) -> Result<Vec<Row>, PackError> {
    let columns = Batch::of(batch, columns)?;
    let row = |at| columns.row(at).map_err(|reason| PackError::Row { row: before + at as u64 + 1, reason });
    Ok((0..batch.num_rows()).map(row).collect())
}

/// The columns of a batch.
struct Batch<'b> {
    mode: &'b arrow_array::StringArray,
    layer: &'b [u32],
    neuron: &'b [u32],
    polarity: &'b arrow_array::StringArray,
    topics: Lists<'b>,
    scores: &'b arrow_array::ListArray,
    status: &'b arrow_array::ListArray,
    gaps: &'b arrow_array::ListArray,
    rest: Option<Rest<'b>>,
}

/// The columns that are left out where topics are enough.
struct Rest<'b> {
    pool_form: &'b arrow_array::StringArray,
    pool: &'b arrow_array::ListArray,
    word_sets: Lists<'b>,
    files: [&'b arrow_array::BinaryArray; 3],
}

/// Lists of lists of ids.
struct Lists<'b>(&'b arrow_array::ListArray);

impl<'b> Batch<'b> {
    fn of(batch: &'b RecordBatch, columns: Columns) -> Result<Self, PackError> {
        let rest = match columns {
            Columns::Topics => None,
            Columns::All => Some(Rest {
                pool_form: text(batch, "pool_form")?,
                pool: list(batch, "pool")?,
                word_sets: Lists(list(batch, "word_sets")?),
                files: [bytes(batch, "word_sets_file")?, bytes(batch, "topics_file")?, bytes(batch, "pool_file")?],
            }),
        };
        Ok(Self {
            mode: text(batch, "mode")?,
            layer: numbers(batch, "layer")?,
            neuron: numbers(batch, "neuron")?,
            polarity: text(batch, "polarity")?,
            topics: Lists(list(batch, "topics")?),
            scores: list(batch, "scores")?,
            status: list(batch, "status")?,
            gaps: list(batch, "gaps")?,
            rest,
        })
    }

    fn row(&self, at: usize) -> Result<(JobId, StoredResult), String> {
        let mode = self.mode.value(at).parse().map_err(|error: superposed_identity::ParseError| error.to_string())?;
        let stem = format!("{}_{}_{}", self.layer[at], self.neuron[at], self.polarity.value(at));
        let job = job_of(mode, &stem).ok_or_else(|| format!("{stem} names no job"))?;
        let topics = self.topics.at(at)?;
        let scores = floats(self.scores, at)?;
        if topics.len() != scores.len() {
            return Err(format!("{} topics, but {} scores", topics.len(), scores.len()));
        }
        let topics = topics.into_iter().zip(scores).map(|(words, score)| TopicRow { words, score }).collect();
        let solves = if self.status.is_null(at) { None } else { Some(self.solves(at)?) };
        let solves = solves.filter(|solves| !solves.is_empty());
        let mut otherwise = [const { None }; 3];
        let (mut pool, mut word_sets) = (Pool { words: vec![], form: PoolForm::Set }, vec![]);
        if let Some(rest) = &self.rest {
            let form = rest.pool_form.value(at);
            let form = form_of(form).ok_or_else(|| format!("{form:?} is no form of a pool"))?;
            pool = Pool { words: ids(&*rest.pool.value(at))?, form };
            if pool.words.windows(2).any(|pair| pair[0] >= pair[1]) {
                return Err("the ids of its pool do not ascend".to_owned());
            }
            word_sets = rest.word_sets.at(at)?;
            for (file, column) in otherwise.iter_mut().zip(rest.files) {
                *file = column.is_valid(at).then(|| Bytes::copy_from_slice(column.value(at)));
            }
        }
        Ok((job, StoredResult { result: JobResult { pool, word_sets, topics, solves }, otherwise }))
    }

    fn solves(&self, at: usize) -> Result<Vec<Solve>, String> {
        let status = self.status.value(at);
        let status = status.as_string_opt::<i32>().ok_or("its status is no text")?;
        let gaps = floats(self.gaps, at)?;
        if status.len() != gaps.len() {
            return Err(format!("{} statuses, but {} gaps", status.len(), gaps.len()));
        }
        let solve = |(place, gap)| {
            let name = status.value(place);
            let status = status_of(name).ok_or_else(|| format!("{name:?} is no status"))?;
            Ok(Solve { status, gap })
        };
        gaps.into_iter().enumerate().map(solve).collect()
    }
}

impl Lists<'_> {
    fn at(&self, at: usize) -> Result<Vec<Vec<WordId>>, String> {
        let outer = self.0.value(at);
        let outer = outer.as_list_opt::<i32>().ok_or("a list of lists is something else")?;
        (0..outer.len()).map(|inner| ids(&*outer.value(inner))).collect()
    }
}

fn ids(array: &dyn Array) -> Result<Vec<WordId>, String> {
    let ids = array.as_primitive_opt::<UInt32Type>().ok_or("word ids are something else")?;
    Ok(ids.values().iter().copied().map(WordId).collect())
}

fn floats(column: &arrow_array::ListArray, at: usize) -> Result<Vec<f64>, String> {
    let floats = column.value(at);
    let floats = floats.as_primitive_opt::<Float64Type>().ok_or("numbers are something else")?;
    Ok(floats.values().to_vec())
}

fn column<'b>(batch: &'b RecordBatch, name: &'static str) -> Result<&'b dyn Array, PackError> {
    batch.column_by_name(name).map(AsRef::as_ref).ok_or(PackError::Column(name))
}

fn text<'b>(batch: &'b RecordBatch, name: &'static str) -> Result<&'b arrow_array::StringArray, PackError> {
    column(batch, name)?.as_string_opt().ok_or(PackError::Column(name))
}

fn bytes<'b>(batch: &'b RecordBatch, name: &'static str) -> Result<&'b arrow_array::BinaryArray, PackError> {
    column(batch, name)?.as_binary_opt().ok_or(PackError::Column(name))
}

fn list<'b>(batch: &'b RecordBatch, name: &'static str) -> Result<&'b arrow_array::ListArray, PackError> {
    column(batch, name)?.as_list_opt().ok_or(PackError::Column(name))
}

fn numbers<'b>(batch: &'b RecordBatch, name: &'static str) -> Result<&'b [u32], PackError> {
    Ok(column(batch, name)?.as_primitive_opt::<UInt32Type>().ok_or(PackError::Column(name))?.values())
}
