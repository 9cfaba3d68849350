//! How often each token of a corpus is there, in bounded memory.
//!
//! Each thread has a table of its own. When that is full it is sorted by token and written to disk; in the end all of them,
//! on disk or not, are merged token by token.

use super::spill::Spill;
use crate::CorpusError;
use rustc_hash::FxHashMap;
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    io::{BufReader, ErrorKind, Read},
    sync::{Mutex, PoisonError},
    vec,
};

/// About what a token costs in a table beside its text, in bytes: its place in the table, which is between half full and
/// full, and the allocation of its text.
const COST: usize = 80;

/// How many bytes of a run are read at once.
const BUFFER: usize = 16 << 10;

/// How often a token was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Tally {
    pub(super) tokens: u64,
    pub(super) documents: u64,
}

/// Tables that were written to disk.
pub(super) struct Tallies {
    spill: Spill,
    /// Where each starts, and how many bytes it has.
    runs: Mutex<Vec<(u64, u64)>>,
    /// The most bytes of a table.
    room: usize,
}

impl Tallies {
    /// Tables for so many threads in so many bytes.
    pub(super) fn new(spill: Spill, memory: u64, threads: usize) -> Self {
        Self { spill, runs: Mutex::default(), room: (memory / threads as u64) as usize }
    }

    /// The table of one thread.
    pub(super) fn table(&self) -> Table<'_> {
        Table { all: self, entries: FxHashMap::default(), bytes: 0, document: 0 }
    }

    /// Calls `visit` with every token of all tables, in code-point order.
    pub(super) fn for_each(
        &self,
        tables: Vec<Table<'_>>,
        mut visit: impl FnMut(Box<str>, Tally),
    ) -> Result<(), CorpusError> {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let disk = runs.into_iter().map(|(at, bytes)| {
            let reader = BufReader::with_capacity(BUFFER, Box::new(self.spill.reader(at, bytes)) as Box<dyn Read + '_>);
            Sorted::File(reader)
        });
        let memory = tables.into_iter().map(|table| Sorted::Memory(sorted(table.entries).into_iter()));
        let mut sources: Vec<Sorted<'_>> = disk.chain(memory).collect();
        let mut heap = BinaryHeap::with_capacity(sources.len());
        for (number, source) in sources.iter_mut().enumerate() {
            heap.extend(self.next(source)?.map(|(token, tally)| Reverse((token, number, tally))));
        }
        let mut last: Option<(Box<str>, Tally)> = None;
        while let Some(Reverse((token, number, tally))) = heap.pop() {
            heap.extend(self.next(&mut sources[number])?.map(|(token, tally)| Reverse((token, number, tally))));
            match &mut last {
                Some((same, sum)) if *same == token => {
                    sum.tokens += tally.tokens;
                    sum.documents += tally.documents;
                }
                _ => {
                    if let Some((token, sum)) = last.replace((token, tally)) {
                        visit(token, sum);
                    }
                }
            }
        }
        if let Some((token, sum)) = last {
            visit(token, sum);
        }
        Ok(())
    }

    fn next(&self, source: &mut Sorted<'_>) -> Result<Option<(Box<str>, Tally)>, CorpusError> {
        match source {
            Sorted::Memory(entries) => Ok(entries.next()),
            Sorted::File(reader) => {
                let mut numbers = [0; 24];
                match reader.read_exact(&mut numbers) {
                    Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
                    read => read.map_err(self.spill.failed())?,
                }
                let number = |at: usize| u64::from_le_bytes(numbers.as_chunks().0[at]);
                let mut token = vec![0; number(0) as usize];
                reader.read_exact(&mut token).map_err(self.spill.failed())?;
                let token = String::from_utf8(token).expect("a text was written");
                Ok(Some((token.into(), Tally { tokens: number(1), documents: number(2) })))
            }
        }
    }
}

/// Tokens in code-point order.
enum Sorted<'t> {
    Memory(vec::IntoIter<(Box<str>, Tally)>),
    File(BufReader<Box<dyn Read + 't>>),
}

/// A token's tally and the last document of its thread that had it, from 1.
#[derive(Default)]
struct Entry {
    tally: Tally,
    last: u64,
}

/// How often each token was there in the documents of one thread.
pub(super) struct Table<'t> {
    all: &'t Tallies,
    entries: FxHashMap<Box<str>, Entry>,
    /// About how many bytes it takes.
    bytes: usize,
    document: u64,
}

impl Table<'_> {
    /// How many documents there were.
    pub(super) fn documents(&self) -> u64 {
        self.document
    }

    /// Starts a document; before it, makes room when the table is full.
    pub(super) fn start_document(&mut self) -> Result<(), CorpusError> {
        if self.bytes > self.all.room {
            let mut bytes = Vec::with_capacity(self.bytes);
            for (token, tally) in sorted(std::mem::take(&mut self.entries)) {
                for number in [token.len() as u64, tally.tokens, tally.documents] {
                    bytes.extend(number.to_le_bytes());
                }
                bytes.extend(token.as_bytes());
            }
            let start = self.all.spill.append(&bytes)?;
            self.all.runs.lock().unwrap_or_else(PoisonError::into_inner).push((start, bytes.len() as u64));
            self.bytes = 0;
        }
        self.document += 1;
        Ok(())
    }

    pub(super) fn add(&mut self, token: &str) {
        // Looked up first: nearly every token was there before, and an entry would cost a copy of its text.
        if let Some(entry) = self.entries.get_mut(token) {
            entry.count(self.document);
        } else {
            self.bytes += token.len() + COST;
            self.entries.entry(token.into()).or_default().count(self.document);
        }
    }
}

impl Entry {
    fn count(&mut self, document: u64) {
        self.tally.tokens += 1;
        self.tally.documents += u64::from(self.last != document);
        self.last = document;
    }
}

/// The tokens of a table in code-point order.
fn sorted(entries: FxHashMap<Box<str>, Entry>) -> Vec<(Box<str>, Tally)> {
    let mut entries: Vec<_> = entries.into_iter().map(|(token, entry)| (token, entry.tally)).collect();
    entries.sort_unstable();
    entries
}
