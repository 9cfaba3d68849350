//! Random models in the shapes of known ones.

use half::{bf16, slice::HalfFloatSliceExt};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    error::Error,
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};
use superposed_model::test_models::TestModel;

/// A shape to be measured.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    config: Value,
    tensors: Vec<(String, Vec<usize>)>,
}

/// Small models whose numbers fill the range of a trained one's, for agreement.
pub(crate) fn small(directory: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut paths = Vec::new();
    for (name, model) in
        [("random-gpt2", TestModel::gpt2_sized(12, 256, 1024, 8192)), ("random-llama", TestModel::llama())]
    {
        let path = directory.join(name);
        fs::create_dir(&path)?;
        model.write(&path);
        paths.push(path);
    }
    Ok(paths)
}

impl Shape {
    fn gpt2(name: &'static str, layers: usize, d: usize) -> Self {
        let (ff, vocabulary) = (4 * d, 50_257);
        let mut tensors = vec![("wte.weight".to_owned(), vec![vocabulary, d])];
        let mut add = |name: String, shape: &[usize]| tensors.push((name, shape.to_vec()));
        for part in ["weight", "bias"] {
            add(format!("ln_f.{part}"), &[d]);
            for layer in 0..layers {
                add(format!("h.{layer}.ln_1.{part}"), &[d]);
                add(format!("h.{layer}.ln_2.{part}"), &[d]);
            }
        }
        for layer in 0..layers {
            for (name, rows, columns) in
                [("attn.c_attn", d, 3 * d), ("attn.c_proj", d, d), ("mlp.c_fc", d, ff), ("mlp.c_proj", ff, d)]
            {
                add(format!("h.{layer}.{name}.weight"), &[rows, columns]);
                add(format!("h.{layer}.{name}.bias"), &[columns]);
            }
        }
        let config = json!({
            "architectures": ["GPT2LMHeadModel"], "activation_function": "gelu_new", "n_embd": d, "n_head": d / 64,
            "n_layer": layers, "n_inner": ff, "vocab_size": vocabulary, "layer_norm_epsilon": 1e-5
        });
        Self { name, config, tensors }
    }

    fn llama(name: &'static str, layers: usize, d: usize, ff: usize) -> Self {
        let vocabulary = 32_000;
        let mut tensors: Vec<(String, Vec<usize>)> = vec![
            ("model.embed_tokens.weight".to_owned(), vec![vocabulary, d]),
            ("lm_head.weight".to_owned(), vec![vocabulary, d]),
            ("model.norm.weight".to_owned(), vec![d]),
        ];
        for layer in 0..layers {
            let block = format!("model.layers.{layer}");
            for norm in ["input_layernorm", "post_attention_layernorm"] {
                tensors.push((format!("{block}.{norm}.weight"), vec![d]));
            }
            for (name, outputs, inputs) in [
                ("self_attn.v_proj", d, d),
                ("self_attn.o_proj", d, d),
                ("mlp.gate_proj", ff, d),
                ("mlp.up_proj", ff, d),
                ("mlp.down_proj", d, ff),
            ] {
                tensors.push((format!("{block}.{name}.weight"), vec![outputs, inputs]));
            }
        }
        let config = json!({
            "architectures": ["LlamaForCausalLM"], "hidden_act": "silu", "hidden_size": d, "intermediate_size": ff,
            "num_hidden_layers": layers, "num_attention_heads": d / 128, "vocab_size": vocabulary,
            "rms_norm_eps": 1e-6, "tie_word_embeddings": false
        });
        Self { name, config, tensors }
    }

    /// The shapes to be measured, the large ones last.
    pub(crate) fn measured(quick: bool) -> Vec<Self> {
        let mut shapes = vec![Self::gpt2("gpt2-124M", 12, 768)];
        if !quick {
            shapes.push(Self::gpt2("gpt2-1558M", 48, 1600));
            shapes.push(Self::llama("llama-7B", 32, 4096, 11_008));
        }
        shapes
    }

    /// Writes the shape as a model in bf16, all of it random, a tensor at a time.
    pub(crate) fn write(&self, directory: &Path) -> Result<PathBuf, Box<dyn Error>> {
        let path = directory.join(self.name);
        fs::create_dir(&path)?;
        fs::write(path.join("config.json"), self.config.to_string())?;
        let vocabulary = &self.config["vocab_size"].as_u64().unwrap_or_default();
        let tokens: BTreeMap<String, u64> = (0..*vocabulary).map(|id| (format!("Ġtoken{id}"), id)).collect();
        fs::write(path.join("vocab.json"), serde_json::to_vec(&tokens)?)?;
        fs::write(path.join("merges.txt"), "#version: 0.2\n")?;

        let mut header = serde_json::Map::new();
        let mut offset = 0;
        for (name, shape) in &self.tensors {
            let end = offset + 2 * shape.iter().product::<usize>();
            header.insert(name.clone(), json!({ "dtype": "BF16", "shape": shape, "data_offsets": [offset, end] }));
            offset = end;
        }
        let header = serde_json::to_vec(&header)?;
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path.join("model.safetensors"))?);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        let mut bits = 1u64;
        let mut run = [0.0; 1 << 12];
        let mut halves = [bf16::ZERO; 1 << 12];
        for (name, shape) in &self.tensors {
            // Norms scale by about 1, and matrices keep the length of a row about as it is.
            let norm = shape.len() == 1 && name.ends_with("weight");
            let (centre, width) = if norm { (1.0, 0.1) } else { (0.0, (3.0 / shape[shape.len() - 1] as f32).sqrt()) };
            let mut left = shape.iter().product::<usize>();
            while left > 0 {
                let now = left.min(run.len());
                for number in &mut run[..now] {
                    bits ^= bits << 13;
                    bits ^= bits >> 7;
                    bits ^= bits << 17;
                    *number = centre + width * ((bits >> 40) as f32 / (1u64 << 23) as f32 - 1.0);
                }
                halves[..now].convert_from_f32_slice(&run[..now]);
                let bytes: Vec<u8> = halves[..now].iter().flat_map(|half| half.to_le_bytes()).collect();
                file.write_all(&bytes)?;
                left -= now;
            }
        }
        file.flush()?;
        Ok(path)
    }
}
