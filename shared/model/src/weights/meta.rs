//! Meta's checkpoints: `consolidated.00.pth` and so on, over which each matrix is split for as many devices.
//!
//! Layers that the devices run side by side have a part of their outputs each (w1, w3, wq, wk, wv, the head), those
//! that join what came out have a part of their inputs (w2, wo), and norms are whole on every device. The
//! embedding, which is needed when the head is tied to it, is split along its width in LLaMA 1 and 2 and along the
//! vocabulary in LLaMA 3.

use super::{
    tensor::{self, Part},
    torch::{Checkpoint, Found},
};
use crate::{BlockTensor, ModelConfig, ModelError, TensorId};
use std::path::Path;

const HEAD: &str = "output.weight";
const EMBEDDING: &str = "tok_embeddings.weight";

/// The shards of a checkpoint.
#[derive(Debug)]
pub(super) struct MetaFiles {
    shards: Vec<Checkpoint>,
}

/// Along which of its two dimensions a matrix `[out, in]` is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Split {
    Out,
    In,
    /// Which of them it is, the shapes say.
    Either,
    /// Not at all: every shard has all of it.
    Whole,
}

impl MetaFiles {
    pub(super) fn open(directory: &Path, files: &[String]) -> Result<Self, ModelError> {
        let shards = files.iter().map(|name| Checkpoint::open(&directory.join(name))).collect::<Result<_, _>>()?;
        Ok(Self { shards })
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.shards.iter().map(Checkpoint::path)
    }

    /// Whether the head is the token embedding.
    pub(super) fn tied_head(&self) -> bool {
        self.shards[0].shape(HEAD).is_none()
    }

    /// How many logits the head has, for configurations that leave it to the tokenizer. `width` is that of the residual
    /// stream.
    ///
    /// # Errors
    /// When there is no head, nor an embedding that could be one.
    pub(super) fn vocabulary(&self, width: usize) -> Result<usize, ModelError> {
        let name = if self.tied_head() { EMBEDDING } else { HEAD };
        let shapes = self.shards.iter().map(|shard| match shard.shape(name) {
            Some(&[rows, columns]) => Ok((rows, columns)),
            _ => Err(ModelError::TensorMissing { path: shard.path().to_owned(), name: name.to_owned() }),
        });
        let shapes = shapes.collect::<Result<Vec<_>, _>>()?;
        // Narrower than the stream it is split along its width, and all shards have every row.
        Ok(if shapes[0].1 < width { shapes[0].0 } else { shapes.iter().map(|(rows, _)| rows).sum() })
    }

    /// Checks that a tensor is there, in the right shape and a format that is read.
    pub(super) fn check(&self, config: &ModelConfig, id: TensorId) -> Result<(), ModelError> {
        self.parts(config, id).map(|_| ())
    }

    /// The tensor, `[in, out]`.
    pub(super) fn tensor_f32(&self, config: &ModelConfig, id: TensorId) -> Result<Vec<f32>, ModelError> {
        let (shape, split, parts) = self.parts(config, id)?;
        Ok(match (shape.as_slice(), split) {
            (&[input, output], Split::Out) => tensor::join_outputs(&parts, [input, output]),
            (&[input, output], Split::In) => tensor::join_inputs(&parts, [input, output]),
            _ => tensor::vector(&parts[0]),
        })
    }

    /// The shape that is wanted, and the parts that the shards have of it.
    fn parts(&self, config: &ModelConfig, id: TensorId) -> Result<(Vec<usize>, Split, Vec<Part<'_>>), ModelError> {
        let wanted = config.shape(id).ok_or(ModelError::NoSuchTensor(id))?;
        let (name, split) = self.stored(id).ok_or(ModelError::NoSuchTensor(id))?;
        let shards = self.shards.iter().map(|shard| Ok((shard, shard.tensor(&name)?)));
        let mut shards = shards.collect::<Result<Vec<_>, ModelError>>()?;
        let all = shards.len();
        let (heads, head_dim) = (config.kv_heads as usize, config.head_dim as usize);
        if id_is_value(id) && all > heads && all.is_multiple_of(heads) && shards[0].1.shape.first() == Some(&head_dim) {
            // More devices than value heads: neighbours have the same one.
            shards = shards.into_iter().step_by(all / heads).collect();
        }
        let count = shards.len();
        let split = match (split, wanted.as_slice()) {
            (Split::Either, [input, _]) if count > 1 && shards[0].1.shape.get(1) == Some(&(input / count)) => Split::In,
            (Split::Either, _) => Split::Out,
            (split, _) => split,
        };
        let expected = match (split, wanted.as_slice()) {
            (Split::Out, [input, output]) => vec![output / count, *input],
            (Split::In, [input, output]) => vec![*output, input / count],
            _ => wanted.clone(),
        };
        let divides = match (split, wanted.as_slice()) {
            (Split::Out, [_, output]) => output.is_multiple_of(count),
            (Split::In, [input, _]) => input.is_multiple_of(count),
            _ => true,
        };
        if let Some((shard, found)) = shards.iter().find(|(_, found)| !divides || found.shape != expected) {
            return Err(ModelError::TensorShape {
                path: shard.path().to_owned(),
                name,
                found: found.shape.to_vec(),
                expected,
                config: if all == 1 { "params.json".to_owned() } else { format!("params.json with {all} shards") },
            });
        }
        let parts = shards.into_iter().map(|(_, Found { format, bytes, .. })| Part { bytes, format }).collect();
        Ok((wanted, split, parts))
    }

    /// What Meta calls a tensor, and how it is split. `None` when there is no such tensor.
    fn stored(&self, id: TensorId) -> Option<(String, Split)> {
        Some(match id {
            TensorId::Head if self.tied_head() => (EMBEDDING.to_owned(), Split::Either),
            TensorId::Head => (HEAD.to_owned(), Split::Out),
            TensorId::FinalNorm => ("norm.weight".to_owned(), Split::Whole),
            TensorId::FinalNormBias => return None,
            TensorId::Block(layer, tensor) => {
                let (name, split) = match tensor {
                    BlockTensor::AttentionNorm => ("attention_norm", Split::Whole),
                    BlockTensor::Value => ("attention.wv", Split::Out),
                    BlockTensor::Output => ("attention.wo", Split::In),
                    BlockTensor::MlpNorm => ("ffn_norm", Split::Whole),
                    BlockTensor::Gate => ("feed_forward.w1", Split::Out),
                    BlockTensor::Up => ("feed_forward.w3", Split::Out),
                    BlockTensor::Down => ("feed_forward.w2", Split::In),
                    _ => return None,
                };
                (format!("layers.{layer}.{name}.weight"), split)
            }
        })
    }
}

fn id_is_value(id: TensorId) -> bool {
    matches!(id, TensorId::Block(_, BlockTensor::Value))
}
