//! How long the branch and bound takes: `cargo bench -p superposed-mining --bench cliques`.
//!
//! Three kinds of graphs, all made here from a fixed seed: *words*, where 24 words of 3 themes have NPMI-like weights
//! by theme; *planted*, noise with one heavy clique; *noise*, uniform weights without structure, the hardest.
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

use std::time::{Duration, Instant};
use superposed_identity::WordId;
use superposed_mining::{
    Status,
    solve::{
        Problem,
        branch_and_bound::{NODE_LIMIT, solve},
    },
};

const INSTANCES: u64 = 100;
const CLIQUE: u32 = 10;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Nearly normal with variance 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// The weight of two vertices.
type Weight = fn(&mut Random, usize, usize) -> f64;

fn words(random: &mut Random, a: usize, b: usize) -> f64 {
    let mean = if a % 3 == b % 3 { 0.2 } else { 0.05 };
    // One pair in twenty was never seen.
    if random.uniform() < 0.05 { -0.4 } else { mean + 0.07 * random.normal() }
}

fn planted(random: &mut Random, a: usize, b: usize) -> f64 {
    if [a, b].iter().all(|v| *v < 30 && v.is_multiple_of(3)) { 0.35 } else { 0.1 * random.normal() }
}

fn noise(random: &mut Random, _: usize, _: usize) -> f64 {
    random.uniform() - 0.5
}

fn problem(n: usize, weight: Weight, seed: u64) -> Problem {
    let mut random = Random(seed);
    let mut weights = vec![0.0; n * n];
    for a in 0..n {
        for b in a + 1..n {
            let weight = weight(&mut random, a, b);
            weights[a * n + b] = weight;
            weights[b * n + a] = weight;
        }
    }
    Problem::new((0..n as u32).map(WordId).collect(), weights, CLIQUE).expect("a legal problem")
}

fn main() {
    let kinds: [(&str, Weight); 3] = [("words", words), ("planted", planted), ("noise", noise)];
    println!("{:>3} {:8} {:>12} {:>12} {:>12} {:>9}", "n", "graph", "median", "worst", "worst nodes", "optimal");
    for n in [24, 32, 64] {
        for (name, weight) in kinds {
            let mut times: Vec<Duration> = Vec::new();
            let (mut nodes, mut optimal) = (0, 0);
            for seed in 0..INSTANCES {
                let problem = problem(n, weight, seed);
                // The least of three, as other processes can only add to it.
                let runs = [(); 3].map(|()| {
                    let start = Instant::now();
                    let solution = solve(&problem, NODE_LIMIT);
                    (start.elapsed(), solution)
                });
                times.extend(runs.iter().map(|(time, _)| *time).min());
                let [(_, solution), ..] = runs;
                nodes = nodes.max(solution.nodes);
                optimal += u64::from(solution.status == Status::Optimal);
            }
            times.sort_unstable();
            let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
            println!("{n:>3} {name:8} {median:>12.1?} {worst:>12.1?} {nodes:>12} {optimal:>5}/{INSTANCES}");
        }
    }
}
