//! Where a concave function is touched by the linear one that bounds it.

use super::bounds::MAX_VERTICES;

/// A point p and what the tangent of xᵀNx there needs; N is row-major n × n.
#[derive(Clone)]
pub(super) struct Point {
    at: [f64; MAX_VERTICES],
    /// N·p
    product: [f64; MAX_VERTICES],
    /// pᵀNp
    square: f64,
}

impl Point {
    /// The point 0.
    pub(super) fn nowhere() -> Self {
        Self { at: [0.0; MAX_VERTICES], product: [0.0; MAX_VERTICES], square: 0.0 }
    }

    /// What a vertex adds to the tangent, less its cell on N's diagonal, which is no edge.
    pub(super) fn slope(&self, matrix: &[f64], n: usize, v: usize) -> f64 {
        2.0 * self.product[v] - matrix[v * n + v]
    }

    /// pᵀNp, by which the sum of the slopes is too high.
    pub(super) fn square(&self) -> f64 {
        self.square
    }

    /// Moves towards the point that is 1 at each vertex of the `corner` and 0 elsewhere, as far as the function rises
    /// that also has the slopes `linear` (a step of Frank and Wolfe's method). False where it does not rise.
    pub(super) fn move_towards(
        &mut self,
        matrix: &[f64],
        n: usize,
        corner: impl Iterator<Item = usize> + Clone,
        linear: &[f64; MAX_VERTICES],
    ) -> bool {
        let mut at = [0.0; MAX_VERTICES];
        let mut product = [0.0; MAX_VERTICES];
        let mut across = 0.0;
        for v in corner.clone() {
            at[v] = 1.0;
            across += self.product[v];
            product[..n].iter_mut().zip(&matrix[v * n..][..n]).for_each(|(sum, cell)| *sum += cell);
        }
        let square: f64 = corner.map(|v| product[v]).sum();
        let slopes = (0..n).map(|v| (linear[v] + self.slope(matrix, n, v)) * (at[v] - self.at[v]));
        let rise: f64 = slopes.sum();
        let bend = self.square + square - 2.0 * across;
        // Written so that NaN fails too.
        if !(rise > 0.0 && bend < 0.0) {
            return false;
        }
        let go = (-rise / (2.0 * bend)).min(1.0);
        let stay = 1.0 - go;
        for v in 0..n {
            self.at[v] = stay * self.at[v] + go * at[v];
            self.product[v] = stay * self.product[v] + go * product[v];
        }
        self.square = stay * stay * self.square + 2.0 * go * stay * across + go * go * square;
        true
    }
}
