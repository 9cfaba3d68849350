//! A second upper bound, for graphs on which the first one proves nothing.
//!
//! The half edges of `bounds` take each vertex's heaviest edges, whether or not they can be had together. Where they
//! cannot (two sides with heavy edges only across, distances, products of opposite signs), that bound stays far above
//! every clique. Such graphs have strongly negative eigenvalues. So the weights are split into
//!
//! w(u, v) = c(u) + c(v) + n(u, v) + r(u, v),
//!
//! where N is the part of some negative eigenvalues. For the vertices x ∈ {0, 1}ⁿ of a clique, k of them:
//!
//! - the edges in c weigh exactly Σ (k − 1)·c(v)·x(v);
//! - the edges in N weigh ½ xᵀNx − ½ Σ n(v, v)·x(v), and since xᵀNx is concave, it lies below each of its tangents:
//!   xᵀNx ≤ 2 (Np)ᵀx − pᵀNp for any point p (see `tangent`);
//! - the edges in R are bounded by halves.
//!
//! So each vertex has a value of its own, as in the first bound, and the largest values bound the rest. A vertex whose
//! value is so far below these that a clique with it stays below the best one is in no clique that matters, and is left out
//! of the whole branch.
//!
//! The bound holds whatever N is, if it only is −VᵀV for some V, and that it is by construction; what rounding may take is
//! added. Only + − × ÷ and square roots are used, which IEEE 754 rounds alike everywhere: the search takes the same nodes on
//! every machine.

use super::{
    bounds::{MAX_CLIQUE, MAX_VERTICES, PerVertex, Tables},
    eigen::{Eigen, Square, most_negative},
    tangent::Point,
};

/// How many of the most negative eigenvalues are tried for N, besides all of them.
const PARTS: [usize; 11] = [1, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45];

/// By how much of the greatest eigenvalue all are tried to be lowered. All of it makes R vanish.
const SHIFTS: [f64; 4] = [0.25, 0.5, 0.75, 1.0];

/// The points tried for the bound of the whole graph.
const ROOT_POINTS: usize = 30;

/// The points tried for the bound of a branch.
const POINTS: usize = 12;

/// A branch is given up after this many points when the last one brought the goal nearer by less than a tenth.
const PATIENCE: usize = 4;

/// A gain that says that a vertex is left out: far below any sum of edges, and no sum of such overflows.
pub(super) const EXCLUDED: i64 = -(1 << 56);

/// Weights above this leave no room for [`EXCLUDED`]. An NPMI lies within 2^44.
const GREATEST_WEIGHT: u64 = 1 << 46;

/// One way to split the weights.
pub(super) struct Split {
    n: usize,
    /// N in the unit of the fixed-point weights, row-major n × n.
    negative: Vec<f64>,
    /// 2 (k − 1)·c
    own: Vec<i64>,
    /// R
    rest: Tables,
    /// What rounding may take from a doubled bound.
    margin: f64,
}

/// A branch of the search as one split sees it.
#[derive(Clone)]
pub(super) struct Branch {
    /// Where xᵀNx is touched.
    point: Point,
    /// Twice what the chosen vertices weigh in c and R.
    doubled: i64,
    /// The weight of each vertex's edges in R to the chosen ones.
    gains: PerVertex,
    /// The chosen vertices; the first `size` count.
    chosen: [usize; MAX_CLIQUE],
    size: usize,
}

impl Branch {
    /// The branch of all cliques.
    pub(super) fn root() -> Self {
        let gains = [0; MAX_VERTICES];
        Self { point: Point::nowhere(), doubled: 0, gains, chosen: [0; MAX_CLIQUE], size: 0 }
    }

    /// The branch with one more vertex.
    pub(super) fn with(&self, split: &Split, v: usize) -> Self {
        let mut branch = self.clone();
        branch.doubled += 2 * self.gains[v] + split.own[v];
        branch.gains.iter_mut().zip(split.rest.row(v)).for_each(|(gain, weight)| *gain += weight);
        branch.chosen[self.size] = v;
        branch.size += 1;
        branch
    }
}

impl Split {
    /// The splits worth trying in each branch: the one that bounds all cliques best among those that leave the positive
    /// eigenvalues to R, whose half edges see how few edges are left deep in the search; then the best of those that do
    /// not, if it is better at the root. None where weights are no NPMI and sums might overflow.
    pub(super) fn best(tables: &Tables, n: usize, clique: usize) -> Vec<Self> {
        if (0..n).any(|v| tables.row(v).iter().any(|weight| weight.unsigned_abs() > GREATEST_WEIGHT)) {
            return Vec::new();
        }
        let mut local = Best { bound: i64::MAX, split: None };
        let mut global = Best { bound: i64::MAX, split: None };
        for centre in [vec![0; n], centre(tables, n)] {
            let cell = |a: usize, b: usize| if a == b { 0 } else { tables.row(a)[b] - centre[a] - centre[b] };
            let cells = (0..n * n).map(|place| cell(place / n, place % n) as f64).collect();
            let eigen = most_negative(&Square { n, cells });
            let negative = eigen.values.iter().take_while(|value| **value < 0.0).count();
            let of = |parts, shift| Self::of(tables, clique, &centre, part(&eigen, parts, shift));
            let counts = PARTS.into_iter().filter(|parts| *parts < negative).chain([negative]);
            let parts = counts.min_by_key(|parts| local.offer(of(*parts, 0.0), clique)).unwrap_or(negative);
            let greatest = eigen.values[n - 1].max(0.0);
            for share in SHIFTS {
                global.offer(of(parts, share * greatest), clique);
                global.offer(of(n, share * greatest), clique);
            }
        }
        let global = global.split.filter(|_| global.bound < local.bound);
        local.split.into_iter().chain(global).collect()
    }

