//! Words that mean nothing: pronounceable, different from every theme word, and shorter the more frequent they are.

use crate::sampling::{Sampler, Stream};
use std::collections::HashSet;

const ONSETS: [&str; 18] =
    ["b", "d", "l", "m", "n", "r", "v", "w", "y", "t", "th", "st", "tr", "br", "dr", "kr", "gl", "fl"];
const VOWELS: [&str; 8] = ["a", "e", "i", "o", "u", "ai", "ea", "ou"];
const CODAS: [&str; 6] = ["", "n", "l", "r", "s", "m"];

/// `count` distinct words, none of them in `taken`, the most frequent first.
pub(crate) fn noise_words(count: usize, taken: &HashSet<&str>, seed: u64) -> Vec<String> {
    let mut sampler = Sampler::new(seed, Stream::NoiseWords);
    let mut words = Vec::with_capacity(count);
    let mut seen = HashSet::new();
    while words.len() < count {
        let syllables = match words.len() {
            0..150 => 1,
            150..2000 => 2,
            _ => 2 + sampler.below(2),
        };
        let mut word = String::new();
        for _ in 0..syllables {
            word += sampler.choose(&ONSETS);
            word += sampler.choose(&VOWELS);
        }
        word += sampler.choose(&CODAS);
        if !taken.contains(word.as_str()) && seen.insert(word.clone()) {
            words.push(word);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_words_are_distinct_alphabetic_and_never_a_taken_word() {
        let first = noise_words(5000, &HashSet::new(), 3);
        assert_eq!(first.iter().collect::<HashSet<_>>().len(), 5000);
        assert!(first.iter().all(|word| word.bytes().all(|b| b.is_ascii_lowercase())));
        let taken: HashSet<&str> = first[..100].iter().map(String::as_str).collect();
        assert!(noise_words(5000, &taken, 3).iter().all(|word| !taken.contains(word.as_str())));
    }

    #[test]
    fn frequent_noise_words_are_shorter_than_rare_ones() {
        let words = noise_words(5000, &HashSet::new(), 3);
        let mean = |part: &[String]| part.iter().map(String::len).sum::<usize>() as f64 / part.len() as f64;
        assert!(mean(&words[..100]) + 1.0 < mean(&words[4000..]));
    }
}
