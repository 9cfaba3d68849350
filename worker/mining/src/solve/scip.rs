//! The paper's mixed-integer program, solved by SCIP.
//!
//! x_i ∈ {0, 1} says that word i is chosen, e_ij ∈ \[0, 1\] that both ends of an edge are:
//!
//! maximise Σ w_ij e_ij with Σ x_i = k, Σ_j e_ij = (k − 1) x_i for each i, and
//! e_ij ≤ x_i, e_ij ≤ x_j, e_ij ≥ x_i + x_j − 1 for each edge
//!
//! The published program has binary e, one sum over all edges instead of one for each word, and no lower bounds; the
//! optima are the same, see [`Formulation`]. The score is computed from the chosen words, not from SCIP's objective.
//!
//! Each call makes a SCIP of its own and drops it on the same thread, so calls may run on many threads at once. SCIP
//! must not install its interrupt handler, which is one for the whole process.

use super::{Problem, Solution, SolveError, Status};
use russcip::{
    Model, ParamSetting, ProblemCreated, Retcode, Status as ScipStatus, Variable, WithSolutions, WithSolvingStats,
    builder::{cons::cons, var::var},
};

/// The wall-clock limit of the published runs.
pub const TIME_LIMIT_SECONDS: u32 = 180;

/// How the program is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Formulation {
    /// The tightest there is here, and the quickest.
    #[default]
    Tight,
    /// The paper's: binary e, Σ e = k(k − 1)/2, e_ij ≤ x_i, e_ij ≤ x_j.
    Published,
}

/// Finds a clique that SCIP holds to be heaviest (within its tolerance of 1e-6), or the best it has at the limit.
///
/// # Errors
/// Those of [`solve_as`].
pub fn solve(problem: &Problem, time_limit_seconds: u32) -> Result<Solution, SolveError> {
    solve_as(problem, Formulation::default(), time_limit_seconds)
}

/// [`solve`] in a formulation of choice.
///
/// # Errors
/// [`SolveError::Scip`] when it ends without a clique before its limit, or in any way but these two.
pub fn solve_as(problem: &Problem, formulation: Formulation, time_limit_seconds: u32) -> Result<Solution, SolveError> {
    let failed = |reason: String| SolveError::Scip { words: problem.len(), reason };
    let formulated = formulate(problem, formulation, time_limit_seconds);
    let (model, chosen) = formulated.map_err(|code| failed(format!("{code:?}")))?;
    let solved = model.try_solve().map_err(|code| failed(format!("{code:?}")))?;

    let status = solved.status();
    let vertices: Vec<usize> = match solved.best_sol() {
        Some(best) => (0..problem.len()).filter(|&i| best.val(&chosen[i]) > 0.5).collect(),
        // A limit that ended it before its first heuristic. Any k words are a clique.
        None if status == ScipStatus::TimeLimit => (0..problem.clique()).collect(),
        None => return Err(failed(format!("no solution, status {status:?}"))),
    };
    if vertices.len() != problem.clique() {
        return Err(failed(format!("it chose {} words for a topic of {}", vertices.len(), problem.clique())));
    }
    let score = problem.score(&vertices);
    let (status, gap) = match status {
        ScipStatus::Optimal => (Status::Optimal, 0.0),
        ScipStatus::TimeLimit => (Status::Limit, (solved.best_bound() / problem.edges() as f64 - score).max(0.0)),
        other => return Err(failed(format!("status {other:?}"))),
    };
    Ok(Solution {
        words: vertices.iter().map(|&i| problem.words()[i]).collect(),
        score,
        status,
        gap,
        nodes: solved.n_nodes() as u64,
    })
}

