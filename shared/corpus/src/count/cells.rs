//! Counts in 16 bits each, and a table of what is beyond.

use rustc_hash::FxHashMap;

/// Counts by place. A cell is the low 16 bits of its count, the rest is in a table of carries: hardly any count gets
/// there, and half the memory means fewer misses of the cache, which are what an addition costs.
pub(super) struct Cells {
    low: Vec<u16>,
    carries: FxHashMap<u32, u64>,
}

impl Cells {
    /// So many zeros, which take no memory before they are first changed.
    pub(super) fn new(cells: usize) -> Self {
        Self { low: vec![0; cells], carries: FxHashMap::default() }
    }

    #[inline]
    pub(super) fn add(&mut self, place: u32, count: u32) {
        let cell = &mut self.low[place as usize];
        // A count that does not fit 17 bits makes a greater carry, none that is lost.
        let sum = u64::from(*cell) + u64::from(count);
        *cell = sum as u16;
        if sum >> 16 != 0 {
            self.carry(place, sum >> 16);
        }
    }

    #[cold]
    fn carry(&mut self, place: u32, carry: u64) {
        *self.carries.entry(place).or_default() += carry;
    }

    /// Adds all counts of `other`, which has as many.
    pub(super) fn add_all(&mut self, other: Self) {
        for (place, count) in (0..).zip(&other.low) {
            if *count > 0 {
                self.add(place, u32::from(*count));
            }
        }
        other.carries.into_iter().for_each(|(place, carry)| self.carry(place, carry));
    }

    /// The low 16 bits of all counts.
    pub(super) fn low(&self) -> &[u16] {
        &self.low
    }

    /// The counts of more than 16 bits, each with its place, in no order.
    pub(super) fn large(&self) -> impl Iterator<Item = (u32, u64)> {
        self.carries.iter().map(|(place, carry)| (*place, carry << 16 | u64::from(self.low[*place as usize])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_beyond_sixteen_bits_are_exact() {
        let mut cells = Cells::new(3);
        for count in [65_535, 1, 200_000, 65_535] {
            cells.add(2, count);
        }
        cells.add(0, u32::MAX);
        cells.add(1, 7);
        let mut other = Cells::new(3);
        other.add(1, 65_535);
        cells.add_all(other);
        let mut large: Vec<_> = cells.large().collect();
        large.sort_unstable();
        assert_eq!(large, [(0, u64::from(u32::MAX)), (1, 65_542), (2, 331_071)]);
    }
}
