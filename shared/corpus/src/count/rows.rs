//! Rows of a store, put together of what was counted.

use super::{
    joint::Counted,
    plan::{Plan, ROWS},
};
use crate::{
    CorpusError,
    in_order::in_order,
    store::{EncodedRow, Row},
};
use superposed_identity::WordId;

/// What becomes a row.
pub(super) struct Rows<'a> {
    pub(super) counted: &'a Counted,
    /// The words by rank.
    pub(super) order: &'a [WordId],
    /// Pairs that are counted less often are left out.
    pub(super) least: u64,
    /// The single counts by rank, where they are to stand in the diagonal.
    pub(super) diagonal: Option<&'a [u64]>,
}

/// What a thread that puts rows together needs.
#[derive(Default)]
struct Workshop {
    row: Row,
    /// For each row of a block, its counts with the words after it, as far as they are in the table.
    columns: Vec<Vec<(u32, u16)>>,
    /// Sums of the lists, by rank, and which are not 0.
    sums: Vec<u64>,
    touched: Vec<u32>,
}

impl Rows<'_> {
    /// Calls `take` with the rows of all words, by rank.
    pub(super) fn for_each(
        &self,
        plan: &Plan,
        mut take: impl FnMut(EncodedRow) -> Result<(), CorpusError>,
    ) -> Result<(), CorpusError> {
        let (threads, room) = plan.finishing(self.counted.tail.runs());
        let work = |workshop: &mut Workshop, block| self.block(block, room, workshop);
        let take = |rows: Vec<EncodedRow>| rows.into_iter().try_for_each(&mut take);
        in_order(self.order.len().div_ceil(ROWS), threads, Workshop::default, work, take)
    }

    fn block(&self, block: usize, room: usize, workshop: &mut Workshop) -> Result<Vec<EncodedRow>, CorpusError> {
        let Self { counted, order, least, diagonal } = *self;
        let Workshop { row, columns, sums, touched } = workshop;
        let first = block * ROWS;
        let last = order.len().min(first + ROWS);
        let dense = counted.head.words() as usize;

        // The counts of a word with those before it are its row of the table. Those with words after it are a column,
        // gathered for all words of the block at once, so that a stretch of each row is read.
        columns.resize(ROWS, Vec::new());
        columns.iter_mut().for_each(Vec::clear);
        for other in first + 1..dense {
            let cells = &counted.head.row(other as u32)[first..last.min(other)];
            if cells.iter().fold(0, |any, cell| any | cell) != 0 {
                for (cell, column) in cells.iter().zip(&mut *columns).filter(|(cell, _)| **cell != 0) {
                    column.push((other as u32, *cell));
                }
            }
        }

        sums.resize(order.len(), 0);
        let mut runs = counted.tail.block(block, room);
        let mut rows = Vec::with_capacity(last - first);
        for (word, column) in (first as u32..last as u32).zip(&*columns) {
            row.clear();
            let mut set = |other: u32, count: u64| {
                if count >= least {
                    row.set(order[other as usize].0, count);
                }
            };
            // Large counts first: what is set stays, and their low bits are in the table too.
            counted.head.large(word).for_each(|(other, count)| set(other, count));
            if (word as usize) < dense {
                for (other, cell) in (0..).zip(counted.head.row(word)).filter(|(_, cell)| **cell != 0) {
                    set(other, u64::from(*cell));
                }
            }
            column.iter().for_each(|(other, cell)| set(*other, u64::from(*cell)));
            for run in &mut runs {
                run.row(word, |other, count| {
                    let sum = &mut sums[other as usize];
                    if *sum == 0 {
                        touched.push(other);
                    }
                    *sum += count;
                })?;
            }
            for other in touched.drain(..) {
                set(other, std::mem::take(&mut sums[other as usize]));
            }
            if let Some(singles) = diagonal {
                row.set(order[word as usize].0, singles[word as usize]);
            }
            rows.push(EncodedRow::of(order[word as usize], row));
        }
        Ok(rows)
    }
}
