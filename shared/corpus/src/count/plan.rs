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

/// How many cells of the table cost about as much as one addition to a list: memory that the system clears, and a look at
/// each when rows are put together. Measured: see docs/decisions/0014.
const CELLS_PER_ADDITION: f64 = 50.0;

/// The words that keep a token company in its windows, where these are whole documents: a guess.
const COMPANY: u32 = 200;

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
    /// A plan for so many words and threads in so many bytes, or in the least that is possible, when the table is worth
    /// its memory for so many of the words.
    pub(super) fn new(memory: u64, threads: usize, words: u32, worth: u32) -> Self {
        let each = memory / threads as u64;
        let dense = match rows_in(memory / 8 * 7) {
            rows if rows >= words => words,
            _ => rows_in(memory / 2),
        };
        let dense = dense.min(worth);
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

/// For how many of the words, whose counts are given by rank, the table is worth its memory: a row has as many cells as its
/// rank, and about as many additions as its word has company.
pub(super) fn worth(counts: impl IntoIterator<Item = f64>, window: u32) -> u32 {
    let company = if window == 0 { COMPANY } else { window.saturating_sub(1).saturating_mul(2) };
    let pays = |(rank, count): &(u32, f64)| count * f64::from(company) * CELLS_PER_ADDITION >= f64::from(*rank);
    (0..).zip(counts).take_while(pays).count() as u32
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
        let whole = Plan::new(2_000_000_000, 2, 40_000, 40_000);
        assert_eq!((whole.dense, whole.hot), (40_000, 724));
        let part = Plan::new(1_000_000_000, 2, 40_000, 40_000);
        assert_eq!(part.dense, 22_361);
        assert_eq!(Plan::new(1_000_000_000, 2, 40_000, 20_000).dense, 20_000);
        let least = Plan::new(0, 64, 40_000, 40_000);
        assert_eq!((least.dense, least.hot, least.list), (1, 1, 131_072));
        assert_eq!((least.waiting(1), least.finishing(9)), (64, (1, 512)));
    }

    #[test]
    fn the_table_is_worth_its_memory_as_far_as_words_are_frequent() {
        // 18 words of company, 50 cells: a word that is there once pays for 900.
        assert_eq!(worth([1.0; 2000], 10), 901);
        assert_eq!(worth((0..2000).map(|rank| if rank < 1000 { 2.0 } else { 0.5 }), 10), 1000);
        assert_eq!((worth([1.0; 9], 1), worth([1.0; 20_000], 0)), (1, 10_001));
    }
}
