//! Whether memory stays what it is: `cargo bench -p superposed-mining --bench memory`.
//!
//! Mines 100,000 distinct pools of 500 words of a corpus of 40,000 in one process, on all cores, and reports the
//! memory that is no part of a file. Takes minutes.
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

#[allow(dead_code, reason = "shared with other benches")]
mod large;

use large::Large;
use std::{
    fs,
    num::NonZero,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Instant,
};

const REPORTS: [u64; 7] = [100, 1_000, 10_000, 25_000, 50_000, 75_000, 100_000];

/// Fields of `/proc/self/status`, in KiB.
fn status<const N: usize>(names: [&str; N]) -> [u64; N] {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells");
    names.map(|name| {
        let line = status.lines().find(|line| line.starts_with(name)).expect("a field that Linux has");
        line.split_whitespace().nth(1).and_then(|value| value.parse().ok()).expect("KiB")
    })
}

fn main() {
    let large = Large::open();
    let miner = large.miner();
    let start = Instant::now();
    println!("  pools     topics  RssAnon KiB  RssFile KiB   VmData KiB  seconds");
    let (next, topics) = (AtomicU64::new(0), AtomicU64::new(0));
    for until in REPORTS {
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= until {
                            break;
                        }
                        let mined = miner.mine_pool(large.pool(&miner, 500, number)).expect("a job");
                        topics.fetch_add(mined.topics.len() as u64, Ordering::Relaxed);
                        std::hint::black_box(mined.files());
                    }
                });
            }
        });
        // Each thread took one number too many.
        next.store(until, Ordering::Relaxed);
        let [anonymous, file, data] = status(["RssAnon:", "RssFile:", "VmData:"]);
        let (topics, seconds) = (topics.load(Ordering::Relaxed), start.elapsed().as_secs());
        println!("{until:>7} {topics:>10} {anonymous:>12} {file:>12} {data:>12} {seconds:>8}");
    }
}
