//! The four modes on a stack of blocks: where the one-hot enters, and which blocks it passes.

use crate::{
    ForwardError,
    operations::{Linear, Norm, Operations},
    stack::Stack,
    weights::Loader,
};
use burn::tensor::{Int, Tensor, TensorData};
use std::sync::Arc;
use superposed_identity::{Mode, Precision};
use superposed_model::{ModelDirectory, TensorId};

/// All that is computed of a model.
pub(crate) struct Transformer<B: Operations> {
    device: B::Device,
    d_model: usize,
    stack: Stack<B>,
    norm: Norm<B>,
    head: Linear<B>,
}

impl<B: Operations> Transformer<B> {
    /// Reads the head and the last `resident` blocks.
    pub(crate) fn load(
        model: &Arc<ModelDirectory>,
        device: B::Device,
        precision: Precision,
        resident: u32,
    ) -> Result<Self, ForwardError> {
        let loader = Loader::<B>::new(model, &device, precision);
        let head = loader.head()?;
        let norm = loader.norm(TensorId::FinalNorm, TensorId::FinalNormBias)?;
        let stack = Stack::load(model, &device, precision, resident)?;
        let d_model = model.config().d_model as usize;
        Ok(Self { device, d_model, stack, norm, head })
    }

    /// The logits `[neurons, vocabulary]` of neurons of a layer, which must exist.
    pub(crate) fn logits(&self, mode: Mode, layer: usize, neurons: &[u32]) -> Result<Tensor<B, 2>, ForwardError> {
        let start = if mode.is_high() {
            // A one-hot times a matrix is a row of the matrix.
            self.stack.down_rows(layer, self.indices(neurons))?
        } else {
            self.one_hots(neurons)
        };
        let passed = match mode {
            Mode::HighContextual => layer + 1..self.stack.len(),
            Mode::HighIsolated => layer..layer,
            Mode::LowContextual => layer..self.stack.len(),
            Mode::LowIsolated => layer..layer + 1,
        };
        let end = self.stack.pass(passed, start)?;
        Ok(self.head.forward(B::norm(end, &self.norm)))
    }

    fn indices(&self, neurons: &[u32]) -> Tensor<B, 1, Int> {
        let ids: Vec<i64> = neurons.iter().map(|id| i64::from(*id)).collect();
        Tensor::from_data(TensorData::new(ids, [neurons.len()]), &self.device)
    }

    fn one_hots(&self, neurons: &[u32]) -> Tensor<B, 2> {
        let mut rows = vec![0f32; neurons.len() * self.d_model];
        for (row, id) in rows.chunks_exact_mut(self.d_model).zip(neurons) {
            row[*id as usize] = 1.0;
        }
        Tensor::from_data(TensorData::new(rows, [neurons.len(), self.d_model]), &self.device)
    }
}
