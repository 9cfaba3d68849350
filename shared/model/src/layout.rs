//! Which files of a place make a model, told by their names: of a directory and of a listing from far away alike.

use crate::{ModelError, tokenizer};
use std::{fs, io, path::Path};

pub(crate) const CONFIG: &str = "config.json";
pub(crate) const PARAMS: &str = "params.json";
pub(crate) const SINGLE: &str = "model.safetensors";
/// The index of shards.
pub const INDEX: &str = "model.safetensors.index.json";

/// How a model's weights and sizes are laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// Hugging Face's, `config.json` with all weights in `model.safetensors`.
    SafeTensors,
    /// Hugging Face's, `config.json` with shards that `model.safetensors.index.json` names.
    ShardedSafeTensors,
    /// Meta's, `params.json` with `consolidated.00.pth` and so on.
    Meta {
        /// How many files the weights are split over.
        shards: usize,
    },
}

impl Layout {
    /// The layout of a place with files of these names; `place` is only for what is said of it. Where a place has
    /// several, safetensors come first: their tensors can be mapped without reading a pickle.
    ///
    /// # Errors
    /// When no layout that is read is complete, with what there is instead and how to convert it.
    pub fn of(place: &Path, names: &[String]) -> Result<Self, ModelError> {
        let has = |name: &str| names.iter().any(|other| other == name);
        let missing = |name: &str, remedy| Err(ModelError::Missing { path: place.join(name), remedy });
        let hugging_face = match (has(SINGLE), has(INDEX)) {
            (true, _) => Some(Self::SafeTensors),
            (false, true) => Some(Self::ShardedSafeTensors),
            (false, false) => None,
        };
        if let Some(layout) = hugging_face {
            return if has(CONFIG) {
                Ok(layout)
            } else {
                missing(CONFIG, "a model directory holds config.json, model.safetensors and a tokenizer")
            };
        }
        let mut shards: Vec<usize> = names.iter().filter_map(|name| shard_number(name)).collect();
        shards.sort_unstable();
        if !shards.is_empty() {
            if !has(PARAMS) {
                return missing(PARAMS, "Meta's checkpoints have it beside consolidated.*.pth; put it there");
            }
            // Of shards missing at the end the names say nothing; the shapes will.
            if let Some(gap) = (0..).zip(&shards).find_map(|(number, shard)| (number != *shard).then_some(number)) {
                return missing(
                    &shard_name(gap),
                    "the checkpoint has later shards; fetch it from where they came from",
                );
            }
            return Ok(Self::Meta { shards: shards.len() });
        }
        Err(other_format(place, names).unwrap_or_else(|| {
            if has(CONFIG) {
                let remedy = "fetch the model's safetensors files (one, or shards with model.safetensors.index.json)";
                ModelError::Missing { path: place.join(SINGLE), remedy }
            } else {
                let remedy = "a model directory holds config.json, model.safetensors and a tokenizer";
                ModelError::Missing { path: place.join(CONFIG), remedy }
            }
        }))
    }

    /// The layout of a directory.
    pub(crate) fn of_directory(directory: &Path) -> Result<Self, ModelError> {
        if !directory.is_dir() {
            return Err(ModelError::Missing {
                path: directory.to_owned(),
                remedy: "a model is a directory with config.json, model.safetensors and a tokenizer",
            });
        }
        Self::of(directory, &names(directory).map_err(ModelError::read(directory))?)
    }

    /// The file that states the model's sizes.
    #[must_use]
    pub const fn config(&self) -> &'static str {
        match self {
            Self::SafeTensors | Self::ShardedSafeTensors => CONFIG,
            Self::Meta { .. } => PARAMS,
        }
    }

    /// The weight files that are known by name; of shards with an index, that is the index, and
    /// [`shards_of_index`](crate::weights::shards_of_index) says what else.
    #[must_use]
    pub fn weights(&self) -> Vec<String> {
        match self {
            Self::SafeTensors => vec![SINGLE.to_owned()],
            Self::ShardedSafeTensors => vec![INDEX.to_owned()],
            Self::Meta { shards } => (0..*shards).map(shard_name).collect(),
        }
    }

    /// All files of a place that are needed to mine its model, and no other: sizes, weights (of shards the index alone)
    /// and tokenizer.
    ///
    /// # Errors
    /// When one of them is not there, with what there is instead.
    pub fn needed(place: &Path, names: &[String]) -> Result<(Self, Vec<String>), ModelError> {
        let layout = Self::of(place, names)?;
        let tokenizer = tokenizer::needed(place, names)?;
        let files = [layout.config().to_owned()].into_iter().chain(layout.weights()).chain(tokenizer).collect();
        Ok((layout, files))
    }
}

/// The names of a directory's files, in no order.
pub(crate) fn names(directory: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    entries.collect()
}

