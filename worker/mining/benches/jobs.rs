//! How long a job takes from its pool on: `cargo bench -p superposed-mining --bench jobs`.
//!
//! A planted corpus of 4,000 words in 100 themes; pools of 500 words, 20 from each of 25 themes.
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

#[path = "../tests/planted/mod.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod planted;

use planted::Planted;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use superposed_corpus::Npmi;
use superposed_identity::WordId;
use superposed_mining::{
    graph::Graph,
    ranking::rank,
    wordsets::{StarLimits, star_heuristic},
};

const JOBS: u32 = 40;

fn main() {
    let planted = Planted::new(100, 40, 60_000);
    let miner = planted.miner(900);
    let limits = StarLimits::from(miner.parameters());
    let pools: Vec<_> = (0..JOBS)
        .map(|job| {
            let themes = (0..25).map(|i| (job * 7 + i * 4) % 100);
            miner.pool_of(themes.flat_map(|theme| (0..20).map(move |i| WordId(theme * 40 + (job + i) % 40))).collect())
        })
        .collect();
    let topics = pools.iter().map(|pool| miner.mine_pool(pool.clone()).expect("a job").topics.len()).sum::<usize>();
    println!("{JOBS} pools of {} words, {:.1} topics each", pools[0].words.len(), topics as f64 / f64::from(JOBS));

    let prepare = || Npmi::new(Arc::clone(&planted.corpus), miner.parameters().min_freq);
    let npmi = prepare();
    let theta = miner.parameters().theta_low..=miner.parameters().theta_high;
    let graph = |pool| Graph::of_pool(&npmi, pool, theta.clone()).expect("few edges");
    let graphs: Vec<Graph> = pools.iter().map(|pool| graph(pool)).collect();
    let logits: Vec<f32> = (0..50_257_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32).collect();
    report("pool to topics", pools.iter(), |pool| miner.mine_pool(pool.clone()).expect("a job").topics.len());
    report("  graph", pools.iter(), |pool| graph(pool).edges());
    report("  word sets", graphs.iter(), |graph| star_heuristic(graph, &limits).len());
    report("once: prepare NPMI", 0..JOBS, |_| prepare().min_freq() as usize);
    report("rank 50257 logits", 0..JOBS, |_| rank(&logits, logits.len(), 900).expect("numbers").neg.len());
}

/// Times a stage on each input, the least of three each.
fn report<I: Clone>(stage: &str, inputs: impl Iterator<Item = I>, mut run: impl FnMut(I) -> usize) {
    let mut times: Vec<Duration> = inputs
        .map(|input| {
            let mut once = || {
                let start = Instant::now();
                std::hint::black_box(run(input.clone()));
                start.elapsed()
            };
            once().min(once()).min(once())
        })
        .collect();
    times.sort_unstable();
    println!("{stage:20} median {:>10.1?} worst {:>10.1?}", times[times.len() / 2], times[times.len() - 1]);
}
