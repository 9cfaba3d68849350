//! A second solver's word on a share of the solves.
//!
//! The branch and bound and SCIP share nothing but the [`Problem`]: an error of either shows as soon as the other
//! solves the same word set. A solve is audited or not by what it is (see [`is_audited`]), so that a job that runs again
//! audits the same solves; and no audit changes a result.
//!
//! A solver that says (score, gap) claims that the heaviest clique lies in \[score, score + gap\]. Two solvers contradict
//! each other when these intervals lie more than [`TOLERANCE`] apart. Then one of them is wrong, nobody knows which, and
//! the job fails with the [`Instance`].

mod instance;
mod sample;

pub use instance::{Answer, Instance, InstanceError};
pub use sample::is_audited;

use crate::solve::{Problem, Solution, SolveError, Status, branch_and_bound};
use std::time::Instant;
use superposed_identity::{AuditShare, SolverKind};

/// How far apart two solvers may be: SCIP's tolerance.
pub const TOLERANCE: f64 = 1e-6;

/// SCIP's wall-clock limit for an audit.
///
/// A limit is no disagreement, so it may be short: an audit must not hold up a job for long.
pub const SCIP_LIMIT_SECONDS: u32 = 30;

/// What became of an audit. It does not contradict the topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Audited {
    /// The other solver.
    pub solver: SolverKind,
    /// What it said.
    pub verdict: Verdict,
    /// How long it took; differs from run to run.
    pub microseconds: u64,
}

/// What the other solver said about a word set.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It found nothing against the topic.
    Agrees {
        /// The mean NPMI of the words that it chose. They may be others: only scores are compared.
        score: f64,
        /// Whether it proved its words to be best.
        status: Status,
        /// By how much a better choice could exceed its score; 0 when optimal.
        gap: f64,
    },
    /// It gave no answer. Nothing is known against the topic, so its job goes on; the records say it.
    Failed(SolveError),
}

/// Whether this build can audit that share of the solves: for any but none it needs both solvers.
///
/// # Errors
/// [`SolveError::NoAuditor`] for a share above 0 in a build without the feature `scip`.
pub fn available(share: AuditShare) -> Result<(), SolveError> {
    if share.is_none() || cfg!(feature = "scip") { Ok(()) } else { Err(SolveError::NoAuditor(share)) }
}

/// Has the other solver solve what `solver` found the `solution` of, and compares.
///
/// # Errors
/// The instance, when the solvers contradict each other.
pub fn audit(problem: &Problem, solver: SolverKind, solution: &Solution) -> Result<Audited, Box<Instance>> {
    let start = Instant::now();
    let (other, second) = match solver {
        SolverKind::Scip => {
            (SolverKind::BranchAndBound, Ok(branch_and_bound::solve(problem, branch_and_bound::NODE_LIMIT)))
        }
        #[cfg(feature = "scip")]
        SolverKind::BranchAndBound => (SolverKind::Scip, crate::solve::scip::solve(problem, SCIP_LIMIT_SECONDS)),
        #[cfg(not(feature = "scip"))]
        SolverKind::BranchAndBound => (SolverKind::Scip, Err(SolveError::NoScip)),
    };
    let microseconds = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    judge(problem, (solver, solution), (other, second), microseconds)
}

/// [`audit`] behind the other solver.
fn judge(
    problem: &Problem,
    topic: (SolverKind, &Solution),
    (other, second): (SolverKind, Result<Solution, SolveError>),
    microseconds: u64,
) -> Result<Audited, Box<Instance>> {
    let verdict = match second {
        Ok(second) => {
            compare(problem, topic, (other, &second))?;
            Verdict::Agrees { score: second.score, status: second.status, gap: second.gap }
        }
        Err(error) => Verdict::Failed(error),
    };
    Ok(Audited { solver: other, verdict, microseconds })
}

