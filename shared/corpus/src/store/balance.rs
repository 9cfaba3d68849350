//! Whether rows are symmetric, told while they pass, in whatever order.
//!
//! Give each pair of different words a random factor, and sum factor × count once over the counts above the diagonal
//! and once over those below. In a symmetric table both sums are equal. In any other their difference is a sum of
//! random factors, each times the difference of two counts, which is 0 by chance alone: modulo 2⁶⁴, with probability
//! 2⁻⁶⁴⁺ᵏ where 2ᵏ is the highest power of two that divides all these differences. Two such sums are kept, with
//! independent factors. The factors are not drawn but mixed from the pair, so that no table of them is needed and the
//! outcome is the same every time; counts that were made to deceive them could pass, and would only be an odd corpus.

use std::ops::AddAssign;

/// The sums over some rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Balance {
    upper: [u64; 2],
    lower: [u64; 2],
    /// The counts above the diagonal that are not 0.
    pub(super) pairs: u64,
}

impl Balance {
    /// Adds the count, which is not 0, in the row of one word and the column of another.
    #[inline]
    pub(super) fn add(&mut self, row: u32, column: u32, count: u64) {
        if row < column {
            self.pairs += 1;
            add(&mut self.upper, row, column, count);
        } else if row > column {
            add(&mut self.lower, column, row, count);
        }
    }

    /// Whether the table whose rows were all added is symmetric.
    pub(super) fn holds(&self) -> bool {
        self.upper == self.lower
    }
}

impl AddAssign for Balance {
    fn add_assign(&mut self, other: Self) {
        for side in 0..2 {
            self.upper[side] = self.upper[side].wrapping_add(other.upper[side]);
            self.lower[side] = self.lower[side].wrapping_add(other.lower[side]);
        }
        self.pairs += other.pairs;
    }
}

#[inline]
fn add(sums: &mut [u64; 2], smaller: u32, larger: u32, count: u64) {
    let pair = u64::from(smaller) << 32 | u64::from(larger);
    for (sum, key) in sums.iter_mut().zip([0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03]) {
        *sum = sum.wrapping_add(mixed(pair ^ key).wrapping_mul(count));
    }
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a permutation that spreads every bit over all.
#[inline]
const fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    fn of(table: &[Vec<u64>]) -> Balance {
        let mut sum = Balance::default();
        for (row, counts) in table.iter().enumerate() {
            let mut balance = Balance::default();
            for (column, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                balance.add(row as u32, column as u32, *count);
            }
            sum += balance;
        }
        sum
    }

    proptest! {
        #[test]
        fn symmetric_tables_balance_and_others_do_not(
            counts in vec(vec(0_u64..4, 6), 6),
            (row, column) in (0_usize..6, 0_usize..6),
            changed in prop_oneof![0_u64..4, Just(65_537), any::<u64>()],
        ) {
            let symmetric = |a: usize, b: usize| counts[a.min(b)][a.max(b)];
            let mut table: Vec<Vec<u64>> = (0..6).map(|a| (0..6).map(|b| symmetric(a, b)).collect()).collect();
            prop_assert!(of(&table).holds());
            let pairs = (0..6).flat_map(|a| (a + 1..6).map(move |b| (a, b))).filter(|(a, b)| symmetric(*a, *b) > 0);
            prop_assert_eq!(of(&table).pairs, pairs.count() as u64);
            let same = row == column || table[row][column] == changed;
            table[row][column] = changed;
            prop_assert_eq!(of(&table).holds(), same);
            // Not symmetric, though both triangles hold the same counts.
            let transposed = |a: usize, b: usize| if a < b { counts[a][b] } else { counts[5 - a][5 - b] };
            let table: Vec<Vec<u64>> = (0..6).map(|a| (0..6).map(|b| transposed(a, b)).collect()).collect();
            let same = (0..6).all(|a| (0..6).all(|b| a == b || table[a][b] == table[b][a]));
            prop_assert_eq!(of(&table).holds(), same);
        }
    }
}
