//! Packs as they are written.

use super::{FORMAT, FORMAT_KEY, PackError, SCHEMA};
use crate::{
    StoredResult, Words,
    result::{form_name, status_name},
};
use arrow_array::{
    RecordBatch,
    builder::{ArrayBuilder, BinaryBuilder, Float64Builder, ListBuilder, StringBuilder, UInt32Builder},
};
use arrow_schema::{DataType, Field};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, Encoding, ZstdLevel},
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties},
    },
    schema::types::ColumnPath,
};
use std::{mem, sync::Arc};
use superposed_identity::{JobId, WordId};

/// Jobs that are turned into columns together.
const BATCH: usize = 512;

/// Rows that a reader must hold together, at the most.
const ROW_GROUP: usize = 4096;

/// Writes a pack, a job after the other, into memory: a layer of GPT-2 XL takes some 10 MB.
#[derive(Debug)]
pub struct PackWriter<'w> {
    words: Option<&'w Words>,
    rows: Rows,
    last: Option<JobId>,
    writer: ArrowWriter<Vec<u8>>,
}

impl<'w> PackWriter<'w> {
    /// An empty pack; with `words`, topics are in it in words too.
    ///
    /// # Errors
    /// None that is to be expected.
    pub fn new(words: Option<&'w Words>) -> Result<Self, PackError> {
        let mut properties = WriterProperties::builder()
            // Packs of one content have the same bytes, whichever version of the library wrote them.
            .set_created_by(format!("superposed pack {FORMAT}"))
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_statistics_enabled(EnabledStatistics::None)
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .set_key_value_metadata(Some(vec![KeyValue::new(FORMAT_KEY.to_owned(), FORMAT.to_owned())]));
        // Ids ascend: differences take a byte, where an id takes two.
        for path in [&["pool", "list", "item"][..], &["word_sets", "list", "item", "list", "item"]] {
            let path = ColumnPath::from(path.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
        let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&SCHEMA), Some(properties.build()))?;
        Ok(Self { words, rows: Rows::default(), last: None, writer })
    }

    /// Adds a job.
    ///
    /// # Errors
    /// When it does not sort after the one before it.
    pub fn push(&mut self, job: JobId, stored: &StoredResult) -> Result<(), PackError> {
        if let Some(last) = self.last.replace(job).filter(|last| *last >= job) {
            return Err(PackError::Order { job: last, next: job });
        }
        self.rows.push(job, stored, self.words);
        if self.rows.mode.len() >= BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), PackError> {
        Ok(self.writer.write(&mem::take(&mut self.rows).batch()?)?)
    }

    /// The pack's bytes.
    ///
    /// # Errors
    /// None that is to be expected.
    pub fn finish(mut self) -> Result<Vec<u8>, PackError> {
        if !self.rows.mode.is_empty() {
            self.flush()?;
        }
        Ok(self.writer.into_inner()?)
    }
}

/// Rows that are not written yet, by columns.
#[derive(Debug)]
struct Rows {
    mode: StringBuilder,
    layer: UInt32Builder,
    neuron: UInt32Builder,
    polarity: StringBuilder,
    pool_form: StringBuilder,
    pool: ListBuilder<UInt32Builder>,
    word_sets: ListBuilder<ListBuilder<UInt32Builder>>,
    topics: ListBuilder<ListBuilder<UInt32Builder>>,
    words: ListBuilder<ListBuilder<StringBuilder>>,
    scores: ListBuilder<Float64Builder>,
    status: ListBuilder<StringBuilder>,
    gaps: ListBuilder<Float64Builder>,
    files: [BinaryBuilder; 3],
}

/// A list whose items are never null.
fn list_of<B: ArrayBuilder>(items: B, data: DataType) -> ListBuilder<B> {
    ListBuilder::new(items).with_field(Field::new_list_field(data, false))
}

