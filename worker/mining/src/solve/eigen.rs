//! Eigenvalues of small symmetric matrices.

/// A square matrix by rows.
pub(super) struct Square {
    /// The number of rows.
    pub(super) n: usize,
    /// The rows, one after the other.
    pub(super) cells: Vec<f64>,
}

impl Square {
    /// A row.
    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.cells[i * self.n..][..self.n]
    }

    /// Two rows, the first one's number below the second's.
    fn two_rows(&mut self, p: usize, q: usize) -> (&mut [f64], &mut [f64]) {
        let (head, tail) = self.cells.split_at_mut(q * self.n);
        (&mut head[p * self.n..][..self.n], &mut tail[..self.n])
    }
}

/// Eigenvalues, ascending, and their vectors of length 1.
pub(super) struct Eigen {
    /// The eigenvalues.
    pub(super) values: Vec<f64>,
    /// Row i is the vector of the i-th value.
    pub(super) vectors: Square,
}

/// More passes over all pairs of rows than are ever needed; about seven are.
const PASSES: usize = 20;

/// The eigenvalues of a symmetric matrix, the most negative ones most exactly.
///
/// One-sided Jacobi: with a shift that makes all eigenvalues of shift·1 − M positive, its rows are rotated in pairs until all
/// are orthogonal; then they point along the eigenvectors and are as long as the eigenvalues.
pub(super) fn most_negative(matrix: &Square) -> Eigen {
    let n = matrix.n;
    let sums = (0..n).map(|i| matrix.row(i).iter().map(|cell| cell.abs()).sum());
    let shift = 1.0 + sums.fold(0.0, f64::max);
    let mut rows = Square { n, cells: matrix.cells.iter().map(|cell| -cell).collect() };
    (0..n).for_each(|i| rows.cells[i * n + i] += shift);
    for _ in 0..PASSES {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                let (a, b) = rows.two_rows(p, q);
                let (aa, bb, ab) = (dot(a, a), dot(b, b), dot(a, b));
                // Orthogonal to half of the digits there are: good enough, since no bound depends on it.
                if ab * ab <= 1e-16 * aa * bb {
                    continue;
                }
                rotated = true;
                let ratio = (bb - aa) / (2.0 * ab);
                let tangent = ratio.signum() / (ratio.abs() + (1.0 + ratio * ratio).sqrt());
                let cos = 1.0 / (1.0 + tangent * tangent).sqrt();
                let sin = cos * tangent;
                for (x, y) in a.iter_mut().zip(b) {
                    (*x, *y) = (cos * *x - sin * *y, sin * *x + cos * *y);
                }
            }
        }
        if !rotated {
            break;
        }
    }
    let lengths: Vec<f64> = (0..n).map(|i| dot(rows.row(i), rows.row(i)).sqrt()).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| lengths[b].total_cmp(&lengths[a]));
    let mut cells = Vec::with_capacity(n * n);
    for &i in &order {
        cells.extend(rows.row(i).iter().map(|cell| cell / lengths[i]));
    }
    let vectors = Square { n, cells };
    Eigen { values: order.iter().map(|&i| shift - lengths[i]).collect(), vectors }
}

/// The sum of the products.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Four sums, which fit into vector registers; a single one would have to be added up in order.
    let mut sums = [0.0; 4];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..4 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_matrix_is_the_sum_of_its_eigenvectors_squares(
            cells in prop::collection::vec(prop_oneof![Just(0.0), Just(-0.4), -1.0..1.0], 144), n in 1_usize..=12,
        ) {
            let cell = |a: usize, b: usize| cells[a.min(b) * 12 + a.max(b)];
            let matrix = Square { n, cells: (0..n * n).map(|place| cell(place / n, place % n)).collect() };
            let Eigen { values, vectors } = most_negative(&matrix);
            prop_assert!(values.is_sorted());
            for a in 0..n {
                for b in 0..n {
                    let sum: f64 = (0..n).map(|i| values[i] * vectors.row(i)[a] * vectors.row(i)[b]).sum();
                    prop_assert!((sum - cell(a, b)).abs() < 1e-6, "{} {}", sum, cell(a, b));
                    let product = dot(vectors.row(a), vectors.row(b));
                    prop_assert!((product - f64::from(u8::from(a == b))).abs() < 1e-6);
                }
            }
        }
    }
}
