//! Good cliques to begin with: greedy growth from promising vertices, then swaps.
//!
//! On word graphs one of these is nearly always optimal already, and the search only has to prove it.

use super::{
    bounds::{MAX_VERTICES, PerVertex, Tables},
    branch_and_bound::Clique,
};

/// How many vertices are grown into a clique: the first of the search order.
const STARTS: usize = 8;

/// The best clique that greedy growth and swaps reach; `bits[v]` is v's bit in a [`Clique`]'s mask.
pub(super) fn best_start(tables: &Tables, bits: &[u64], clique: usize) -> Clique {
    (0..bits.len().min(STARTS))
        .map(|first| swapped(tables, bits, grown(tables, bits, clique, first)))
        .max()
        .expect("a problem has at least two vertices, so there is a start")
}

/// A clique under construction.
struct Growing {
    clique: Clique,
    chosen: [bool; MAX_VERTICES],
    /// The weight of each vertex's edges to the chosen ones.
    gains: PerVertex,
}

impl Growing {
    fn add(&mut self, tables: &Tables, bits: &[u64], v: usize) {
        self.clique.weight += self.gains[v];
        self.clique.mask |= bits[v];
        self.chosen[v] = true;
        for (gain, weight) in self.gains.iter_mut().zip(tables.row(v)) {
            *gain += weight;
        }
    }

    fn remove(&mut self, tables: &Tables, bits: &[u64], v: usize) {
        // The diagonal is 0, so a chosen vertex's gain is its edges to the others.
        self.clique.weight -= self.gains[v];
        self.clique.mask &= !bits[v];
        self.chosen[v] = false;
        for (gain, weight) in self.gains.iter_mut().zip(tables.row(v)) {
            *gain -= weight;
        }
    }
}

/// Adds the vertex with the heaviest edges to the chosen ones until there are k; among equals the lowest word.
fn grown(tables: &Tables, bits: &[u64], clique: usize, first: usize) -> Growing {
    let mut growing =
        Growing { clique: Clique { weight: 0, mask: 0 }, chosen: [false; MAX_VERTICES], gains: [0; MAX_VERTICES] };
    growing.add(tables, bits, first);
    for _ in 1..clique {
        let next = (0..bits.len())
            .filter(|v| !growing.chosen[*v])
            .max_by_key(|v| (growing.gains[*v], bits[*v]))
            .expect("a problem has at least k vertices, so one is left");
        growing.add(tables, bits, next);
    }
    growing
}

/// Makes the best exchange of one vertex until none improves the clique. Ends, since each makes it strictly greater.
fn swapped(tables: &Tables, bits: &[u64], mut growing: Growing) -> Clique {
    loop {
        let mut best = (growing.clique, None);
        for out in (0..bits.len()).filter(|v| growing.chosen[*v]) {
            let row = tables.row(out);
            for into in (0..bits.len()).filter(|v| !growing.chosen[*v]) {
                let exchanged = Clique {
                    weight: growing.clique.weight - growing.gains[out] + growing.gains[into] - row[into],
                    mask: (growing.clique.mask & !bits[out]) | bits[into],
                };
                if exchanged > best.0 {
                    best = (exchanged, Some((out, into)));
                }
            }
        }
        let Some((out, into)) = best.1 else {
            return growing.clique;
        };
        growing.remove(tables, bits, out);
        growing.add(tables, bits, into);
    }
}
