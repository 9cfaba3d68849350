//! From a model directory to tensors of a backend.

use crate::{
    ForwardError,
    operations::{Linear, Norm, NormKind, Operations, rounded_to},
};
use burn::tensor::{DType, Tensor, TensorData};
use superposed_identity::{LayerIndex, Precision};
use superposed_model::{Architecture, BlockTensor, ModelConfig, ModelDirectory, ModelError, TensorId};

/// Loads the tensors of a model onto a device.
pub(crate) struct Loader<'a, B: Operations> {
    model: &'a ModelDirectory,
    device: &'a B::Device,
    precision: Precision,
}

impl<'a, B: Operations> Loader<'a, B> {
    /// Loads the matrices of blocks in a precision.
    pub(crate) fn new(model: &'a ModelDirectory, device: &'a B::Device, precision: Precision) -> Self {
        Self { model, device, precision }
    }

    pub(crate) fn config(&self) -> &ModelConfig {
        self.model.config()
    }

    /// The projection to logits, which is not rounded.
    pub(crate) fn head(&self) -> Result<Linear<B>, ForwardError> {
        let precision = Precision::F32;
        Ok(Linear { weight: self.tensor(TensorId::Head, precision)?, bias: None, precision })
    }

    /// A projection of a block, with its bias when the model has one.
    pub(crate) fn linear(
        &self,
        layer: LayerIndex,
        weight: BlockTensor,
        bias: BlockTensor,
    ) -> Result<Linear<B>, ForwardError> {
        let precision = self.precision;
        let weight = self.tensor(TensorId::Block(layer, weight), precision)?;
        Ok(Linear { weight, bias: self.optional(TensorId::Block(layer, bias))?, precision })
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
        Ok(Norm { kind, scale: self.tensor(scale, Precision::F32)?, shift: self.optional(shift)?, epsilon })
    }

    fn optional(&self, id: TensorId) -> Result<Option<Tensor<B, 1>>, ForwardError> {
        self.config().shape(id).map(|_| self.tensor(id, Precision::F32)).transpose()
    }

    fn tensor<const D: usize>(&self, id: TensorId, precision: Precision) -> Result<Tensor<B, D>, ForwardError> {
        let shape = self.config().shape(id).ok_or(ModelError::NoSuchTensor(id))?;
        let data = TensorData::new(self.model.tensor_f32(id)?, shape);
        // Rounded on the host, so that only what stays there takes the device's memory.
        let dtype = rounded_to(precision).map_or(DType::F32, DType::from);
        Ok(Tensor::from_data(data.convert_dtype(dtype), (self.device, dtype)))
    }
}
