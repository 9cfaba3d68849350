//! From a model directory to tensors of a backend.

use crate::{
    ForwardError,
    operations::{Linear, Norm, NormKind, Operations},
};
use burn::tensor::{Tensor, TensorData};
use superposed_identity::LayerIndex;
use superposed_model::{Architecture, BlockTensor, ModelConfig, ModelDirectory, ModelError, TensorId};

/// Loads the tensors of a model onto a device.
pub(crate) struct Loader<'a, B: Operations> {
    model: &'a ModelDirectory,
    device: &'a B::Device,
}

impl<'a, B: Operations> Loader<'a, B> {
    pub(crate) fn new(model: &'a ModelDirectory, device: &'a B::Device) -> Self {
        Self { model, device }
    }

    pub(crate) fn config(&self) -> &ModelConfig {
        self.model.config()
    }

    /// A matrix `[in, out]`.
    pub(crate) fn matrix(&self, id: TensorId) -> Result<Tensor<B, 2>, ForwardError> {
        self.tensor(id)
    }

    /// A projection of a block, with its bias when the model has one.
    pub(crate) fn linear(
        &self,
        layer: LayerIndex,
        weight: BlockTensor,
        bias: BlockTensor,
    ) -> Result<Linear<B>, ForwardError> {
        let weight = self.matrix(TensorId::Block(layer, weight))?;
        Ok(Linear { weight, bias: self.optional(TensorId::Block(layer, bias))? })
    }

    /// A norm of a block, of the kind the architecture has.
    pub(crate) fn block_norm(
        &self,
        layer: LayerIndex,
        scale: BlockTensor,
        shift: BlockTensor,
    ) -> Result<Norm<B>, ForwardError> {
        self.norm(TensorId::Block(layer, scale), TensorId::Block(layer, shift))
    }

    pub(crate) fn norm(&self, scale: TensorId, shift: TensorId) -> Result<Norm<B>, ForwardError> {
        let kind = match self.config().architecture {
            Architecture::Gpt2 => NormKind::Layer,
            Architecture::Llama => NormKind::Rms,
        };
        let epsilon = self.config().norm_epsilon;
        Ok(Norm { kind, scale: self.tensor(scale)?, shift: self.optional(shift)?, epsilon })
    }

    fn optional(&self, id: TensorId) -> Result<Option<Tensor<B, 1>>, ForwardError> {
        self.config().shape(id).map(|_| self.tensor(id)).transpose()
    }

    fn tensor<const D: usize>(&self, id: TensorId) -> Result<Tensor<B, D>, ForwardError> {
        let shape = self.config().shape(id).ok_or(ModelError::NoSuchTensor(id))?;
        let data = TensorData::new(self.model.tensor_f32(id)?, shape);
        Ok(Tensor::from_data(data, self.device))
    }
}
