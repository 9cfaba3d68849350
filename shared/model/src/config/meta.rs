//! Meta's spelling of the configuration: `params.json`.

use super::{Architecture, ModelConfig};
use crate::ModelError;
use serde::Deserialize;
use serde_json::Value;
use std::{fs, path::Path};

#[derive(Deserialize)]
struct Params {
    dim: u32,
    n_layers: u32,
    n_heads: u32,
    n_kv_heads: Option<u32>,
    /// −1 in LLaMA 1 and 2, which asked the tokenizer.
    #[serde(default = "unknown")]
    vocab_size: i64,
    #[serde(default = "multiple_of")]
    multiple_of: u64,
    ffn_dim_multiplier: Option<f64>,
    #[serde(default = "epsilon")]
    norm_eps: f64,
    // Mistral states what LLaMA computes.
    hidden_dim: Option<u32>,
    head_dim: Option<u32>,
}

// What Meta's code assumes where the file is silent.
const fn unknown() -> i64 {
    -1
}
const fn multiple_of() -> u64 {
    256
}
const fn epsilon() -> f64 {
    1e-5
}

/// Fields of models whose blocks are others, and what those models are.
const OTHERS: [(&str, &str); 5] = [
    ("moe", "its feed-forward layers are mixtures of experts"),
    ("moe_args", "its feed-forward layers are mixtures of experts"),
    ("vision_chunk_size", "it sees pictures"),
    ("quantization_args", "its weights are quantized"),
    ("lora_args", "its weights are split into adapters"),
];

impl ModelConfig {
    /// Reads a `params.json`. What it does not state comes from the weights: whether the head is tied, and, given the
    /// width of the residual stream, the size of the vocabulary.
    ///
    /// # Errors
    /// When the file cannot be read, is of another kind of model, or contradicts itself; or when `vocabulary` fails.
    pub(crate) fn load_meta(
        path: &Path,
        tied_head: bool,
        vocabulary: impl FnOnce(usize) -> Result<usize, ModelError>,
    ) -> Result<Self, ModelError> {
        let bytes = fs::read(path).map_err(ModelError::read(path))?;
        let json: Value = serde_json::from_slice(&bytes).map_err(|e| ModelError::config(path, e))?;
        if let Some((field, kind)) = OTHERS.iter().find(|(field, _)| !json[field].is_null()) {
            let reason = format_args!("{kind} ({field}): only LLaMA 1 to 3 and models built like them are computed");
            return Err(ModelError::config(path, reason));
        }
        let params = Params::deserialize(&json).map_err(|e| ModelError::config(path, e))?;
        let vocabulary = match u32::try_from(params.vocab_size) {
            Ok(size) => size,
            Err(_) => u32::try_from(vocabulary(params.dim as usize)?)
                .map_err(|_| ModelError::config(path, "the vocabulary is too large"))?,
        };
        let config = params.config(vocabulary, tied_head).map_err(|reason| ModelError::config(path, reason))?;
        config.check().map_err(|reason| ModelError::config(path, reason))?;
        Ok(config)
    }
}

impl Params {
    fn config(&self, vocabulary: u32, tied_head: bool) -> Result<ModelConfig, String> {
        let (width, heads) = (self.dim, self.n_heads);
        let head_dim = match self.head_dim {
            Some(head_dim) => head_dim,
            None if heads != 0 && width.is_multiple_of(heads) => width / heads,
            None => return Err(format!("a residual stream of {width} cannot be split into {heads} heads")),
        };
        let d_ff = match self.hidden_dim {
            Some(hidden) => hidden,
            None => self.computed_ff().ok_or("the feed-forward layer has no possible size")?,
        };
        Ok(ModelConfig {
            architecture: Architecture::Llama,
            class: "LLaMA (params.json)".to_owned(),
            layers: self.n_layers,
            d_model: width,
            d_ff,
            heads,
            kv_heads: self.n_kv_heads.unwrap_or(heads),
            head_dim,
            vocabulary,
            norm_epsilon: self.norm_eps,
            tied_head,
            value_bias: false,
            output_bias: false,
            mlp_bias: false,
        })
    }

