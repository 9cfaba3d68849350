//! `safetensors` files, one or shards with an index, and which tensor lies where in them.

use super::map::map;
use crate::{
    ModelError,
    layout::{INDEX, SINGLE},
};
use memmap2::Mmap;
use safetensors::{SafeTensors, tensor::TensorInfo};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt, fs,
    path::{Path, PathBuf},
};

/// The tensors of one or several `safetensors` files.
pub(super) struct SafeTensorFiles {
    /// The file that stands for all: the single one, or the index.
    path: PathBuf,
    shards: Vec<Shard>,
    /// By name: the shard, and what its header says.
    tensors: HashMap<String, (usize, TensorInfo)>,
}

struct Shard {
    path: PathBuf,
    map: Mmap,
    /// Where the header ends and the offsets of tensors begin.
    data: usize,
}

/// The part of `model.safetensors.index.json` that matters: the file of each tensor.
#[derive(Deserialize)]
struct ShardList {
    weight_map: BTreeMap<String, String>,
}

impl SafeTensorFiles {
    /// Opens `model.safetensors`.
    pub(super) fn open(directory: &Path) -> Result<Self, ModelError> {
        let single = directory.join(SINGLE);
        Self::read(single.clone(), vec![single])
    }

    /// Opens the shards that `model.safetensors.index.json` names.
    pub(super) fn open_sharded(directory: &Path) -> Result<Self, ModelError> {
        let path = directory.join(INDEX);
        let index = fs::read(&path).map_err(ModelError::read(&path))?;
        let shards = shards_of_index(&path, &index)?.into_iter().map(|name| directory.join(name)).collect();
        Self::read(path, shards)
    }

    fn read(path: PathBuf, files: Vec<PathBuf>) -> Result<Self, ModelError> {
        let mut index = Self { path, shards: Vec::with_capacity(files.len()), tensors: HashMap::new() };
        for (shard, path) in files.into_iter().enumerate() {
            if !path.is_file() {
                let remedy = "model.safetensors.index.json names it; fetch it from where the model came from";
                return Err(ModelError::Missing { path, remedy });
            }
            let map = map(&path).map_err(ModelError::read(&path))?;
            // Checks that the tensors fill the file to its last byte, so no later slice can fail.
            let (header, metadata) = SafeTensors::read_metadata(&map).map_err(|e| ModelError::weights(&path, e))?;
            for (name, info) in metadata.tensors() {
                index.tensors.insert(name, (shard, info.clone()));
            }
            index.shards.push(Shard { path, map, data: size_of::<u64>() + header });
        }
        Ok(index)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// Whether there are tensors whose names start with the same part as this one.
    pub(super) fn has_beside(&self, name: &str) -> bool {
        let first = |name: &str| name.split('.').next().map(str::to_owned);
        self.tensors.keys().any(|other| first(other) == first(name))
    }

    /// A tensor's file, description and bytes.
    pub(super) fn tensor(&self, name: &str) -> Option<(&Path, &TensorInfo, &[u8])> {
        let (shard, info) = self.tensors.get(name)?;
        let shard = &self.shards[*shard];
        let (start, end) = info.data_offsets;
        Some((&shard.path, info, &shard.map[shard.data + start..shard.data + end]))
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let index = Some(self.path.as_path()).filter(|path| path.ends_with(INDEX));
        index.into_iter().chain(self.shards.iter().map(|shard| shard.path.as_path()))
    }
}

impl fmt::Debug for SafeTensorFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SafeTensorFiles")
            .field("path", &self.path)
            .field("tensors", &self.tensors.len())
            .finish_non_exhaustive()
    }
}

/// The files that a `model.safetensors.index.json` names; `path` is only for what is said of it.
///
/// # Errors
/// When it is no such index, or names what cannot be a file beside it.
pub fn shards_of_index(path: &Path, index: &[u8]) -> Result<BTreeSet<String>, ModelError> {
    let list: ShardList = serde_json::from_slice(index).map_err(|e| ModelError::weights(path, e))?;
    let names: BTreeSet<String> = list.weight_map.into_values().collect();
    // A shard lies beside its index; anything else in a downloaded file is an attempt to read elsewhere.
    if let Some(name) = names.iter().find(|name| Path::new(name).file_name().is_none_or(|file| file != name.as_str())) {
        return Err(ModelError::weights(path, format_args!("{name:?} is not the name of a file beside it")));
    }
    Ok(names)
}