/// The program and its x, in the order of the words.
fn formulate(
    problem: &Problem,
    formulation: Formulation,
    time_limit_seconds: u32,
) -> Result<(Model<ProblemCreated>, Vec<Variable>), Retcode> {
    const WALL_CLOCK: i32 = 2;
    let mut model = Model::try_new()?
        .hide_output()
        .include_default_plugins()
        .set_bool_param("misc/catchctrlc", false)?
        .set_int_param("timing/clocktype", WALL_CLOCK)?
        .set_real_param("limits/time", f64::from(time_limit_seconds))?;
    let tight = formulation == Formulation::Tight;
    if tight {
        // The relaxation is so tight that cuts and long presolving only cost time, two thirds of it on word graphs.
        model = model.set_separating(ParamSetting::Off).set_presolving(ParamSetting::Fast);
    }
    let mut model = model.create_prob("heaviest clique").maximize();
    let (n, k) = (problem.len(), problem.clique() as f64);
    let chosen: Vec<Variable> = (0..n).map(|i| model.add(var().name(&format!("x_{i}")).bin())).collect();
    model.add(cons().name("size").expr(chosen.iter().map(|x| (x, 1.0))).eq(k));
    // The edges of each word.
    let mut edges = vec![Vec::with_capacity(n - 1); n];
    for i in 0..n {
        for j in i + 1..n {
            let name = format!("{i}_{j}");
            let edge_name = format!("e_{name}");
            let edge = var().name(&edge_name).obj(problem.weight(i, j));
            let edge = model.add(if tight { edge.cont(0.0..=1.0) } else { edge.bin() });
            for end in [i, j] {
                let at_most = format!("end_{name}_{end}");
                model.add(cons().name(&at_most).coef(&edge, 1.0).coef(&chosen[end], -1.0).le(0.0));
            }
            if tight {
                // Follows from the others where x is 0 or 1, but not in between: without it SCIP takes ten times as long.
                let at_least = format!("both_{name}");
                let both = cons().name(&at_least).coef(&chosen[i], 1.0).coef(&chosen[j], 1.0).coef(&edge, -1.0);
                model.add(both.le(1.0));
            }
            edges[i].push(edge.clone());
            edges[j].push(edge);
        }
    }
    if tight {
        for (i, edges) in edges.iter().enumerate() {
            let name = format!("degree_{i}");
            let degree = cons().name(&name).expr(edges.iter().map(|edge| (edge, 1.0)));
            model.add(degree.coef(&chosen[i], 1.0 - k).eq(0.0));
        }
    } else {
        let all = edges.iter().enumerate().flat_map(|(i, edges)| &edges[i..]);
        model.add(cons().name("edges").expr(all.map(|edge| (edge, 1.0))).eq(problem.edges() as f64));
    }
    Ok((model, chosen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solve::branch_and_bound;
    use superposed_identity::WordId;

    fn problem(n: usize, clique: u32) -> Problem {
        let words = (0..n as u32).map(WordId).collect();
        let cell = |cell: usize| {
            let (a, b) = ((cell / n).min(cell % n), (cell / n).max(cell % n));
            ((a * 7919 + b * 104_729 + a * b * 31) % 1009) as f64 / 1009.0 - 0.4
        };
        Problem::new(words, (0..n * n).map(cell).collect(), clique).expect("a legal problem")
    }

    #[test]
    fn scip_and_the_branch_and_bound_agree_on_the_score() {
        for (n, clique) in [(2, 2), (10, 10), (9, 3), (14, 6)] {
            let problem = problem(n, clique);
            let by_scip = solve(&problem, TIME_LIMIT_SECONDS).expect("SCIP solves a small word set");
            let by_us = branch_and_bound::solve(&problem, branch_and_bound::NODE_LIMIT);
            assert_eq!(by_scip.status, Status::Optimal);
            assert!((by_scip.score - by_us.score).abs() < 1e-6, "{n} {clique}: {by_scip:?} {by_us:?}");
        }
    }

    #[test]
    fn the_published_formulation_has_the_same_optima() {
        for (n, clique) in [(2, 2), (9, 3), (11, 6)] {
            let problem = problem(n, clique);
            let tight = solve(&problem, TIME_LIMIT_SECONDS).expect("SCIP solves a small word set");
            let published = solve_as(&problem, Formulation::Published, TIME_LIMIT_SECONDS);
            let published = published.expect("SCIP solves a small word set");
            assert_eq!((tight.status, published.status), (Status::Optimal, Status::Optimal));
            assert!((tight.score - published.score).abs() < 1e-6, "{n} {clique}: {tight:?} {published:?}");
        }
    }

    #[test]
    fn many_threads_may_solve_at_once() {
        let problem = &problem(12, 4);
        let scores: Vec<f64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| solve(problem, TIME_LIMIT_SECONDS))).collect();
            let joined = threads.into_iter().map(|thread| thread.join().expect("no thread panics"));
            joined.map(|solution| solution.expect("SCIP solves a small word set").score).collect()
        });
        assert!(scores.iter().all(|score| *score == scores[0]), "{scores:?}");
    }

    #[test]
    fn a_time_limit_gives_a_clique_with_its_gap_and_never_claims_optimality() {
        let problem = problem(40, 10);
        let solution = solve(&problem, 0).expect("any ten words are a clique");
        assert_eq!((solution.words.len(), solution.status), (10, Status::Limit));
        let optimal = branch_and_bound::solve(&problem, branch_and_bound::NODE_LIMIT);
        assert!(solution.gap >= 0.0 && solution.score + solution.gap >= optimal.score - 1e-6, "{solution:?}");
    }
}
