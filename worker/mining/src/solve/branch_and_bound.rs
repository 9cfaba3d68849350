//! Branch and bound on fixed-point weights: the same clique on every machine, always.
//!
//! Vertices are put into one order, by potential (the sum of a vertex's k − 1 heaviest edges), and cliques are
//! enumerated in it: choose a vertex, then the others from behind it. A branch is cut when its bound (see
//! `bounds`) says that it holds nothing greater than the best clique so far.
//!
//! *Greater* is by weight, and among equal weights the lexicographically smaller list of words: with the i-th smallest
//! word as bit 63 − i, that is the greater mask, so cliques compare as (weight, mask). A branch that can only equal the
//! best weight is cut too, unless the greatest mask it can reach is greater.

use super::{
    Problem, Solution, Status,
    bounds::{MAX_VERTICES, PerVertex, Tables},
    starts::best_start,
};

/// The nodes after which the search stops: a few seconds. Word graphs of 32 words take tens to hundreds, noise on 64
/// words up to about a million.
pub const NODE_LIMIT: u64 = 20_000_000;

/// A clique's weight and its vertices; ordered as the search prefers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Clique {
    /// Fixed point.
    pub(super) weight: i64,
    /// Bit 63 − i for the i-th smallest word.
    pub(super) mask: u64,
}

/// The bit of the i-th smallest word.
const fn bit(i: usize) -> u64 {
    1 << (63 - i)
}

/// Finds the heaviest clique, the lexicographically smallest among equally heavy ones; stops after `node_limit` nodes
/// with the best it has.
#[must_use]
pub fn solve(problem: &Problem, node_limit: u64) -> Solution {
    search(problem, node_limit, best_start)
}

/// The search from the clique that `start` finds.
fn search(problem: &Problem, node_limit: u64, start: impl Fn(&Tables, &[u64], usize) -> Clique) -> Solution {
    let (n, clique) = (problem.len(), problem.clique());
    let mut fixed = vec![0; n * n];
    for a in 0..n {
        for b in a + 1..n {
            let weight = problem.fixed_point(a, b);
            fixed[a * n + b] = weight;
            fixed[b * n + a] = weight;
        }
    }
    let order = by_potential(&fixed, n, clique);
    let mut weights = Vec::with_capacity(n * n);
    for &a in &order {
        weights.extend(order.iter().map(|&b| fixed[a * n + b]));
    }
    let bits: Vec<u64> = order.iter().map(|&i| bit(i)).collect();
    let tables = Tables::new(weights, n, clique);
    let mut suffix_masks = vec![0; n + 1];
    for v in (0..n).rev() {
        suffix_masks[v] = suffix_masks[v + 1] | bits[v];
    }
    let best = start(&tables, &bits, clique);
    let mut search = Search { tables, bits, suffix_masks, clique, best, nodes: 0, node_limit, unexplored: None };
    search.branch(&Clique { weight: 0, mask: 0 }, 0, 0, &[0; MAX_VERTICES]);

    let vertices: Vec<usize> = (0..n).filter(|&i| search.best.mask & bit(i) != 0).collect();
    // Only what lies above the best found counts; at a limit inside a tie the weight is optimal all the same.
    let short = search.unexplored.map_or(0, |doubled| (doubled - 2 * search.best.weight).max(0));
    Solution {
        words: vertices.iter().map(|&i| problem.words()[i]).collect(),
        score: problem.score(&vertices),
        status: if search.unexplored.is_some() { Status::Limit } else { Status::Optimal },
        gap: problem.mean_of_fixed_point(short as f64 / 2.0),
        nodes: search.nodes,
    }
}

/// The vertices by potential, descending; equal ones ascending.
fn by_potential(fixed: &[i64], n: usize, clique: usize) -> Vec<usize> {
    let mut edges = Vec::with_capacity(n);
    let potentials: Vec<i64> = (0..n)
        .map(|v| {
            edges.clear();
            edges.extend((0..n).filter(|u| *u != v).map(|u| fixed[v * n + u]));
            // k ≤ n, so there are at least k − 1 edges.
            edges.select_nth_unstable_by(clique - 2, |a, b| b.cmp(a));
            edges[..clique - 1].iter().sum()
        })
        .collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|&v| (std::cmp::Reverse(potentials[v]), v));
    order
}

