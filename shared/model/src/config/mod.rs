//! `config.json` or Meta's `params.json`: which architecture a model is, and the sizes of its parts.
//!
//! Each architecture reads its own spelling (`gpt2`, `llama`; `meta` for `params.json`) into the one [`ModelConfig`],
//! which also says what tensors such a model consists of (`tensors`).

mod gpt2;
mod llama;
mod meta;
mod tensors;

pub use tensors::{BlockTensor, TensorId};

use crate::ModelError;
use serde::Deserialize;
use serde_json::Value;
use std::{fs, path::Path};
use superposed_identity::Mode;

/// The families of models whose blocks are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// Layer norm, GELU (tanh), biases everywhere.
    Gpt2,
    /// RMS norm, SwiGLU, grouped-query attention: LLaMA 1 to 3, Mistral, Qwen 2 and 3.
    Llama,
}

/// The sizes of a model and what its blocks are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    /// The family the model belongs to.
    pub architecture: Architecture,
    /// What the configuration calls the model: its class, like `Qwen2ForCausalLM`, or its type.
    pub class: String,
    /// The number of blocks.
    pub layers: u32,
    /// The width of the residual stream.
    pub d_model: u32,
    /// The width of the feed-forward layer.
    pub d_ff: u32,
    /// The number of query heads.
    pub heads: u32,
    /// The number of key and value heads: `heads`, or a divisor of it where queries share them in groups.
    pub kv_heads: u32,
    /// The width of a head.
    pub head_dim: u32,
    /// The number of logits; some may stand for no token (padded heads).
    pub vocabulary: u32,
    /// What the norms add to the variance (GPT-2) or to the mean square (LLaMA).
    pub norm_epsilon: f64,
    /// Whether the head is the token embedding.
    pub tied_head: bool,
    /// Whether V has a bias.
    pub value_bias: bool,
    /// Whether O has a bias.
    pub output_bias: bool,
    /// Whether the projections of the feed-forward layer have biases.
    pub mlp_bias: bool,
}

/// The part of a configuration that says which architecture the rest is spelled for.
#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    architectures: Option<Vec<String>>,
    #[serde(default)]
    model_type: Option<String>,
    #[serde(default)]
    quantization_config: Option<Value>,
}

