//! The table of the pairs of frequent words: a triangle in blocks, which threads add to in turn.
//!
//! Row *r* has a cell for each word ranked before *r*. Blocks are runs of rows. A thread that added to the table itself
//! would wait for memory at nearly every addition, and would have to keep others away from it; so it collects what it
//! adds to a block, and then adds all of it at once. The first block, of the pairs that are counted most, would be wanted
//! by all threads at all times: of that each has its own.

use super::{cells::Cells, plan::Plan};
use std::sync::{Mutex, PoisonError};

/// The bits of a place in a block; with 2¹⁸ cells or fewer, a block is half a megabyte. The longest row is shorter.
const PLACE_BITS: u32 = 18;

/// The most that one record adds.
const MOST: u32 = (1 << (32 - PLACE_BITS)) - 1;

/// Where a row starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    block: u32,
    cell: u32,
}

/// The table, shared by all threads.
pub(super) struct Head {
    rows: Vec<Place>,
    blocks: Vec<Mutex<Cells>>,
    hot: u32,
    /// How many records a thread collects for a block.
    waiting: usize,
}

impl Head {
    pub(super) fn new(plan: &Plan) -> Self {
        let (mut rows, mut sizes) = (Vec::with_capacity(plan.dense as usize), vec![0]);
        for row in 0..plan.dense {
            let block = sizes.len() - 1;
            let full = sizes[block] + row > 1 << PLACE_BITS;
            if row == plan.hot || (row > plan.hot && full) {
                sizes.push(0);
            }
            let block = sizes.len() - 1;
            rows.push(Place { block: block as u32, cell: sizes[block] });
            sizes[block] += row;
        }
        let blocks: Vec<_> = sizes.iter().map(|cells| Mutex::new(Cells::new(*cells as usize))).collect();
        Self { rows, hot: plan.hot, waiting: plan.waiting(blocks.len()), blocks }
    }

    /// How many words' rows it has.
    pub(super) fn words(&self) -> u32 {
        self.rows.len() as u32
    }

    fn add_all(&self, block: usize, records: &[u32]) {
        let mut cells = self.blocks[block].lock().unwrap_or_else(PoisonError::into_inner);
        for record in records {
            cells.add(record & ((1 << PLACE_BITS) - 1), record >> PLACE_BITS);
        }
    }

    /// What was counted, once all threads are done.
    pub(super) fn finish(self) -> CountedHead {
        let blocks = self.blocks.into_iter().map(|block| block.into_inner().unwrap_or_else(PoisonError::into_inner));
        let blocks: Vec<Cells> = blocks.collect();
        let mut large = Vec::new();
        for (number, cells) in (0..).zip(&blocks) {
            for (place, count) in cells.large() {
                // The last row that starts here or before has this cell; rows without cells start where their next does.
                let row = self.rows.partition_point(|start| *start <= Place { block: number, cell: place }) as u32 - 1;
                let column = place - self.rows[row as usize].cell;
                large.extend([(row, column, count), (column, row, count)]);
            }
        }
        large.sort_unstable();
        CountedHead { rows: self.rows, blocks, large }
    }
}

/// What one thread adds to the table.
pub(super) struct HeadAdder<'h> {
    head: &'h Head,
    hot: Cells,
    /// For each block, records that wait: a cell in the low bits, what is added to it in the others.
    records: Vec<u32>,
    /// For each block, how many.
    waiting: Vec<u32>,
}

impl<'h> HeadAdder<'h> {
    pub(super) fn new(head: &'h Head) -> Self {
        let hot = Cells::new((u64::from(head.hot) * u64::from(head.hot).saturating_sub(1) / 2) as usize);
        let blocks = head.blocks.len();
        Self { head, hot, records: vec![0; blocks * head.waiting], waiting: vec![0; blocks] }
    }

    /// Adds to the count of two words, both of the table.
    #[inline]
    pub(super) fn add(&mut self, larger: u32, smaller: u32, mut count: u32) {
        let Place { block, cell } = self.head.rows[larger as usize];
        if block == 0 {
            self.hot.add(cell + smaller, count);
            return;
        }
        loop {
            let part = count.min(MOST);
            self.wait(block as usize, part << PLACE_BITS | (cell + smaller));
            count -= part;
            if count == 0 {
                return;
            }
        }
    }

    #[inline]
    fn wait(&mut self, block: usize, record: u32) {
        let room = self.head.waiting;
        let records = &mut self.records[block * room..(block + 1) * room];
        let waiting = &mut self.waiting[block];
        records[*waiting as usize] = record;
        *waiting += 1;
        if *waiting as usize == room {
            self.head.add_all(block, records);
            *waiting = 0;
        }
    }

    /// Adds everything that waits.
    pub(super) fn finish(self) {
        for (block, waiting) in self.waiting.iter().enumerate() {
            let start = block * self.head.waiting;
            self.head.add_all(block, &self.records[start..start + *waiting as usize]);
        }
        self.head.blocks[0].lock().unwrap_or_else(PoisonError::into_inner).add_all(self.hot);
    }
}

/// The table when nothing is added any more.
pub(super) struct CountedHead {
    rows: Vec<Place>,
    blocks: Vec<Cells>,
    /// The counts that do not fit 16 bits, by row and column, in both directions.
    large: Vec<(u32, u32, u64)>,
}

impl CountedHead {
    /// How many words' rows it has.
    pub(super) fn words(&self) -> u32 {
        self.rows.len() as u32
    }

    /// The low 16 bits of the counts of a word with all words before it.
    pub(super) fn row(&self, word: u32) -> &[u16] {
        let Place { block, cell } = self.rows[word as usize];
        &self.blocks[block as usize].low()[cell as usize..][..word as usize]
    }

    /// The counts of a word that do not fit 16 bits, with the other words.
    pub(super) fn large(&self, word: u32) -> impl Iterator<Item = (u32, u64)> {
        let start = self.large.partition_point(|(row, ..)| *row < word);
        self.large[start..].iter().take_while(move |(row, ..)| *row == word).map(|(_, column, count)| (*column, *count))
    }
}