/// The state of one search. All vertices are positions in the search order.
struct Search {
    tables: Tables,
    /// Each vertex's bit.
    bits: Vec<u64>,
    /// The bits of the vertices from a position on.
    suffix_masks: Vec<u64>,
    clique: usize,
    best: Clique,
    nodes: u64,
    node_limit: u64,
    /// The greatest doubled bound of what the limit left unexplored.
    unexplored: Option<i64>,
}

impl Search {
    /// Explores all cliques of `chosen`, which has `size` vertices, with vertices from position `from` on; `gains[v]`
    /// is the weight of v's edges to the chosen ones.
    fn branch(&mut self, chosen: &Clique, size: usize, from: usize, gains: &PerVertex) {
        let n = self.bits.len();
        let missing = self.clique - size;
        if missing == 1 {
            self.complete(chosen, from, gains);
            return;
        }
        // A child's gains; one buffer serves all children.
        let mut child_gains = [0; MAX_VERTICES];
        for v in from..=n - missing {
            let added = self.tables.bound(gains, v, missing);
            let bound = 2 * chosen.weight + added.doubled;
            // Neither the bound nor the greatest mask can rise behind v.
            // An odd bound ends in a half, which no weight has: one above twice the best still only equals it.
            let best = 2 * self.best.weight;
            if bound < best || (bound <= best + 1 && self.greatest_mask(chosen, v, missing) <= self.best.mask) {
                return;
            }
            if self.nodes >= self.node_limit {
                self.unexplored = self.unexplored.max(Some(bound));
                return;
            }
            self.nodes += 1;
            if 2 * chosen.weight + added.doubled_with_first < best {
                continue;
            }
            for (child, (gain, weight)) in
                child_gains[v + 1..n].iter_mut().zip(gains[v + 1..n].iter().zip(&self.tables.row(v)[v + 1..]))
            {
                *child = gain + weight;
            }
            let child = Clique { weight: chosen.weight + gains[v], mask: chosen.mask | self.bits[v] };
            self.branch(&child, size + 1, v + 1, &child_gains);
        }
    }

    /// Completes a clique that lacks one vertex with the best of those left.
    fn complete(&mut self, chosen: &Clique, from: usize, gains: &PerVertex) {
        for (gain, bit) in gains[from..].iter().zip(&self.bits[from..]) {
            let clique = Clique { weight: chosen.weight + gain, mask: chosen.mask | bit };
            self.best = self.best.max(clique);
        }
    }

