//! One row of joint counts: filled, encoded, read.

use super::{
    Cell, ESCAPE,
    balance::Balance,
    record::{Kind, Record, kind, padded},
};
use sha2::{Digest, Sha256};
use superposed_identity::WordId;

/// One row of joint counts while it is filled. It grows with its columns, so it can be filled before anyone knows how
/// many words there are.
#[derive(Default)]
pub(crate) struct Row {
    cells: Vec<u16>,
    /// One more than the greatest column that was set, be it to 0.
    reach: usize,
    large: Vec<(u32, u64)>,
}

impl Row {
    /// Sets the count of a column, which must be 0 so far; `false` when it is not.
    pub(crate) fn set(&mut self, column: u32, count: u64) -> bool {
        let at = column as usize;
        if at >= self.cells.len() {
            self.cells.resize((at + 1).next_power_of_two(), 0);
        }
        self.reach = self.reach.max(at + 1);
        let cell = &mut self.cells[at];
        if *cell != 0 {
            return false;
        }
        *cell = u16::try_from(count).unwrap_or(ESCAPE);
        if *cell == ESCAPE {
            self.large.push((column, count));
        }
        true
    }

    /// The count of a column.
    #[cfg(test)]
    pub(crate) fn get(&self, column: u32) -> u64 {
        match self.cells.get(column as usize) {
            Some(&ESCAPE) => self.large.iter().find(|(other, _)| *other == column).expect("a large count").1,
            cell => cell.copied().unwrap_or(0).into(),
        }
    }

    /// Makes all counts 0 again.
    pub(crate) fn clear(&mut self) {
        self.cells[..self.reach].fill(0);
        self.reach = 0;
        self.large.clear();
    }
}

/// A row as it will lie in a store, with all that its writer wants to know of it.
pub(crate) struct EncodedRow {
    pub(super) word: WordId,
    /// One more than the greatest column that was set, be it to 0.
    pub(super) reach: u32,
    /// Its offset is not known yet.
    pub(super) record: Record,
    /// With padding.
    pub(super) bytes: Vec<u8>,
    /// The counts that do not fit a cell, by column.
    pub(super) large: Vec<(u32, u64)>,
    pub(super) balance: Balance,
}

impl EncodedRow {
    /// Encodes and hashes the row of a word. It depends on nothing else, so any thread may do it.
    pub(crate) fn of(word: WordId, row: &Row) -> Self {
        let reached = &row.cells[..row.reach];
        let columns = reached.iter().rposition(|cell| *cell != 0).map_or(0, |last| last + 1);
        let cells = &reached[..columns];
        let bitmaps: Vec<u64> = cells.chunks(64).map(bitmap).collect();
        let nonzero: u32 = bitmaps.iter().map(|bitmap| bitmap.count_ones()).sum();
        let kind = kind(columns as u32, nonzero);

        let mut record = Record { offset: 0, columns: columns as u32, nonzero, kind, sha256: Record::empty().sha256 };
        let length = record.length();
        let mut bytes = Vec::with_capacity(padded(length));
        match kind {
            Kind::Dense => bytes.extend(cells.iter().flat_map(|cell| cell.to_le_bytes())),
            Kind::Sparse => {
                bytes.extend(bitmaps.iter().flat_map(|bitmap| bitmap.to_le_bytes()));
                let mut rank = 0;
                for bitmap in &bitmaps {
                    bytes.extend(u32::to_le_bytes(rank));
                    rank += bitmap.count_ones();
                }
            }
        }
        let mut balance = Balance::default();
        for (bitmap, block) in bitmaps.iter().zip(0_u32..) {
            let mut bits = *bitmap;
            while bits != 0 {
                let column = 64 * block + bits.trailing_zeros();
                bits &= bits - 1;
                let cell = cells[column as usize];
                if kind == Kind::Sparse {
                    bytes.extend(cell.to_le_bytes());
                }
                if cell != ESCAPE {
                    balance.add(word.0, column, cell.into());
                }
            }
        }
        for (column, count) in &row.large {
            balance.add(word.0, *column, *count);
        }
        record.sha256 = Sha256::digest(&bytes).into();
        bytes.resize(padded(length), 0);
        Self { word, reach: row.reach as u32, record, bytes, large: row.large.clone(), balance }
    }

    /// The word whose row it is.
    pub(crate) fn word(&self) -> WordId {
        self.word
    }

    /// One more than the greatest column that was set, be it to 0.
    pub(crate) fn reach(&self) -> u32 {
        self.reach
    }
}

/// Which of up to 64 cells are not 0.
fn bitmap(cells: &[u16]) -> u64 {
    cells.iter().enumerate().fold(0, |bits, (at, cell)| bits | u64::from(*cell != 0) << at)
}

/// A row of a store, where it lies.
#[derive(Clone, Copy)]
pub(crate) enum RowView<'a> {
    /// The cells of the first columns; those of all others are 0.
    Dense(&'a [Cell]),
    /// Blocks of 64 columns each; the cells of all later columns are 0.
    Sparse {
        /// Per block, which cells are not 0, the first column in the lowest bit.
        bitmaps: &'a [[u8; 8]],
        /// Per block, how many cells of all blocks before it are not 0.
        ranks: &'a [[u8; 4]],
        /// The cells that are not 0.
        cells: &'a [Cell],
    },
}

impl<'a> RowView<'a> {
    /// The row that a record tells of, in its bytes without padding; `None` when they are too few or too many.
    pub(super) fn of(record: &Record, bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() != record.length() {
            return None;
        }
        Some(match record.kind {
            Kind::Dense => Self::Dense(bytes.as_chunks().0),
            Kind::Sparse => {
                let blocks = (record.columns as usize).div_ceil(64);
                let (bitmaps, rest) = bytes.split_at(8 * blocks);
                let (ranks, cells) = rest.split_at(4 * blocks);
                Self::Sparse { bitmaps: bitmaps.as_chunks().0, ranks: ranks.as_chunks().0, cells: cells.as_chunks().0 }
            }
        })
    }