/// Compares what two solvers said about one problem, the campaign's solver first.
///
/// # Errors
/// The instance, when at most one of them can be right.
pub fn compare(
    problem: &Problem,
    topic: (SolverKind, &Solution),
    audit: (SolverKind, &Solution),
) -> Result<(), Box<Instance>> {
    let ((_, first), (_, second)) = (topic, audit);
    let greatest_lower = first.score.max(second.score);
    let least_upper = (first.score + first.gap).min(second.score + second.gap);
    let numbers = [first.score, first.gap, second.score, second.gap];
    // `max` and `min` pass over what is not a number, which no solver may say.
    if numbers.iter().all(|number| !number.is_nan()) && greatest_lower <= least_upper + TOLERANCE {
        Ok(())
    } else {
        Err(Box::new(Instance::new(problem, topic, audit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solve::solve;
    use proptest::prelude::*;
    use superposed_identity::WordId;

    /// Twelve words whose weights look random.
    fn problem(clique: u32) -> Problem {
        let words = (0..12).map(|i| WordId(7 * i + 2)).collect();
        let cell = |cell: usize| {
            let (a, b) = ((cell / 12).min(cell % 12), (cell / 12).max(cell % 12));
            ((a * 7919 + b * 104_729 + a * b * 31) % 1009) as f64 / 1009.0 - 0.4
        };
        Problem::new(words, (0..144).map(cell).collect(), clique).expect("a legal problem")
    }

    /// A solver that takes the first words that come and swears that they are best.
    fn wrong_solver(problem: &Problem) -> Solution {
        let vertices: Vec<usize> = (0..problem.clique()).collect();
        Solution {
            words: vertices.iter().map(|v| problem.words()[*v]).collect(),
            score: problem.score(&vertices),
            status: Status::Optimal,
            gap: 0.0,
            nodes: 0,
        }
    }

    const ALL_KINDS: [SolverKind; 2] = [SolverKind::BranchAndBound, SolverKind::Scip];

    #[test]
    fn a_wrong_solver_is_found_out_and_its_instance_solves_to_the_right_answer() {
        let problem = problem(5);
        let right = solve(&problem, SolverKind::BranchAndBound).expect("the branch and bound cannot fail");
        let wrong = wrong_solver(&problem);
        assert!(right.score - wrong.score > 0.01, "the wrong solver is wrong");
        let [us, scip] = ALL_KINDS;
        assert_eq!(compare(&problem, (us, &right), (scip, &right)), Ok(()));
        for (topic, audit) in [((us, &right), (scip, &wrong)), ((scip, &wrong), (us, &right))] {
            let instance = compare(&problem, topic, audit).expect_err("the wrong solver was believed");
            let read = Instance::from_json(&instance.to_json()).expect("what was just written");
            assert_eq!(read, *instance);
            let rebuilt = read.problem().expect("the problem was legal");
            assert_eq!(solve(&rebuilt, us).expect("the branch and bound cannot fail"), right);
            assert_eq!((read.topic.score, read.audit.score), (topic.1.score, audit.1.score));
            let line = instance.to_string();
            for part in ["12 words", "branch-and-bound", "scip", &right.score.to_string(), &wrong.score.to_string()] {
                assert!(line.contains(part), "{part:?} is not in {line:?}");
            }
            assert!(!line.contains('\n'));
        }
    }

    #[cfg(feature = "scip")]
    #[test]
    fn a_wrong_topic_fails_its_audit_and_a_right_one_passes_it_with_either_solver() {
        let problem = problem(4);
        let wrong = wrong_solver(&problem);
        for solver in ALL_KINDS {
            let right = solve(&problem, solver).expect("a small word set is solved");
            let audited = audit(&problem, solver, &right).expect("both solvers are right");
            let Verdict::Agrees { score, status, gap } = audited.verdict else { panic!("{audited:?}") };
            assert!(audited.solver != solver && (score - right.score).abs() < TOLERANCE);
            assert_eq!((status, gap), (Status::Optimal, 0.0));
            let instance = audit(&problem, solver, &wrong).expect_err("a wrong solver was believed");
            assert_eq!((instance.topic.solver, instance.audit.solver), (solver, audited.solver));
            assert_eq!(instance.topic.words, wrong.words);
        }
    }

    #[test]
    fn a_solver_without_an_answer_contradicts_nothing() {
        let problem = problem(4);
        let topic = solve(&problem, SolverKind::BranchAndBound).expect("the branch and bound cannot fail");
        let error = SolveError::Scip { words: 12, reason: "out of memory".to_owned() };
        let [us, scip] = ALL_KINDS;
        let audited = judge(&problem, (us, &topic), (scip, Err(error.clone())), 5);
        assert_eq!(audited, Ok(Audited { solver: scip, verdict: Verdict::Failed(error), microseconds: 5 }));
    }

    #[test]
    fn solvers_contradict_each_other_only_beyond_their_gaps_and_the_tolerance() {
        let problem = problem(3);
        let said = |score, gap| Solution { words: Vec::new(), score, status: Status::Limit, gap, nodes: 0 };
        let [us, scip] = ALL_KINDS;
        let agree = |a: (f64, f64), b: (f64, f64)| {
            let (a, b) = (said(a.0, a.1), said(b.0, b.1));
            let there = compare(&problem, (us, &a), (scip, &b)).is_ok();
            assert_eq!(there, compare(&problem, (scip, &b), (us, &a)).is_ok());
            there
        };
        assert!(agree((0.2, 0.0), (0.2, 0.0)));
        assert!(agree((0.2, 0.0), (0.2 + 0.9e-6, 0.0)));
        assert!(!agree((0.2, 0.0), (0.2 + 1.1e-6, 0.0)));
        assert!(agree((0.2, 0.0), (0.1, 0.1)) && agree((0.2, 0.1), (0.1, 0.5)) && agree((0.1, 0.5), (0.2, 0.1)));
        assert!(!agree((0.2, 0.0), (0.1, 0.09)));
        for wrong in [(f64::NAN, 0.0), (0.2, f64::NAN)] {
            assert!(!agree((0.2, 0.0), wrong));
        }
    }

    #[test]
    fn a_share_needs_both_solvers() {
        assert_eq!(available(AuditShare::NONE), Ok(()));
        let share = AuditShare::default();
        if cfg!(feature = "scip") {
            assert_eq!(available(share), Ok(()));
        } else {
            let refused = available(share).expect_err("there is nobody to audit").to_string();
            assert!(refused.contains("audit is 0.0001") && refused.contains("audit = 0"), "{refused}");
        }
    }

    #[test]
    fn a_share_is_a_plain_number_in_files() {
        let read = serde_json::from_str::<AuditShare>;
        assert_eq!(serde_json::to_string(&AuditShare::default()).expect("a number"), "0.0001");
        assert_eq!(read("0").expect("none"), AuditShare::NONE);
        assert_eq!(read("1").expect("all"), AuditShare::ALL);
        assert!(read("2").is_err_and(|error| error.to_string().contains("audit is 2, but must be a share")));
    }

    proptest! {
        #[test]
        fn an_instance_is_read_to_the_bit_as_it_was_written(
            weights in prop::collection::vec(
                prop_oneof![
                    Just(-0.0), Just(f64::MIN_POSITIVE), Just(5e-324), Just(0.1 + 0.2), -1.0..=1.0, -1e-9..1e-9,
                ],
                15,
            ),
        ) {
            let mut cells = vec![0.0; 36];
            let pairs = (0..6).flat_map(|a| (a + 1..6).map(move |b| 6 * a + b));
            pairs.zip(&weights).for_each(|(cell, weight)| cells[cell] = *weight);
            let problem = Problem::new((0..6).map(WordId).collect(), cells, 3).expect("a legal problem");
            let solution = solve(&problem, SolverKind::BranchAndBound).expect("the branch and bound cannot fail");
            let instance =
                Instance::new(&problem, (SolverKind::Scip, &solution), (SolverKind::BranchAndBound, &solution));
            let read = Instance::from_json(&instance.to_json()).expect("what was just written");
            prop_assert_eq!(&read, &instance);
            let bits = |weights: &[f64]| weights.iter().map(|weight| weight.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&read.weights), bits(&weights));
            prop_assert_eq!(read.topic.score.to_bits(), solution.score.to_bits());
        }
    }
}
