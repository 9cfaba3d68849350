//! Word sets: the star heuristic that cuts a pool's graph into pieces small enough to solve exactly.
//!
//! Lim & Lauw 2023, section 4.2 (there "isets"). Where the published code leaves a tie to hash order, the lower word
//! comes first here, and a word is never its own neighbour (there it is, when its NPMI with itself rounds to 1).

use crate::graph::Graph;
use std::cmp::Ordering;
use superposed_identity::{MiningParameters, WordId};

/// What makes an edge, and how large a word set may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StarLimits {
    /// θl: the least NPMI of an edge.
    pub theta_low: f64,
    /// θu: the greatest NPMI of an edge.
    pub theta_high: f64,
    /// κl: the least number of edges of a star, and the least size of a word set, its centre included.
    pub kappa_low: usize,
    /// κu: the greatest size of a word set, its centre included.
    pub kappa_high: usize,
}

impl From<&MiningParameters> for StarLimits {
    fn from(parameters: &MiningParameters) -> Self {
        Self {
            theta_low: parameters.theta_low,
            theta_high: parameters.theta_high,
            kappa_low: parameters.kappa_low as usize,
            kappa_high: parameters.kappa_high as usize,
        }
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
/// 1. Keep the edges with θl ≤ NPMI ≤ θu.
/// 2. Keep the words with at least κl edges, counted before any word is dropped.
/// 3. Visit these by the mean NPMI of their remaining edges, descending.
/// 4. A word not yet used and its neighbours not yet used, at most the κu − 1 closest, make a word set if they are at
///    least κl. They count as used either way.
#[must_use]
pub fn star_heuristic(graph: &Graph, limits: &StarLimits) -> Vec<WordSet> {
    let mut used = vec![false; graph.len()];
    let mut sets = Vec::new();
    for star in stars(graph, limits) {
        if used[star.centre] {
            continue;
        }
        let mut members: Vec<usize> = star.neighbours.into_iter().filter(|v| !used[*v]).collect();
        if members.len() >= limits.kappa_high {
            let row = graph.row(star.centre);
            members.sort_unstable_by(|&a, &b| descending(row[a], row[b]).then(a.cmp(&b)));
            members.truncate(limits.kappa_high.saturating_sub(1));
            members.sort_unstable();
        }
        members.push(star.centre);
        for &member in &members {
            used[member] = true;
        }
        if members.len() >= limits.kappa_low {
            sets.push(WordSet { members: members.into_iter().map(|v| graph.words()[v]).collect() });
        }
    }
    sets
}

/// A kept word and its kept neighbours, ascending.
struct Star {
    centre: usize,
    neighbours: Vec<usize>,
    /// The mean weight of the edges between them, −1 without any.
    mean: f64,
}

/// Steps 1 to 3: the stars in the order in which they are visited.
fn stars(graph: &Graph, limits: &StarLimits) -> Vec<Star> {
    let is_edge = |weight: f64| limits.theta_low <= weight && weight <= limits.theta_high;
    // The diagonal is no edge, whatever stands there.
    let edges = |centre: usize| -> Vec<usize> {
        let row = graph.row(centre).iter().enumerate();
        row.filter(|&(v, weight)| is_edge(*weight) && v != centre).map(|(v, _)| v).collect()
    };
    let neighbours: Vec<Vec<usize>> = (0..graph.len()).map(edges).collect();
    let kept: Vec<bool> = neighbours.iter().map(|neighbours| neighbours.len() >= limits.kappa_low).collect();
    let mut stars: Vec<Star> = neighbours
        .into_iter()
        .enumerate()
        .filter(|(centre, _)| kept[*centre])
        .map(|(centre, mut neighbours)| {
            neighbours.retain(|v| kept[*v]);
            let row = graph.row(centre);
            let sum: f64 = neighbours.iter().map(|&v| row[v]).sum();
            let mean = if neighbours.is_empty() { -1.0 } else { sum / neighbours.len() as f64 };
            Star { centre, neighbours, mean }
        })
        .collect();
    stars.sort_by(|a, b| descending(a.mean, b.mean).then(a.centre.cmp(&b.centre)));
    stars
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
        Graph::new((0..n as u32).map(|i| WordId(10 * i)).collect(), weights)
    }

    fn found(graph: &Graph, kappa_low: usize, kappa_high: usize) -> Vec<Vec<u32>> {
        let limits = StarLimits { theta_low: 0.1, theta_high: 1.0, kappa_low, kappa_high };
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
        let limits = StarLimits { theta_low: 0.1, theta_high: 1.0, kappa_low: 1, kappa_high: 3 };
        assert_eq!(star_heuristic(&star, &limits)[0].centre(), WordId(0));
    }

    #[test]
    fn the_empty_graph_has_no_word_sets() {
        assert!(found(&graph(0, &[]), 0, 5).is_empty());
    }
}
