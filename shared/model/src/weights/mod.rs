//! Weights: `safetensors` files, one or sharded, or Meta's `consolidated.*.pth`.
//!
//! The files are mapped into memory (`map`) and only their headers are read on opening (`safetensors`, `torch`); a
//! tensor is found by what it does ([`TensorId`]), whatever its file calls it (`names`, `meta`), and converted to `f32`
//! in the orientation `[in, out]` when it is asked for (`tensor`).

mod map;
mod meta;
mod names;
mod safetensors;
mod tensor;
mod torch;

pub use self::safetensors::shards_of_index;

use self::safetensors::SafeTensorFiles;
use crate::{BlockTensor, Layout, ModelConfig, ModelError, TensorId, layout::CONFIG};
use meta::MetaFiles;
use names::Stored;
use std::path::{Path, PathBuf};
use superposed_identity::LayerIndex;
use tensor::Format;

/// The weight files of a model, checked against its configuration.
#[derive(Debug)]
pub struct Weights {
    config: ModelConfig,
    files: Files,
}

#[derive(Debug)]
enum Files {
    SafeTensors(SafeTensorFiles),
    Meta(MetaFiles),
}

impl Weights {
    /// Opens the sizes and the weights of a directory in this layout, and checks that every tensor such a model needs
    /// is there, in the right shape and a format that is read.
    ///
    /// # Errors
    /// The first file or tensor that is missing or not as it should be.
    pub fn open(directory: &Path, layout: &Layout) -> Result<Self, ModelError> {
        let config = directory.join(layout.config());
        let weights = match layout {
            Layout::SafeTensors => Self {
                config: ModelConfig::load(&config)?,
                files: Files::SafeTensors(SafeTensorFiles::open(directory)?),
            },
            Layout::ShardedSafeTensors => Self {
                config: ModelConfig::load(&config)?,
                files: Files::SafeTensors(SafeTensorFiles::open_sharded(directory)?),
            },
            Layout::Meta { .. } => {
                let files = MetaFiles::open(directory, &layout.weights())?;
                let config = ModelConfig::load_meta(&config, files.tied_head(), |width| files.vocabulary(width))?;
                Self { config, files: Files::Meta(files) }
            }
        };
        for id in weights.config.tensors() {
            match &weights.files {
                Files::SafeTensors(files) => drop(weights.find(files, id)?),
                Files::Meta(files) => files.check(&weights.config, id)?,
            }
        }
        weights.check_no_further_block(&directory.join(layout.config()))?;
        Ok(weights)
    }

    /// Refuses a configuration with fewer blocks than the files have: the logits would be those of no model.
    fn check_no_further_block(&self, config: &Path) -> Result<(), ModelError> {
        let blocks = self.config.layers;
        let longer = ModelConfig { layers: blocks + 1, ..self.config.clone() };
        let further = TensorId::Block(LayerIndex(blocks), BlockTensor::Down);
        let is_there = match &self.files {
            Files::SafeTensors(files) => names::stored(&longer, further)
                .is_some_and(|candidates| candidates.iter().any(|stored| files.contains(&stored.name))),
            Files::Meta(files) => files.check(&longer, further).is_ok(),
        };
        if is_there {
            let reason = format!(
                "it says that the model has {blocks} blocks, but the weights have more: put the configuration there \
                 that belongs to them"
            );
            return Err(ModelError::config(config, reason));
        }
        Ok(())
    }

    /// The sizes of the model.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// A tensor as `f32` numbers, row by row, in the shape that [`ModelConfig::shape`] states: matrices are
    /// `[in, out]`, whichever way the file has them. 16-bit numbers are widened exactly.
    ///
    /// # Errors
    /// When the model has no such tensor.
    pub fn tensor_f32(&self, id: TensorId) -> Result<Vec<f32>, ModelError> {
        match &self.files {
            Files::SafeTensors(files) => {
                let (stored, found) = self.find(files, id)?;
                Ok(tensor::read(found.bytes, found.format, &stored.shape, stored.reading))
            }
            Files::Meta(files) => files.tensor_f32(&self.config, id),
        }
    }

    /// The weight files, and the index where there is one.
    pub fn files(&self) -> Vec<PathBuf> {
        match &self.files {
            Files::SafeTensors(files) => files.files().map(Path::to_owned).collect(),
            Files::Meta(files) => files.files().map(Path::to_owned).collect(),
        }
    }

    fn find<'a>(&self, files: &'a SafeTensorFiles, id: TensorId) -> Result<(Stored, Found<'a>), ModelError> {
        let mut candidates = names::stored(&self.config, id).ok_or(ModelError::NoSuchTensor(id))?;
        let place = candidates.iter().position(|stored| files.contains(&stored.name));
        // A missing one is called as the file would call it.
        let likely = || candidates.iter().position(|stored| files.has_beside(&stored.name));
        let place = place.or_else(likely).unwrap_or(0);
        let stored = candidates.swap_remove(place);
        let Some((path, info, bytes)) = files.tensor(&stored.name) else {
            return Err(ModelError::TensorMissing { path: files.path().to_owned(), name: stored.name });
        };
        if info.shape != stored.shape {
            return Err(ModelError::TensorShape {
                path: path.to_owned(),
                name: stored.name,
                found: info.shape.clone(),
                expected: stored.shape,
                config: CONFIG.to_owned(),
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
