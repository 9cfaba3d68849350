//! Which files of a place are needed, told by their names and, of shards, by their index.

use crate::FetchError;
use std::{
    fs,
    path::{Path, PathBuf},
};
use superposed_model::{Layout, ModelError, layout, tokenizer, weights::shards_of_index};

/// What is wanted of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Model,
    Tokenizer,
}

/// The files of a place that are needed.
#[derive(Debug)]
pub(crate) struct Selection {
    /// Of a model.
    pub(crate) layout: Option<Layout>,
    /// Sizes, tokenizer and the index of shards.
    pub(crate) small: Vec<String>,
    /// Weights.
    pub(crate) weights: Vec<String>,
}

impl What {
    /// Selects from files of these names. The small ones are fetched on the way, by `fetch`, which says in which directory
    /// they then are. `place` is for what is said of it.
    pub(crate) async fn select(
        self,
        place: &str,
        names: &[String],
        fetch: impl AsyncFnOnce(&[String]) -> Result<PathBuf, FetchError>,
    ) -> Result<Selection, FetchError> {
        let place = Path::new(place);
        let (layout, needed) = match self {
            Self::Model => Layout::needed(place, names).map(|(layout, needed)| (Some(layout), needed))?,
            Self::Tokenizer => (None, tokenizer::needed(place, names)?),
        };
        let whole = match &layout {
            None | Some(Layout::ShardedSafeTensors) => Vec::new(),
            Some(layout) => layout.weights(),
        };
        let (weights, small): (Vec<_>, Vec<_>) = needed.into_iter().partition(|name| whole.contains(name));
        let directory = fetch(&small).await?;
        let weights = match &layout {
            Some(Layout::ShardedSafeTensors) => shards(place, &directory, names)?,
            _ => weights,
        };
        Ok(Selection { layout, small, weights })
    }

    /// Whether all that is needed of a directory is there; of Meta's checkpoints the names do not say whether shards are
    /// missing at the end, so it is `unless_meta` of these.
    pub(crate) fn is_whole(self, directory: &Path, unless_meta: bool) -> bool {
        let Ok(names) = names(directory) else { return false };
        let needed = match self {
            Self::Tokenizer => return tokenizer::needed(directory, &names).is_ok(),
            Self::Model => Layout::needed(directory, &names),
        };
        match needed {
            Ok((Layout::ShardedSafeTensors, _)) => shards(directory, directory, &names).is_ok(),
            Ok((Layout::Meta { .. }, _)) => !unless_meta,
            Ok(_) => true,
            Err(_) => false,
        }
    }
}

/// The shards that the index in a directory names, all among `names`.
fn shards(place: &Path, directory: &Path, names: &[String]) -> Result<Vec<String>, FetchError> {
    let index = directory.join(layout::INDEX);
    let content = fs::read(&index).map_err(|source| ModelError::Read { path: index.clone(), source })?;
    let shards = shards_of_index(&index, &content)?;
    if let Some(missing) = shards.iter().find(|shard| !names.contains(shard)) {
        let remedy = "model.safetensors.index.json names it; it must be published too";
        return Err(ModelError::Missing { path: place.join(missing), remedy }.into());
    }
    Ok(shards.into_iter().collect())
}

/// The names of what is in a directory; links to nowhere are left out.
fn names(directory: &Path) -> std::io::Result<Vec<String>> {
    let entries = fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    let there = entries.into_iter().filter(|entry| entry.path().is_file());
    Ok(there.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}
