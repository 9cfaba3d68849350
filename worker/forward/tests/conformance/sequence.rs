//! A forward pass over a whole sequence: embeddings, rotary positions, causal attention with all of Q, K and V. Slow, in
//! `f64`, for models of the LLaMA family in one safetensors file of `f32`. It is what the one-position forward pass must
//! agree with where a sequence has one position, and what votes of neurons over documents would need.

use safetensors::SafeTensors;
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

/// The residual stream, a row for each position.
type Rows = Vec<Vec<f64>>;

/// A model as its files have it.
pub(crate) struct SequenceModel {
    tensors: BTreeMap<String, Vec<f64>>,
    layers: usize,
    heads: usize,
    kv_heads: usize,
    d_model: usize,
    theta: f64,
    epsilon: f64,
}

impl SequenceModel {
    pub(crate) fn open(directory: &Path) -> Self {
        let config: Value = serde_json::from_slice(&fs::read(directory.join("config.json")).expect("a configuration"))
            .expect("a configuration in JSON");
        let size = |name: &str| config[name].as_u64().expect("a size") as usize;
        let file = fs::read(directory.join("model.safetensors")).expect("weights");
        let weights = SafeTensors::deserialize(&file).expect("weights in one file");
        let number = |bytes: &[u8; 4]| f64::from(f32::from_le_bytes(*bytes));
        let tensors = weights
            .tensors()
            .into_iter()
            .map(|(name, view)| (name, view.data().as_chunks::<4>().0.iter().map(number).collect()));
        Self {
            tensors: tensors.collect(),
            layers: size("num_hidden_layers"),
            heads: size("num_attention_heads"),
            kv_heads: size("num_key_value_heads"),
            d_model: size("hidden_size"),
            theta: config["rope_theta"].as_f64().expect("a base"),
            epsilon: config["rms_norm_eps"].as_f64().expect("an epsilon"),
        }
    }

    /// The logits after each token of a sequence.
    pub(crate) fn logits(&self, tokens: &[usize]) -> Rows {
        let embeddings = &self.tensors["lm_head.weight"];
        self.logits_of(tokens.iter().map(|token| embeddings[token * self.d_model..][..self.d_model].to_vec()).collect())
    }

    /// The logits at each position of a residual stream before the first block.
    pub(crate) fn logits_of(&self, mut rows: Rows) -> Rows {
        for layer in 0..self.layers {
            self.block(layer, &mut rows);
        }
        rows.iter().map(|row| self.linear("lm_head", &self.norm("model.norm", row))).collect()
    }

    fn block(&self, layer: usize, rows: &mut Rows) {
        let name = |part: &str| format!("model.layers.{layer}.{part}");
        let normed: Rows = rows.iter().map(|row| self.norm(&name("input_layernorm"), row)).collect();
        let project = |part: &str| normed.iter().map(|row| self.linear(&name(part), row)).collect::<Rows>();
        let (mut queries, mut keys) = (project("self_attn.q_proj"), project("self_attn.k_proj"));
        let values = project("self_attn.v_proj");
        let width = queries[0].len() / self.heads;
        for (position, row) in queries.iter_mut().enumerate().chain(keys.iter_mut().enumerate()) {
            row.chunks_exact_mut(width).for_each(|head| self.rotate(position, head));
        }
        for (position, row) in rows.iter_mut().enumerate() {
            let mut read = Vec::with_capacity(self.heads * width);
            for head in 0..self.heads {
                let query = &queries[position][head * width..][..width];
                let shared = head * self.kv_heads / self.heads * width;
                let scores =
                    keys[..=position].iter().map(|key| dot(query, &key[shared..][..width]) / (width as f64).sqrt());
                let weights = softmax(scores.collect());
                read.extend((0..width).map(|i| -> f64 {
                    weights.iter().zip(&values).map(|(weight, value)| weight * value[shared + i]).sum()
                }));
            }
            add(row, &self.linear(&name("self_attn.o_proj"), &read));
            let normed = self.norm(&name("post_attention_layernorm"), row);
            let (gate, up) = (self.linear(&name("mlp.gate_proj"), &normed), self.linear(&name("mlp.up_proj"), &normed));
            let hidden: Vec<f64> = gate.iter().zip(&up).map(|(gate, up)| gate / (1.0 + (-gate).exp()) * up).collect();
            add(row, &self.linear(&name("mlp.down_proj"), &hidden));
        }
    }

    /// Turns the pairs of a head, the first half of it with the second, by angles that grow with the position.
    fn rotate(&self, position: usize, head: &mut [f64]) {
        let half = head.len() / 2;
        for i in 0..half {
            let angle = position as f64 * self.theta.powf(-(i as f64) / half as f64);
            let (a, b) = (head[i], head[i + half]);
            (head[i], head[i + half]) = (a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin());
        }
    }

    fn norm(&self, name: &str, row: &[f64]) -> Vec<f64> {
        let mean_square = dot(row, row) / row.len() as f64;
        let factor = 1.0 / (mean_square + self.epsilon).sqrt();
        row.iter().zip(&self.tensors[&format!("{name}.weight")]).map(|(x, scale)| x * factor * scale).collect()
    }

    fn linear(&self, name: &str, row: &[f64]) -> Vec<f64> {
        self.tensors[&format!("{name}.weight")].chunks_exact(row.len()).map(|weights| dot(weights, row)).collect()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += what);
}

fn softmax(scores: Vec<f64>) -> Vec<f64> {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.into_iter().map(|score| (score - most).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}
