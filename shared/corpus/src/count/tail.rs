//! The pairs that the table has no room for: lists of records, sorted, added up, and written to disk when they are full.
//!
//! A record says how often a row's word and a column's are together; each pair has one in both directions. As numbers,
//! records sort by row, then column. A *run* is a sorted list. Rows are made of all runs at once: each knows where the
//! rows start that are put together at once, so that several threads can read their own.

use super::{
    plan::{Plan, ROWS},
    spill::Spill,
};
use crate::CorpusError;
use std::sync::{Mutex, PoisonError};

const WORD_BITS: u32 = 18;
const COUNT_BITS: u32 = 64 - 2 * WORD_BITS;
const MOST: u64 = (1 << COUNT_BITS) - 1;

const fn record(row: u32, column: u32, count: u64) -> u64 {
    (row as u64) << (WORD_BITS + COUNT_BITS) | (column as u64) << COUNT_BITS | count
}

const fn row_of(record: u64) -> u32 {
    (record >> (WORD_BITS + COUNT_BITS)) as u32
}

const fn column_of(record: u64) -> u32 {
    (record >> COUNT_BITS) as u32 & ((1 << WORD_BITS) - 1)
}

/// The runs of all threads.
pub(super) struct Tail {
    words: u32,
    list: usize,
    spill: Spill,
    runs: Mutex<Vec<Run>>,
}

/// Sorted records.
struct Run {
    /// Where the rows of each so many words start, and at last where all end.
    starts: Vec<u32>,
    place: Stored,
}

enum Stored {
    Memory(Vec<u64>),
    /// From this byte of the temporary file on.
    File(u64),
}

impl Tail {
    pub(super) fn new(plan: &Plan, spill: Spill) -> Self {
        Self { words: plan.words, list: plan.list, spill, runs: Mutex::default() }
    }

    /// The starts of a run.
    fn starts(&self, records: &[u64]) -> Vec<u32> {
        let mut starts: Vec<u32> = Vec::with_capacity((self.words as usize).div_ceil(ROWS) + 1);
        for block in 0..(self.words as usize).div_ceil(ROWS) {
            let from = starts.last().map_or(0, |start| *start as usize);
            let first = record((block * ROWS) as u32, 0, 0);
            starts.push((from + records[from..].partition_point(|record| *record < first)) as u32);
        }
        starts.push(records.len() as u32);
        starts
    }

    fn keep(&self, run: Run) {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).push(run);
    }

    /// What was counted, once all threads are done.
    pub(super) fn finish(self) -> CountedTail {
        CountedTail { spill: self.spill, runs: self.runs.into_inner().unwrap_or_else(PoisonError::into_inner) }
    }
}

/// The list of one thread.
pub(super) struct TailAdder<'t> {
    tail: &'t Tail,
    records: Vec<u64>,
    failed: Option<CorpusError>,
}

impl<'t> TailAdder<'t> {
    pub(super) fn new(tail: &'t Tail) -> Self {
        Self { tail, records: Vec::new(), failed: None }
    }

    /// Adds to the count of two words, a count that fits.
    #[cold]
    pub(super) fn add(&mut self, a: u32, b: u32, mut count: u64) {
        if self.records.is_empty() {
            // Taken as it is filled; grown step by step, it would be there twice.
            self.records.reserve_exact(self.tail.list + 2);
        }
        while count > 0 {
            let part = count.min(MOST);
            self.records.extend([record(a, b, part), record(b, a, part)]);
            count -= part;
        }
        if self.records.len() >= self.tail.list {
            self.make_room();
        }
    }

    /// Adds up what is there more than once; writes the list to disk unless half of it is free then.
    fn make_room(&mut self) {
        add_up(&mut self.records);
        if self.records.len() <= self.tail.list / 2 || self.failed.is_some() {
            return;
        }
        match self.write() {
            Ok(start) => {
                self.tail.keep(Run { starts: self.tail.starts(&self.records), place: Stored::File(start) });
            }
            Err(error) => self.failed = Some(error),
        }
        self.records.clear();
    }

