//! The two ends of a neuron's logits.
//!
//! Tokens are ranked by (logit, token id) ascending, which is a stable ascending sort of the logits: `neg` is its
//! beginning, `pos` its end. So where a cut lies inside a tie, the lower ids are in `neg` and the higher ids in `pos`.
//! Both ends are selected, only they are sorted.

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
    if let Some(token) = logits.iter().position(|logit| logit.is_nan()) {
        return Err(RankingError::NotANumber(TokenId(token as u32)));
    }
    if tau > logits.len() {
        return Err(RankingError::TooFewTokens { tau, tokens: logits.len() });
    }
    let mut keys: Vec<u64> = logits.iter().zip(0..).map(|(logit, token)| key(*logit, token)).collect();
    let neg = lowest(&mut keys, tau);
    // The complement turns the order around: the highest keys become the lowest.
    keys.iter_mut().for_each(|key| *key = !*key);
    let mut pos = lowest(&mut keys, tau);
    pos.iter_mut().for_each(|token| token.0 = !token.0);
    Ok(Ranked { neg, pos })
}

/// A number that orders as (logit, token) does: an order-preserving image of the logit above the token.
fn key(logit: f32, token: u32) -> u64 {
    // Adding 0 makes 0 of −0 and leaves everything else as it is.
    let bits = (logit + 0.0).to_bits();
    let ordered = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    u64::from(ordered) << 32 | u64::from(token)
}

/// The lower halves of the `count` lowest keys, ascending.
fn lowest(keys: &mut [u64], count: usize) -> Vec<TokenId> {
    if count < keys.len() {
        keys.select_nth_unstable(count);
    }
    let lowest = &mut keys[..count];
    lowest.sort_unstable();
    lowest.iter().map(|key| TokenId(*key as u32)).collect()
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
