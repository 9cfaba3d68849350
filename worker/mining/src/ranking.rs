//! The two ends of a neuron's logits.
//!
//! Tokens are ranked by (logit, token id) ascending, which is a stable ascending sort of the logits: `neg` is its
//! beginning, `pos` its end. So where a cut lies inside a tie, the lower ids are in `neg` and the higher ids in `pos`.
//!
//! A sample of the logits says beyond which bounds both ends most likely lie. One pass takes what lies beyond; of that the
//! ends are selected, and only they are sorted. Where the sample misled, everything is taken: the result is the same.

use superposed_identity::{Polarity, TokenId};

/// The τ tokens at each end of a neuron's logits, from the extreme inwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// The lowest logits, lowest first; of equal ones the lower id first.
    pub neg: Vec<TokenId>,
    /// The highest logits, highest first; of equal ones the higher id first.
    pub pos: Vec<TokenId>,
}

impl Ranked {
    /// The end of a polarity.
    #[must_use]
    pub fn end(&self, polarity: Polarity) -> &[TokenId] {
        match polarity {
            Polarity::Neg => &self.neg,
            Polarity::Pos => &self.pos,
        }
    }
}

/// Logits that cannot be ranked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RankingError {
    /// A logit is not a number.
    #[error("the logit of token {0} is not a number")]
    NotANumber(TokenId),
    /// τ is more than the tokens there are.
    #[error("tau is {tau}, but there are only {tokens} tokens to rank")]
    TooFewTokens {
        /// What was asked for.
        tau: usize,
        /// The tokens ranked.
        tokens: usize,
    },
}

/// Ranks the first `limit` logits (the tokenizer's size: what a padded head has beyond it is left out), one for each
/// token, and takes `tau` from each end. −0 equals 0; infinities are the extremes.
///
/// # Errors
/// A logit among those ranked is NaN, or `tau` exceeds them.
pub fn rank(logits: &[f32], limit: usize, tau: usize) -> Result<Ranked, RankingError> {
    let logits = &logits[..limit.min(logits.len())];
    if tau > logits.len() {
        return Err(RankingError::TooFewTokens { tau, tokens: logits.len() });
    }
    let likely = likely_bounds(logits, tau);
    let (mut low, mut high) = beyond(logits, likely)?;
    if low.len().min(high.len()) < tau {
        (low, high) = beyond(logits, EVERYTHING)?;
    }
    let neg = lowest(&mut low, tau).iter().map(|key| TokenId(*key as u32)).collect();
    // The complement turns the order around: the highest keys become the lowest.
    high.iter_mut().for_each(|key| *key = !*key);
    let pos = lowest(&mut high, tau).iter().map(|key| TokenId(!*key as u32)).collect();
    Ok(Ranked { neg, pos })
}

/// How many logits are looked at to find likely bounds.
const SAMPLE: usize = 2048;

/// How many logits are compared with the bounds together.
const GROUP: usize = 8;

/// Bounds that no logit lies between.
const EVERYTHING: (f32, f32) = (f32::INFINITY, f32::NEG_INFINITY);

/// An upper bound that the `tau` lowest logits most likely keep to, and a lower one for the highest: four standard
/// deviations, and some more, away from where a random sample would have them.
fn likely_bounds(logits: &[f32], tau: usize) -> (f32, f32) {
    let mut sample: Vec<f32> = logits.iter().step_by((logits.len() / SAMPLE).max(1)).copied().collect();
    let expected = (tau * sample.len()) as f64 / logits.len() as f64;
    let place = (expected + 4.0 * expected.sqrt()) as usize + 8;
    if logits.len() < 4 * SAMPLE || 2 * (place + 1) > sample.len() {
        return EVERYTHING;
    }
    let last = sample.len() - 1;
    let (_, low, above) = sample.select_nth_unstable_by(place, f32::total_cmp);
    let (_, high, _) = above.select_nth_unstable_by(last - 2 * place - 1, f32::total_cmp);
    (*low, *high)
}

