//! The same measure over pools drawn at random: what would count as recovered by luck.

use crate::{
    error::DemoError,
    ground_truth::{GroundTruth, by_job},
    recovery::{Recovery, ThemeWords},
    sampling::{Sampler, Stream},
};
use rayon::prelude::*;
use superposed_corpus::Vocabulary;
use superposed_identity::{TokenId, WordId};
use superposed_mining::{Miner, pool::TokenWords};

/// Mines `pools` pools of τ tokens drawn at random instead of by logit, and looks in each for the themes of a planted
/// neuron and sign, itself drawn at random.
///
/// `miner`, `words` and `vocabulary` are those of the demo's corpus and tokenizer. The draws depend on `seed` alone, so
/// the result does not depend on how many threads mine.
///
/// # Errors
/// A ground truth of another corpus, or a pool that cannot be mined.
pub fn random_baseline(
    truth: &GroundTruth,
    miner: &Miner,
    words: &TokenWords,
    vocabulary: &Vocabulary,
    pools: usize,
    seed: u64,
) -> Result<Recovery, DemoError> {
    let themes = ThemeWords::new(truth, vocabulary)?;
    let jobs = by_job(&truth.planted);
    if jobs.is_empty() {
        return Ok(Recovery::default());
    }
    let mut sampler = Sampler::new(seed, Stream::Baseline);
    let draws: Vec<(Vec<TokenId>, &[&str])> = (0..pools)
        .map(|_| {
            let tokens = sampler.distinct(miner.parameters().tau as usize, words.tokens() as usize);
            let (_, names) = &jobs[sampler.below(jobs.len())];
            (tokens.into_iter().map(|token| TokenId(token as u32)).collect(), names.as_slice())
        })
        .collect();
    let counts = draws.par_iter().map(|(tokens, names)| {
        let mined = miner.mine_pool(words.pool(tokens))?;
        let topics: Vec<Vec<WordId>> = mined.topics.into_iter().map(|topic| topic.words).collect();
        Ok((names.len() as u64, themes.count_recovered(names, &topics)))
    });
    let (planted, recovered) = counts.try_reduce(|| (0, 0), |a, b| Ok::<_, DemoError>((a.0 + b.0, a.1 + b.1)))?;
    Ok(Recovery { planted, recovered, modes: Vec::new() })
}
