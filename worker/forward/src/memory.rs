//! How much memory a model takes on its device, and how many of its blocks stay there.
//!
//! A contextual mode of layer L passes the blocks from L on, so the last block is passed most often and the first one
//! least. Where not all blocks fit, the last ones stay on the device, and each of the others is read anew for every pass
//! that needs it: the same arithmetic and the same results, slower.

use crate::ForwardError;
use superposed_identity::{LayerIndex, Precision};
use superposed_model::{Architecture, BlockTensor, ModelConfig, TensorId};

/// Bytes of an `f32`.
const F32: u64 = 4;

/// What a model takes on its device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryPlan {
    /// Blocks that stay on the device, the last ones of the model.
    pub resident: u32,
    /// Blocks of the model.
    pub blocks: u32,
    /// Bytes of a block.
    pub block: u64,
    /// Bytes of the head and the final norm.
    pub head: u64,
    /// Bytes that a pass takes beside weights and logits, at its greatest.
    pub pass: u64,
    /// Bytes of the logits of a pass.
    pub logits: u64,
}

impl MemoryPlan {
    /// Plans for passes of `batch` rows, with at most `most` bytes if that is given.
    ///
    /// # Errors
    /// When not even a model without resident blocks fits, with the bytes that it needs.
    pub fn new(
        config: &ModelConfig,
        precision: Precision,
        batch: usize,
        most: Option<u64>,
    ) -> Result<Self, ForwardError> {
        let all = Self::of_everything(config, precision, batch);
        let Some(most) = most.filter(|most| *most < all.peak()) else { return Ok(all) };
        let none = Self { resident: 0, ..all };
        let left = most.checked_sub(none.peak()).ok_or_else(|| ForwardError::DoesNotFit {
            class: config.class.clone(),
            parameters: config.parameters(),
            batch,
            needed: none.peak(),
            all: none.everything(),
            most,
        })?;
        let resident = u32::try_from(left / none.block.max(1)).unwrap_or(u32::MAX).min(none.blocks);
        Ok(Self { resident, ..none })
    }

    fn of_everything(config: &ModelConfig, precision: Precision, batch: usize) -> Self {
        let numbers =
            |id: TensorId| -> u64 { config.shape(id).map_or(0, |shape| shape.into_iter().map(|n| n as u64).product()) };
        let bytes = |tensor: BlockTensor| {
            let id = TensorId::Block(LayerIndex(0), tensor);
            let matrix = config.shape(id).is_some_and(|shape| shape.len() == 2);
            numbers(id) * if matrix { precision.bytes() } else { F32 }
        };
        let block = BlockTensor::ALL.into_iter().map(bytes).sum();
        let head =
            F32 * [TensorId::Head, TensorId::FinalNorm, TensorId::FinalNormBias].into_iter().map(numbers).sum::<u64>();
        let [d_model, d_ff] = [config.d_model, config.d_ff].map(u64::from);
        // A gated unit has two matrices side by side before its activation; the other one has one.
        let hidden = match config.architecture {
            Architecture::Gpt2 => 1,
            Architecture::Llama => 2,
        };
        // The residual stream, its norm, a projection, and the hidden layer, each with the copy that is rounded.
        let row = (3 * d_model + hidden * d_ff) * F32 + rounded(precision, d_model + hidden * d_ff);
        // Where the cores multiply rounded matrices they widen one at a time; every matrix passes through an `f32` copy
        // when it is read.
        let widened = match precision {
            Precision::F32 => 0,
            Precision::Bf16 | Precision::F16 => F32 * d_model * d_ff,
        };
        Self {
            resident: config.layers,
            blocks: config.layers,
            block,
            head,
            pass: batch as u64 * row + widened,
            logits: batch as u64 * u64::from(config.vocabulary) * F32,
        }
    }

    /// Bytes of the weights that stay on the device.
    #[must_use]
    pub fn weights(&self) -> u64 {
        self.head + u64::from(self.resident) * self.block
    }

    /// Bytes of weights and passes together, at their greatest: with the block that was read for the pass, if some are.
    #[must_use]
    pub fn peak(&self) -> u64 {
        let read = if self.resident < self.blocks { self.block } else { 0 };
        self.weights() + read + self.pass + self.logits
    }

    fn everything(&self) -> u64 {
        Self { resident: self.blocks, ..self.clone() }.peak()
    }
}

fn rounded(precision: Precision, numbers: u64) -> u64 {
    match precision {
        Precision::F32 => 0,
        Precision::Bf16 | Precision::F16 => numbers * precision.bytes(),
    }
}