    fn write(&self) -> Result<u64, CorpusError> {
        let start = self.tail.spill.reserve(size_of_val(&*self.records) as u64);
        let (mut at, mut bytes) = (start, Vec::new());
        for records in self.records.chunks(1 << 15) {
            bytes.clear();
            bytes.extend(records.iter().flat_map(|record| record.to_le_bytes()));
            self.tail.spill.write(&bytes, at)?;
            at += bytes.len() as u64;
        }
        Ok(start)
    }

    /// Whether all could be kept so far; to be asked now and then.
    pub(super) fn check(&mut self) -> Result<(), CorpusError> {
        self.failed.take().map_or(Ok(()), Err)
    }

    /// Leaves what is left in memory.
    pub(super) fn finish(mut self) -> Result<(), CorpusError> {
        add_up(&mut self.records);
        if !self.records.is_empty() {
            self.records.shrink_to_fit();
            let starts = self.tail.starts(&self.records);
            self.tail.keep(Run { starts, place: Stored::Memory(std::mem::take(&mut self.records)) });
        }
        self.check()
    }
}

/// Sorts records, and makes one of those that are of the same row and column, where its count fits.
fn add_up(records: &mut Vec<u64>) {
    records.sort_unstable();
    records.dedup_by(|next, kept| {
        let sum = (*kept & MOST) + (*next & MOST);
        let same = *kept >> COUNT_BITS == *next >> COUNT_BITS && sum <= MOST;
        if same {
            *kept = (*kept & !MOST) | sum;
        }
        same
    });
}

/// All runs when nothing is added any more.
pub(super) struct CountedTail {
    spill: Spill,
    runs: Vec<Run>,
}

impl CountedTail {
    /// How many runs there are.
    pub(super) fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Readers of the rows of a block of words, one for each run, each with so many records in memory.
    pub(super) fn block(&self, block: usize, room: usize) -> Vec<RunReader<'_>> {
        let runs = self.runs.iter().filter(|run| run.starts[block] < run.starts[block + 1]);
        let readers = runs.map(|run| {
            let (start, end) = (run.starts[block] as usize, run.starts[block + 1] as usize);
            match &run.place {
                Stored::Memory(records) => RunReader::Memory(&records[start..end]),
                Stored::File(at) => RunReader::File {
                    spill: &self.spill,
                    at: at + 8 * start as u64,
                    left: end - start,
                    room,
                    records: Vec::new(),
                    next: 0,
                },
            }
        });
        readers.collect()
    }
}

/// Reads a part of a run.
pub(super) enum RunReader<'t> {
    Memory(&'t [u64]),
    File {
        spill: &'t Spill,
        /// The byte after the records in memory.
        at: u64,
        /// How many more records there are from there.
        left: usize,
        room: usize,
        records: Vec<u64>,
        next: usize,
    },
}

impl RunReader<'_> {
    /// Calls `visit` with the columns and counts of a row, which comes after those that were asked for before.
    pub(super) fn row(&mut self, row: u32, mut visit: impl FnMut(u32, u64)) -> Result<(), CorpusError> {
        loop {
            let records = match self {
                Self::Memory(records) => *records,
                Self::File { records, next, .. } => &records[*next..],
            };
            let length = records.partition_point(|record| row_of(*record) <= row);
            for record in &records[..length] {
                visit(column_of(*record), record & MOST);
            }
            let ended = length < records.len();
            match self {
                Self::Memory(records) => *records = &records[length..],
                Self::File { next, .. } => *next += length,
            }
            if ended || !self.read()? {
                return Ok(());
            }
        }
    }

    /// Reads more records when those in memory are used up; `false` when there are none.
    fn read(&mut self) -> Result<bool, CorpusError> {
        let Self::File { spill, at, left, room, records, next } = self else { return Ok(false) };
        let count = (*room).min(*left);
        let mut bytes = vec![0; 8 * count];
        spill.read(&mut bytes, *at)?;
        records.clear();
        records.extend(bytes.as_chunks().0.iter().map(|record| u64::from_le_bytes(*record)));
        (*at, *left, *next) = (*at + bytes.len() as u64, *left - count, 0);
        Ok(count > 0)
    }
}
