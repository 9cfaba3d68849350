//! Models of Hugging Face's hub, or of a server that answers as it does.
//!
//! - `client`: requests, repeated where that may help
//! - `listing`: the files of a commit, and what they should be
//! - `digest`: how the hub names contents
//! - `cache`: the layout of its own tools' cache
//! - `download`: one file

mod cache;
mod client;
mod digest;
mod download;
mod listing;

use crate::{
    FetchError,
    selection::{Selection, What},
    settings::{HubSettings, Patience},
};
use cache::Cache;
use client::Client;
use digest::Digest;
use futures::{StreamExt, TryStreamExt, stream};
use listing::{Listing, is_commit};
use std::{collections::BTreeMap, path::PathBuf};
use superposed_model::{ModelError, Outline, digest as model_digest};
use superposed_shared::place::HubPlace;

/// Files that are fetched side by side.
const SIDE_BY_SIDE: usize = 4;

/// A hub.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hub<'s> {
    settings: &'s HubSettings,
    patience: Patience,
}

/// How much of it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything.
    Whole,
    /// Weights only as far as they are in the cache already, or too small to be announced with a SHA-256 digest.
    WithoutWeights,
}

/// Whether the hub is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// A commit that is whole in the cache is taken from there.
    Cache,
    /// The hub says which files there are.
    Hub,
}

/// Files of a commit on this disk.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// The directory.
    pub(crate) directory: PathBuf,
    /// The repository at the commit.
    pub(crate) place: HubPlace,
    /// What the hub announced, where it was asked.
    pub(crate) announced: Option<Announced>,
}

/// What is known of the files by what the hub says.
#[derive(Debug)]
pub(crate) struct Announced {
    /// The digest that the model, or the tokenizer, has.
    pub(crate) digest: String,
    /// Whether all files are in the directory.
    pub(crate) whole: bool,
}

impl<'s> Hub<'s> {
    pub(crate) fn new(settings: &'s HubSettings, patience: Patience) -> Self {
        Self { settings, patience }
    }

    /// Sees to it that what is wanted of a repository is on this disk.
    pub(crate) async fn snapshot(
        &self,
        place: &HubPlace,
        what: What,
        extent: Extent,
        trust: Trust,
    ) -> Result<Snapshot, FetchError> {
        let cache = Cache::new(&self.settings.cache, place);
        let cached = |unless_meta| {
            let (commit, directory) = cache.whole(place.revision(), what, unless_meta)?;
            Some(Snapshot { directory, place: place.at(&commit), announced: None })
        };
        if trust == Trust::Cache
            && is_commit(place.revision())
            && let Some(snapshot) = cached(true)
        {
            return Ok(snapshot);
        }
        if self.settings.offline {
            let offline = || FetchError::Offline { place: place.to_string(), cache: cache.disk.root.clone() };
            return cached(false).ok_or_else(offline);
        }
        let client = Client::new(self.settings, self.patience, place.clone())?;
        match fetch(&client, &cache, what, extent).await {
            // Also when the hub goes away in the middle: it may be in the cache by then.
            Err(FetchError::Away { place, endpoint, reason }) => match cached(false) {
                Some(snapshot) => {
                    tracing::warn!(endpoint, reason, found = %snapshot.place, "the hub is away; the cache has the model");
                    Ok(snapshot)
                }
                None => Err(FetchError::Away { place, endpoint, reason }),
            },
            fetched => fetched,
        }
    }
}

async fn fetch(client: &Client, cache: &Cache, what: What, extent: Extent) -> Result<Snapshot, FetchError> {
    let place = &client.place;
    let listing = Listing::ask(client).await?;
    let commit = listing.commit.as_str();
    if !is_commit(place.revision()) {
        cache.remember(place.revision(), commit)?;
    }
    let fetch_all = async |names: &[String]| -> Result<PathBuf, FetchError> {
        let files = listing.files.iter().filter(|file| names.contains(&file.name));
        let fetched =
            stream::iter(files).map(|file| download::fetch(client, cache, commit, file)).buffer_unordered(SIDE_BY_SIDE);
        fetched.try_collect::<()>().await?;
        Ok(cache.snapshot(commit))
    };
    let name = place.at(commit).to_string();
    let selection = what.select(&name, &listing.names(), fetch_all).await?;
    let weights = present_or_wanted(client, cache, &listing, &selection, extent).await?;
    let directory = fetch_all(&weights).await?;

    let Selection { small, weights: all_weights, .. } = &selection;
    let mut digests = BTreeMap::new();
    for file in listing.files.iter().filter(|file| small.contains(&file.name) || all_weights.contains(&file.name)) {
        let digest = match file.about(client, commit).await?.digest {
            Digest::Sha256(digest) => digest,
            Digest::Git(_) => {
                let path = directory.join(&file.name);
                model_digest::of_file(&path).map_err(|source| ModelError::Read { path, source })?
            }
        };
        digests.insert(file.name.clone(), digest);
    }
    let announced = Announced { digest: model_digest::of_digests(digests), whole: weights.len() == all_weights.len() };
    Ok(Snapshot { directory, place: place.at(commit), announced: Some(announced) })
}

/// The weights that are to be in the directory.
async fn present_or_wanted(
    client: &Client,
    cache: &Cache,
    listing: &Listing,
    selection: &Selection,
    extent: Extent,
) -> Result<Vec<String>, FetchError> {
    let has_outline = selection.layout.as_ref().is_some_and(Outline::is_of);
    if extent == Extent::Whole || !has_outline {
        return Ok(selection.weights.clone());
    }
    let mut names = Vec::new();
    for file in listing.files.iter().filter(|file| selection.weights.contains(&file.name)) {
        let about = file.about(client, &listing.commit).await?;
        if matches!(about.digest, Digest::Git(_)) || cache.has(about.digest, about.size) {
            names.push(file.name.clone());
        }
    }
    Ok(names)
}
