//! The NPMI graph of a pool: its edges, and nothing of the pairs that are none.

use crate::pool::Pool;
use std::ops::RangeInclusive;
use superposed_corpus::Npmi;
use superposed_identity::WordId;

/// The most edges of a graph that is mined: 2.4 GB while it is made, 1.6 GB afterwards. A pool of the published τ = 900
/// has at most 404,550 pairs, one of 20,000 words a third of this if every sixth pair is an edge.
pub const MAX_EDGES: usize = 1 << 26;

/// A graph on words, its edges weighted by NPMI: the pairs whose NPMI lies within θ.
///
/// It takes 24 bytes an edge and 4 a word, and while it is made 36 and some 20.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    words: Vec<WordId>,
    /// The neighbours of vertex v: `neighbours[starts[v]..starts[v + 1]]`, ascending, and their weights likewise.
    starts: Vec<usize>,
    neighbours: Vec<u32>,
    weights: Vec<f64>,
}

/// A graph with more than [`MAX_EDGES`] edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyEdges;

impl Graph {
    /// The graph of a pool, its words ascending: the pairs with θl ≤ NPMI ≤ θu.
    ///
    /// # Errors
    /// More than [`MAX_EDGES`] edges.
    ///
    /// # Panics
    /// When a word is not one of the corpus.
    pub fn of_pool(npmi: &Npmi, pool: &Pool, theta: RangeInclusive<f64>) -> Result<Self, TooManyEdges> {
        let mut edges = npmi.edges(&pool.words, theta);
        let mut upper = Upper::default();
        for vertex in 0..pool.words.len() {
            edges.append_row(vertex, &mut upper.neighbours, &mut upper.weights);
            upper.end_row(MAX_EDGES)?;
        }
        Ok(upper.into_graph(pool.words.clone()))
    }

    /// The graph on `words`, ascending, with `weights[i * n + j]` the symmetric weight of words i and j, of which those
    /// within θ are edges. The diagonal is never used.
    ///
    /// # Panics
    /// When the words do not strictly ascend, `weights` is not n × n, or there are more than [`MAX_EDGES`] edges.
    #[must_use]
    pub fn of_matrix(words: Vec<WordId>, weights: &[f64], theta: &RangeInclusive<f64>) -> Self {
        let n = words.len();
        assert_eq!(weights.len(), n * n, "the weights must be a square matrix over the words");
        let mut upper = Upper::default();
        for a in 0..n {
            for b in (a + 1..n).filter(|b| theta.contains(&weights[a * n + b])) {
                upper.neighbours.push(b as u32);
                upper.weights.push(weights[a * n + b]);
            }
            assert_eq!(upper.end_row(MAX_EDGES), Ok(()), "the matrix has too many edges");
        }
        upper.into_graph(words)
    }

    /// The words, ascending; a word's place is its vertex.
    #[must_use]
    pub fn words(&self) -> &[WordId] {
        &self.words
    }

    /// n, the number of words.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there are no words.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The vertex of a word.
    #[must_use]
    pub fn vertex(&self, word: WordId) -> Option<usize> {
        self.words.binary_search(&word).ok()
    }

    /// The number of edges.
    #[must_use]
    pub fn edges(&self) -> usize {
        self.neighbours.len() / 2
    }

    /// The number of a vertex's edges.
    #[must_use]
    pub fn degree(&self, vertex: usize) -> usize {
        self.starts[vertex + 1] - self.starts[vertex]
    }

    /// The neighbours of a vertex, ascending, and the weights of its edges to them.
    pub fn neighbours(&self, vertex: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[vertex]..self.starts[vertex + 1];
        self.neighbours[range.clone()].iter().map(|v| *v as usize).zip(self.weights[range].iter().copied())
    }
}

/// A graph being made: the neighbours after each vertex.
#[derive(Default)]
struct Upper {
    /// Where each vertex's neighbours end.
    ends: Vec<usize>,
    neighbours: Vec<u32>,
    weights: Vec<f64>,
}

impl Upper {
    /// Goes on to the next vertex, unless there are more edges than `most`.
    fn end_row(&mut self, most: usize) -> Result<(), TooManyEdges> {
        self.ends.push(self.neighbours.len());
        if self.neighbours.len() > most { Err(TooManyEdges) } else { Ok(()) }
    }

    /// Adds the other direction of each edge.
    fn into_graph(self, words: Vec<WordId>) -> Graph {
        assert!(words.windows(2).all(|pair| pair[0] < pair[1]), "the words of a graph must strictly ascend");
        let n = words.len();
        // Degrees first, one place further on; then summed up.
        let mut starts = vec![0; n + 1];
        let mut begin = 0;
        for (vertex, &end) in self.ends.iter().enumerate() {
            starts[vertex + 1] += end - begin;
            for &neighbour in &self.neighbours[begin..end] {
                starts[neighbour as usize + 1] += 1;
            }
            begin = end;
        }
        for vertex in 0..n {
            starts[vertex + 1] += starts[vertex];
        }
        let mut next = starts.clone();
        let mut neighbours = vec![0; 2 * self.neighbours.len()];
        let mut weights = vec![0.0; 2 * self.neighbours.len()];
        // A vertex meets the vertices below it, ascending, before those above it: every list comes out sorted.
        let mut begin = 0;
        for (vertex, &end) in self.ends.iter().enumerate() {
            for (&neighbour, &weight) in self.neighbours[begin..end].iter().zip(&self.weights[begin..end]) {
                for (from, to) in [(vertex, neighbour), (neighbour as usize, vertex as u32)] {
                    neighbours[next[from]] = to;
                    weights[next[from]] = weight;
                    next[from] += 1;
                }
            }
            begin = end;
        }
        Graph { words, starts, neighbours, weights }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_ascend_on_both_sides_and_the_diagonal_is_no_edge() {
        let weights = [1.0, 0.1, 0.5, 0.1, 1.0, 0.3, 0.5, 0.3, 1.0];
        let words: Vec<WordId> = (0..3).map(WordId).collect();
        let graph = Graph::of_matrix(words, &weights, &(0.3..=1.0));
        let neighbours = |vertex| graph.neighbours(vertex).collect::<Vec<_>>();
        assert_eq!(neighbours(0), [(2, 0.5)]);
        assert_eq!(neighbours(1), [(2, 0.3)]);
        assert_eq!(neighbours(2), [(0, 0.5), (1, 0.3)]);
        assert_eq!((graph.edges(), graph.degree(2)), (2, 2));
    }

    #[test]
    fn a_graph_has_at_most_as_many_edges_as_it_may() {
        let mut upper = Upper { neighbours: vec![1, 2], weights: vec![0.5; 2], ..Upper::default() };
        assert_eq!(upper.end_row(2), Ok(()));
        assert_eq!(upper.end_row(1), Err(TooManyEdges));
    }
}
