//! Checkpoints as `torch.save` writes them since PyTorch 1.6: a zip archive with a pickle that describes tensors, and
//! a file for the numbers of each. The files are not compressed, so that they can be mapped.

mod pickle;

use super::{map::map, tensor::Format};
use crate::ModelError;
use memmap2::Mmap;
use pickle::TensorView;
use rawzip::{CompressionMethod, ZipArchive};
use std::{
    collections::HashMap,
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

/// What checkpoints began with before they were zip archives: a pickle of a number.
const LEGACY: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/// A checkpoint, mapped. Its description has been read, its numbers have not.
pub(super) struct Checkpoint {
    path: PathBuf,
    map: Mmap,
    tensors: HashMap<String, TensorView>,
    /// Where in the file each storage lies.
    storages: HashMap<String, Range<usize>>,
}

/// The numbers of a tensor, row by row.
pub(super) struct Found<'a> {
    pub(super) shape: &'a [usize],
    pub(super) format: Format,
    pub(super) bytes: &'a [u8],
}

impl Checkpoint {
    pub(super) fn open(path: &Path) -> Result<Self, ModelError> {
        let map = map(path).map_err(ModelError::read(path))?;
        if map.starts_with(LEGACY) {
            return Err(ModelError::Format {
                directory: path.to_owned(),
                format: "a checkpoint in PyTorch's format before 1.6",
                remedy: "load it with `torch.load` and save it again with `torch.save`, then it is in the present one",
            });
        }
        let Contents { description, byte_order, storages } = Contents::list(path, &map)?;
        if byte_order.is_some_and(|range| map[range].starts_with(b"big")) {
            return Err(ModelError::checkpoint(path, "its numbers are big-endian"));
        }
        let tensors = pickle::read(&map[description]).map_err(|e| ModelError::checkpoint(path, e))?;
        Ok(Self { path: path.to_owned(), map, tensors: tensors.into_iter().collect(), storages })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|tensor| tensor.shape.as_slice())
    }

    /// A tensor's numbers.
    ///
    /// # Errors
    /// When there is no such tensor, its numbers are in a format that is not read, do not lie in the file row by row,
    /// or are not all there.
    pub(super) fn tensor(&self, name: &str) -> Result<Found<'_>, ModelError> {
        let Some(TensorView { storage, offset, shape, stride }) = self.tensors.get(name) else {
            return Err(ModelError::TensorMissing { path: self.path.clone(), name: name.to_owned() });
        };
        let format = match storage.class.as_str() {
            "FloatStorage" => Format::F32,
            "HalfStorage" => Format::F16,
            "BFloat16Storage" => Format::Bf16,
            other => {
                let found = other.strip_suffix("Storage").unwrap_or(other).to_owned();
                return Err(ModelError::TensorFormat { path: self.path.clone(), name: name.to_owned(), found });
            }
        };
        if !row_by_row(shape, stride) {
            let reason = format_args!("the numbers of tensor {name} do not lie row by row");
            return Err(ModelError::checkpoint(&self.path, reason));
        }
        let numbers = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
        let bytes = numbers.and_then(|numbers| {
            let end = offset.checked_add(numbers)?;
            let storage = &self.map[self.storages.get(&storage.key)?.clone()];
            storage.get(offset.checked_mul(format.size())?..end.checked_mul(format.size())?)
        });
        let Some(bytes) = bytes else {
            return Err(ModelError::weights(&self.path, format_args!("numbers of tensor {name} are not there")));
        };
        Ok(Found { shape, format, bytes })
    }
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint")
            .field("path", &self.path)
            .field("tensors", &self.tensors.len())
            .finish_non_exhaustive()
    }
}

/// What matters of an archive, by where it lies.
struct Contents {
    description: Range<usize>,
    byte_order: Option<Range<usize>>,
    storages: HashMap<String, Range<usize>>,
}

impl Contents {
    /// Lists an archive. All files are in one directory, which is named after whatever the checkpoint was first saved
    /// as.
    fn list(path: &Path, map: &[u8]) -> Result<Self, ModelError> {
        let damaged = |reason: &dyn fmt::Display| ModelError::weights(path, reason);
        let archive = ZipArchive::from_slice(map).map_err(|e| damaged(&e))?;
        let (mut description, mut byte_order, mut storages) = (None, None, HashMap::new());
        let mut entries = archive.entries();
        while let Some(entry) = entries.next_entry().map_err(|e| damaged(&e))? {
            let name = entry.file_path();
            let name = std::str::from_utf8(name.as_bytes()).unwrap_or_default();
            let Some((_, name)) = name.split_once('/') else { continue };
            if !(matches!(name, "data.pkl" | "byteorder") || name.starts_with("data/")) {
                continue;
            }
            if entry.compression_method() != CompressionMethod::STORE {
                return Err(ModelError::checkpoint(path, format_args!("{name} in it is compressed")));
            }
            let (start, end) = archive.get_entry(entry.wayfinder()).map_err(|e| damaged(&e))?.compressed_data_range();
            // The library has sliced the map with these bounds.
            let range = start as usize..end as usize;
            match name {
                "data.pkl" => description = Some(range),
                "byteorder" => byte_order = Some(range),
                _ => drop(storages.insert(name["data/".len()..].to_owned(), range)),
            }
        }
        let description = description.ok_or_else(|| ModelError::checkpoint(path, "it has no data.pkl"))?;
        Ok(Self { description, byte_order, storages })
    }
}

/// Whether numbers lie without gaps, those of the last dimension next to each other. How far apart the neighbours
/// along a dimension of one are means nothing.
fn row_by_row(shape: &[usize], stride: &[usize]) -> bool {
    let mut next = 1_usize;
    shape.len() == stride.len()
        && shape.iter().zip(stride).rev().all(|(size, stride)| {
            let fits = *size == 1 || *stride == next;
            next = next.saturating_mul(*size);
            fits
        })
}
