//! A job whose counts nobody has looked at yet: `cargo bench -p superposed-mining --bench cold`.
//!
//! Each job opens the corpus anew and mines one pool of 500 words of 40,000. *Mapped*: in the same process before.
//! *Cached*: the store's pages are in the page cache, but not mapped. *Dropped*: they were dropped from it, as far as the
//! system obeyed; the page faults that read from a disk say how far.
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

#[allow(dead_code, reason = "shared with other benches")]
mod large;

use large::Large;
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use std::{
    fs::{self, File},
    sync::Arc,
    time::{Duration, Instant},
};
use superposed_corpus::Corpus;
use superposed_mining::{Miner, Pool};

const JOBS: u64 = 20;

/// The page faults of this process so far: those that cost no reading, and those that did.
fn faults() -> [u64; 2] {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux tells");
    // The name, in parentheses, may have spaces; after it come the state and seven more before the two wanted.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    [7, 9].map(|at| fields[at].parse().expect("a number of faults"))
}

fn timed(miner: &Miner, pool: Pool) -> (Duration, [u64; 2]) {
    let before = faults();
    let start = Instant::now();
    let mined = miner.mine_pool(pool).expect("a job");
    let took = start.elapsed();
    std::hint::black_box(mined);
    let after = faults();
    (took, [after[0] - before[0], after[1] - before[1]])
}

fn main() {
    let large = Large::open();
    let directory = large.corpus.directory().to_owned();
    let pools: Vec<Pool> = (0..JOBS).map(|number| large.pool(&large.miner(), 500, number)).collect();
    // Mapped pages are not dropped, so nothing else may have the store open.
    drop(large.corpus);
    let (words, path) = (large.words, directory.join("joint.bin"));
    let miner = || {
        let corpus = Corpus::open(&directory).expect("the bench's corpus");
        Large::miner_with(Arc::new(corpus), Arc::clone(&words))
    };
    let report = |what: &str, mut jobs: Vec<(Duration, [u64; 2])>| {
        jobs.sort_unstable();
        let mean = |which: usize| jobs.iter().map(|(_, faults)| faults[which]).sum::<u64>() / JOBS;
        let (median, worst) = (jobs[jobs.len() / 2].0, jobs[jobs.len() - 1].0);
        println!(
            "{what:8} median {median:>9.2?} worst {worst:>9.2?}  page faults a job: {:>6} and {:>6} that read",
            mean(0),
            mean(1)
        );
    };
    let drop_pages = || {
        let file = File::open(&path).expect("the bench's corpus");
        file.sync_all().expect("written long ago");
        posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).expect("advice is taken");
    };
    let dropped = pools.iter().map(|pool| {
        drop_pages();
        timed(&miner(), pool.clone())
    });
    report("dropped", dropped.collect());
    std::io::copy(&mut File::open(&path).expect("the bench's corpus"), &mut std::io::sink()).expect("it can be read");
    report("cached", pools.iter().map(|pool| timed(&miner(), pool.clone())).collect());
    let one = miner();
    for pool in &pools {
        timed(&one, pool.clone());
    }
    report("mapped", pools.iter().map(|pool| timed(&one, pool.clone())).collect());
}
