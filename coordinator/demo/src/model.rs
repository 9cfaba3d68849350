//! The model: GPT-2's shape, random weights, and themes superposed in the down-projections.
//!
//! - Each theme has a random direction of length 1 in the residual stream. There are half as many themes as dimensions,
//!   so the directions are only nearly orthogonal.
//! - The embedding of a theme's word is random plus a fraction of the theme's direction; that of every other token is
//!   random. As in GPT-2 the head is the same matrix.
//! - A neuron's row of the down-projection is the sum of its themes' directions with their signs, plus noise. In mode
//!   ii the logits of its themes' words are therefore, on average, three to five deviations from the others': enough
//!   for most of a theme's words to reach a pool of a few percent of the tokens, together with hundreds of others by
//!   chance.
//! - Everything else is random and weak: norms near the identity, attention and up-projections such that each later
//!   block disturbs a neuron's vector by about a third of its length. So the themes survive into mode i, with losses.

use crate::{
    error::{DemoError, IoContext},
    ground_truth::Planted,
    sampling::{Sampler, Stream},
    themes::Theme,
    tokenizer::ChainTokenizer,
};
use safetensors::{Dtype, tensor::View};
use serde_json::json;
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};
use superposed_identity::Polarity;

/// Blocks of the model.
pub(crate) const LAYERS: u32 = 3;
/// Neurons of a layer (`n_inner`).
pub(crate) const NEURONS: u32 = 192;
/// The width of the residual stream (`n_embd`).
const WIDTH: usize = 128;
const HEADS: u32 = 4;
/// Mining feeds one position, so few are needed (`n_positions`).
const POSITIONS: usize = 32;

/// How much of its theme's direction the embedding of a word has, beside noise of length 1.
const THEME_IN_EMBEDDING: f64 = 0.62;
/// The length of the noise in a neuron's row, beside directions of length 1.
const NOISE_IN_NEURON: f64 = 0.5;
/// How much the strengths of a neuron's themes may differ, up and down.
const STRENGTH_SPREAD: f64 = 0.1;
/// The standard deviation of the weights of attention and of the up-projection. The input of both is a normed vector of
/// length √128, so their outputs are about 11 times as large.
const BLOCK_WEIGHT: f64 = 0.0035;
/// The standard deviation of biases and of the norms' gains around 1.
const BIAS: f64 = 0.01;

/// Writes `config.json` and `model.safetensors`.
pub(crate) fn write_model(
    directory: &Path,
    tokenizer: &ChainTokenizer,
    themes: &[Theme],
    planted: &[Planted],
    seed: u64,
) -> Result<(), DemoError> {
    let config = json!({
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "bos_token_id": tokenizer.end_of_text(),
        "eos_token_id": tokenizer.end_of_text(),
        "layer_norm_epsilon": 1e-5,
        "n_ctx": POSITIONS,
        "n_embd": WIDTH,
        "n_head": HEADS,
        "n_inner": NEURONS,
        "n_layer": LAYERS,
        "n_positions": POSITIONS,
        "tie_word_embeddings": true,
        "torch_dtype": "float32",
        "vocab_size": tokenizer.len(),
    });
    let path = directory.join("config.json");
    fs::write(&path, format!("{config:#}\n")).while_doing("write", &path)?;

    let path = directory.join("model.safetensors");
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let tensors = tensors(tokenizer, themes, planted, seed);
    // Not `serialize_to_file`, which makes a file that only its owner may read; the workers may be another user's.
    let bytes = safetensors::serialize(&tensors, Some(metadata))?;
    fs::write(&path, bytes).while_doing("write", &path)
}

/// A tensor in memory, ready to be written.
#[derive(Debug)]
struct Tensor {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Tensor {
    fn new(shape: &[usize], values: &[f64]) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        Self { shape: shape.to_vec(), bytes: values.iter().flat_map(|value| (*value as f32).to_le_bytes()).collect() }
    }
}

