//! A pool's graph from a store against the plain formula for every pair.

#[allow(dead_code, reason = "shared with other tests")]
mod planted;

use planted::Planted;
use proptest::{prelude::*, sample::Index, test_runner::TestRunner};
use std::{cell::Cell, ops::RangeInclusive, sync::Arc};
use superposed_corpus::{
    Corpus, Npmi,
    npmi::npmi,
    synthetic::{self, Options},
};
use superposed_identity::{TokenRule, WordId};
use superposed_mining::{Pool, graph::Graph};

/// All pairs by the formula as it is written down.
fn plain(corpus: &Corpus, min_freq: u64, pool: &Pool, theta: &RangeInclusive<f64>) -> Graph {
    let probability = |count| if count >= min_freq { count as f64 / corpus.windows() as f64 } else { 0.0 };
    let single = |word| probability(corpus.single_count(word));
    let weight = |a: WordId, b: WordId| npmi(probability(corpus.joint_count(a, b)), single(a), single(b));
    let weights: Vec<f64> = pool.words.iter().flat_map(|a| pool.words.iter().map(|b| weight(*a, *b))).collect();
    Graph::of_matrix(pool.words.clone(), &weights, theta)
}

/// Compares graphs of pools of a corpus: with thresholds of both signs and any width, and with each of an edge's own
/// weight as either bound, where it stays, and just beyond, where it goes.
fn compare(corpus: &Arc<Corpus>, min_freq: impl Strategy<Value = u64>) {
    let words = prop::collection::btree_set(0..corpus.vocabulary().len() as u32, 0..120);
    let theta = (-1.1..1.1_f64, prop_oneof![Just(1.0), -1.0..1.0_f64]);
    let edges = Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(300));
    let result = runner.run(&(words, theta, min_freq, any::<Index>()), |(words, theta, min_freq, pick)| {
        let pool = Pool { words: words.into_iter().map(WordId).collect(), form: TokenRule::ByteLevel.into() };
        let scorer = Npmi::new(Arc::clone(corpus), min_freq);
        let graph = |theta| Graph::of_pool(&scorer, &pool, theta).expect("a small graph");
        let compare = |theta: RangeInclusive<f64>| {
            prop_assert_eq!(graph(theta.clone()), plain(corpus, min_freq, &pool, &theta));
            Ok(())
        };
        compare(theta.0..=theta.1)?;
        let all = graph(-1.0..=1.0);
        edges.set(edges.get() + all.edges());
        let weights: Vec<f64> = (0..all.len()).flat_map(|v| all.neighbours(v)).map(|(_, weight)| weight).collect();
        if !weights.is_empty() {
            let weight = weights[pick.index(weights.len())];
            compare(weight..=1.0)?;
            compare(weight.next_up()..=1.0)?;
            compare(-1.0..=weight)?;
            compare(-1.0..=weight.next_down())?;
            prop_assert!(graph(weight..=weight).edges() > 0);
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(edges.get() > 10_000, "only {} edges", edges.get());
}

#[test]
fn the_graph_of_a_pool_has_the_edges_and_the_bits_of_the_plain_formula() {
    let planted = Planted::new(6, 30, 3_000);
    // Up to where no pair, or no word, is frequent enough.
    compare(&planted.corpus, prop_oneof![0_u64..40, 300_u64..600, Just(1_000_000)]);
}

#[test]
fn so_it_has_with_counts_of_any_size_in_sparse_rows() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let path = place.path().join("store");
    let summary = synthetic::store(&path, &Options { words: 400, neighbours: 150, seed: 3 }).expect("a new store");
    assert!(summary.overflow > 1_000 && summary.sparse_rows > 300, "{summary:?}");
    let corpus = Arc::new(Corpus::open(&path).expect("what was just written"));
    compare(&corpus, prop_oneof![Just(0), Just(100), 50_000_u64..100_000, Just(10_000_000)]);
}
