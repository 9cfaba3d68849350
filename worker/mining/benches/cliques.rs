//! How long the solvers take: `cargo bench -p superposed-mining --bench cliques`.
//!
//! Four kinds of graphs, all made here from fixed seeds: *words*, where words of 3 themes have NPMI-like weights by
//! theme; *planted*, noise with one heavy clique; *noise*, normal weights without structure; *sides*, heavy edges only
//! between two halves, where half edges bound nothing.
//!
//! First criterion's medians of the branch and bound, where each iteration solves the next of 100 graphs; then the worst
//! of them, which criterion does not tell; then SCIP in both formulations on the first few of the same graphs, against the
//! branch and bound there, which takes ten minutes. `-- worst` and `-- scip` run one of the tables alone, `-- --test`
//! everything but SCIP once.
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{Criterion, criterion_group, criterion_main};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};
use superposed_identity::WordId;
use superposed_mining::{
    Status,
    solve::{
        Problem, Solution,
        branch_and_bound::{NODE_LIMIT, solve},
    },
};

const GRAPHS: u64 = 100;
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
    0.1 * random.normal()
}

fn sides(random: &mut Random, a: usize, b: usize) -> f64 {
    let mean = if a % 2 == b % 2 { -0.1 } else { 0.2 };
    mean + 0.01 * random.normal()
}

/// The kinds by name.
const KINDS: [(&str, Weight); 4] = [("words", words), ("planted", planted), ("noise", noise), ("sides", sides)];

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

fn problems(n: usize, weight: Weight, count: u64) -> Vec<Problem> {
    (0..count).map(|seed| problem(n, weight, seed)).collect()
}

fn branch_and_bound(problem: &Problem) -> Solution {
    solve(problem, NODE_LIMIT)
}

/// What one solver did on some graphs.
struct Report {
    /// Ascending.
    times: Vec<Duration>,
    nodes: u64,
    optimal: usize,
}

impl Report {
    /// Solves each graph `repeats` times and takes the least time, as other processes can only add to it.
    fn of(problems: &[Problem], repeats: usize, solve: impl Fn(&Problem) -> Solution) -> Self {
        let mut report = Self { times: Vec::new(), nodes: 0, optimal: 0 };
        for problem in problems {
            let runs = (0..repeats).map(|_| {
                let start = Instant::now();
                let solution = black_box(solve(problem));
                (start.elapsed(), solution)
            });
            let (time, solution) = runs.min_by_key(|run| run.0).expect("there is at least one run");
            report.times.push(time);
            report.nodes = report.nodes.max(solution.nodes);
            report.optimal += usize::from(solution.status == Status::Optimal);
        }
        report.times.sort_unstable();
        report
    }

    fn median(&self) -> Duration {
        self.times[self.times.len() / 2]
    }

    fn worst(&self) -> Duration {
        self.times[self.times.len() - 1]
    }
}

fn medians(criterion: &mut Criterion) {
    for n in [24, 32, 64] {
        let mut group = criterion.benchmark_group(format!("clique/{n}"));
        for (name, weight) in KINDS {
            if (n, name) == (64, "sides") {
                // Half a second each; the table has it.
                continue;
            }
            let problems = problems(n, weight, GRAPHS);
            let mut next = problems.iter().cycle();
            group.bench_function(name, |bencher| {
                bencher.iter(|| branch_and_bound(next.next().expect("a cycle does not end")));
            });
        }
        group.finish();
    }
}

fn worst(_: &mut Criterion) {
    if !asked_for("worst") {
        return;
    }
    println!("{:>3} {:8} {:>12} {:>12} {:>12} {:>9}", "n", "graph", "median", "worst", "worst nodes", "optimal");
    for n in [24, 32, 64] {
        for (name, weight) in KINDS {
            let few = testing() || (n, name) == (64, "sides");
            let problems = problems(n, weight, if few { 10 } else { GRAPHS });
            let report = Report::of(&problems, if few { 1 } else { 3 }, branch_and_bound);
            println!(
                "{n:>3} {name:8} {:>12.1?} {:>12.1?} {:>12} {:>5}/{}",
                report.median(),
                report.worst(),
                report.nodes,
                report.optimal,
                problems.len()
            );
        }
    }
}

/// SCIP in both formulations against the branch and bound.
#[cfg(feature = "scip")]
fn scip(_: &mut Criterion) {
    use superposed_mining::solve::scip::{Formulation, solve_as};

    /// Per graph, as the published formulation needs minutes where there is no structure.
    const LIMIT_SECONDS: u32 = 20;
    if testing() || !asked_for("scip") {
        return;
    }
    println!(
        "{:>3} {:8} {:12} {:>12} {:>12} {:>8} {:>9}",
        "n", "graph", "solver", "median", "worst", "optimal", "ratio"
    );
    for n in [24, 32] {
        for (name, weight) in KINDS {
            let problems = problems(n, weight, 5);
            let ours = Report::of(&problems, 3, branch_and_bound);
            let by = |formulation| {
                let scip = |problem: &Problem| solve_as(problem, formulation, LIMIT_SECONDS);
                Report::of(&problems, 1, |problem| scip(problem).expect("SCIP has a clique, optimal or not"))
            };
            let tight = by(Formulation::Tight);
            let published = by(Formulation::Published);
            for (solver, report) in [("ours", &ours), ("SCIP, tight", &tight), ("SCIP, paper", &published)] {
                println!(
                    "{n:>3} {name:8} {solver:12} {:>12.1?} {:>12.1?} {:>6}/{} {:>8.0}×",
                    report.median(),
                    report.worst(),
                    report.optimal,
                    problems.len(),
                    report.median().as_secs_f64() / ours.median().as_secs_f64(),
                );
            }
        }
    }
}

#[cfg(not(feature = "scip"))]
fn scip(_: &mut Criterion) {}

/// Whether cargo only wants to know that the benchmark runs.
fn testing() -> bool {
    std::env::args().any(|argument| argument == "--test")
}

/// Whether the command line names no benchmark, or this one; criterion does the same with its own.
fn asked_for(name: &str) -> bool {
    std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).all(|filter| name.contains(&filter))
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .sample_size(50);
    targets = medians, worst, scip
}
criterion_main!(benches);