impl View for &Tensor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// All tensors by their names in Hugging Face's GPT-2, whose linear layers (`Conv1D`) are stored as `[in, out]`.
fn tensors(tokenizer: &ChainTokenizer, themes: &[Theme], planted: &[Planted], seed: u64) -> BTreeMap<String, Tensor> {
    let directions = directions(themes, seed);
    let neurons = NEURONS as usize;
    let mut sampler = Sampler::new(seed, Stream::Blocks);
    let mut tensors = BTreeMap::new();
    let mut put = |name: &str, shape: &[usize], values: Vec<f64>| {
        tensors.insert(format!("transformer.{name}"), Tensor::new(shape, &values));
    };
    put("wte.weight", &[tokenizer.len(), WIDTH], embeddings(tokenizer, themes, &directions, seed));
    put("wpe.weight", &[POSITIONS, WIDTH], sampler.normals(POSITIONS * WIDTH, BIAS));
    for layer in 0..LAYERS {
        for (name, inputs, outputs) in
            [("attn.c_attn", WIDTH, 3 * WIDTH), ("attn.c_proj", WIDTH, WIDTH), ("mlp.c_fc", WIDTH, neurons)]
        {
            let weights = sampler.normals(inputs * outputs, BLOCK_WEIGHT);
            put(&format!("h.{layer}.{name}.weight"), &[inputs, outputs], weights);
            put(&format!("h.{layer}.{name}.bias"), &[outputs], sampler.normals(outputs, BIAS));
        }
        let here: Vec<&Planted> = planted.iter().filter(|planted| planted.layer.0 == layer).collect();
        let rows = down_projection(&here, &directions, &mut sampler);
        put(&format!("h.{layer}.mlp.c_proj.weight"), &[neurons, WIDTH], rows);
        put(&format!("h.{layer}.mlp.c_proj.bias"), &[WIDTH], sampler.normals(WIDTH, BIAS));
    }
    let norms = (0..LAYERS).flat_map(|layer| [format!("h.{layer}.ln_1"), format!("h.{layer}.ln_2")]);
    for norm in norms.chain(["ln_f".to_owned()]) {
        let gains = sampler.normals(WIDTH, BIAS).into_iter().map(|gain| 1.0 + gain).collect();
        put(&format!("{norm}.weight"), &[WIDTH], gains);
        put(&format!("{norm}.bias"), &[WIDTH], sampler.normals(WIDTH, BIAS));
    }
    tensors
}

/// A random direction of length 1 for each theme, by its name.
fn directions(themes: &[Theme], seed: u64) -> HashMap<&str, Vec<f64>> {
    let mut sampler = Sampler::new(seed, Stream::Directions);
    themes
        .iter()
        .map(|theme| {
            let mut direction = sampler.normals(WIDTH, 1.0);
            let length = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
            direction.iter_mut().for_each(|x| *x /= length);
            (theme.name.as_str(), direction)
        })
        .collect()
}

/// The embedding of every token, row by row.
fn embeddings(
    tokenizer: &ChainTokenizer,
    themes: &[Theme],
    directions: &HashMap<&str, Vec<f64>>,
    seed: u64,
) -> Vec<f64> {
    let mut sampler = Sampler::new(seed, Stream::Embeddings);
    let mut rows = sampler.normals(tokenizer.len() * WIDTH, noise_per_component(1.0));
    for theme in themes {
        for word in &theme.words {
            let token = tokenizer.token_of(word).expect("the tokenizer was made from the themes' words, among others");
            let row = &mut rows[token as usize * WIDTH..][..WIDTH];
            add(row, THEME_IN_EMBEDDING, &directions[theme.name.as_str()]);
        }
    }
    rows
}

/// A layer's down-projection: the row of a neuron superposes the directions of its themes.
fn down_projection(planted: &[&Planted], directions: &HashMap<&str, Vec<f64>>, sampler: &mut Sampler) -> Vec<f64> {
    let mut rows = sampler.normals(NEURONS as usize * WIDTH, noise_per_component(NOISE_IN_NEURON));
    for planted in planted {
        let strength = sampler.between(1.0 - STRENGTH_SPREAD, 1.0 + STRENGTH_SPREAD);
        let sign = match planted.polarity {
            Polarity::Pos => 1.0,
            Polarity::Neg => -1.0,
        };
        let row = &mut rows[planted.neuron.index() * WIDTH..][..WIDTH];
        add(row, sign * strength, &directions[planted.theme.as_str()]);
    }
    rows
}

/// The deviation of each component of a random vector that is `length` long on average.
fn noise_per_component(length: f64) -> f64 {
    length / (WIDTH as f64).sqrt()
}

fn add(row: &mut [f64], factor: f64, direction: &[f64]) {
    for (component, along) in row.iter_mut().zip(direction) {
        *component += factor * along;
    }
}
