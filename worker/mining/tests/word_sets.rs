//! The star heuristic against a slow model of it, and that model against the published code.

mod conformance;
mod star_model;

use proptest::prelude::*;
use star_model::Stars;
use superposed_identity::WordId;
use superposed_mining::{
    graph::Graph,
    wordsets::{StarLimits, star_heuristic},
};

/// The word sets as the crate finds them, words being vertices.
fn found(stars: &Stars) -> Vec<Vec<usize>> {
    let words = (0..stars.weights.len() as u32).map(WordId).collect();
    let graph = Graph::of_matrix(words, &stars.weights.concat(), &(stars.theta.0..=stars.theta.1));
    let limits = StarLimits { kappa_low: stars.kappa.0, kappa_high: stars.kappa.1 };
    let sets = star_heuristic(&graph, &limits);
    sets.iter().map(|set| set.members().iter().map(|word| word.index()).collect()).collect()
}

/// Graphs of few weights, hence many ties; a diagonal that the thresholds would let in.
fn graphs() -> impl Strategy<Value = Stars> {
    (0_usize..40, 1_usize..7, 0_usize..12, -3_i32..8).prop_flat_map(|(n, kappa_low, more, theta_low)| {
        prop::collection::vec(-4_i32..9, n * n).prop_map(move |cells| {
            let weight = |a: usize, b: usize| {
                if a == b { 1.0 } else { f64::from(cells[a.min(b) * n + a.max(b)]) / 10.0 }
            };
            Stars {
                weights: (0..n).map(|a| (0..n).map(|b| weight(a, b)).collect()).collect(),
                theta: (f64::from(theta_low) / 10.0, 1.0),
                kappa: (kappa_low, kappa_low + more),
                self_loops: false,
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn the_word_sets_are_those_of_the_definition(stars in graphs()) {
        prop_assert_eq!(found(&stars), stars.word_sets());
    }
}

#[derive(serde::Deserialize)]
struct Case {
    order: Vec<u32>,
    w: Vec<Vec<f64>>,
    thresholds: (f64, f64),
    size_limits: (usize, usize),
    isets: Vec<Vec<u32>>,
}

/// The published code breaks ties by its hash order (`order`), so vertices are numbered in that; and it takes a word
/// as its own neighbour when the diagonal lies within the thresholds, which only the model repeats.
#[test]
fn the_published_word_sets_are_found() {
    let Some(directory) = conformance::directory("star_heuristic") else {
        return;
    };
    let cases: Vec<Case> = conformance::json(&directory.join("fixtures/star_heuristic.json"));
    assert_eq!(cases.len(), 150);
    let mut without_self_loops = 0;
    for (number, case) in cases.into_iter().enumerate() {
        let vertex =
            |id: &u32| case.order.iter().position(|other| other == id).expect("a word set's word is in the order");
        let published: Vec<Vec<usize>> = case
            .isets
            .iter()
            .map(|set| {
                let (centre, neighbours) = set.split_last().expect("a word set is not empty");
                let mut vertices: Vec<usize> = neighbours.iter().map(vertex).collect();
                vertices.sort_unstable();
                vertices.push(vertex(centre));
                vertices
            })
            .collect();
        let (low, high) = case.thresholds;
        let diagonal_is_edge = (0..case.w.len()).any(|v| low <= case.w[v][v] && case.w[v][v] <= high);
        let mut stars = Stars { weights: case.w, theta: case.thresholds, kappa: case.size_limits, self_loops: true };
        assert_eq!(stars.word_sets(), published, "case {number}: the model as published");
        stars.self_loops = false;
        assert_eq!(found(&stars), stars.word_sets(), "case {number}: without self-loops");
        if !diagonal_is_edge {
            assert_eq!(found(&stars), published, "case {number}");
            without_self_loops += 1;
        }
    }
    assert!(without_self_loops >= 100, "only {without_self_loops} cases compare directly");
}