/// The keys of the logits at or below the first bound, and of those at or above the second, by token.
fn beyond(logits: &[f32], (low, high): (f32, f32)) -> Result<(Vec<u64>, Vec<u64>), RankingError> {
    let (mut lows, mut highs) = (Vec::new(), Vec::new());
    let (groups, rest) = logits.as_chunks::<GROUP>();
    let groups = groups.iter().map(<[f32; GROUP]>::as_slice).chain([rest]);
    for (group, first) in groups.zip((0..).step_by(GROUP)) {
        // Without a branch for each, so that several are compared by one instruction. NaN is between nothing.
        if group.iter().fold(true, |between, logit| between & (low < *logit) & (*logit < high)) {
            continue;
        }
        for (&logit, token) in group.iter().zip(first..) {
            if logit.is_nan() {
                return Err(RankingError::NotANumber(TokenId(token)));
            }
            if logit <= low {
                lows.push(key(logit, token));
            }
            if logit >= high {
                highs.push(key(logit, token));
            }
        }
    }
    Ok((lows, highs))
}

/// A number that orders as (logit, token) does: an order-preserving image of the logit above the token.
fn key(logit: f32, token: u32) -> u64 {
    // Adding 0 makes 0 of −0 and leaves everything else as it is.
    let bits = (logit + 0.0).to_bits();
    let ordered = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    u64::from(ordered) << 32 | u64::from(token)
}

/// The `count` lowest keys, ascending.
fn lowest(keys: &mut [u64], count: usize) -> &[u64] {
    if count < keys.len() {
        keys.select_nth_unstable(count);
    }
    let lowest = &mut keys[..count];
    lowest.sort_unstable();
    lowest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A full stable sort by IEEE comparison.
    fn sorted(logits: &[f32], tau: usize) -> Ranked {
        let mut tokens: Vec<u32> = (0..logits.len() as u32).collect();
        let logit = |token: &u32| logits[*token as usize];
        tokens.sort_by(|a, b| logit(a).partial_cmp(&logit(b)).expect("no logit is NaN"));
        Ranked {
            neg: tokens.iter().take(tau).copied().map(TokenId).collect(),
            pos: tokens.iter().rev().take(tau).copied().map(TokenId).collect(),
        }
    }

    proptest! {
        #[test]
        fn both_ends_are_those_of_a_full_stable_sort(
            logits in prop::collection::vec(
                prop_oneof![
                    Just(0.0), Just(-0.0), Just(f32::INFINITY), Just(f32::NEG_INFINITY), Just(f32::MIN_POSITIVE / 2.0),
                    (-3_i8..3).prop_map(f32::from), -1e30_f32..1e30,
                ],
                0..200,
            ),
            share in 0.0..=1.0,
            padding in 0_usize..3,
        ) {
            let tau = (logits.len() as f64 * share) as usize;
            let mut padded = logits.clone();
            padded.extend(std::iter::repeat_n(f32::NAN, padding));
            prop_assert_eq!(rank(&padded, logits.len(), tau), Ok(sorted(&logits, tau)));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn so_they_are_where_a_sample_is_taken_also_if_it_misleads(
            len in 4 * SAMPLE - 2..6 * SAMPLE,
            tau in prop_oneof![0_usize..40, 0..2 * SAMPLE],
            seed: u64,
            levels in prop_oneof![Just(1_u64), Just(2), Just(50), Just(1 << 20)],
            misled: bool,
        ) {
            let stride = len / SAMPLE;
            let logit = |token: usize| {
                let random = (seed ^ token as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
                // What is sampled may be all at one end, or in the middle.
                let sampled = if misled && token.is_multiple_of(stride) { [-2e6, 5e5, 2e6][(seed % 3) as usize] } else { 0.0 };
                (random % levels) as f32 + sampled
            };
            let logits: Vec<f32> = (0..len).map(logit).collect();
            prop_assert_eq!(rank(&logits, len, tau), Ok(sorted(&logits, tau)));
            let mut broken = logits;
            let at = (seed % len as u64) as usize;
            broken[at] = f32::NAN;
            prop_assert_eq!(rank(&broken, len, tau), Err(RankingError::NotANumber(TokenId(at as u32))));
        }
    }

    #[test]
    fn a_cut_inside_a_tie_keeps_the_lower_ids_below_and_the_higher_ids_above() {
        let ranked = rank(&[0.0, -0.0, 0.0, -0.0], 4, 2).expect("numbers");
        assert_eq!(ranked.end(Polarity::Neg), [TokenId(0), TokenId(1)]);
        assert_eq!(ranked.end(Polarity::Pos), [TokenId(3), TokenId(2)]);
    }

    #[test]
    fn what_cannot_be_ranked_is_named() {
        assert_eq!(rank(&[1.0, f32::NAN], 2, 1), Err(RankingError::NotANumber(TokenId(1))));
        assert_eq!(rank(&[1.0, 2.0], 2, 3), Err(RankingError::TooFewTokens { tau: 3, tokens: 2 }));
    }
}