fn lists_of<B: ArrayBuilder>(items: B, data: DataType) -> ListBuilder<ListBuilder<B>> {
    let list = super::list(data.clone());
    list_of(list_of(items, data), list)
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            mode: StringBuilder::new(),
            layer: UInt32Builder::new(),
            neuron: UInt32Builder::new(),
            polarity: StringBuilder::new(),
            pool_form: StringBuilder::new(),
            pool: list_of(UInt32Builder::new(), DataType::UInt32),
            word_sets: lists_of(UInt32Builder::new(), DataType::UInt32),
            topics: lists_of(UInt32Builder::new(), DataType::UInt32),
            words: lists_of(StringBuilder::new(), DataType::Utf8),
            scores: list_of(Float64Builder::new(), DataType::Float64),
            status: list_of(StringBuilder::new(), DataType::Utf8),
            gaps: list_of(Float64Builder::new(), DataType::Float64),
            files: [(); 3].map(|()| BinaryBuilder::new()),
        }
    }
}

impl Rows {
    fn push(&mut self, job: JobId, stored: &StoredResult, words: Option<&Words>) {
        let StoredResult { result, otherwise } = stored;
        self.mode.append_value(job.mode.directory());
        self.layer.append_value(job.layer.0);
        self.neuron.append_value(job.neuron.0);
        self.polarity.append_value(job.polarity.as_str());
        self.pool_form.append_value(form_name(result.pool.form));
        append_ids(&mut self.pool, &result.pool.words);
        for set in &result.word_sets {
            append_ids(self.word_sets.values(), set);
        }
        self.word_sets.append(true);
        for topic in &result.topics {
            append_ids(self.topics.values(), &topic.words);
            self.scores.values().append_value(topic.score);
        }
        self.topics.append(true);
        self.scores.append(true);
        if let Some(words) = words {
            for topic in &result.topics {
                for id in &topic.words {
                    // An id that the map lacks is a fault that `verify` tells; here its number must do.
                    match words.word(*id) {
                        Some(word) => self.words.values().values().append_value(word),
                        None => self.words.values().values().append_value(id.to_string()),
                    }
                }
                self.words.values().append(true);
            }
        }
        self.words.append(words.is_some());
        for solve in result.solves.iter().flatten() {
            self.status.values().append_value(status_name(solve.status));
            self.gaps.values().append_value(solve.gap);
        }
        // Of no topics nothing is unknown.
        let known = result.solves.is_some() || result.topics.is_empty();
        self.status.append(known);
        self.gaps.append(known);
        for (column, file) in self.files.iter_mut().zip(otherwise) {
            column.append_option(file.as_ref());
        }
    }

    fn batch(mut self) -> Result<RecordBatch, PackError> {
        let [word_sets_file, topics_file, pool_file] = &mut self.files;
        let columns = vec![
            ArrayBuilder::finish(&mut self.mode),
            ArrayBuilder::finish(&mut self.layer),
            ArrayBuilder::finish(&mut self.neuron),
            ArrayBuilder::finish(&mut self.polarity),
            ArrayBuilder::finish(&mut self.pool_form),
            ArrayBuilder::finish(&mut self.pool),
            ArrayBuilder::finish(&mut self.word_sets),
            ArrayBuilder::finish(&mut self.topics),
            ArrayBuilder::finish(&mut self.words),
            ArrayBuilder::finish(&mut self.scores),
            ArrayBuilder::finish(&mut self.status),
            ArrayBuilder::finish(&mut self.gaps),
            ArrayBuilder::finish(word_sets_file),
            ArrayBuilder::finish(topics_file),
            ArrayBuilder::finish(pool_file),
        ];
        Ok(RecordBatch::try_new(Arc::clone(&SCHEMA), columns)?)
    }
}

fn append_ids(column: &mut ListBuilder<UInt32Builder>, ids: &[WordId]) {
    ids.iter().for_each(|WordId(id)| column.values().append_value(*id));
    column.append(true);
}
