//! Jobs of which a share of the solves is checked by the other solver.

#[allow(dead_code, reason = "each test binary uses its part")]
mod planted;

use planted::Planted;
use superposed_identity::{AuditShare, WordId};
use superposed_mining::{Mined, Miner};

/// Six themes of 14 words, small enough for SCIP to be quick.
fn planted() -> Planted {
    Planted::new(6, 14, 6_000)
}

/// What all words of all themes make.
fn mined(miner: &Miner) -> Mined {
    miner.mine_pool(miner.pool_of((0..84).map(WordId).collect())).expect("a planted job")
}

#[cfg(feature = "scip")]
mod with_both_solvers {
    use super::*;
    use std::sync::Arc;
    use superposed_identity::{MiningParameters, SolverKind};
    use superposed_mining::{Status, Verdict};

    #[test]
    fn every_topic_is_confirmed_by_the_solver_that_did_not_find_it() {
        let planted = planted();
        for (solver, other) in
            [(SolverKind::BranchAndBound, SolverKind::Scip), (SolverKind::Scip, SolverKind::BranchAndBound)]
        {
            let parameters = MiningParameters { solver, ..planted.parameters(30) };
            let miner = Miner::new(Arc::clone(&planted.corpus), Arc::clone(&planted.words), parameters)
                .and_then(|miner| miner.with_audit(AuditShare::ALL))
                .expect("both solvers are here");
            let topics = mined(&miner).topics;
            assert!(!topics.is_empty());
            for topic in topics {
                let audit = topic.audit.expect("all are audited");
                assert_eq!((topic.solver, audit.solver), (solver, other));
                let Verdict::Agrees { score, status, gap } = audit.verdict else { panic!("{audit:?}") };
                assert_eq!((status, gap), (Status::Optimal, 0.0));
                assert!((score - topic.score).abs() < 1e-6, "{score} {}", topic.score);
            }
        }
    }

    #[test]
    fn audits_change_no_file_and_are_the_same_each_time() {
        let planted = planted();
        let half = AuditShare::new(0.5).expect("a share");
        let share = |share| mined(&planted.miner(30).with_audit(share).expect("both solvers are here"));
        let (none, some, again, all) = (share(AuditShare::NONE), share(half), share(half), share(AuditShare::ALL));
        for other in [&some, &again, &all] {
            assert_eq!(other.files(), none.files());
        }
        let audited = |mined: &Mined| mined.topics.iter().map(|topic| topic.audit.is_some()).collect::<Vec<_>>();
        assert_eq!(audited(&some), audited(&again));
        assert!(audited(&some).contains(&true) && audited(&some).contains(&false), "{:?}", audited(&some));
        assert!(audited(&none).iter().all(|audited| !audited) && audited(&all).iter().all(|audited| *audited));
    }
}

#[cfg(not(feature = "scip"))]
#[test]
fn a_build_with_one_solver_refuses_to_audit_and_mines_without() {
    let planted = planted();
    let refused = planted.miner(30).with_audit(AuditShare::default());
    assert!(refused.is_err_and(|error| error.to_string().contains("no SCIP to audit with: set audit = 0")));
    let miner = planted.miner(30).with_audit(AuditShare::NONE).expect("nothing to audit");
    assert!(mined(&miner).topics.iter().all(|topic| topic.audit.is_none()));
}
