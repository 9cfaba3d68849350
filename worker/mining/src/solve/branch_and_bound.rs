//! Branch and bound on fixed-point weights: the same clique on every machine, always.
//!
//! Vertices are put into one order, by potential (the sum of a vertex's k − 1 heaviest edges), and cliques are
//! enumerated in it: choose a vertex, then the others from behind it. A branch is cut when its bound (see
//! `bounds`) says that it holds nothing greater than the best clique so far.
//!
//! After many nodes a second bound (see `split`) is tried as well, which costs more and proves what the first cannot.
//!
//! *Greater* is by weight, and among equal weights the lexicographically smaller list of words: with the i-th smallest
//! word as bit 63 − i, that is the greater mask, so cliques compare as (weight, mask). A branch that can only equal the
//! best weight is cut too, unless the greatest mask it can reach is greater.

use super::{
    Problem, Solution, Status,
    bounds::{MAX_CLIQUE, MAX_VERTICES, PerVertex, Tables},
    split::{Branch, EXCLUDED, Split},
    starts::best_start,
};
use std::rc::Rc;

/// The nodes after which the search stops; those with a second bound count as several, as they take
/// longer. That is seconds. Word graphs of 32 words take tens to hundreds, noise on 64 words some tens of thousands.
pub const NODE_LIMIT: u64 = 20_000_000;

/// The nodes after which a second bound is tried as well (see `split`): so many that word graphs never get there.
const NODES_BEFORE_SECOND_BOUND: u64 = 20_000;

/// The least number of missing vertices for which the second bound is worth its time.
const SECOND_BOUND_MISSING: usize = 3;

/// How many nodes a second bound costs as much time as, roughly.
const SECOND_BOUND_EFFORT: u64 = 5;

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
    search(problem, node_limit, NODES_BEFORE_SECOND_BOUND, best_start)
}