/// The name of one of Meta's shards.
fn shard_name(number: usize) -> String {
    format!("consolidated.{number:02}.pth")
}

/// Which of Meta's shards a file is.
fn shard_number(name: &str) -> Option<usize> {
    let number = name.strip_prefix("consolidated.")?.strip_suffix(".pth")?.parse().ok()?;
    (shard_name(number) == name).then_some(number)
}

/// A format that is known, not read, and the only one there.
fn other_format(place: &Path, names: &[String]) -> Option<ModelError> {
    let has = |name: &str| names.iter().any(|other| other == name);
    let any = |start: &str, end: &str| names.iter().any(|name| name.starts_with(start) && name.ends_with(end));
    let (format, remedy) = if any("model.ckpt", "") || has("hparams.json") || has("checkpoint") {
        (
            "an original TensorFlow checkpoint",
            "name the same model on the hub, like hf:openai-community/gpt2, or convert it with transformers 4: \
             `GPT2LMHeadModel.from_pretrained(DIR, from_tf=True, \
             config=GPT2Config(**json.load(open('DIR/hparams.json')))).save_pretrained(DIR)`",
        )
    } else if any("pytorch_model", ".bin") || any("pytorch_model", ".bin.index.json") {
        (
            "PyTorch weights (pytorch_model.bin)",
            "save them as safetensors with `transformers.AutoModelForCausalLM.from_pretrained(DIR).save_pretrained(DIR, \
             safe_serialization=True)`",
        )
    } else if any("consolidated", ".safetensors") {
        (
            "Mistral's own layout (consolidated.safetensors)",
            "use the model in Hugging Face's layout (config.json and model*.safetensors), which Mistral publishes beside it",
        )
    } else if any("tf_model", ".h5") || any("flax_model", ".msgpack") {
        (
            "TensorFlow or Flax weights",
            "save them as safetensors with transformers 4: `AutoModelForCausalLM.from_pretrained(DIR, from_tf=True)` \
             (or `from_flax=True`) and `.save_pretrained(DIR, safe_serialization=True)`",
        )
    } else if any("", ".gguf") {
        (
            "a GGUF file",
            "use the model it was made from, in safetensors files, or convert it with \
             `transformers.AutoModelForCausalLM.from_pretrained(DIR, gguf_file=FILE).save_pretrained(DIR)`",
        )
    } else {
        return None;
    };
    Some(ModelError::Format { directory: place.to_owned(), format, remedy })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Result<Layout, String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        Layout::of(Path::new("here"), &names).map_err(|error| error.to_string())
    }

    #[test]
    fn safetensors_come_before_everything_else_that_lies_there() {
        let all = ["config.json", "model.safetensors", "pytorch_model.bin", "consolidated.00.pth", "params.json"];
        assert_eq!(of(&all), Ok(Layout::SafeTensors));
        assert_eq!(of(&["config.json", INDEX, "consolidated.00.pth"]), Ok(Layout::ShardedSafeTensors));
        let meta = ["params.json", "consolidated.01.pth", "consolidated.00.pth", "checklist.chk", "config.json"];
        assert_eq!(of(&meta), Ok(Layout::Meta { shards: 2 }));
    }

    #[test]
    fn a_shard_that_is_not_there_is_named_and_so_are_the_sizes() {
        let line = of(&["params.json", "consolidated.00.pth", "consolidated.02.pth"]).expect_err("it was taken");
        assert!(line.starts_with("here/consolidated.01.pth is missing: the checkpoint has later shards"), "{line}");
        let line = of(&["consolidated.00.pth"]).expect_err("it was taken");
        assert!(line.starts_with("here/params.json is missing"), "{line}");
    }

    #[test]
    fn a_name_that_only_looks_like_a_shard_is_none() {
        for name in ["consolidated.0.pth", "consolidated.+1.pth", "consolidated.00.pth.tmp", "consolidated.x.pth"] {
            assert!(of(&["params.json", name]).is_err(), "{name}");
        }
        assert_eq!(shard_number("consolidated.07.pth"), Some(7));
        assert_eq!(shard_number("consolidated.115.pth"), Some(115));
    }

    #[test]
    fn only_what_is_read_is_needed() {
        let names = [
            "README.md",
            "config.json",
            "generation_config.json",
            "merges.txt",
            "model.safetensors",
            "onnx",
            "pytorch_model.bin",
            "tokenizer.json",
            "vocab.json",
        ];
        let names: Vec<String> = names.map(str::to_owned).to_vec();
        let (layout, files) = Layout::needed(Path::new("here"), &names).expect("a whole model");
        assert_eq!(
            (layout, files.join(" ")),
            (Layout::SafeTensors, "config.json model.safetensors tokenizer.json".into())
        );
    }
}
