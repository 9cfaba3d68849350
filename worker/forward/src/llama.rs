//! A block of the LLaMA family at one position: RMS norms before the parts, SwiGLU between, biases where the model has
//! them.

use crate::{
    ForwardError,
    operations::{Linear, Norm, Operations},
    weights::Loader,
};
use burn::tensor::Tensor;
use superposed_identity::LayerIndex;
use superposed_model::BlockTensor as T;

/// The weights of a block, without Q and K: over one position the softmax is 1, and rotary embeddings turn nothing that
/// is left.
pub(crate) struct Block<B: Operations> {
    attention_norm: Norm<B>,
    value: Linear<B>,
    heads: ValueHeads,
    output: Linear<B>,
    mlp_norm: Norm<B>,
    gate: Linear<B>,
    up: Linear<B>,
    pub(crate) down: Linear<B>,
}

/// How query heads share value heads.
struct ValueHeads {
    count: usize,
    width: usize,
    /// How many query heads read each.
    readers: usize,
}

impl<B: Operations> Block<B> {
    pub(crate) fn load(loader: &Loader<'_, B>, layer: LayerIndex) -> Result<Self, ForwardError> {
        let config = loader.config();
        Ok(Self {
            attention_norm: loader.block_norm(layer, T::AttentionNorm, T::AttentionNormBias)?,
            value: loader.linear(layer, T::Value, T::ValueBias)?,
            heads: ValueHeads {
                count: config.kv_heads as usize,
                width: config.head_dim as usize,
                readers: (config.heads / config.kv_heads) as usize,
            },
            output: loader.linear(layer, T::Output, T::OutputBias)?,
            mlp_norm: loader.block_norm(layer, T::MlpNorm, T::MlpNormBias)?,
            gate: loader.linear(layer, T::Gate, T::GateBias)?,
            up: loader.linear(layer, T::Up, T::UpBias)?,
            down: loader.linear(layer, T::Down, T::DownBias)?,
        })
    }

    pub(crate) fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let values = self.value.forward(B::norm(x.clone(), &self.attention_norm));
        let x = x + self.output.forward(self.heads.read(values));
        let normed = B::norm(x.clone(), &self.mlp_norm);
        let hidden = B::swiglu(self.gate.forward(normed.clone()), self.up.forward(normed));
        x + self.down.forward(hidden)
    }
}

impl ValueHeads {
    /// What the query heads read, side by side: each value head once for every reader.
    fn read<B: Operations>(&self, values: Tensor<B, 2>) -> Tensor<B, 2> {
        if self.readers == 1 {
            return values;
        }
        let [rows, _] = values.dims();
        let Self { count, width, readers } = *self;
        values.reshape([rows, count, 1, width]).repeat_dim(2, readers).reshape([rows, count * readers * width])
    }
}
