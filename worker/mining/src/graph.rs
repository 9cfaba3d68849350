//! The NPMI graph of a pool.

use crate::pool::Pool;
use superposed_corpus::Npmi;
use superposed_identity::WordId;

/// The most words of a pool that is mined.
pub const MAX_POOL: usize = 20_000;

/// A complete graph on words, its edges weighted by NPMI.
///
/// All n² weights are held, 8 bytes each: 6.5 MB for the published τ = 900, which no pool exceeds, and 3.2 GB for the
/// [`MAX_POOL`] words that a [`Miner`](crate::Miner) takes. The star heuristic's lists of edges may take as much again
/// where nearly every pair is an edge. Each thread that mines has one graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    words: Vec<WordId>,
    /// Row-major n × n, symmetric.
    weights: Vec<f64>,
}

impl Graph {
    /// The graph of a pool, whatever its size.
    #[must_use]
    pub fn of_pool(npmi: &Npmi, pool: &Pool) -> Self {
        let mut weights = Vec::new();
        npmi.fill_matrix(&pool.words, &mut weights);
        Self::new(pool.words.clone(), weights)
    }

    /// The graph on `words`, ascending, with `weights[i * n + j]` the symmetric weight of words i and j. The diagonal
    /// is never used.
    ///
    /// # Panics
    /// When the words do not strictly ascend or `weights` is not n × n.
    #[must_use]
    pub fn new(words: Vec<WordId>, weights: Vec<f64>) -> Self {
        assert_eq!(weights.len(), words.len() * words.len(), "the weights must be a square matrix over the words");
        assert!(words.windows(2).all(|pair| pair[0] < pair[1]), "the words of a graph must strictly ascend");
        Self { words, weights }
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

    /// The weights of a vertex's edges, by vertex.
    #[must_use]
    pub fn row(&self, vertex: usize) -> &[f64] {
        &self.weights[vertex * self.words.len()..][..self.words.len()]
    }
}