    /// The split of the weights by c and N.
    fn of(tables: &Tables, clique: usize, centre: &[i64], negative: Vec<f64>) -> Self {
        let n = centre.len();
        let mut rest = vec![0; n * n];
        let mut greatest = negative.iter().fold(0.0_f64, |greatest, cell| greatest.max(cell.abs()));
        for a in 0..n {
            for b in a + 1..n {
                let weight = tables.row(a)[b];
                greatest = greatest.max(weight as f64);
                rest[a * n + b] = weight - centre[a] - centre[b] - negative[a * n + b].round() as i64;
                rest[b * n + a] = rest[a * n + b];
            }
        }
        // A half for each cell that was rounded, twice; and for the sums of k² products, less than 2⁻⁵³ of the greatest of
        // them for each of the thousands of moves of a point.
        let cells = (clique * clique) as f64;
        let margin = cells + 1e-10 * cells * greatest;
        let own = centre.iter().map(|centre| 2 * (clique as i64 - 1) * centre).collect();
        Self { n, negative, own, rest: Tables::new(rest, n, clique), margin }
    }

    /// Twice a bound on the weight of the branch's cliques that choose `missing` more from position `from` on: the least
    /// of some points, or the first that is below the `goal`. Vertices whose cliques all stay below the goal become
    /// [`EXCLUDED`] in `gains`; those that are already are not chosen.
    pub(super) fn bound(
        &self,
        branch: &mut Branch,
        gains: &mut PerVertex,
        from: usize,
        missing: usize,
        goal: i64,
    ) -> i64 {
        let n = self.n;
        let Branch { point, doubled: weight, gains: rest, chosen, size } = branch;
        let chosen = &chosen[..*size];
        // What a candidate adds in c and R, doubled.
        let halves = self.rest.halves(from, missing);
        let mut linear = [0.0; MAX_VERTICES];
        // Values and vertices.
        let mut candidates = [(0.0, 0); MAX_VERTICES];
        let mut count = 0;
        for v in from..n {
            if gains[v] > EXCLUDED / 2 {
                linear[v] = (self.own[v] + 2 * rest[v] + halves[v - from]) as f64;
                candidates[count].1 = v;
                count += 1;
            }
        }
        if count < missing {
            return i64::MIN / 4;
        }
        let candidates = &mut candidates[..count];
        let points = if goal == NO_GOAL { ROOT_POINTS } else { POINTS };
        let mut least = i64::MAX / 4;
        for tried in 1..=points {
            for (value, v) in candidates.iter_mut() {
                *value = linear[*v] + point.slope(&self.negative, n, *v);
            }
            if missing < count {
                candidates.select_nth_unstable_by(missing - 1, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            }
            let (best, others) = candidates.split_at(missing);
            let of_chosen: f64 = chosen.iter().map(|v| point.slope(&self.negative, n, *v)).sum();
            let of_best: f64 = best.iter().map(|candidate| candidate.0).sum();
            let doubled = *weight as f64 + of_chosen + of_best - point.square() + self.margin;
            if !doubled.is_finite() {
                break;
            }
            let before = least;
            least = least.min(doubled.ceil() as i64);
            for (value, v) in others {
                // With this vertex, the last of the best goes.
                if ((doubled - best[missing - 1].0 + value).ceil() as i64) < goal {
                    gains[*v] = EXCLUDED;
                }
            }
            let short = least.saturating_sub(goal);
            let hopeless = goal != NO_GOAL && tried >= PATIENCE && (before - least).saturating_mul(10) < short;
            if short < 0 || tried == points || hopeless {
                break;
            }
            let corner = chosen.iter().copied().chain(best.iter().map(|candidate| candidate.1));
            if !point.move_towards(&self.negative, n, corner, &linear) {
                break;
            }
        }
        least
    }
}

/// A goal that no bound is below.
const NO_GOAL: i64 = i64::MIN;

/// The best of the splits that were offered.
struct Best {
    bound: i64,
    split: Option<Split>,
}

impl Best {
    /// Keeps the split if it bounds all cliques better than those before it. Returns its bound.
    fn offer(&mut self, split: Split, clique: usize) -> i64 {
        let bound = split.bound(&mut Branch::root(), &mut [0; MAX_VERTICES], 0, clique, NO_GOAL);
        if bound < self.bound {
            *self = Self { bound, split: Some(split) };
        }
        bound
    }
}

/// The c for which w(u, v) − c(u) − c(v) has rows of sum 0, where the diagonal of W counts as 0.
fn centre(tables: &Tables, n: usize) -> Vec<i64> {
    let sums: Vec<i64> = (0..n).map(|v| tables.row(v).iter().sum()).collect();
    let half_mean = sums.iter().sum::<i64>() / (2 * n * n) as i64;
    sums.iter().map(|sum| sum / n as i64 - half_mean).collect()
}

/// The sum over the first `parts` eigenvalues λ of min(λ − shift, 0)·vvᵀ, row-major.
fn part(eigen: &Eigen, parts: usize, shift: f64) -> Vec<f64> {
    let n = eigen.values.len();
    let mut cells = vec![0.0; n * n];
    for (row, value) in eigen.values[..parts].iter().enumerate() {
        let value = (value - shift).min(0.0);
        let vector = eigen.vectors.row(row);
        for (a, x) in vector.iter().enumerate() {
            let factor = value * x;
            cells[a * n..][..n].iter_mut().zip(vector).for_each(|(cell, y)| *cell += factor * y);
        }
    }
    cells
}
