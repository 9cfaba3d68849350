//! A block of GPT-2 at one position: layer norms before the parts, GELU (tanh) between, biases everywhere.

use crate::{
    ForwardError,
    operations::{Linear, Norm, Operations},
    weights::Loader,
};
use burn::tensor::Tensor;
use superposed_identity::LayerIndex;
use superposed_model::BlockTensor as T;

/// The weights of a block, without Q and K: over one position the softmax is 1.
pub(crate) struct Block<B: Operations> {
    attention_norm: Norm<B>,
    value: Linear<B>,
    output: Linear<B>,
    mlp_norm: Norm<B>,
    up: Linear<B>,
    pub(crate) down: Linear<B>,
}

impl<B: Operations> Block<B> {
    pub(crate) fn load(loader: &Loader<'_, B>, layer: LayerIndex) -> Result<Self, ForwardError> {
        Ok(Self {
            attention_norm: loader.block_norm(layer, T::AttentionNorm, T::AttentionNormBias)?,
            value: loader.linear(layer, T::Value, T::ValueBias)?,
            output: loader.linear(layer, T::Output, T::OutputBias)?,
            mlp_norm: loader.block_norm(layer, T::MlpNorm, T::MlpNormBias)?,
            up: loader.linear(layer, T::Up, T::UpBias)?,
            down: loader.linear(layer, T::Down, T::DownBias)?,
        })
    }

    pub(crate) fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let attention = self.output.forward(self.value.forward(B::norm(x.clone(), &self.attention_norm)));
        let x = x + attention;
        let hidden = B::gelu_tanh(self.up.forward(B::norm(x.clone(), &self.mlp_norm)));
        x + self.down.forward(hidden)
    }
}
