//! GPT-2's spelling of the configuration.

use super::{Architecture, ModelConfig};
use serde::{Deserialize, de::Error};
use serde_json::Value;

#[derive(Deserialize)]
struct Gpt2 {
    vocab_size: u32,
    n_embd: u32,
    n_layer: u32,
    n_head: u32,
    n_inner: Option<u32>,
    #[serde(default = "gelu_new")]
    activation_function: String,
    #[serde(default = "epsilon")]
    layer_norm_epsilon: f64,
    #[serde(default = "tied")]
    tie_word_embeddings: bool,
}

// What the class assumes where the file is silent.
fn gelu_new() -> String {
    "gelu_new".to_owned()
}
const fn epsilon() -> f64 {
    1e-5
}
const fn tied() -> bool {
    true
}

pub(super) fn read(json: &Value, class: String) -> Result<ModelConfig, serde_json::Error> {
    let config = Gpt2::deserialize(json)?;
    // Two names of one function, GELU by tanh; plain `gelu` is another one.
    if !matches!(config.activation_function.as_str(), "gelu_new" | "gelu_pytorch_tanh") {
        let name = config.activation_function;
        return Err(Error::custom(format_args!("activation_function is {name}: only gelu_new is computed")));
    }
    if config.n_head == 0 || !config.n_embd.is_multiple_of(config.n_head) {
        let (width, heads) = (config.n_embd, config.n_head);
        return Err(Error::custom(format_args!("a residual stream of {width} cannot be split into {heads} heads")));
    }
    Ok(ModelConfig {
        architecture: Architecture::Gpt2,
        class,
        layers: config.n_layer,
        d_model: config.n_embd,
        d_ff: config.n_inner.unwrap_or(config.n_embd.saturating_mul(4)),
        heads: config.n_head,
        kv_heads: config.n_head,
        head_dim: config.n_embd / config.n_head,
        vocabulary: config.vocab_size,
        norm_epsilon: config.layer_norm_epsilon,
        tied_head: config.tie_word_embeddings,
        value_bias: true,
        output_bias: true,
        mlp_bias: true,
    })
}
