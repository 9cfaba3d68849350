//! Tiny random models, written as real ones are, for tests that need a variant no downloaded model covers: shards,
//! name prefixes, 16-bit weights, grouped heads, biases, padded heads.

use half::{bf16, f16};
use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::Path};

/// Tensors by their names in Hugging Face's files: shape and numbers, row by row.
pub type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// A model to be written: change what the test is about and call [`TestModel::write`].
#[derive(Debug, Clone)]
pub struct TestModel {
    /// The whole of `config.json`.
    pub config: Value,
    /// The tensors of the model.
    pub tensors: Tensors,
    /// The format the numbers are written in: F32, F16 or BF16.
    pub dtype: Dtype,
    /// How many weight files there are; an index is written when there are several.
    pub shards: usize,
    /// How many tokens the tokenizer has.
    pub tokens: u32,
}

impl TestModel {
    /// A GPT-2 of 3 blocks, with names as bare checkpoints have them, a query and a key matrix full of NaN, and a head
    /// padded by 3 columns.
    #[must_use]
    pub fn gpt2() -> Self {
        Self { tokens: 37, ..Self::gpt2_sized(3, 8, 20, 40) }
    }

    /// The same with other sizes, and no padding: `layers` blocks, a residual stream of `d`, a feed-forward layer of
    /// `ff`, and `vocabulary` tokens.
    #[must_use]
    pub fn gpt2_sized(layers: usize, d: usize, ff: usize, vocabulary: usize) -> Self {
        let mut random = Random(1);
        let mut tensors: Tensors = BTreeMap::new();
        let mut add = |name: String, shape: &[usize], centre: f32| {
            let numbers = (0..shape.iter().product()).map(|_| centre + 0.5 * random.next()).collect();
            tensors.insert(name, (shape.to_vec(), numbers));
        };
        add("wte.weight".into(), &[vocabulary, d], 0.0);
        for norm in
            ["ln_f".to_owned()].into_iter().chain((0..layers).flat_map(|l| [1, 2].map(|n| format!("h.{l}.ln_{n}"))))
        {
            add(format!("{norm}.weight"), &[d], 1.0);
            add(format!("{norm}.bias"), &[d], 0.0);
        }
        for layer in 0..layers {
            for (name, rows, columns) in
                [("attn.c_attn", d, 3 * d), ("attn.c_proj", d, d), ("mlp.c_fc", d, ff), ("mlp.c_proj", ff, d)]
            {
                add(format!("h.{layer}.{name}.weight"), &[rows, columns], 0.0);
                add(format!("h.{layer}.{name}.bias"), &[columns], 0.0);
            }
        }
        for (name, (shape, numbers)) in &mut tensors {
            if name.contains("c_attn") {
                let columns = shape.last().copied().unwrap_or_default();
                for row in numbers.chunks_mut(columns) {
                    row[..2 * d].fill(f32::NAN);
                }
            }
        }
        let config = json!({
            "architectures": ["GPT2LMHeadModel"], "activation_function": "gelu_new", "n_embd": d, "n_head": 2,
            "n_layer": layers, "n_inner": ff, "vocab_size": vocabulary, "layer_norm_epsilon": 1e-5
        });
        Self { config, tensors, dtype: Dtype::F32, shards: 1, tokens: vocabulary as u32 }
    }

