//! Many counts of one row at once.
//!
//! A pool's counts lie all over a store, so gathering them is waiting for memory: what helps is to have many loads under
//! way at a time. A processor starts the loads of the next few hundred instructions before the first one arrives, so
//! loops that load are kept short, and loads that depend on others come in a loop of their own, after those.

use super::{Cell, Corpus, ESCAPE, row::RowView};
use superposed_identity::WordId;

/// The bytes that come from memory together.
const LINE: usize = 64;

/// The cells of one word and several others. Kept from row to row, for its memory.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    cells: Vec<u16>,
    /// The columns of a sparse row that have a cell: by their place among the columns, where the cell is.
    stored: Vec<(u32, u32)>,
}

impl Gathered {
    /// The cells, one for each column, which [`Corpus::count_of`] makes counts of.
    pub(crate) fn cells(&self) -> &[u16] {
        &self.cells
    }

    /// The cells of a row.
    fn fill(&mut self, row: RowView<'_>, columns: &[WordId]) {
        self.cells.clear();
        match row {
            RowView::Dense(row) => self.dense(columns, row),
            RowView::Sparse { bitmaps, ranks, cells } => self.sparse(columns, bitmaps, ranks, cells),
        }
    }

    /// A dense row: one load for each column.
    fn dense(&mut self, columns: &[WordId], row: &[Cell]) {
        let cell = |column: &WordId| row.get(column.index()).map_or(0, |cell| u16::from_le_bytes(*cell));
        self.cells.extend(columns.iter().map(cell));
    }

    /// A sparse row: first where each column's cell is, if it has one, then the cells.
    fn sparse(&mut self, columns: &[WordId], bitmaps: &[[u8; 8]], ranks: &[[u8; 4]], cells: &[Cell]) {
        let blocks = bitmaps.len();
        touch(bitmaps, columns);
        touch(ranks, columns);
        if self.stored.len() < columns.len() {
            self.stored.resize(columns.len(), (0, 0));
        }
        let mut stored = 0;
        for (column, place) in columns.iter().zip(0_u32..) {
            let (block, bit) = (column.index() / 64, column.index() % 64);
            if block >= blocks {
                continue;
            }
            let bitmap = u64::from_le_bytes(bitmaps[block]);
            let before = (bitmap & ((1 << bit) - 1)).count_ones();
            // Written in any case and kept only if there is a cell: half of the columns may have none, in no order that
            // a branch could be predicted by.
            self.stored[stored] = (place, u32::from_le_bytes(ranks[block]) + before);
            stored += (bitmap >> bit & 1) as usize;
        }
        self.cells.resize(columns.len(), 0);
        for &(place, at) in &self.stored[..stored] {
            self.cells[place as usize] = u16::from_le_bytes(cells[at as usize]);
        }
    }
}

impl Corpus {
    /// The cells of a word and each of `columns`.
    ///
    /// # Panics
    /// When the word is not one of the vocabulary, or the store is damaged in a way that [`Self::verify`] finds.
    pub(crate) fn gather(&self, word: WordId, columns: &[WordId], gathered: &mut Gathered) {
        gathered.fill(self.row(word), columns);
    }

    /// The joint count of two words, whose cell is at hand.
    ///
    /// # Panics
    /// When the store is damaged in a way that [`Self::verify`] finds.
    pub(crate) fn count_of(&self, cell: u16, a: WordId, b: WordId) -> u64 {
        if cell == ESCAPE { self.large_count(a, b) } else { u64::from(cell) }
    }
}

/// Has a run of one entry for each block of 64 columns brought into the cache, from the first column's on, where the columns
/// are so many that most of it will be needed.
fn touch<const BYTES: usize>(entries: &[[u8; BYTES]], columns: &[WordId]) {
    let (Some(first), Some(last)) = (columns.first(), columns.last()) else { return };
    let entries = entries.get(first.index() / 64..entries.len().min(last.index() / 64 + 1)).unwrap_or(&[]);
    let step = LINE / BYTES;
    if columns.len() >= entries.len() / step {
        std::hint::black_box(entries.iter().step_by(step).fold(0, |sum: u8, entry| sum.wrapping_add(entry[0])));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{EncodedRow, Row, record::Kind};
    use proptest::{collection, prelude::*, sample::Index};

    proptest! {
        #[test]
        fn what_is_gathered_is_what_the_row_has_for_each_column_alone(
            counts in collection::vec(prop_oneof![4 => Just(0), 1 => 1_u64..9, 1 => 65_534_u64..65_537], 0..1000),
            keep in 1_usize..40,
            columns in collection::btree_set(0_u32..1200, 0..900),
            pieces in any::<Index>(),
        ) {
            let mut row = Row::default();
            for (column, count) in counts.iter().enumerate() {
                row.set(column as u32, if column % keep == 0 { *count } else { 0 });
                row.set(column as u32, u64::from(keep == 1));
            }
            let encoded = EncodedRow::of(WordId(0), &row);
            prop_assert!(keep > 1 || encoded.record.kind == Kind::Dense);
            prop_assert!(keep < 4 || encoded.record.columns < 64 || encoded.record.kind == Kind::Sparse);
            let view = RowView::of(&encoded.record, &encoded.bytes[..encoded.record.length()]).expect("as encoded");
            let columns: Vec<WordId> = columns.into_iter().map(WordId).collect();
            // Two stretches, so that the second is gathered where the first left its cells.
            let (first, second) = columns.split_at(pieces.index(columns.len() + 1));
            let mut gathered = Gathered::default();
            for columns in [first, second] {
                gathered.fill(view, columns);
                prop_assert_eq!(gathered.cells(), columns.iter().map(|column| view.cell(*column)).collect::<Vec<_>>());
            }
        }
    }
}
