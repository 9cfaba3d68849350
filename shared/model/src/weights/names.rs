//! What the files call a tensor, and how they lay it out.

use super::tensor::Reading;
use crate::{Architecture, BlockTensor, ModelConfig, TensorId};

/// A tensor as a file may have it.
pub(super) struct Stored {
    pub(super) name: String,
    /// Its shape in the file.
    pub(super) shape: Vec<usize>,
    /// How the numbers that are wanted are found in it.
    pub(super) reading: Reading,
}

/// Where a tensor may be found, the preferred place first. `None` when the model has no such tensor.
pub(super) fn stored(config: &ModelConfig, id: TensorId) -> Option<Vec<Stored>> {
    let shape = config.shape(id)?;
    match config.architecture {
        Architecture::Gpt2 => gpt2(config, id, shape),
        Architecture::Llama => llama(config, id, shape),
    }
}

/// GPT-2: `Conv1D` layers are already `[in, out]`; Q, K and V are one matrix, of which V is the last third. Checkpoints
/// saved with the head have the prefix `transformer.`, those of the bare model do not.
fn gpt2(config: &ModelConfig, id: TensorId, shape: Vec<usize>) -> Option<Vec<Stored>> {
    let (name, shape, reading) = match id {
        TensorId::Head => return Some(head(config, &shape, &["wte.weight", "transformer.wte.weight"])),
        TensorId::FinalNorm => ("ln_f.weight".to_owned(), shape, Reading::AsIs),
        TensorId::FinalNormBias => ("ln_f.bias".to_owned(), shape, Reading::AsIs),
        TensorId::Block(layer, tensor) => {
            let (name, reading) = match tensor {
                BlockTensor::AttentionNorm => ("ln_1.weight", Reading::AsIs),
                BlockTensor::AttentionNormBias => ("ln_1.bias", Reading::AsIs),
                BlockTensor::Value => ("attn.c_attn.weight", Reading::LastThird),
                BlockTensor::ValueBias => ("attn.c_attn.bias", Reading::LastThird),
                BlockTensor::Output => ("attn.c_proj.weight", Reading::AsIs),
                BlockTensor::OutputBias => ("attn.c_proj.bias", Reading::AsIs),
                BlockTensor::MlpNorm => ("ln_2.weight", Reading::AsIs),
                BlockTensor::MlpNormBias => ("ln_2.bias", Reading::AsIs),
                BlockTensor::Up => ("mlp.c_fc.weight", Reading::AsIs),
                BlockTensor::UpBias => ("mlp.c_fc.bias", Reading::AsIs),
                BlockTensor::Down => ("mlp.c_proj.weight", Reading::AsIs),
                BlockTensor::DownBias => ("mlp.c_proj.bias", Reading::AsIs),
                BlockTensor::Gate | BlockTensor::GateBias => return None,
            };
            let mut shape = shape;
            if reading == Reading::LastThird
                && let Some(columns) = shape.last_mut()
            {
                *columns *= 3;
            }
            (format!("h.{layer}.{name}"), shape, reading)
        }
    };
    Some(vec![
        Stored { name: format!("transformer.{name}"), shape: shape.clone(), reading },
        Stored { name, shape, reading },
    ])
}

/// The LLaMA family: `Linear` layers are `[out, in]`.
fn llama(config: &ModelConfig, id: TensorId, shape: Vec<usize>) -> Option<Vec<Stored>> {
    let name = match id {
        TensorId::Head => return Some(head(config, &shape, &["model.embed_tokens.weight"])),
        TensorId::FinalNorm => "model.norm.weight".to_owned(),
        TensorId::FinalNormBias => return None,
        TensorId::Block(layer, tensor) => {
            let name = match tensor {
                BlockTensor::AttentionNorm => "input_layernorm.weight",
                BlockTensor::Value => "self_attn.v_proj.weight",
                BlockTensor::ValueBias => "self_attn.v_proj.bias",
                BlockTensor::Output => "self_attn.o_proj.weight",
                BlockTensor::OutputBias => "self_attn.o_proj.bias",
                BlockTensor::MlpNorm => "post_attention_layernorm.weight",
                BlockTensor::Gate => "mlp.gate_proj.weight",
                BlockTensor::GateBias => "mlp.gate_proj.bias",
                BlockTensor::Up => "mlp.up_proj.weight",
                BlockTensor::UpBias => "mlp.up_proj.bias",
                BlockTensor::Down => "mlp.down_proj.weight",
                BlockTensor::DownBias => "mlp.down_proj.bias",
                BlockTensor::AttentionNormBias | BlockTensor::MlpNormBias => return None,
            };
            format!("model.layers.{layer}.{name}")
        }
    };
    Some(vec![linear(name, shape)])
}

/// The head: `lm_head.weight`, or the embedding it is tied to. Tied models are saved with either name.
fn head(config: &ModelConfig, shape: &[usize], embedding: &[&str]) -> Vec<Stored> {
    let tied = embedding.iter().copied().filter(|_| config.tied_head);
    tied.chain(["lm_head.weight"]).map(|name| linear(name.to_owned(), shape.to_vec())).collect()
}

/// A vector, or a matrix that the file has the other way around.
fn linear(name: String, mut shape: Vec<usize>) -> Stored {
    shape.reverse();
    let reading = if shape.len() == 2 { Reading::Transposed } else { Reading::AsIs };
    Stored { name, shape, reading }
}
