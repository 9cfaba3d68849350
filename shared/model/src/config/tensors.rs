//! The tensors a forward pass at one position needs, named by what they do, and their shapes.

use super::{Architecture, ModelConfig};
use superposed_identity::LayerIndex;

/// A tensor of a model, whatever the file calls it and however it is laid out there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TensorId {
    /// A tensor of a block.
    Block(LayerIndex, BlockTensor),
    /// The scale of the norm before the head, `[d_model]`.
    FinalNorm,
    /// The shift of the norm before the head, `[d_model]`: GPT-2 only.
    FinalNormBias,
    /// The head, `[d_model, vocabulary]`; the transposed token embedding where they are tied.
    Head,
}

/// A tensor that every block of a model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockTensor {
    /// The scale of the norm before the attention, `[d_model]`.
    AttentionNorm,
    /// Its shift: GPT-2 only.
    AttentionNormBias,
    /// V, `[d_model, kv_heads × head_dim]`.
    Value,
    /// V's bias.
    ValueBias,
    /// O, `[heads × head_dim, d_model]`.
    Output,
    /// O's bias.
    OutputBias,
    /// The scale of the norm before the feed-forward layer, `[d_model]`.
    MlpNorm,
    /// Its shift: GPT-2 only.
    MlpNormBias,
    /// The projection that gates, `[d_model, d_ff]`: LLaMA only (`gate_proj`, Meta's w1).
    Gate,
    /// The gate's bias.
    GateBias,
    /// The up-projection, `[d_model, d_ff]` (GPT-2's `c_fc`, LLaMA's `up_proj`, Meta's w3).
    Up,
    /// The up-projection's bias.
    UpBias,
    /// The down-projection, `[d_ff, d_model]` (GPT-2's `mlp.c_proj`, LLaMA's `down_proj`, Meta's w2).
    Down,
    /// The down-projection's bias.
    DownBias,
}

impl BlockTensor {
    /// All of them, in the order in which a block uses them.
    pub const ALL: [Self; 14] = [
        Self::AttentionNorm,
        Self::AttentionNormBias,
        Self::Value,
        Self::ValueBias,
        Self::Output,
        Self::OutputBias,
        Self::MlpNorm,
        Self::MlpNormBias,
        Self::Gate,
        Self::GateBias,
        Self::Up,
        Self::UpBias,
        Self::Down,
        Self::DownBias,
    ];
}

impl ModelConfig {
    /// The tensors a model of this configuration consists of, block by block.
    pub fn tensors(&self) -> impl Iterator<Item = TensorId> {
        (0..self.layers)
            .flat_map(|layer| BlockTensor::ALL.map(|tensor| TensorId::Block(LayerIndex(layer), tensor)))
            .chain([TensorId::FinalNorm, TensorId::FinalNormBias, TensorId::Head])
            .filter(|id| self.shape(*id).is_some())
    }

    /// The shape a tensor comes in: `[n]` or, for matrices, `[in, out]`. `None` when a model of this configuration has
    /// no such tensor.
    #[must_use]
    pub fn shape(&self, id: TensorId) -> Option<Vec<usize>> {
        let [d_model, d_ff, vocabulary] = [self.d_model, self.d_ff, self.vocabulary].map(|n| n as usize);
        let queries = self.heads as usize * self.head_dim as usize;
        let values = self.kv_heads as usize * self.head_dim as usize;
        let gpt2 = self.architecture == Architecture::Gpt2;
        let (present, shape) = match id {
            TensorId::Head => (true, vec![d_model, vocabulary]),
            TensorId::FinalNorm => (true, vec![d_model]),
            TensorId::FinalNormBias => (gpt2, vec![d_model]),
            TensorId::Block(layer, tensor) => {
                let (present, shape) = match tensor {
                    BlockTensor::AttentionNorm | BlockTensor::MlpNorm => (true, vec![d_model]),
                    BlockTensor::AttentionNormBias | BlockTensor::MlpNormBias => (gpt2, vec![d_model]),
                    BlockTensor::Value => (true, vec![d_model, values]),
                    BlockTensor::ValueBias => (self.value_bias, vec![values]),
                    BlockTensor::Output => (true, vec![queries, d_model]),
                    BlockTensor::OutputBias => (self.output_bias, vec![d_model]),
                    BlockTensor::Gate => (!gpt2, vec![d_model, d_ff]),
                    BlockTensor::GateBias => (!gpt2 && self.mlp_bias, vec![d_ff]),
                    BlockTensor::Up => (true, vec![d_model, d_ff]),
                    BlockTensor::UpBias => (self.mlp_bias, vec![d_ff]),
                    BlockTensor::Down => (true, vec![d_ff, d_model]),
                    BlockTensor::DownBias => (self.mlp_bias, vec![d_model]),
                };
                (present && layer.0 < self.layers, shape)
            }
        };
        present.then_some(shape)
    }
}
