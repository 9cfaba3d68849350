//! Which fault is next.

use crate::faults::Fault;

/// Random numbers that are the same for a seed (splitmix64).
#[derive(Debug)]
pub(crate) struct Draws(u64);

impl Draws {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 33) as usize % bound
    }
}

/// Faults in a random order that the seed decides, every kind as often as the others; and the draws of their victims.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// The next one last.
    left: Vec<Fault>,
    pub(crate) draws: Draws,
}

impl Schedule {
    pub(crate) const fn none() -> Self {
        Self { left: Vec::new(), draws: Draws(0) }
    }

    /// `count` faults, or each kind once for 0.
    pub(crate) fn new(seed: u64, count: u64, with_full_disks: bool) -> Self {
        let kinds: Vec<Fault> =
            Fault::ALL.into_iter().filter(|kind| with_full_disks || *kind != Fault::DiskFull).collect();
        let count = if count == 0 { kinds.len() } else { usize::try_from(count).expect("a number of faults") };
        let mut draws = Draws(seed);
        let mut left: Vec<Fault> = Vec::new();
        while left.len() < count {
            let mut bag = kinds.clone();
            while !bag.is_empty() && left.len() < count {
                left.push(bag.swap_remove(draws.below(bag.len())));
            }
        }
        Self { left, draws }
    }

    pub(crate) const fn is_over(&self) -> bool {
        self.left.is_empty()
    }

    pub(crate) fn next(&mut self) -> Option<Fault> {
        self.left.pop()
    }

    /// A fault that found nothing left to hurt is for the next campaign.
    pub(crate) fn put_back(&mut self, fault: Fault) {
        self.left.push(fault);
    }
}
