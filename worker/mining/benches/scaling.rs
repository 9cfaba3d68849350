//! How many jobs two threads do in the time that one needs: `cargo bench -p superposed-mining --bench scaling`.
//!
//! Distinct pools of 500 words of a corpus of 40,000, whose pages are in memory. One thread and two take turns, so that
//! both see the same neighbours on the machine; the medians of the rounds are compared. Thread time (what the system
//! says each thread was running) tells jobs that waited for a core from jobs that took longer.
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

#[allow(dead_code, reason = "shared with other benches")]
mod large;
#[allow(dead_code, reason = "shared with other benches")]
mod thread_time;

use large::Large;
use std::{thread, time::Instant};
use superposed_mining::{Miner, Pool};

const ROUNDS: usize = 15;
const JOBS: usize = 400;

/// Mines each thread's share of the pools: jobs a second, by the clock and by the threads' own time.
fn throughput(miner: &Miner, pools: &[Pool], threads: usize) -> [f64; 2] {
    let start = Instant::now();
    let ran: f64 = thread::scope(|scope| {
        let share = |pools: &[Pool]| {
            let start = thread_time::now();
            for pool in pools {
                std::hint::black_box(miner.mine_pool(pool.clone()).expect("a job"));
            }
            (thread_time::now() - start).as_secs_f64()
        };
        let shares: Vec<_> =
            pools.chunks(pools.len() / threads).map(|pools| scope.spawn(move || share(pools))).collect();
        shares.into_iter().map(|share| share.join().expect("a thread that mined")).sum()
    });
    let jobs = pools.len() as f64;
    [jobs / start.elapsed().as_secs_f64(), jobs * threads as f64 / ran]
}

fn main() {
    let large = Large::open();
    let miner = large.miner();
    let pools: Vec<Pool> = (0..2 * JOBS as u64).map(|number| large.pool(&miner, 500, number)).collect();
    throughput(&miner, &pools, 1);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (one, two) = (throughput(&miner, &pools[..JOBS], 1), throughput(&miner, &pools, 2));
        rounds.push([one[0], two[0], two[0] / one[0], one[1], two[1], two[1] / one[1]]);
    }
    let median = |column: usize| {
        let mut values: Vec<f64> = rounds.iter().map(|round| round[column]).collect();
        values.sort_unstable_by(f64::total_cmp);
        (values[0], values[ROUNDS / 2], values[ROUNDS - 1])
    };
    println!("medians of {ROUNDS} rounds, the least and the greatest in parentheses");
    let names = ["by the clock: one thread, jobs/s", "two threads, jobs/s", "ratio"];
    let names = names.into_iter().chain(["by thread time: one thread, jobs/s", "two threads, jobs/s", "ratio"]);
    for (column, name) in names.enumerate() {
        let (least, median, greatest) = median(column);
        println!("{name:36} {median:>8.2} ({least:.2} … {greatest:.2})");
    }
}