    /// A model of the LLaMA family with 3 blocks, 4 query heads in 2 groups, heads wider than `d_model / heads`, an
    /// untied head, every bias the family knows, and neither Q nor K.
    #[must_use]
    pub fn llama() -> Self {
        let (layers, d, ff, vocabulary, heads, kv_heads, head_dim) = (3, 8, 12, 40, 4, 2, 3);
        let mut random = Random(2);
        let mut tensors: Tensors = BTreeMap::new();
        let mut add = |name: String, shape: &[usize], centre: f32| {
            let numbers = (0..shape.iter().product()).map(|_| centre + 0.5 * random.next()).collect();
            tensors.insert(name, (shape.to_vec(), numbers));
        };
        add("model.embed_tokens.weight".into(), &[vocabulary, d], 0.0);
        add("lm_head.weight".into(), &[vocabulary, d], 0.0);
        add("model.norm.weight".into(), &[d], 1.0);
        for layer in 0..layers {
            let block = format!("model.layers.{layer}");
            add(format!("{block}.input_layernorm.weight"), &[d], 1.0);
            add(format!("{block}.post_attention_layernorm.weight"), &[d], 1.0);
            for (name, out, into) in [
                ("self_attn.v_proj", kv_heads * head_dim, d),
                ("self_attn.o_proj", d, heads * head_dim),
                ("mlp.gate_proj", ff, d),
                ("mlp.up_proj", ff, d),
                ("mlp.down_proj", d, ff),
            ] {
                add(format!("{block}.{name}.weight"), &[out, into], 0.0);
                add(format!("{block}.{name}.bias"), &[out], 0.0);
            }
        }
        let config = json!({
            "architectures": ["LlamaForCausalLM"], "hidden_size": d, "intermediate_size": ff,
            "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": kv_heads,
            "head_dim": head_dim, "vocab_size": vocabulary, "rms_norm_eps": 1e-6, "attention_bias": true,
            "mlp_bias": true
        });
        Self { config, tensors, dtype: Dtype::F32, shards: 1, tokens: 40 }
    }

    /// Puts a prefix before every tensor's name, as `transformer.` in GPT-2 checkpoints saved with their head.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.tensors = self.tensors.into_iter().map(|(name, tensor)| (format!("{prefix}{name}"), tensor)).collect();
        self
    }

    /// The numbers of a tensor as they read after having been written in [`TestModel::dtype`].
    ///
    /// # Panics
    /// When the model has no tensor of that name.
    #[must_use]
    pub fn numbers(&self, name: &str) -> Vec<f32> {
        let (_, numbers) = self.tensors.get(name).unwrap_or_else(|| panic!("the model has no tensor {name}"));
        let round = |n: &f32| match self.dtype {
            Dtype::F16 => f16::from_f32(*n).to_f32(),
            Dtype::BF16 => bf16::from_f32(*n).to_f32(),
            _ => *n,
        };
        numbers.iter().map(round).collect()
    }

    /// Writes the model with a byte-level tokenizer of [`TestModel::tokens`] tokens.
    ///
    /// # Panics
    /// When the directory cannot be written.
    pub fn write(&self, directory: &Path) {
        let write = |name: &str, content: &[u8]| {
            fs::write(directory.join(name), content).expect("the test's directory can be written");
        };
        write("config.json", self.config.to_string().as_bytes());
        let vocabulary: BTreeMap<String, u32> = (0..self.tokens).map(|id| (format!("Ġtoken{id}"), id)).collect();
        write("vocab.json", json!(vocabulary).to_string().as_bytes());
        write("merges.txt", b"#version: 0.2\n");

        let bytes: Vec<(&String, &Vec<usize>, Vec<u8>)> =
            self.tensors.iter().map(|(name, (shape, numbers))| (name, shape, self.bytes(numbers))).collect();
        let mut weight_map = BTreeMap::new();
        for shard in 0..self.shards {
            let file = match self.shards {
                1 => "model.safetensors".to_owned(),
                shards => format!("model-{:05}-of-{shards:05}.safetensors", shard + 1),
            };
            let tensors = bytes.iter().skip(shard).step_by(self.shards).map(|(name, shape, bytes)| {
                let view =
                    TensorView::new(self.dtype, (*shape).clone(), bytes).expect("as many bytes as the shape says");
                weight_map.insert(*name, file.clone());
                (*name, view)
            });
            write(&file, &safetensors::serialize(tensors, None).expect("a small header"));
        }
        if self.shards > 1 {
            write("model.safetensors.index.json", json!({ "weight_map": weight_map }).to_string().as_bytes());
        }
    }

    fn bytes(&self, numbers: &[f32]) -> Vec<u8> {
        match self.dtype {
            Dtype::F32 => numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
            Dtype::F16 => numbers.iter().flat_map(|n| f16::from_f32(*n).to_le_bytes()).collect(),
            Dtype::BF16 => numbers.iter().flat_map(|n| bf16::from_f32(*n).to_le_bytes()).collect(),
            other => panic!("test models are not written as {other:?}"),
        }
    }
}

/// A small generator (splitmix64): the same model in every run.
struct Random(u64);

impl Random {
    /// The next number, uniform in [-1, 1).
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bits = (bits ^ (bits >> 31)) >> 40;
        bits as f32 / (1u64 << 23) as f32 - 1.0
    }
}
