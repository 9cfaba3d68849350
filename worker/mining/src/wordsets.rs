//! Word sets: the star heuristic that cuts a pool's graph into pieces small enough to solve exactly.
//!
//! Lim & Lauw 2023, section 4.2 (there "isets"). Where the published code leaves a tie to hash order, the lower word
//! comes first here, and a word is never its own neighbour (there it is, when its NPMI with itself rounds to 1).

use crate::graph::Graph;
use std::cmp::Ordering;
use superposed_identity::{MiningParameters, WordId};

/// How large a word set may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StarLimits {
    /// κl: the least number of edges of a star, and the least size of a word set, its centre included.
    pub kappa_low: usize,
    /// κu: the greatest size of a word set, its centre included.
    pub kappa_high: usize,
}

impl From<&MiningParameters> for StarLimits {
    fn from(parameters: &MiningParameters) -> Self {
        Self { kappa_low: parameters.kappa_low as usize, kappa_high: parameters.kappa_high as usize }
    }
}

/// A star of the graph: neighbours of a centre, ascending, then the centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordSet {
    members: Vec<WordId>,
}

impl WordSet {
    /// The words: the neighbours ascending, the centre last.
    #[must_use]
    pub fn members(&self) -> &[WordId] {
        &self.members
    }

    /// The word whose neighbours the others are.
    #[must_use]
    pub fn centre(&self) -> WordId {
        *self.members.last().expect("a word set holds at least its centre")
    }
}

/// Cuts the graph into disjoint word sets, in the order in which they were found.
///
/// 1. Keep the edges with θl ≤ NPMI ≤ θu; the graph has no others.
/// 2. Keep the words with at least κl edges, counted before any word is dropped.
/// 3. Visit these by the mean NPMI of their remaining edges, descending.
/// 4. A word not yet used and its neighbours not yet used, at most the κu − 1 closest, make a word set if they are at
///    least κl. They count as used either way.
#[must_use]
pub fn star_heuristic(graph: &Graph, limits: &StarLimits) -> Vec<WordSet> {
    let kept: Vec<bool> = (0..graph.len()).map(|vertex| graph.degree(vertex) >= limits.kappa_low).collect();
    // Words that were dropped are in no word set, no more than those used up.
    let mut free = kept.clone();
    let mut sets = Vec::new();
    for centre in centres(graph, &kept) {
        if !free[centre] {
            continue;
        }
        let mut members: Vec<(usize, f64)> = graph.neighbours(centre).filter(|(v, _)| free[*v]).collect();
        if members.len() >= limits.kappa_high {
            members.sort_unstable_by(|a, b| descending(a.1, b.1).then(a.0.cmp(&b.0)));
            members.truncate(limits.kappa_high.saturating_sub(1));
            members.sort_unstable_by_key(|(v, _)| *v);
        }
        let members = || members.iter().map(|(v, _)| *v).chain([centre]);
        for member in members() {
            free[member] = false;
        }
        if members().count() >= limits.kappa_low {
            sets.push(WordSet { members: members().map(|v| graph.words()[v]).collect() });
        }
    }
    sets
}

/// Step 3: the kept words in the order in which they are visited. One whose neighbours were all dropped has a mean
/// of −1.
fn centres(graph: &Graph, kept: &[bool]) -> Vec<usize> {
    let mean = |centre: usize| {
        let mut edges = 0;
        let weights = graph.neighbours(centre).filter(|(v, _)| kept[*v]).map(|(_, weight)| weight);
        let sum: f64 = weights.inspect(|_| edges += 1).sum();
        if edges == 0 { -1.0 } else { sum / f64::from(edges) }
    };
    let mut centres: Vec<(f64, usize)> =
        (0..graph.len()).filter(|v| kept[*v]).map(|centre| (mean(centre), centre)).collect();
    centres.sort_unstable_by(|a, b| descending(a.0, b.0).then(a.1.cmp(&b.1)));
    centres.into_iter().map(|(_, centre)| centre).collect()
}

/// The order of weights from the highest down; 0 and −0 are equal.
fn descending(a: f64, b: f64) -> Ordering {
    (b + 0.0).total_cmp(&(a + 0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A graph whose unnamed edges weigh −0.5 and whose diagonal is 1, as a stored diagonal may round to.
    fn graph(n: usize, edges: &[(usize, usize, f64)]) -> Graph {
        let mut weights = vec![-0.5; n * n];
        for i in 0..n {
            weights[i * n + i] = 1.0;
        }
        for &(a, b, weight) in edges {
            weights[a * n + b] = weight;
            weights[b * n + a] = weight;
        }
        Graph::of_matrix((0..n as u32).map(|i| WordId(10 * i)).collect(), &weights, &(0.1..=1.0))
    }

    fn found(graph: &Graph, kappa_low: usize, kappa_high: usize) -> Vec<Vec<u32>> {
        let limits = StarLimits { kappa_low, kappa_high };
        let sets = star_heuristic(graph, &limits);
        sets.iter().map(|set| set.members().iter().map(|word| word.0).collect()).collect()
    }

    #[test]
    fn a_word_is_not_its_own_neighbour() {
        let pair = graph(2, &[(0, 1, 0.2)]);
        assert_eq!(found(&pair, 1, 5), [[10, 0]]);
        assert!(found(&pair, 2, 5).is_empty());
    }

    #[test]
    fn among_equal_weights_the_lower_words_stay_and_among_equal_means_the_lower_centre_comes_first() {
        let all: Vec<_> = (0..6).flat_map(|a| (a + 1..6).map(move |b| (a, b, 0.3))).collect();
        assert_eq!(found(&graph(6, &all), 2, 3), [[10, 20, 0], [40, 50, 30]]);
    }

    #[test]
    fn a_star_too_small_for_a_word_set_still_uses_its_words_up() {
        let mut edges = vec![(4, 1, 0.5), (4, 2, 0.5), (4, 5, 0.5), (5, 6, 0.1), (5, 7, 0.1), (6, 7, 0.1)];
        edges.extend([(6, 8, 0.1), (7, 8, 0.1), (8, 1, 0.1)]);
        edges.extend((0..4).flat_map(|a| (a + 1..4).map(move |b| (a, b, 0.9))));
        // The star of 0 takes 1 and 2 from that of 4, which is left with 5: too few, and 6 cannot have 5 any more.
        assert_eq!(found(&graph(9, &edges), 3, 8), [vec![10, 20, 30, 0], vec![70, 80, 60]]);
    }

    #[test]
    fn the_centre_is_the_last_member() {
        let star = graph(3, &[(0, 1, 0.2), (1, 2, 0.2)]);
        let limits = StarLimits { kappa_low: 1, kappa_high: 3 };
        assert_eq!(star_heuristic(&star, &limits)[0].centre(), WordId(0));
    }

    #[test]
    fn the_empty_graph_has_no_word_sets() {
        assert!(found(&graph(0, &[]), 0, 5).is_empty());
    }
}
