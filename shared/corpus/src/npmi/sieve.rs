//! Which pairs cannot reach a least NPMI: told by one multiplication and a comparison, without a logarithm.
//!
//! Let q = p(x,y) + ε be what the formula takes for the joint probability, and θ the least NPMI. For 0 < q < 1 the
//! denominator −ln q is positive, so
//!
//! ```text
//! ln(q / (p(x) p(y))) / −ln q ≥ θ   ⇔   (1 + θ) ln q ≥ ln p(x) + ln p(y)   ⇔   q ≥ (p(x) p(y))^(1 / (1 + θ))
//! ```
//!
//! With r(x) = √N · p(x)^(1 / (1 + θ)) and q = c/N + ε, this says that the joint count c is at least r(x) r(y) − Nε. The
//! sieve makes r once for each word of a pool, in f32, and lets a pair pass when its count is at least
//! r(x) r(y) − Nε by f32 arithmetic, or when it cannot tell.
//!
//! **A pair whose NPMI, computed by the formula in f64, is at least θ always passes.** A pair below θ may pass too, so
//! whoever asks computes the exact value of those that do. The proof, for the pairs that do not pass "because it cannot
//! tell" (below), where so p(x), p(y) > 0, θ ≥ −1/2 and c/N < 1/2:
//!
//! 1. Let q be the f64 number that the formula computes. Counts and N are below 2⁶⁴, so all of |ln p(x)|, |ln p(y)| and
//!    |ln q| are below 45. The formula rounds the product, the quotient, both logarithms (`libm` errs by less than
//!    2⁻⁵² of the result) and the last quotient; with −ln q > 0.69 this moves the score by less than 2⁻⁴⁰. So the true
//!    ln(q / (p(x) p(y))) / −ln q is at least θ − η with η = 2⁻⁴⁰.
//! 2. So ln q ≥ ln(p(x) p(y)) / (1 + θ − η). As 1 + θ ≥ 1/2 and |ln(p(x) p(y))| < 90, leaving η out changes the right
//!    side by less than 90 · 4.1 η < 2⁻³¹. With the two roundings in q: c + Nε ≥ r(x) r(y) (1 − 2⁻³⁰).
//! 3. r is computed in f64 by `libm::pow`, with an exponent of at most 2 that errs by 2⁻⁵² of it, which moves r by less
//!    than 2⁻⁴⁵ of it; two products and f32 round it: by less than 2⁻²³ of it in all. Before that it is made smaller by
//!    [`SLACK`] = 2⁻¹⁶ of it, so that the f32 product P of two of them, itself rounded by 2⁻²⁴, is at most
//!    r(x) r(y) (1 − 2⁻¹⁶). No r is below 2⁻⁹⁶, so none is subnormal; where P is, it is below Nε (see 4).
//! 4. The f32 image E of Nε is made greater by 2⁻¹⁶ of it, so E ≥ Nε. Then c ≥ P (1 + 2⁻¹⁷) − E. If P ≤ E, the
//!    difference as computed is not positive, and the pair passes. Else its rounding is at most 2⁻²⁴ P, so it is at
//!    most c, which f32 holds exactly: the pair passes.
//!
//! A count below the minimal frequency counts as 0. Such a pair passes only if 0 does: when P ≤ E.

use super::EPSILON;

/// By how much of itself each bound is loosened; far more than rounding needs (see above), far less than shows.
const SLACK: f64 = 1.0 / (1 << 16) as f64;

/// Counts of 16 bits from here on are not told apart by a cell of a store.
const ESCAPE: u64 = u16::MAX as u64;

/// What all pairs of a corpus have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sieve {
    /// 1 / (1 + θ), if the bound holds at all.
    exponent: Option<f64>,
    root_of_windows: f64,
    /// E, no less than Nε.
    epsilon: f32,
    min_freq: f32,
    /// Counts from here on always pass: those near N, where −ln q is not safely positive, and those of no cell.
    always: f32,
}

impl Sieve {
    /// A sieve for the pairs that reach `theta`.
    pub(super) fn new(windows: u64, min_freq: u64, theta: f64) -> Self {
        Self {
            exponent: (theta >= -0.5).then(|| 1.0 / (1.0 + theta)),
            root_of_windows: libm::sqrt(windows as f64),
            epsilon: (windows as f64 * EPSILON * (1.0 + SLACK)) as f32,
            // Beyond what a cell holds any limit is as good as another; below, f32 holds it exactly.
            min_freq: min_freq.min(ESCAPE) as f32,
            always: (windows / 2).min(ESCAPE) as f32,
        }
    }

