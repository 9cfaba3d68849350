//! Weights in `safetensors` files: one `model.safetensors`, or shards with `model.safetensors.index.json`.
//!
//! The files are mapped into memory (`map`) and only their headers are read on opening (`index`); a tensor is found
//! by what it does ([`TensorId`]), whatever its file calls it (`names`), and converted to `f32` in the
//! orientation `[in, out]` when it is asked for (`tensor`).

mod index;
mod map;
mod names;
mod tensor;

pub(crate) use index::unreadable;

use crate::{ModelConfig, ModelError, TensorId};
use index::Index;
use names::Stored;
use std::path::{Path, PathBuf};
use tensor::Format;

/// The weight files of a model, checked against its configuration.
#[derive(Debug)]
pub struct Weights {
    config: ModelConfig,
    index: Index,
}

impl Weights {
    /// Opens the weight files of a directory and checks that every tensor a model of this configuration needs is there,
    /// in the right shape and a format that is read.
    ///
    /// # Errors
    /// The first file or tensor that is missing or not as it should be.
    pub fn open(directory: &Path, config: &ModelConfig) -> Result<Self, ModelError> {
        let weights = Self { config: config.clone(), index: Index::open(directory)? };
        for id in config.tensors() {
            weights.find(id)?;
        }
        Ok(weights)
    }

    /// A tensor as `f32` numbers, row by row, in the shape that [`ModelConfig::shape`] states: matrices are
    /// `[in, out]`, whichever way the file has them. 16-bit numbers are widened exactly.
    ///
    /// # Errors
    /// When the model has no such tensor.
    pub fn tensor_f32(&self, id: TensorId) -> Result<Vec<f32>, ModelError> {
        let (stored, found) = self.find(id)?;
        Ok(tensor::read(found.bytes, found.format, &stored.shape, stored.reading))
    }

    /// The weight files, and the index where there are several.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.index.files()
    }

    fn find(&self, id: TensorId) -> Result<(Stored, Found<'_>), ModelError> {
        let mut candidates = names::stored(&self.config, id).ok_or(ModelError::NoSuchTensor(id))?;
        let place = candidates.iter().position(|stored| self.index.contains(&stored.name));
        // A missing one is called as the file would call it.
        let likely = || candidates.iter().position(|stored| self.index.has_beside(&stored.name));
        let place = place.or_else(likely).unwrap_or(0);
        let stored = candidates.swap_remove(place);
        let Some((path, info, bytes)) = self.index.tensor(&stored.name) else {
            return Err(ModelError::TensorMissing { path: self.index.path().to_owned(), name: stored.name });
        };
        if info.shape != stored.shape {
            return Err(ModelError::TensorShape {
                path: path.to_owned(),
                name: stored.name,
                found: info.shape.clone(),
                expected: stored.shape,
            });
        }
        let Some(format) = Format::new(info.dtype) else {
            return Err(ModelError::TensorFormat {
                path: PathBuf::from(path),
                name: stored.name,
                found: format!("{:?}", info.dtype),
            });
        };
        Ok((stored, Found { format, bytes }))
    }
}

/// A tensor as its file has it.
struct Found<'a> {
    format: Format,
    bytes: &'a [u8],
}
