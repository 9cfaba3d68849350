//! The blocks of a model: those that stay on the device, and those that are read when a pass needs them.

use crate::{
    ForwardError, gpt2, llama,
    operations::{Linear, Operations},
    weights::Loader,
};
use burn::tensor::{Int, Tensor};
use std::{ops::Range, sync::Arc};
use superposed_identity::{LayerIndex, Precision};
use superposed_model::{Architecture, BlockTensor, ModelDirectory};

/// The blocks, in their order.
pub(crate) struct Stack<B: Operations> {
    model: Arc<ModelDirectory>,
    device: B::Device,
    precision: Precision,
    /// The last ones, which stay.
    resident: Vec<Block<B>>,
}

enum Block<B: Operations> {
    Gpt2(gpt2::Block<B>),
    Llama(llama::Block<B>),
}

impl<B: Operations> Block<B> {
    fn load(loader: &Loader<'_, B>, layer: LayerIndex) -> Result<Self, ForwardError> {
        Ok(match loader.config().architecture {
            Architecture::Gpt2 => Self::Gpt2(gpt2::Block::load(loader, layer)?),
            Architecture::Llama => Self::Llama(llama::Block::load(loader, layer)?),
        })
    }

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

impl<B: Operations> Stack<B> {
    /// Reads the last `resident` blocks, which then stay on the device.
    pub(crate) fn load(
        model: &Arc<ModelDirectory>,
        device: &B::Device,
        precision: Precision,
        resident: u32,
    ) -> Result<Self, ForwardError> {
        let mut stack = Self { model: Arc::clone(model), device: device.clone(), precision, resident: Vec::new() };
        let layers = model.config().layers;
        stack.resident = (layers.saturating_sub(resident)..layers)
            .map(|layer| Block::load(&stack.loader(), LayerIndex(layer)))
            .collect::<Result<_, _>>()?;
        Ok(stack)
    }

    pub(crate) fn len(&self) -> usize {
        self.model.config().layers as usize
    }

    /// What passes the blocks of a range: the residual stream, `[rows, d_model]`.
    pub(crate) fn pass(&self, blocks: Range<usize>, x: Tensor<B, 2>) -> Result<Tensor<B, 2>, ForwardError> {
        blocks.into_iter().try_fold(x, |x, layer| match self.resident(layer) {
            Some(block) => Ok(block.forward(x)),
            None => Ok(Block::load(&self.loader(), layer_index(layer))?.forward(x)),
        })
    }

    /// Rows of a block's down-projection: what a one-hot there adds to the residual stream.
    pub(crate) fn down_rows(&self, layer: usize, neurons: Tensor<B, 1, Int>) -> Result<Tensor<B, 2>, ForwardError> {
        match self.resident(layer) {
            Some(block) => Ok(block.down().rows(neurons)),
            None => {
                let (weight, bias) = (BlockTensor::Down, BlockTensor::DownBias);
                Ok(self.loader().linear(layer_index(layer), weight, bias)?.rows(neurons))
            }
        }
    }

    fn resident(&self, layer: usize) -> Option<&Block<B>> {
        let first = self.len() - self.resident.len();
        layer.checked_sub(first).map(|place| &self.resident[place])
    }

    fn loader(&self) -> Loader<'_, B> {
        Loader::new(&self.model, &self.device, self.precision)
    }
}

fn layer_index(layer: usize) -> LayerIndex {
    LayerIndex(u32::try_from(layer).expect("a model has fewer than 2^32 layers"))
}
