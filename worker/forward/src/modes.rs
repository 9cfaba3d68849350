//! The four modes on a stack of blocks: where the one-hot enters, and which blocks it passes.

use crate::{
    ForwardError, gpt2, llama,
    operations::{Linear, Norm, Operations},
    weights::Loader,
};
use burn::tensor::{Int, Tensor, TensorData};
use superposed_identity::{LayerIndex, Mode};
use superposed_model::{Architecture, ModelDirectory, TensorId};

/// All that is computed of a model.
pub(crate) struct Transformer<B: Operations> {
    device: B::Device,
    d_model: usize,
    blocks: Vec<Block<B>>,
    norm: Norm<B>,
    head: Linear<B>,
}

enum Block<B: Operations> {
    Gpt2(gpt2::Block<B>),
    Llama(llama::Block<B>),
}

impl<B: Operations> Block<B> {
    /// The residual stream after the block, `[rows, d_model]` as before it.
    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        match self {
            Self::Gpt2(block) => block.forward(x),
            Self::Llama(block) => block.forward(x),
        }
    }

    fn down(&self) -> &Linear<B> {
        match self {
            Self::Gpt2(block) => &block.down,
            Self::Llama(block) => &block.down,
        }
    }
}

impl<B: Operations> Transformer<B> {
    pub(crate) fn load(model: &ModelDirectory, device: B::Device) -> Result<Self, ForwardError> {
        let loader = Loader::<B>::new(model, &device);
        let blocks = (0..model.config().layers)
            .map(LayerIndex)
            .map(|layer| match model.config().architecture {
                Architecture::Gpt2 => gpt2::Block::load(&loader, layer).map(Block::Gpt2),
                Architecture::Llama => llama::Block::load(&loader, layer).map(Block::Llama),
            })
            .collect::<Result<_, _>>()?;
        let norm = loader.norm(TensorId::FinalNorm, TensorId::FinalNormBias)?;
        let head = Linear { weight: loader.matrix(TensorId::Head)?, bias: None };
        let d_model = model.config().d_model as usize;
        Ok(Self { device, d_model, blocks, norm, head })
    }

    /// The logits `[neurons, vocabulary]` of neurons of a layer, which must exist.
    pub(crate) fn logits(&self, mode: Mode, layer: usize, neurons: &[u32]) -> Tensor<B, 2> {
        let start = if mode.is_high() {
            // A one-hot times a matrix is a row of the matrix.
            self.blocks[layer].down().rows(self.indices(neurons))
        } else {
            self.one_hots(neurons)
        };
        let passed = match mode {
            Mode::HighContextual => layer + 1..self.blocks.len(),
            Mode::HighIsolated => layer..layer,
            Mode::LowContextual => layer..self.blocks.len(),
            Mode::LowIsolated => layer..layer + 1,
        };
        let end = self.blocks[passed].iter().fold(start, |x, block| block.forward(x));
        self.head.forward(B::norm(end, &self.norm))
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
