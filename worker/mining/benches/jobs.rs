//! How long a job takes from its pool on, and its stages: `cargo bench -p superposed-mining --bench jobs`.
//!
//! Pools of 500 and 900 words of a corpus of 40,000 words with 20,000 neighbours each, every pool another, so that
//! counts are read from all over the store and not from a processor's cache. The store's pages are in memory.
//!
//! Times are the thread's own, without what it waited for a core.

mod large;
mod thread_time;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use large::{Large, Random};
use std::{cell::Cell, hint::black_box, sync::Arc, time::Duration};
use superposed_corpus::Npmi;
use superposed_mining::{
    Pool,
    graph::Graph,
    ranking::rank,
    solve::Problem,
    wordsets::{StarLimits, star_heuristic},
};
use thread_time::ThreadTime;

const POOLS: usize = 1000;

/// One after the other, from the first again after the last.
fn in_turn<'a, T>(items: &'a [T]) -> impl Fn() -> &'a T {
    let next = Cell::new(0);
    move || {
        let item = next.get();
        next.set((item + 1) % items.len());
        &items[item]
    }
}

fn jobs(c: &mut Criterion<ThreadTime>) {
    let large = Large::open();
    let miner = large.miner();
    let parameters = miner.parameters();
    let (theta, limits) = (parameters.theta_low..=parameters.theta_high, StarLimits::from(parameters));
    let npmi = Npmi::new(Arc::clone(&large.corpus), parameters.min_freq);
    let graph = |pool: &Pool| Graph::of_pool(&npmi, pool, theta.clone()).expect("few edges");
    for size in [500, 900] {
        let pools: Vec<Pool> = (0..POOLS as u64).map(|number| large.pool(&miner, size, number)).collect();
        // Also the first touch of every row and page that is measured.
        let (mut edges, mut topics) = (0, 0);
        for pool in &pools {
            edges += graph(pool).edges();
            topics += miner.mine_pool(pool.clone()).expect("a job").topics.len();
        }
        let mean = |sum: usize| sum as f64 / POOLS as f64;
        eprintln!("pools of {size} words: {:.0} edges and {:.1} topics each", mean(edges), mean(topics));

        let mut group = c.benchmark_group(format!("pool of {size}"));
        group.measurement_time(Duration::from_secs(8));
        let next = in_turn(&pools);
        group.bench_function("to topics", |b| {
            b.iter_batched(|| next().clone(), |pool| miner.mine_pool(pool).expect("a job"), BatchSize::SmallInput);
        });
        group.bench_function("graph", |b| b.iter(|| graph(next())));
        let graphs: Vec<Graph> = pools[..100].iter().map(graph).collect();
        let next = in_turn(&graphs);
        group.bench_function("word sets", |b| b.iter(|| star_heuristic(next(), &limits)));
        let sets: Vec<_> = graphs.iter().map(|graph| (graph, star_heuristic(graph, &limits))).collect();
        let next = in_turn(&sets);
        group.bench_function("weights inside its word sets", |b| {
            b.iter(|| {
                let (graph, sets) = next();
                for set in sets {
                    black_box(Problem::of_word_set(&npmi, graph, set, parameters.clique).expect("a word set"));
                }
            });
        });
        group.finish();
    }
}

fn ranking(c: &mut Criterion<ThreadTime>) {
    let mut group = c.benchmark_group("rank both ends");
    for tokens in [50_257, 256_000] {
        let mut random = Random(1);
        // Sums of uniform numbers, so nearly normal.
        let mut logit = || (0..4).map(|_| random.bits() as f32 / u64::MAX as f32).sum::<f32>();
        let rows: Vec<Vec<f32>> = (0..16).map(|_| (0..tokens).map(|_| logit()).collect()).collect();
        let next = in_turn(&rows);
        group.bench_function(BenchmarkId::from_parameter(tokens), |b| {
            b.iter(|| rank(next(), tokens, 900).expect("numbers"));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ThreadTime);
    targets = jobs, ranking
}
criterion_main!(benches);