impl ModelConfig {
    /// Reads a `config.json`.
    ///
    /// # Errors
    /// When the file cannot be read, names an architecture that is not known, or contradicts itself.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let bytes = fs::read(path).map_err(ModelError::read(path))?;
        let json: Value = serde_json::from_slice(&bytes).map_err(|e| ModelError::config(path, e))?;
        let header = Header::deserialize(&json).map_err(|e| ModelError::config(path, e))?;
        if let Some(quantization) = header.quantization_config.filter(|value| !value.is_null()) {
            let method = quantization["quant_method"].as_str().unwrap_or("unknown").to_owned();
            return Err(ModelError::config(
                path,
                format_args!("the weights are quantized ({method}): use the model in f32, f16 or bf16"),
            ));
        }
        let class = header.architectures.and_then(|classes| classes.into_iter().next());
        let name = class.or(header.model_type).unwrap_or_else(|| "that it does not name".to_owned());
        let config = match name.as_str() {
            "GPT2LMHeadModel" | "GPT2Model" | "gpt2" => gpt2::read(&json, name),
            "LlamaForCausalLM" | "MistralForCausalLM" | "llama" | "mistral" => {
                llama::read(&json, name, llama::Dialect::Llama)
            }
            "Qwen2ForCausalLM" | "qwen2" => llama::read(&json, name, llama::Dialect::Qwen2),
            "Qwen3ForCausalLM" | "qwen3" => llama::read(&json, name, llama::Dialect::Qwen3),
            _ => {
                return Err(ModelError::Architecture { path: path.to_owned(), name });
            }
        };
        let config = config.map_err(|e| ModelError::config(path, e))?;
        config.check().map_err(|reason| ModelError::config(path, reason))?;
        Ok(config)
    }

    /// How many neurons a layer has in a mode: `d_ff` in modes i and ii, `d_model` in iii and iiii.
    #[must_use]
    pub const fn width(&self, mode: Mode) -> u32 {
        if mode.is_high() { self.d_ff } else { self.d_model }
    }

    /// How many numbers the forward pass needs in memory; four bytes each as `f32`.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.tensors()
            .filter_map(|id| self.shape(id))
            .map(|shape| shape.iter().map(|n| *n as u64).product::<u64>())
            .sum()
    }

    fn check(&self) -> Result<(), String> {
        let sizes = [
            ("layers", self.layers),
            ("the residual stream", self.d_model),
            ("the feed-forward layer", self.d_ff),
            ("heads", self.heads),
            ("key and value heads", self.kv_heads),
            ("a head", self.head_dim),
            ("the vocabulary", self.vocabulary),
        ];
        if let Some((name, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            return Err(format!("the size of {name} is 0"));
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(format!("{} query heads cannot share {} value heads evenly", self.heads, self.kv_heads));
        }
        if self.norm_epsilon.is_nan() || self.norm_epsilon < 0.0 {
            return Err(format!("the epsilon of the norms is {}", self.norm_epsilon));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn load(config: &Value) -> Result<ModelConfig, String> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("config.json");
        fs::write(&path, config.to_string()).expect("a writable directory");
        ModelConfig::load(&path).map_err(|e| {
            let line = e.to_string();
            assert!(!line.contains('\n'), "{line}");
            line
        })
    }

    fn llama() -> Value {
        json!({
            "architectures": ["LlamaForCausalLM"], "vocab_size": 32000, "hidden_size": 4096,
            "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "rms_norm_eps": 1e-6
        })
    }

    #[test]
    fn gpt2_xl_has_the_widths_of_the_paper() {
        let config = load(&json!({
            "architectures": ["GPT2LMHeadModel"], "activation_function": "gelu_new", "n_embd": 1600, "n_head": 25,
            "n_layer": 48, "vocab_size": 50257, "layer_norm_epsilon": 1e-5
        }))
        .expect("a legal configuration");
        assert_eq!(
            (config.layers, config.width(Mode::HighContextual), config.width(Mode::LowIsolated)),
            (48, 6400, 1600)
        );
        assert_eq!((config.architecture, config.tied_head), (Architecture::Gpt2, true));
    }

    #[test]
    fn llama_7b_has_as_many_value_heads_as_query_heads() {
        let config = load(&llama()).expect("a legal configuration");
        assert_eq!((config.kv_heads, config.head_dim, config.tied_head), (32, 128, false));
        assert_eq!((config.value_bias, config.output_bias, config.mlp_bias), (false, false, false));
        assert_eq!(config.width(Mode::HighIsolated), 11008);
    }

    #[test]
    fn qwen2_has_a_bias_on_v_alone_and_qwen3_heads_of_its_own_width() {
        let mut config = llama();
        config["architectures"] = json!(["Qwen2ForCausalLM"]);
        config["num_key_value_heads"] = json!(4);
        let qwen2 = load(&config).expect("a legal configuration");
        assert_eq!((qwen2.kv_heads, qwen2.value_bias, qwen2.output_bias), (4, true, false));
        config["architectures"] = json!(["Qwen3ForCausalLM"]);
        let qwen3 = load(&config).expect("a legal configuration");
        assert_eq!((qwen3.head_dim, qwen3.value_bias), (128, false));
        config["head_dim"] = json!(64);
        config["attention_bias"] = json!(true);
        let qwen3 = load(&config).expect("a legal configuration");
        assert_eq!((qwen3.head_dim, qwen3.value_bias, qwen3.output_bias), (64, true, true));
    }

    #[test]
    fn what_cannot_be_computed_is_refused_by_name() {
        let refused = |change: fn(&mut Value)| {
            let mut config = llama();
            change(&mut config);
            load(&config).expect_err("the configuration was accepted")
        };
        assert!(
            refused(|c| c["architectures"] = json!(["GemmaForCausalLM"])).contains("architecture GemmaForCausalLM")
        );
        assert!(refused(|c| c["hidden_act"] = json!("gelu")).contains("gelu"));
        assert!(refused(|c| c["quantization_config"] = json!({ "quant_method": "gptq" })).contains("gptq"));
        assert!(refused(|c| c["num_key_value_heads"] = json!(5)).contains("5 value heads"));
        assert!(refused(|c| c["num_hidden_layers"] = json!(0)).contains("layers is 0"));
        assert!(refused(|c| c["hidden_size"] = Value::Null).contains("config.json"));
        assert!(refused(|c| c["num_attention_heads"] = json!(30)).contains("30 heads"));
    }
}