    /// The greatest mask that `chosen` and `missing` vertices from position `from` on can have.
    fn greatest_mask(&self, chosen: &Clique, from: usize, missing: usize) -> u64 {
        let mut left = self.suffix_masks[from];
        let mut mask = chosen.mask;
        for _ in 0..missing {
            let greatest = bit(left.leading_zeros() as usize);
            mask |= greatest;
            left &= !greatest;
        }
        mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use superposed_identity::WordId;

    /// Every clique, weighed exactly: the first of the heaviest in lexicographic order.
    fn heaviest_of_all(problem: &Problem) -> Vec<WordId> {
        let (n, k) = (problem.len(), problem.clique());
        let weigh = |vertices: &[usize]| -> i64 {
            let pairs = vertices.iter().enumerate().flat_map(|(i, &a)| vertices[i + 1..].iter().map(move |&b| (a, b)));
            pairs.map(|(a, b)| problem.fixed_point(a, b)).sum()
        };
        let mut vertices: Vec<usize> = (0..k).collect();
        let mut best = (weigh(&vertices), vertices.clone());
        // The next combination: the last vertex that can move does, the later ones follow it.
        while let Some(place) = (0..k).rev().find(|&place| vertices[place] < n - k + place) {
            vertices[place] += 1;
            for later in place + 1..k {
                vertices[later] = vertices[later - 1] + 1;
            }
            let weight = weigh(&vertices);
            if weight > best.0 {
                best = (weight, vertices.clone());
            }
        }
        best.1.iter().map(|&v| problem.words()[v]).collect()
    }

    fn problem(n: usize, clique: usize, weight: impl Fn(usize, usize) -> f64) -> Problem {
        let words = (0..n as u32).map(|i| WordId(3 * i + 1)).collect();
        let cell = |cell: usize| {
            let (a, b) = (cell / n, cell % n);
            if a == b { 1.0 } else { weight(a.min(b), a.max(b)) }
        };
        Problem::new(words, (0..n * n).map(cell).collect(), clique as u32).expect("a legal problem")
    }

    /// n, k and the upper triangle's weights by row, `levels` values or nearly continuous.
    fn problems() -> impl Strategy<Value = Problem> {
        (2_usize..=14, prop::sample::select(vec![1, 2, 3, 7, 2_000_000]))
            .prop_flat_map(|(n, levels)| (Just(n), 2..=n, prop::collection::vec(0..=levels, n * n), Just(levels)))
            .prop_map(|(n, clique, cells, levels)| {
                problem(n, clique, |a, b| f64::from(cells[a * n + b]) / f64::from(levels) * 1.5 - 0.75)
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn the_search_finds_the_canonical_clique_of_all_cliques(problem in problems()) {
            let solution = solve(&problem, NODE_LIMIT);
            prop_assert_eq!(&solution.words, &heaviest_of_all(&problem));
            prop_assert_eq!((solution.status, solution.gap), (Status::Optimal, 0.0));
        }

        /// The starts nearly always find the canonical clique, which would hide a search that misses it.
        #[test]
        fn the_search_needs_no_start(problem in problems()) {
            let nothing = |_: &Tables, _: &[u64], _| Clique { weight: i64::MIN / 4, mask: 0 };
            prop_assert_eq!(&search(&problem, NODE_LIMIT, nothing).words, &heaviest_of_all(&problem));
        }

        #[test]
        fn at_the_limit_the_gap_covers_the_optimum(problem in problems(), node_limit in 0_u64..8) {
            let (limited, optimal) = (solve(&problem, node_limit), solve(&problem, NODE_LIMIT));
            prop_assert!(limited.score <= optimal.score + 1e-12);
            prop_assert!(limited.score + limited.gap >= optimal.score - 1e-12);
            prop_assert!(limited.nodes <= node_limit);
        }
    }

    /// Numbers that look random, for graphs that look like noise.
    fn noise(a: usize, b: usize) -> u64 {
        let mut x = (a as u64) << 32 | b as u64;
        for _ in 0..3 {
            x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x ^= x >> 27;
        }
        x
    }

    #[test]
    fn graphs_full_of_ties_are_solved_in_few_nodes() {
        type Weight = fn(usize, usize) -> f64;
        let graphs: [(&str, Weight); 9] = [
            ("all zero", |_, _| 0.0),
            ("all equally negative", |_, _| -0.4),
            ("one heavy edge", |a, b| if (a, b) == (3, 17) { 0.5 } else { -0.4 }),
            ("two blocks", |a, b| if a % 2 == b % 2 { 0.1 } else { -0.4 }),
            ("blocks of four", |a, b| if a / 4 == b / 4 { 0.2 } else { -0.3 }),
            ("half of the words never seen", |a, b| {
                if a % 2 == 1 || b % 2 == 1 { 0.0 } else { (noise(a, b) % 1000) as f64 / 2000.0 - 0.3 }
            }),
            ("half of the words never seen, the others better apart", |a, b| {
                if a % 2 == 1 || b % 2 == 1 { 0.0 } else { (noise(a, b) % 1000) as f64 / 2000.0 - 0.45 }
            }),
            ("edges of two weights", |a, b| if noise(a, b).is_multiple_of(2) { 0.2 } else { -0.4 }),
            ("a rare edge", |a, b| if noise(a, b).is_multiple_of(10) { 0.2 } else { -0.4 }),
        ];
        for n in [32, 64] {
            for (name, weight) in graphs {
                let solution = solve(&problem(n, 10, weight), NODE_LIMIT);
                assert_eq!(solution.status, Status::Optimal, "{name}, n = {n}");
                assert!(solution.nodes < 200_000, "{name}, n = {n}: {} nodes", solution.nodes);
            }
        }
    }

    #[test]
    fn noise_of_many_words_stops_at_the_limit_with_the_same_result_each_time() {
        let problem = problem(64, 20, |a, b| (noise(a, b) % 100_003) as f64 / 100_003.0 - 0.5);
        let first = solve(&problem, 5_000);
        assert_eq!((first.status, first.nodes), (Status::Limit, 5_000));
        assert!(first.gap > 0.0);
        assert_eq!(solve(&problem, 5_000), first);
    }
}