    /// r of a word, a little less than exactly: 0, which lets everything pass, for a word without probability (the
    /// formula does not hold for it) and if the bound does not hold.
    pub(super) fn reach(&self, probability: f64) -> f32 {
        match self.exponent {
            // A probability above 1 is nonsense of the counts; to take it as 1 lets more pass, and nothing overflow.
            Some(exponent) if probability > 0.0 => {
                (libm::pow(probability.min(1.0), exponent) * self.root_of_windows * (1.0 - SLACK)) as f32
            }
            _ => 0.0,
        }
    }

    /// Whether a pair may reach θ, by its words' [`Sieve::reach`] and its cell.
    #[inline]
    pub(super) fn passes(&self, a: f32, b: f32, cell: u16) -> bool {
        let least = a * b - self.epsilon;
        // Comparisons and not `f32::max` and `f32::min`, which would care for NaN: there is none here.
        let frequent = if least > self.min_freq { least } else { self.min_freq };
        let told = if frequent < self.always { frequent } else { self.always };
        let least = if least > 0.0 { told } else { 0.0 };
        f32::from(cell) >= least
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::npmi::npmi;
    use proptest::prelude::*;

    /// A number of any order of magnitude from 1 to `most`.
    fn count(most: u64) -> impl Strategy<Value = u64> {
        (0..=most.ilog2()).prop_flat_map(move |bits| (1 << bits)..=most.min(2 << bits))
    }

    #[derive(Debug, Clone)]
    struct Pair {
        windows: u64,
        min_freq: u64,
        a: u64,
        b: u64,
        joint: u64,
    }

    impl Pair {
        fn probability(&self, count: u64) -> f64 {
            if count >= self.min_freq { count as f64 / self.windows as f64 } else { 0.0 }
        }

        fn score(&self) -> f64 {
            npmi(self.probability(self.joint), self.probability(self.a), self.probability(self.b))
        }

        fn passes(&self, theta: f64) -> bool {
            let sieve = Sieve::new(self.windows, self.min_freq, theta);
            let reach = |count| sieve.reach(self.probability(count));
            sieve.passes(reach(self.a), reach(self.b), self.joint.min(ESCAPE) as u16)
        }
    }

    /// Pairs of any corpus, the joint count near the one where chance alone would have it, or any; and those of counts
    /// that no corpus has.
    fn pairs() -> impl Strategy<Value = Pair> {
        let corpora = prop_oneof![count(1 << 17), count(1 << 40), count(u64::MAX >> 1)];
        (corpora, prop_oneof![Just(0), Just(1), count(200), count(1 << 20)]).prop_flat_map(|(windows, min_freq)| {
            let counts = (count(windows), count(windows), 0_u64..=200_000);
            (counts, 0..=3, -8.0..8.0_f64).prop_map(move |((a, b, any), kind, magnitude)| {
                let chance = a as f64 / windows as f64 * b as f64 * magnitude.exp2();
                let joint = match kind {
                    0 => any,
                    1 => a.min(b),
                    2 => (chance as u64).min(a.min(b)),
                    _ => chance as u64,
                };
                Pair { windows, min_freq, a, b, joint }
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn no_pair_that_reaches_theta_is_held_back(pair in pairs(), theta in -1.2..1.2_f64) {
            let score = pair.score();
            if score >= theta {
                prop_assert!(pair.passes(theta), "{score}");
            }
            // At and just below the pair's own score, where the least error would show.
            for theta in [score, score.next_down(), score - 1e-12] {
                prop_assert!(score.is_nan() || pair.passes(theta), "{theta:?}");
            }
        }
    }

    #[test]
    fn pairs_below_theta_are_held_back() {
        let pair = |joint| Pair { windows: 100_000_000, min_freq: 100, a: 50_000, b: 80_000, joint };
        let least = (100..60_000).find(|joint| pair(*joint).score() >= 0.1).expect("some count reaches 0.1");
        assert!(least > 110, "{least}");
        for joint in 0..60_000 {
            assert_eq!(pair(joint).passes(0.1), joint >= least, "{joint}");
        }
        // Below the minimal frequency nothing passes, though chance alone would have the pair far less often.
        let rare = |joint| Pair { windows: 100_000_000, min_freq: 100, a: 100, b: 100, joint };
        assert!((0..100).all(|joint| !rare(joint).passes(0.1)) && rare(100).passes(0.1));
    }

    #[test]
    fn a_pair_that_never_met_passes_where_its_words_are_so_rare_that_even_that_scores_high() {
        let pair = Pair { windows: 1 << 38, min_freq: 1, a: 1, b: 1, joint: 0 };
        assert!(pair.score() > 0.5);
        assert!(pair.passes(pair.score()) && !pair.passes(0.99));
    }
}
