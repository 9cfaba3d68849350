//! Which solves are audited.

use crate::solve::Problem;
use superposed_identity::AuditShare;

/// Whether the solve of a problem is among the share that is audited: a pure function of k, the words and their
/// fixed-point weights, by a 64-bit hash that never changes. What a share audits, a greater one audits too.
#[must_use]
pub fn is_audited(problem: &Problem, share: AuditShare) -> bool {
    if share.is_none() {
        return false;
    }
    // 2^64 · share, for which u64 has no room when all are audited.
    let bound = (share.get() * (1_u128 << 64) as f64) as u128;
    u128::from(hash(problem)) < bound
}

/// A 64-bit number of a problem.
///
/// Over k, n, the words and then the fixed-point weights of all pairs (0,1), (0,2) … (1,2) …, each as 64 bits:
/// `h = ((h xor value) · 0x9e3779b97f4a7c15) rotated left by 29`, from 0; at last MurmurHash3's 64-bit finalizer, so that
/// each bit of the result depends on all bits before it. This is fixed: a change would audit other solves.
fn hash(problem: &Problem) -> u64 {
    let n = problem.len();
    let words = problem.words().iter().map(|word| u64::from(word.0));
    let weights = (0..n).flat_map(|a| (a + 1..n).map(move |b| problem.fixed_point(a, b) as u64));
    let values = [problem.clique() as u64, n as u64].into_iter().chain(words).chain(weights);
    let hash = values.fold(0_u64, |hash, value| (hash ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29));
    let hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 33
}

#[cfg(test)]
mod tests {
    use super::*;
    use superposed_identity::WordId;

    /// Five words from `first` on; pair (a, b) weighs (a + b + first) / 64.
    fn problem(first: u32, clique: u32) -> Problem {
        let words = (first..first + 5).map(WordId).collect();
        let weights = (0..25).map(|cell| f64::from(cell / 5 + cell % 5 + first as i32 % 7) / 64.0).collect();
        Problem::new(words, weights, clique).expect("a legal problem")
    }

    fn share(share: f64) -> AuditShare {
        AuditShare::new(share).expect("a share")
    }

    #[test]
    fn the_hash_is_the_documented_one() {
        // Computed apart from this code, from the text above.
        assert_eq!(hash(&problem(10, 3)), 0xdcef_62d5_9973_28ea);
        assert_eq!(hash(&problem(11, 2)), 0x3186_b804_8ca5_4cf3);
    }

    #[test]
    fn all_or_none_are_audited_at_the_ends_and_about_the_share_between() {
        let audited = |share| (0..20_000).filter(|first| is_audited(&problem(*first, 3), share)).count();
        assert_eq!((audited(AuditShare::NONE), audited(AuditShare::ALL)), (0, 20_000));
        // Five standard deviations are 44 % at a hundredth and 3.5 % at a half.
        assert!((112..288).contains(&audited(share(0.01))), "{}", audited(share(0.01)));
        assert!((9_646..10_354).contains(&audited(share(0.5))), "{}", audited(share(0.5)));
        assert!((0..20_000).all(|first| {
            let problem = problem(first, 3);
            !is_audited(&problem, share(0.01)) || is_audited(&problem, share(0.011))
        }));
    }

    #[test]
    fn every_part_of_a_problem_counts() {
        let weights = |changed: f64| vec![0.0, 0.5, 0.25, 0.5, 0.0, changed, 0.25, changed, 0.0];
        let words = |last| vec![WordId(1), WordId(2), WordId(last)];
        let make = |words, weights, clique| hash(&Problem::new(words, weights, clique).expect("a legal problem"));
        let hashes = [
            make(words(3), weights(0.5), 2),
            make(words(3), weights(0.5), 3),
            make(words(4), weights(0.5), 2),
            make(words(3), weights(-0.5), 2),
            make(words(3), weights(0.5 + 1e-13), 2),
        ];
        for (place, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..place].contains(hash));
        }
    }
}
