//! The LLaMA family's spelling of the configuration, and where its members differ.

use super::{Architecture, ModelConfig};
use serde::{Deserialize, de::Error};
use serde_json::Value;

/// The members of the family whose blocks differ at one position. (Rotary embeddings, sliding windows and norms of
/// queries and keys differ too, but do nothing there.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// LLaMA and Mistral: biases as the configuration says.
    Llama,
    /// Always a bias on Q, K and V, never on O.
    Qwen2,
    /// As LLaMA, with heads 128 wide unless the configuration says otherwise.
    Qwen3,
}

#[derive(Deserialize)]
struct Llama {
    vocab_size: u32,
    hidden_size: u32,
    intermediate_size: u32,
    num_hidden_layers: u32,
    num_attention_heads: u32,
    num_key_value_heads: Option<u32>,
    head_dim: Option<u32>,
    #[serde(default = "silu")]
    hidden_act: String,
    #[serde(default = "epsilon")]
    rms_norm_eps: f64,
    #[serde(default)]
    tie_word_embeddings: bool,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
}

// What the classes assume where the file is silent.
fn silu() -> String {
    "silu".to_owned()
}
const fn epsilon() -> f64 {
    1e-6
}

pub(super) fn read(json: &Value, class: String, dialect: Dialect) -> Result<ModelConfig, serde_json::Error> {
    let config = Llama::deserialize(json)?;
    if !matches!(config.hidden_act.as_str(), "silu" | "swish") {
        let name = config.hidden_act;
        return Err(Error::custom(format_args!("hidden_act is {name}: only silu is computed")));
    }
    let (width, heads) = (config.hidden_size, config.num_attention_heads);
    let head_dim = match (config.head_dim, dialect) {
        (Some(head_dim), _) => head_dim,
        (None, Dialect::Qwen3) => 128,
        (None, _) if heads != 0 && width.is_multiple_of(heads) => width / heads,
        (None, _) => {
            return Err(Error::custom(format_args!("a residual stream of {width} cannot be split into {heads} heads")));
        }
    };
    Ok(ModelConfig {
        architecture: Architecture::Llama,
        class,
        layers: config.num_hidden_layers,
        d_model: width,
        d_ff: config.intermediate_size,
        heads,
        kv_heads: config.num_key_value_heads.unwrap_or(heads),
        head_dim,
        vocabulary: config.vocab_size,
        norm_epsilon: config.rms_norm_eps,
        tied_head: config.tie_word_embeddings,
        value_bias: config.attention_bias || dialect == Dialect::Qwen2,
        output_bias: config.attention_bias && dialect != Dialect::Qwen2,
        mlp_bias: config.mlp_bias,
    })
}
