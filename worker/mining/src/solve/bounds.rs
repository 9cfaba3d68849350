//! The upper bound of the branch and bound, and the tables it is read from.
//!
//! Let S be the chosen vertices, C the candidates left and r how many of them are still to be chosen. Each edge inside
//! the choice from C has two ends, so it may be counted half at each:
//!
//! bound = w(S) + the sum of the r largest over v ∈ C of [ w(v, S) + ½ · the r − 1 largest w(v, u), u ∈ C ∖ {v} ]
//!
//! Candidates are always a suffix of one fixed order, so the inner sums depend only on (suffix, r, v) and are built
//! once. Everything is doubled, which keeps the halves integers.

/// The most vertices there can be.
pub(super) const MAX_VERTICES: usize = 64;

/// The most vertices of a clique.
pub(super) const MAX_CLIQUE: usize = 20;

/// A value for each vertex, by its position in the search order.
pub(super) type PerVertex = [i64; MAX_VERTICES];

/// The edge weights in search order, and for each suffix of that order the sums of each vertex's largest edges in it.
pub(super) struct Tables {
    n: usize,
    clique: usize,
    /// Row-major n × n, diagonal 0.
    weights: Vec<i64>,
    /// `[(suffix * k + count) * n + v]`: the sum of the `count` largest w(v, u), u in the suffix and not v.
    largest: Vec<i64>,
}

impl Tables {
    /// The tables of the `n` × `n` matrix `weights`, whose rows and columns stand in search order.
    pub(super) fn new(weights: Vec<i64>, n: usize, clique: usize) -> Self {
        let kept = clique - 1;
        let mut largest = vec![0; n * clique * n];
        // The `kept` largest edges of each vertex into the suffix so far, descending.
        let mut tops = vec![0_i64; n * kept];
        for suffix in (0..n).rev() {
            for v in suffix + 1..n {
                let weight = weights[suffix * n + v];
                // The suffix so far holds the vertices after `suffix`, v among them: v has an edge to the others.
                insert(&mut tops[v * kept..][..kept], n - suffix - 2, weight);
                insert(&mut tops[suffix * kept..][..kept], v - suffix - 1, weight);
            }
            for v in suffix..n {
                let mut sum = 0;
                for count in 1..clique.min(n - suffix) {
                    sum += tops[v * kept + count - 1];
                    largest[(suffix * clique + count) * n + v] = sum;
                }
            }
        }
        Self { n, clique, weights, largest }
    }

    /// The weights of a vertex's edges, in search order.
    pub(super) fn row(&self, v: usize) -> &[i64] {
        &self.weights[v * self.n..][..self.n]
    }

    /// For each vertex from `suffix` on, twice its half edges to `missing` − 1 others there, the heaviest.
    pub(super) fn halves(&self, suffix: usize, missing: usize) -> &[i64] {
        &self.largest[(suffix * self.clique + missing - 1) * self.n..][suffix..self.n]
    }

    /// Bounds what choosing `missing` vertices from `suffix` on adds to the clique, where `gains[v]` is the weight of v's
    /// edges to the chosen vertices. There must be at least `missing` candidates, and `missing` ≥ 1.
    pub(super) fn bound(&self, gains: &PerVertex, suffix: usize, missing: usize) -> Bound {
        let halves = self.halves(suffix, missing);
        let doubled = gains[suffix..self.n].iter().zip(halves).map(|(gain, half)| 2 * gain + half);
        let (doubled, least) = sum_and_least_of_largest(doubled, missing);
        // A first vertex that is not among the best replaces the least of them.
        let first = (2 * gains[suffix] + halves[0]).min(least);
        Bound { doubled, doubled_with_first: doubled - least + first }
    }
}

/// Twice the bound on what the candidates add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bound {
    /// Whichever are chosen.
    pub(super) doubled: i64,
    /// If the first candidate is.
    pub(super) doubled_with_first: i64,
}

/// The sum of the `count` largest of at least as many values, and the least of them; `count` is 1 … 20.
fn sum_and_least_of_largest(values: impl Iterator<Item = i64>, count: usize) -> (i64, i64) {
    // With a size known to the compiler the list stays in registers and the loop has no branch to mispredict, which
    // makes the whole search more than twice as fast.
    macro_rules! by_size {
        ($($size:literal)*) => {
            match count {
                $($size => sum_and_least(&largest::<$size>(values)),)*
                _ => sum_and_least(&largest::<20>(values)[..count]),
            }
        };
    }
    by_size!(1 2 3 4 5 6 7 8 9 10)
}

/// The sum and the last of a list.
fn sum_and_least(descending: &[i64]) -> (i64, i64) {
    (descending.iter().sum(), descending[descending.len() - 1])
}

/// The `SIZE` largest values, descending; the end is `i64::MIN` where there are fewer.
#[inline]
fn largest<const SIZE: usize>(values: impl Iterator<Item = i64>) -> [i64; SIZE] {
    let mut top = [i64::MIN; SIZE];
    for mut value in values {
        for slot in &mut top {
            let greater = value.max(*slot);
            value = value.min(*slot);
            *slot = greater;
        }
    }
    top
}

/// Inserts a value into a descending list of the largest `top.len()` values, `seen` of which came before.
#[inline]
fn insert(top: &mut [i64], seen: usize, value: i64) {
    let mut place = if seen < top.len() {
        seen
    } else if top.last().is_some_and(|least| value > *least) {
        top.len() - 1
    } else {
        return;
    };
    while place > 0 && top[place - 1] < value {
        top[place] = top[place - 1];
        place -= 1;
    }
    top[place] = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_keeps_the_largest_in_descending_order() {
        let mut top = [0; 3];
        for (seen, value) in [-5, 2, -7, 9, 2, -6].into_iter().enumerate() {
            insert(&mut top, seen, value);
        }
        assert_eq!(top, [9, 2, 2]);
        insert(&mut [], 0, 1);
    }

    #[test]
    fn any_count_of_largest_values_is_summed() {
        let values = || (0..30).map(|i| i * 7 % 30 - 10);
        for count in 1..=20 {
            let expected = (20 - count..20).sum::<i64>();
            assert_eq!(sum_and_least_of_largest(values(), count as usize), (expected, 20 - count));
        }
    }

    #[test]
    fn the_bound_is_exact_for_one_missing_vertex_and_for_a_triangle_of_equal_edges() {
        let weights = vec![0, 4, 4, 1, 4, 0, 4, 1, 4, 4, 0, 1, 1, 1, 1, 0];
        let tables = Tables::new(weights, 4, 3);
        let mut gains = [0; MAX_VERTICES];
        assert_eq!(tables.bound(&gains, 0, 3).doubled, 2 * 12);
        gains[..4].copy_from_slice(&[0, 0, 8, 2]);
        assert_eq!(tables.bound(&gains, 2, 1), Bound { doubled: 2 * 8, doubled_with_first: 2 * 8 });
        gains[2] = 0;
        assert_eq!(tables.bound(&gains, 2, 1), Bound { doubled: 2 * 2, doubled_with_first: 0 });
    }
}
