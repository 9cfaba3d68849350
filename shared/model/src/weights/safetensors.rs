//! Which weight files a directory has, and which tensor lies where in them.

use super::map::map;
use crate::ModelError;
use memmap2::Mmap;
use safetensors::{SafeTensors, tensor::TensorInfo};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt, fs,
    path::{Path, PathBuf},
};

const SINGLE: &str = "model.safetensors";
const SHARDED: &str = "model.safetensors.index.json";

/// The tensors of one or several `safetensors` files.
pub(super) struct Index {
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

impl Index {
    pub(super) fn open(directory: &Path) -> Result<Self, ModelError> {
        let (single, sharded) = (directory.join(SINGLE), directory.join(SHARDED));
        if single.is_file() {
            Self::read(single.clone(), vec![single])
        } else if sharded.is_file() {
            let files = shard_files(directory, &sharded)?;
            Self::read(sharded, files)
        } else {
            Err(unreadable(directory))
        }
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
        let index = Some(self.path.as_path()).filter(|path| path.ends_with(SHARDED));
        index.into_iter().chain(self.shards.iter().map(|shard| shard.path.as_path()))
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("path", &self.path).field("tensors", &self.tensors.len()).finish_non_exhaustive()
    }
}

fn shard_files(directory: &Path, index: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let bytes = fs::read(index).map_err(ModelError::read(index))?;
    let list: ShardList = serde_json::from_slice(&bytes).map_err(|e| ModelError::weights(index, e))?;
    let names: BTreeSet<String> = list.weight_map.into_values().collect();
    // A shard lies beside its index; anything else in a downloaded file is an attempt to read elsewhere.
    if let Some(name) = names.iter().find(|name| Path::new(name).file_name().is_none_or(|file| file != name.as_str())) {
        return Err(ModelError::weights(index, format_args!("{name:?} is not the name of a file beside it")));
    }
    Ok(names.into_iter().map(|name| directory.join(name)).collect())
}

/// Says why a directory without `safetensors` files cannot be used: what it holds instead, and how to convert that.
pub(crate) fn unreadable(directory: &Path) -> ModelError {
    let names: Vec<String> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let any = |start: &str, end: &str| names.iter().any(|name| name.starts_with(start) && name.ends_with(end));
    let format = |format, remedy| ModelError::Format { directory: directory.to_owned(), format, remedy };
    if any("model.ckpt", "") || any("hparams.json", "") {
        format(
            "an original TensorFlow checkpoint",
            "convert it with `transformers.GPT2LMHeadModel.from_pretrained(DIR, from_tf=True).save_pretrained(DIR)`, or \
             fetch the same model from huggingface.co/openai-community",
        )
    } else if any("pytorch_model", ".bin") || any("pytorch_model", ".bin.index.json") {
        format(
            "PyTorch weights (pytorch_model.bin)",
            "save them as safetensors with `transformers.AutoModelForCausalLM.from_pretrained(DIR).save_pretrained(DIR, \
             safe_serialization=True)`",
        )
    } else if any("consolidated", ".pth") {
        format(
            "Meta's original checkpoint (consolidated.*.pth)",
            "convert it with `python -m transformers.models.llama.convert_llama_weights_to_hf --input_dir DIR \
             --output_dir NEW --model_size SIZE`",
        )
    } else if any("", ".gguf") {
        format("a GGUF file", "use the model it was made from, in safetensors files")
    } else {
        ModelError::Missing {
            path: directory.join(SINGLE),
            remedy: "fetch the model's safetensors files (one, or shards with model.safetensors.index.json)",
        }
    }
}
