//! How the memory of a count is shared out.
//!
//! Words are *ranked*: the most frequent first. Pairs of the first words are counted in a table (`head`), of two bytes a
//! pair; a pair with any other word is kept in lists (`tail`), which are sorted and written to disk when they are full. So
//! what is counted often is in the table, and what has no room in it is rare.

/// The most cells of the part of the table that every thread has for itself: half a megabyte, for a core's own cache.
const HOT_CELLS: u64 = 1 << 18;

/// The most, and the least, additions that wait together for one block of the table.
const WAITING: [u64; 2] = [64, 1024];

/// The least memory of a thread's list of the tail, in bytes: a run of it takes a few KiB while runs are merged.
const LEAST_LIST: u64 = 1 << 20;

/// How many rows are put together at once: their cells in each row of the table are two lines of the cache.
pub(super) const ROWS: usize = 64;

/// What takes how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) words: u32,
    pub(super) threads: usize,
    pub(super) memory: u64,
    /// Words whose pairs with words before them are in the table.
    pub(super) dense: u32,
    /// Words, the first of those, whose pairs every thread counts for itself.
    pub(super) hot: u32,
    /// Records of a thread's list of the tail.
    pub(super) list: usize,
}

impl Plan {
    /// A plan for so many words and threads in so many bytes, or in the least that is possible.
    pub(super) fn new(memory: u64, threads: usize, words: u32) -> Self {
        let each = memory / threads as u64;
        let dense = match rows_in(memory / 8 * 7) {
            rows if rows >= words => words,
            _ => rows_in(memory / 2),
        };
        let hot = rows_in((each / 16).min(2 * HOT_CELLS)).min(dense);
        let list = (each / 4).max(LEAST_LIST) as usize / size_of::<u64>();
        Self { words, threads, memory, dense, hot, list }
    }

    /// How many additions to one block of the table a thread collects, when there are so many blocks.
    pub(super) fn waiting(&self, blocks: usize) -> usize {
        let each = self.memory / 16 / self.threads as u64 / blocks.max(1) as u64;
        (each / size_of::<u32>() as u64).clamp(WAITING[0], WAITING[1]) as usize
    }

    /// How many threads put rows together, and how many records each has in memory of each of so many runs.
    pub(super) fn finishing(&self, runs: usize) -> (usize, usize) {
        let rows = self.memory / 16 / (ROWS as u64 * 2 * u64::from(self.words));
        let threads = rows.clamp(1, self.threads as u64);
        let each = self.memory / 4 / threads / runs.max(1) as u64;
        (threads as usize, (each.clamp(4 << 10, 256 << 10) / size_of::<u64>() as u64) as usize)
    }
}

/// How many rows below the diagonal fit so many bytes.
const fn rows_in(bytes: u64) -> u32 {
    // r (r − 1) ≤ bytes
    let rows = bytes.saturating_mul(4).saturating_add(1).isqrt().div_ceil(2);
    if rows < 1 << 30 { rows as u32 } else { 1 << 30 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_rows_are_in_the_table_as_fit() {
        assert_eq!([0, 1, 2, 5, 6, 11, 12].map(rows_in), [1, 1, 2, 2, 3, 3, 4]);
        let whole = Plan::new(2_000_000_000, 2, 40_000);
        assert_eq!((whole.dense, whole.hot), (40_000, 724));
        let part = Plan::new(1_000_000_000, 2, 40_000);
        assert_eq!(part.dense, 22_361);
        let least = Plan::new(0, 64, 40_000);
        assert_eq!((least.dense, least.hot, least.list), (1, 1, 131_072));
        assert_eq!((least.waiting(1), least.finishing(9)), (64, (1, 512)));
    }
}