    /// The cell of a column: the joint count, or [`ESCAPE`]; 0 beyond the row's end.
    ///
    /// # Panics
    /// When the store is damaged in a way that verifying it finds.
    #[inline]
    pub(crate) fn cell(&self, column: WordId) -> u16 {
        match self {
            Self::Dense(cells) => cells.get(column.index()).map_or(0, |cell| u16::from_le_bytes(*cell)),
            Self::Sparse { bitmaps, ranks, cells } => {
                let (block, bit) = (column.index() / 64, 1_u64 << (column.index() % 64));
                let Some(bitmap) = bitmaps.get(block).map(|bitmap| u64::from_le_bytes(*bitmap)) else { return 0 };
                if bitmap & bit == 0 {
                    return 0;
                }
                let rank = u32::from_le_bytes(ranks[block]) as usize;
                u16::from_le_bytes(cells[rank + (bitmap & (bit - 1)).count_ones() as usize])
            }
        }
    }

    /// Whether the row is what its record says and as [`crate::store`] has it, down to the last bit.
    pub(super) fn is_sound(&self, record: &Record) -> bool {
        let last = match self {
            Self::Dense(cells) => {
                let nonzero = cells.iter().filter(|cell| **cell != [0; 2]).count();
                if nonzero != record.nonzero as usize {
                    return false;
                }
                cells.last().is_none_or(|cell| *cell != [0; 2])
            }
            Self::Sparse { bitmaps, ranks, cells } => {
                let mut rank = 0;
                for (bitmap, stored) in bitmaps.iter().zip(*ranks) {
                    if u32::from_le_bytes(*stored) != rank {
                        return false;
                    }
                    rank += u64::from_le_bytes(*bitmap).count_ones();
                }
                if rank != record.nonzero || cells.contains(&[0; 2]) {
                    return false;
                }
                let last = bitmaps.last().map_or(0, |bitmap| 64 - u64::from_le_bytes(*bitmap).leading_zeros());
                last == (record.columns + 63) % 64 + 1
            }
        };
        last && record.kind == kind(record.columns, record.nonzero)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::btree_map, prelude::*};
    use std::collections::BTreeMap;

    fn encoded(word: u32, counts: &BTreeMap<u32, u64>) -> EncodedRow {
        let mut row = Row::default();
        for (column, count) in counts {
            assert!(row.set(*column, *count));
        }
        EncodedRow::of(WordId(word), &row)
    }

    proptest! {
        #[test]
        fn every_cell_is_read_back_and_the_encoding_is_sound(
            counts in btree_map(0_u32..700, prop_oneof![0_u64..3, 65_533_u64..65_538], 0..600),
            word in 0_u32..700,
        ) {
            let row = encoded(word, &counts);
            let view = RowView::of(&row.record, &row.bytes[..row.record.length()]).unwrap();
            prop_assert!(view.is_sound(&row.record));
            prop_assert_eq!(row.bytes.len() % 64, 0);
            for column in 0..1000 {
                let count = counts.get(&column).copied().unwrap_or(0);
                prop_assert_eq!(u64::from(view.cell(WordId(column))), count.min(65_535), "{}", column);
            }
            let large: Vec<(u32, u64)> = counts.into_iter().filter(|(_, count)| *count >= 65_535).collect();
            prop_assert_eq!(row.large, large);
        }

        #[test]
        fn a_flipped_bit_that_keeps_the_record_is_never_sound_where_it_moves_cells(
            counts in btree_map(0_u32..400, 1_u64..3, 1..60),
            bit in 0_usize..10_000,
        ) {
            let mut row = encoded(0, &counts);
            if row.record.kind == Kind::Sparse {
                let frame = 12 * (row.record.columns as usize).div_ceil(64);
                let bit = bit % (8 * frame);
                row.bytes[bit / 8] ^= 1 << (bit % 8);
                let view = RowView::of(&row.record, &row.bytes[..row.record.length()]).unwrap();
                prop_assert!(!view.is_sound(&row.record));
            }
        }
    }

    #[test]
    fn rows_are_sparse_where_that_saves_a_quarter_and_end_with_their_last_count() {
        let every = |step: usize| (0..6400).step_by(step).map(|column| (column, 1)).collect::<BTreeMap<u32, u64>>();
        let dense = encoded(0, &every(1));
        assert_eq!((dense.record.kind, dense.record.columns, dense.bytes.len()), (Kind::Dense, 6400, 12_800));
        let half = encoded(0, &every(2));
        assert_eq!((half.record.kind, half.record.columns, half.record.length()), (Kind::Sparse, 6399, 1200 + 6400));
        let mut trailing = every(2);
        trailing.insert(250_000, 0);
        let trailing = encoded(0, &trailing);
        assert_eq!((trailing.record, trailing.reach()), (half.record, 250_001));
        assert_eq!(encoded(7, &BTreeMap::new()).record, Record::empty());
    }

    #[test]
    fn a_cleared_row_holds_nothing_and_a_count_is_set_once() {
        let mut row = Row::default();
        assert!(row.set(9, 70_000) && row.set(3, 1) && !row.set(9, 2));
        assert_eq!((row.get(9), row.get(3), row.get(4), row.get(100)), (70_000, 1, 0, 0));
        row.clear();
        assert_eq!(EncodedRow::of(WordId(1), &row).record, Record::empty());
        assert!(row.set(9, 2));
    }
}