    /// Two thirds of four times the width, times a factor, rounded up to a multiple: as Meta's code computes it,
    /// truncations included.
    fn computed_ff(&self) -> Option<u32> {
        let hidden = 8 * u64::from(self.dim) / 3;
        let hidden = self.ffn_dim_multiplier.map_or(hidden, |factor| (factor * hidden as f64) as u64);
        u32::try_from(hidden.checked_next_multiple_of(self.multiple_of)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn load(params: &Value) -> Result<ModelConfig, String> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("params.json");
        fs::write(&path, params.to_string()).expect("a writable directory");
        ModelConfig::load_meta(&path, false, |_| Ok(32_000)).map_err(|e| e.to_string())
    }

    #[test]
    fn published_params_give_the_published_sizes() {
        let llama1_7b = json!({ "dim": 4096, "multiple_of": 256, "n_heads": 32, "n_layers": 32, "norm_eps": 1e-06,
            "vocab_size": -1 });
        let llama1_65b = json!({ "dim": 8192, "multiple_of": 256, "n_heads": 64, "n_layers": 80, "norm_eps": 1e-05,
            "vocab_size": -1 });
        let llama2_70b = json!({ "dim": 8192, "multiple_of": 4096, "ffn_dim_multiplier": 1.3, "n_heads": 64,
            "n_kv_heads": 8, "n_layers": 80, "norm_eps": 1e-05, "vocab_size": -1 });
        let llama3_8b = json!({ "dim": 4096, "n_layers": 32, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128256,
            "multiple_of": 1024, "ffn_dim_multiplier": 1.3, "norm_eps": 1e-05, "rope_theta": 500000.0 });
        let llama3_1b = json!({ "dim": 2048, "n_layers": 16, "n_heads": 32, "n_kv_heads": 8, "vocab_size": 128256,
            "ffn_dim_multiplier": 1.5, "multiple_of": 256, "norm_eps": 1e-05, "rope_theta": 500000.0,
            "use_scaled_rope": true });
        let mistral_7b = json!({ "dim": 4096, "n_layers": 32, "head_dim": 128, "hidden_dim": 14336, "n_heads": 32,
            "n_kv_heads": 8, "norm_eps": 1e-05, "sliding_window": 4096, "vocab_size": 32000 });
        for (params, d_ff, kv_heads, vocabulary) in [
            (llama1_7b, 11_008, 32, 32_000),
            (llama1_65b, 22_016, 64, 32_000),
            (llama2_70b, 28_672, 8, 32_000),
            (llama3_8b, 14_336, 8, 128_256),
            (llama3_1b, 8_192, 8, 128_256),
            (mistral_7b, 14_336, 8, 32_000),
        ] {
            let config = load(&params).expect("published");
            assert_eq!((config.d_ff, config.kv_heads, config.vocabulary), (d_ff, kv_heads, vocabulary), "{params}");
        }
    }

    #[test]
    fn models_of_other_blocks_are_refused_with_the_field_that_says_so() {
        let line = load(&json!({ "dim": 8, "n_layers": 1, "n_heads": 2, "moe": { "num_experts": 8 } }))
            .expect_err("it was accepted");
        assert!(line.contains("params.json: its feed-forward layers are mixtures of experts (moe)"), "{line}");
        let line = load(&json!({ "dim": 8, "n_layers": 1, "n_heads": 3 })).expect_err("it was accepted");
        assert!(line.contains("a residual stream of 8 cannot be split into 3 heads"), "{line}");
        let line = load(&json!({ "dim": 8, "n_layers": 1, "n_heads": 2, "multiple_of": 0 })).expect_err("accepted");
        assert!(line.contains("no possible size"), "{line}");
    }
}
