//! The star heuristic once more, as its definition reads: slow, obvious, and able to repeat a published defect.

use std::collections::{BTreeMap, BTreeSet};

/// A weighted graph on the vertices 0 … n − 1 and the limits of the heuristic.
#[derive(Debug, Clone)]
pub(crate) struct Stars {
    pub(crate) weights: Vec<Vec<f64>>,
    pub(crate) theta: (f64, f64),
    pub(crate) kappa: (usize, usize),
    /// Whether the diagonal counts as an edge, as in the published code.
    pub(crate) self_loops: bool,
}

impl Stars {
    /// The word sets: each one's neighbours ascending, then its centre.
    pub(crate) fn word_sets(&self) -> Vec<Vec<usize>> {
        let n = self.weights.len();
        let edge = |a: usize, b: usize| {
            (a != b || self.self_loops) && self.weights[a][b] >= self.theta.0 && self.weights[a][b] <= self.theta.1
        };
        let kept: BTreeSet<usize> =
            (0..n).filter(|&a| (0..n).filter(|&b| edge(a, b)).count() >= self.kappa.0).collect();
        let mut unvisited: BTreeMap<usize, Vec<usize>> =
            kept.iter().map(|&a| (a, kept.iter().copied().filter(|&b| edge(a, b)).collect())).collect();
        let mut used = BTreeSet::new();
        let mut sets = Vec::new();
        while let Some(centre) = self.next_centre(&unvisited) {
            let neighbours = unvisited.remove(&centre).expect("the centre is unvisited");
            if used.contains(&centre) {
                continue;
            }
            let mut members: Vec<usize> = neighbours.into_iter().filter(|v| !used.contains(v)).collect();
            while members.len() >= self.kappa.1 {
                // Drop until κu − 1 are left: the lightest, of several the one with the highest number.
                let weight = |place: &usize| self.weights[centre][members[*place]];
                let least = (0..members.len()).map(|place| weight(&place)).fold(f64::INFINITY, f64::min);
                let drop = (0..members.len()).rfind(|place| weight(place) == least).expect("a member is the lightest");
                members.remove(drop);
            }
            members.push(centre);
            used.extend(members.iter().copied());
            if members.len() >= self.kappa.0 {
                sets.push(members);
            }
        }
        sets
    }

    /// The unvisited centre of the heaviest mean, of several the lowest.
    fn next_centre(&self, unvisited: &BTreeMap<usize, Vec<usize>>) -> Option<usize> {
        let mean = |centre: usize, neighbours: &Vec<usize>| match neighbours.len() {
            0 => -1.0,
            count => neighbours.iter().map(|&v| self.weights[centre][v]).sum::<f64>() / count as f64,
        };
        let mut best: Option<(usize, f64)> = None;
        for (&centre, neighbours) in unvisited {
            let mean = mean(centre, neighbours);
            if best.is_none_or(|(_, greatest)| mean > greatest) {
                best = Some((centre, mean));
            }
        }
        best.map(|(centre, _)| centre)
    }
}