/// The search from the clique that `start` finds; after `second_bound_after` nodes with the second bound.
fn search(
    problem: &Problem,
    node_limit: u64,
    second_bound_after: u64,
    start: impl Fn(&Tables, &[u64], usize) -> Clique,
) -> Solution {
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
    let mut search = Search {
        spacing: spacing(&fixed, n),
        tables,
        bits,
        suffix_masks,
        clique,
        best,
        path: [0; MAX_CLIQUE],
        splits: Rc::from([]),
        nodes: 0,
        effort: 0,
        second_bound_after,
        node_limit,
        unexplored: None,
    };
    search.branch(&Clique { weight: 0, mask: 0 }, 0, 0, &mut [0; MAX_VERTICES], Vec::new());

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

/// The greatest common divisor of all differences between edge weights; 1 where all are equal. A clique's edges are
/// always as many, so the weights of cliques differ by multiples of it.
fn spacing(fixed: &[i64], n: usize) -> i64 {
    // The diagonal is no edge.
    let mut edges = (0..n).flat_map(|a| &fixed[a * n + a + 1..(a + 1) * n]);
    let Some(first) = edges.next() else {
        return 1;
    };
    let mut divisor = 0_u64;
    for edge in edges {
        let mut rest = edge.abs_diff(*first);
        while rest != 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        if divisor == 1 {
            break;
        }
    }
    divisor.max(1) as i64
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
    /// The weights of all cliques differ by multiples of this.
    spacing: i64,
    /// The chosen vertices of the branch being explored, as many as it has.
    path: [usize; MAX_CLIQUE],
    /// What the second bound needs; empty until the search has turned out to be long.
    splits: Rc<[Split]>,
    nodes: u64,
    /// The nodes, those with a second bound counted as more.
    effort: u64,
    second_bound_after: u64,
    node_limit: u64,
    /// The greatest doubled bound of what the limit left unexplored.
    unexplored: Option<i64>,
}

impl Search {
    /// Explores all cliques of `chosen`, which has `size` vertices, with vertices from position `from` on; `gains[v]`
    /// is the weight of v's edges to the chosen ones. `second` is this branch for the second bound, or empty.
    fn branch(&mut self, chosen: &Clique, size: usize, from: usize, gains: &mut PerVertex, mut second: Vec<Branch>) {
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
            let mut bound = 2 * chosen.weight + added.doubled;
            // Neither a bound's cliques nor the greatest mask can become more behind v.
            if self.is_cut(bound, chosen, v, missing) {
                return;
            }
            if !self.splits.is_empty() && missing >= SECOND_BOUND_MISSING {
                bound = bound.min(self.second_bound(&mut second, chosen, size, v, gains));
                if self.is_cut(bound, chosen, v, missing) {
                    return;
                }
            }
            if self.effort >= self.node_limit {
                self.unexplored = self.unexplored.max(Some(bound));
                return;
            }
            self.nodes += 1;
            self.effort += 1;
            if self.nodes == self.second_bound_after {
                self.splits = Split::best(&self.tables, n, self.clique).into();
            }
            let with_first = Clique { weight: chosen.weight, mask: chosen.mask | self.bits[v] };
            if gains[v] <= EXCLUDED / 2
                || self.is_cut(2 * chosen.weight + added.doubled_with_first, &with_first, v + 1, missing - 1)
            {
                continue;
            }
            for (child, (gain, weight)) in
                child_gains[v + 1..n].iter_mut().zip(gains[v + 1..n].iter().zip(&self.tables.row(v)[v + 1..]))
            {
                *child = gain + weight;
            }
            let child = Clique { weight: chosen.weight + gains[v], mask: chosen.mask | self.bits[v] };
            self.path[size] = v;
            let child_second = if missing > SECOND_BOUND_MISSING {
                second.iter().zip(self.splits.iter()).map(|(branch, split)| branch.with(split, v)).collect()
            } else {
                Vec::new()
            };
            self.branch(&child, size + 1, v + 1, &mut child_gains, child_second);
        }
    }

    /// The second bound of what [`Search::branch`] explores from `v` on. Excludes vertices in `gains`.
    fn second_bound(
        &mut self,
        second: &mut Vec<Branch>,
        chosen: &Clique,
        size: usize,
        v: usize,
        gains: &mut PerVertex,
    ) -> i64 {
        if second.is_empty() {
            // The search was here already when the splits were made.
            let path = &self.path[..size];
            let down = |split| path.iter().fold(Branch::root(), |branch, v| branch.with(split, *v));
            second.extend(self.splits.iter().map(down));
        }
        self.effort += SECOND_BOUND_EFFORT;
        let missing = self.clique - size;
        let goal = self.goal(chosen, v, missing);
        let mut bound = i64::MAX;
        for (split, branch) in self.splits.iter().zip(second) {
            bound = bound.min(split.bound(branch, gains, v, missing, goal));
            if bound < goal {
                break;
            }
        }
        bound
    }

    /// The least doubled bound of a branch that may hold something greater than the best, where the branch chooses
    /// `missing` more from position `from` on.
    fn goal(&self, chosen: &Clique, from: usize, missing: usize) -> i64 {
        // Weights lie on a grid: what is less than its spacing above the best can only equal it.
        let only_equal = self.greatest_mask(chosen, from, missing) <= self.best.mask;
        2 * (self.best.weight + if only_equal { self.spacing } else { 0 })
    }

    /// Whether a branch of this doubled bound is below its [`Search::goal`].
    #[inline]
    fn is_cut(&self, bound: i64, chosen: &Clique, from: usize, missing: usize) -> bool {
        // Nearly always the first comparison decides, and no mask is needed.
        bound < 2 * (self.best.weight + self.spacing)
            && (bound < 2 * self.best.weight || bound < self.goal(chosen, from, missing))
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
    use std::collections::BTreeMap;
    use superposed_identity::WordId;

    /// The canonical clique of each size 2 … n, by weighing every set of vertices.
    fn heaviest_of_all(problem: &Problem) -> BTreeMap<usize, Vec<WordId>> {
        let n = problem.len();
        // By the set's bits, vertex i being bit n − 1 − i: among sets of one size the greater is the canonical one.
        let mut weights = vec![0_i64; 1 << n];
        let mut best: BTreeMap<usize, (i64, usize)> = BTreeMap::new();
        for set in 1_usize..1 << n {
            let vertex = |bit: u32| n - 1 - bit as usize;
            let (last, mut others) = (set.trailing_zeros(), set & (set - 1));
            let mut weight = weights[others];
            while others != 0 {
                weight += problem.fixed_point(vertex(others.trailing_zeros()), vertex(last));
                others &= others - 1;
            }
            weights[set] = weight;
            let of_size = best.entry(set.count_ones() as usize).or_insert((weight, set));
            *of_size = (*of_size).max((weight, set));
        }
        let words = |set: usize| (0..n).filter(|v| set >> (n - 1 - v) & 1 == 1).map(|v| problem.words()[v]).collect();
        best.into_iter().filter(|(size, _)| *size > 1).map(|(size, (_, set))| (size, words(set))).collect()
    }

    fn problem(n: usize, clique: usize, weight: impl Fn(usize, usize) -> f64) -> Problem {
        let words = (0..n as u32).map(|i| WordId(3 * i + 1)).collect();
        let cell = |cell: usize| {
            let (a, b) = (cell / n, cell % n);
            if a == b { 1.0 } else { weight(a.min(b), a.max(b)) }
        };
        Problem::new(words, (0..n * n).map(cell).collect(), clique as u32).expect("a legal problem")
    }

    /// How the weights of a graph come about.
    #[derive(Debug, Clone, Copy)]
    enum Weights {
        /// One of so many values.
        Levels(u32),
        /// Nearly continuous.
        Any,
        /// Nearly continuous, below 0.
        Negative,
        /// Apart by few units of the fixed point.
        NearTies,
        /// Heavy across two sides, light within.
        Sides,
        /// The negative product of two vertices' signs in some dimensions.
        Products,
    }

    /// The graph as a function of the size of clique.
    fn graphs() -> impl Strategy<Value = (usize, Weights, Vec<u32>)> {
        use Weights::{Any, Levels, NearTies, Negative, Products, Sides};
        let kinds = [Levels(1), Levels(2), Levels(3), Levels(7), Any, Negative, NearTies, Sides, Products];
        (2_usize..=16, prop::sample::select(kinds.to_vec()))
            .prop_flat_map(|(n, kind)| (Just(n), Just(kind), prop::collection::vec(0..2_000_000_u32, n * n)))
    }

    fn sized((n, kind, cells): &(usize, Weights, Vec<u32>), clique: usize) -> Problem {
        problem(*n, clique, |a, b| {
            let cell = cells[a * n + b];
            let any = f64::from(cell) / 2_000_000.0;
            match kind {
                Weights::Levels(1) => -0.3,
                Weights::Levels(levels) => f64::from(cell % levels) / f64::from(levels - 1) - 0.4,
                Weights::Any => any * 1.5 - 0.75,
                Weights::Negative => -any,
                Weights::NearTies => 0.1 + f64::from(cell % 4) / (1_u64 << 44) as f64,
                Weights::Sides => (if a % 2 == b % 2 { -0.3 } else { 0.2 }) + any / 20.0,
                Weights::Products => f64::from((cells[a * n + a] ^ cells[b * n + b]).count_ones()) / 20.0 - 0.4,
            }
        })
    }

    /// The starts nearly always find the canonical clique, which would hide a search that misses it.
    fn no_start(_: &Tables, _: &[u64], _: usize) -> Clique {
        Clique { weight: i64::MIN / 4, mask: 0 }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn the_search_finds_the_canonical_clique_of_all_cliques(graph in graphs()) {
            for (clique, heaviest) in heaviest_of_all(&sized(&graph, 2)) {
                let problem = sized(&graph, clique);
                let solution = solve(&problem, NODE_LIMIT);
                prop_assert_eq!(&solution.words, &heaviest);
                prop_assert_eq!((solution.status, solution.gap), (Status::Optimal, 0.0));
                let without_start = search(&problem, NODE_LIMIT, NODE_LIMIT, no_start);
                prop_assert_eq!(&without_start.words, &heaviest, "without a start");
                let with_second_bound = search(&problem, NODE_LIMIT, 1, no_start);
                prop_assert_eq!(&with_second_bound.words, &heaviest, "with the second bound");
                prop_assert!(with_second_bound.nodes <= without_start.nodes);
            }
        }

        #[test]
        fn at_the_limit_the_gap_covers_the_optimum(graph in graphs(), size in 0.0..1.0, node_limit in 0_u64..60) {
            let problem = sized(&graph, 2 + (size * (graph.0 - 1) as f64) as usize);
            let optimal = solve(&problem, NODE_LIMIT);
            for limited in [solve(&problem, node_limit), search(&problem, node_limit, 1, best_start)] {
                prop_assert!(limited.score <= optimal.score + 1e-12);
                prop_assert!(limited.score + limited.gap >= optimal.score - 1e-12);
                prop_assert!(limited.nodes <= node_limit);
            }
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

    /// Graphs for which half edges alone prove nothing within any limit, and the hardest noise.
    #[test]
    fn graphs_without_structure_or_against_the_first_bound_are_solved() {
        type Weight<'a> = &'a dyn Fn(usize, usize) -> f64;
        // Nearly normal, variance 1.
        let normal = |a: usize, b: usize| {
            let uniform = |i: usize| (noise(64 * i + a, b) % 1_000_003) as f64 / 1_000_003.0;
            (1..=12).map(uniform).sum::<f64>() - 6.0
        };
        let graphs: [(&str, Weight<'_>); 7] = [
            ("noise", &|a, b| 0.1 * normal(a, b)),
            ("two sides", &|a, b| (if a % 2 == b % 2 { -0.1 } else { 0.2 }) + 0.01 * normal(a, b)),
            ("three sides", &|a, b| if a % 3 == b % 3 { -0.3 } else { 0.2 + 0.05 * normal(a, b) }),
            ("nine sides, all alike", &|a, b| if a % 9 == b % 9 { -0.2 } else { 0.2 }),
            ("apart on a ring", &|a, b| (b - a).min(64 - (b - a)) as f64 / 64.0),
            ("residues modulo 61", &|a, b| {
                let residue = (1..31).any(|x| x * x % 61 == (b - a) % 61);
                if residue { 0.2 } else { -0.2 }
            }),
            ("opposite signs", &|a, b| {
                let signs = |v: usize| noise(v, v) % 16;
                0.5 - f64::from((!(signs(a) ^ signs(b)) & 15).count_ones()) / 4.0
            }),
        ];
        for (name, weight) in graphs {
            let solution = solve(&problem(64, 10, weight), NODE_LIMIT);
            assert_eq!((solution.status, solution.gap), (Status::Optimal, 0.0), "{name}");
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
