//! One word set as the solvers see it.

use super::SolveError;
use crate::{graph::Graph, wordsets::WordSet};
use superposed_corpus::Npmi;
use superposed_identity::{WordId, parameters::MAX_WORD_SET};

/// The binary digits behind the point of a fixed-point weight.
///
/// 44 keep an NPMI to 6e-14 and leave room: twice the sum of 190 edges (k = 20) of weight ±[`GREATEST_WEIGHT`] stays
/// below 2^63.
const FRACTION_BITS: u32 = 44;

/// What a weight may be at most, either sign. An NPMI lies within 1 up to rounding.
const GREATEST_WEIGHT: f64 = 256.0;

/// A complete graph on at most 64 words and the number of them to choose.
///
/// Words are ascending, so that "vertex i" is also "the i-th smallest word" and a lexicographic comparison of id lists
/// is one of vertex lists.
#[derive(Debug, Clone)]
pub struct Problem {
    words: Vec<WordId>,
    /// Row-major n × n, symmetric.
    weights: Vec<f64>,
    clique: usize,
}

impl Problem {
    /// The problem of a word set: its words, ascending, and the NPMI of every two of them, whether θ admits it or not.
    /// `graph` is the one that the set was cut from; what is no edge of it comes from `npmi`.
    ///
    /// # Errors
    /// The first rule of [`Problem::new`] that does not hold; [`SolveError::UnknownWord`].
    pub fn of_word_set(npmi: &Npmi, graph: &Graph, set: &WordSet, clique: u32) -> Result<Self, SolveError> {
        let mut words = set.members().to_vec();
        words.sort_unstable();
        let vertices = words
            .iter()
            .map(|word| graph.vertex(*word).ok_or(SolveError::UnknownWord(*word)))
            .collect::<Result<Vec<_>, _>>()?;
        let n = words.len();
        let mut weights = vec![0.0; n * n];
        for (a, &vertex) in vertices.iter().enumerate() {
            // Both ascend.
            let mut edges = graph.neighbours(vertex).peekable();
            for (b, &other) in vertices.iter().enumerate().skip(a + 1) {
                while edges.next_if(|(neighbour, _)| *neighbour < other).is_some() {}
                let edge = edges.next_if(|(neighbour, _)| *neighbour == other);
                let weight = edge.map_or_else(|| npmi.score(words[a], words[b]), |(_, weight)| weight);
                weights[a * n + b] = weight;
                weights[b * n + a] = weight;
            }
        }
        Self::new(words, weights, clique)
    }

    /// A problem on `words`, ascending, with `weights[i * n + j]` the symmetric weight of words i and j. The diagonal
    /// is never read.
    ///
    /// # Errors
    /// k outside 2 … 20, fewer words than k, more than 64 words, a repeated word, a weight that is no NPMI.
    ///
    /// # Panics
    /// When the words do not ascend or `weights` is not n × n.
    pub fn new(words: Vec<WordId>, weights: Vec<f64>, clique: u32) -> Result<Self, SolveError> {
        let n = words.len();
        assert_eq!(weights.len(), n * n, "the weights of {n} words must be an {n} × {n} matrix");
        assert!(words.is_sorted(), "the words of a problem must ascend");
        if !(2..=20).contains(&clique) {
            return Err(SolveError::CliqueSize(clique));
        }
        if n < clique as usize {
            return Err(SolveError::TooFewWords { words: n, clique });
        }
        if n > MAX_WORD_SET as usize {
            return Err(SolveError::TooManyWords(n));
        }
        if let Some(pair) = words.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(SolveError::RepeatedWord(pair[0]));
        }
        for i in 0..n {
            for j in i + 1..n {
                let weight = weights[i * n + j];
                // Written so that NaN fails too.
                if !(-GREATEST_WEIGHT..=GREATEST_WEIGHT).contains(&weight) {
                    return Err(SolveError::Weight { a: words[i], b: words[j], weight });
                }
            }
        }
        Ok(Self { words, weights, clique: clique as usize })
    }

    /// The words, ascending.
    #[must_use]
    pub fn words(&self) -> &[WordId] {
        &self.words
    }

    /// n, the number of words to choose from.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there are no words; never, since a problem has at least k of them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// k, the number of words to choose.
    #[must_use]
    pub fn clique(&self) -> usize {
        self.clique
    }

    /// The weight of the edge between two different vertices.
    #[must_use]
    pub fn weight(&self, a: usize, b: usize) -> f64 {
        // Only the upper triangle, so that every solver sees the very same numbers.
        self.weights[a.min(b) * self.words.len() + a.max(b)]
    }

    /// The weight as an integer, round(w · 2^44): sums of these are exact and do not depend on their order.
    #[must_use]
    pub fn fixed_point(&self, a: usize, b: usize) -> i64 {
        (self.weight(a, b) * (1_u64 << FRACTION_BITS) as f64).round() as i64
    }

    /// The fixed-point sum of some edges as a score: their mean over the edges of a clique.
    #[must_use]
    pub fn mean_of_fixed_point(&self, sum: f64) -> f64 {
        sum / (1_u64 << FRACTION_BITS) as f64 / self.edges() as f64
    }

    /// k(k − 1)/2, the edges of a clique.
    #[must_use]
    pub fn edges(&self) -> usize {
        self.clique * (self.clique - 1) / 2
    }

    /// The canonical score of k vertices, ascending: the f64 mean of their pair weights, summed in ascending pair order
    /// (0,1), (0,2) … (1,2) …
    #[must_use]
    pub fn score(&self, vertices: &[usize]) -> f64 {
        let mut sum = 0.0;
        for (place, &a) in vertices.iter().enumerate() {
            for &b in &vertices[place + 1..] {
                sum += self.weight(a, b);
            }
        }
        sum / self.edges() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(n: u32) -> Vec<WordId> {
        (0..n).map(WordId).collect()
    }

    #[test]
    fn what_cannot_be_solved_is_named() {
        let refused = |n: u32, k| Problem::new(words(n), vec![0.0; (n * n) as usize], k).err();
        assert_eq!(refused(10, 1), Some(SolveError::CliqueSize(1)));
        assert_eq!(refused(30, 21), Some(SolveError::CliqueSize(21)));
        assert_eq!(refused(9, 10), Some(SolveError::TooFewWords { words: 9, clique: 10 }));
        assert_eq!(refused(65, 10), Some(SolveError::TooManyWords(65)));
        let twice = Problem::new(vec![WordId(3), WordId(3)], vec![0.0; 4], 2).err();
        assert_eq!(twice, Some(SolveError::RepeatedWord(WordId(3))));
        let not_a_number = Problem::new(words(2), vec![0.0, f64::NAN, f64::NAN, 0.0], 2);
        assert!(matches!(not_a_number, Err(SolveError::Weight { .. })));
    }

    #[test]
    fn the_score_is_the_mean_of_the_pairs() {
        let weights = vec![0.0, 0.5, 0.25, 0.5, 0.0, -0.75, 0.25, -0.75, 0.0];
        let problem = Problem::new(words(3), weights, 3).expect("three words, k = 3");
        assert_eq!(problem.score(&[0, 1, 2]), 0.0);
        assert_eq!(problem.fixed_point(2, 1), -3 << 42);
    }
}
