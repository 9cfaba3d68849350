//! Everything for a campaign over a model of the size of GPT-2 124M: `gpt2_campaign DIRECTORY`.
//!
//! Makes a corpus store of 40,000 words with 20,000 neighbours each, a model of 12 blocks, 768 wide, with 3,072 neurons a
//! block and 50,257 tokens, and the campaign file for its 73,728 jobs of mode i. 26,000 tokens are words of the corpus, as
//! about half of GPT-2's are words of Wikipedia. The model has the structure that is mined for: each theme of the corpus has a
//! direction, words lie along their theme's, and a neuron's row is the sum of two to four. Takes 2.5 GB of disk and a few
//! minutes.
#![allow(clippy::print_stdout, reason = "it says where to go on")]

use anyhow::{Context, Result};
use serde_json::json;
use std::{collections::BTreeMap, env, fs, path::PathBuf};
use superposed_corpus::synthetic::{self, Counts, Options};
use superposed_identity::WordId;
use superposed_model::test_models::TestModel;

const LAYERS: usize = 12;
const WIDTH: usize = 768;
const NEURONS: usize = 3072;
const TOKENS: usize = 50_257;
/// Tokens that are words.
const WORDS: usize = 26_000;

/// How much of its theme's direction a word's embedding has, beside noise of length 1.
const THEME_IN_EMBEDDING: f32 = 0.62;
/// The length of the noise in a neuron's row, beside directions of length 1.
const NOISE_IN_NEURON: f32 = 0.5;
/// The bound of the weights of attention and up-projection: so small that twelve blocks leave most of a row's direction.
const BLOCK_WEIGHT: f32 = 0.000_35;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (((self.bits() >> 32) * bound as u64) >> 32) as usize
    }

    /// A vector of about that length, uniform in each component.
    fn vector(&mut self, length: f32) -> Vec<f32> {
        let bound = length * (3.0 / WIDTH as f32).sqrt();
        (0..WIDTH).map(|_| self.within(bound)).collect()
    }

    fn within(&mut self, bound: f32) -> f32 {
        (2.0 * (self.bits() >> 40) as f32 / (1 << 24) as f32 - 1.0) * bound
    }
}

fn add(to: &mut [f32], factor: f32, direction: &[f32]) {
    to.iter_mut().zip(direction).for_each(|(x, d)| *x += factor * d);
}

fn main() -> Result<()> {
    let directory = PathBuf::from(env::args_os().nth(1).context("name the directory to make")?);
    fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let options = Options::default();
    let store = directory.join("store");
    if !store.exists() {
        synthetic::store(&store, &options)?;
    }
    let counts = Counts::new(options);
    let vocabulary = counts.vocabulary();
    let mut random = Random(7);
    let directions: Vec<Vec<f32>> = (0..counts.themes()).map(|_| random.vector(1.0)).collect();
    let mut theme_of = vec![0; vocabulary.len()];
    for theme in 0..counts.themes() {
        counts.theme(theme).iter().for_each(|word| theme_of[word.index()] = theme as usize);
    }
    // Which words are tokens: an even share of each theme's.
    let mut words: Vec<WordId> = vocabulary.iter().map(|(word, _)| word).collect();
    for place in 0..WORDS {
        let other = place + random.below(words.len() - place);
        words.swap(place, other);
    }
    words.truncate(WORDS);

    let model = directory.join("model");
    fs::create_dir_all(&model)?;
    let mut written = TestModel::gpt2_sized(LAYERS, WIDTH, NEURONS, TOKENS);
    written.config["n_head"] = json!(12);
    for (name, (_, numbers)) in &mut written.tensors {
        if name == "wte.weight" {
            for (token, row) in numbers.chunks_exact_mut(WIDTH).enumerate() {
                row.copy_from_slice(&random.vector(1.0));
                if let Some(word) = words.get(token) {
                    add(row, THEME_IN_EMBEDDING, &directions[theme_of[word.index()]]);
                }
            }
        } else if name.ends_with("mlp.c_proj.weight") {
            for row in numbers.chunks_exact_mut(WIDTH) {
                row.copy_from_slice(&random.vector(NOISE_IN_NEURON));
                for _ in 0..2 + random.below(3) {
                    let sign = if random.below(2) == 0 { 1.0 } else { -1.0 };
                    add(row, sign, &directions[random.below(directions.len())]);
                }
            }
        } else if name.contains(".ln_") || name.starts_with("ln_f") {
            let centre = if name.ends_with("weight") { 1.0 } else { 0.0 };
            numbers.fill(centre);
        } else {
            numbers.iter_mut().filter(|number| !number.is_nan()).for_each(|x| *x = random.within(BLOCK_WEIGHT));
        }
    }
    written.write(&model);
    // The tokens that are words; the others are spelt as no word is.
    let tokens: BTreeMap<String, usize> = (0..TOKENS)
        .map(|token| match words.get(token) {
            Some(word) => (format!("Ġ{}", vocabulary.word(*word)), token),
            None => (format!("<{token}>"), token),
        })
        .collect();
    fs::write(model.join("vocab.json"), serde_json::to_vec(&tokens)?)?;

    let campaign = directory.join("campaign.toml");
    fs::write(
        &campaign,
        "name = \"gpt2-sized\"\nsize = \"124M\"\nmodel = \"model\"\ncorpus = \"store\"\ndestination = \"results\"\nmodes = [\"i\"]\n",
    )?;
    println!("superposed local {}", campaign.display());
    Ok(())
}
