//! What the rest of the project calls: from a place to an opened model or tokenizer.

use crate::{
    FetchError, SeenModel, SeenTokenizer, Settings,
    bucket::Bucket,
    hub::{Extent, Hub, Trust},
    selection::What,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use superposed_model::{ModelDirectory, Outline, Tokenizer};
use superposed_shared::place::{HubPlace, Place};
use tokio::runtime::Handle;

/// Fetches models and tokenizers. Its methods block, so they are called on threads that may; the network is served by a
/// runtime with several threads.
#[derive(Debug, Clone)]
pub struct Fetcher {
    settings: Arc<Settings>,
    runtime: Handle,
}

impl Fetcher {
    /// A fetcher with these settings.
    #[must_use]
    pub fn new(settings: Settings, runtime: Handle) -> Self {
        Self { settings: Arc::new(settings), runtime }
    }

    /// A fetcher with the settings of this process's environment.
    #[must_use]
    pub fn from_environment(runtime: Handle) -> Self {
        Self::new(Settings::from_environment(), runtime)
    }

    /// The directory of a model, all of it.
    ///
    /// # Errors
    /// When it cannot be had.
    pub fn model(&self, place: &str) -> Result<PathBuf, FetchError> {
        match place.parse()? {
            Place::Directory(path) => Ok(path),
            Place::Hub(place) => {
                let hub = self.hub();
                let snapshot = hub.snapshot(&place, What::Model, Extent::Whole, Trust::Cache);
                Ok(self.runtime.block_on(snapshot)?.directory)
            }
            Place::Bucket(bucket) => {
                let bucket = Bucket::new(&self.settings, bucket)?;
                Ok(self.runtime.block_on(bucket.fetch(What::Model, None))?.directory)
            }
        }
    }

    /// A model, all of it, and its digest, which is not compared with the one that it was admitted with: only who has
    /// another one is asked for again.
    ///
    /// # Errors
    /// When it cannot be had or used.
    pub fn open_model(&self, place: &str, admitted: &str) -> Result<(ModelDirectory, String), FetchError> {
        self.open(place, What::Model, admitted, |directory| {
            let model = ModelDirectory::open(directory)?;
            let digest = model.digest()?;
            Ok((model, digest))
        })
    }

    /// A tokenizer and its digest, which is not compared with the one that it was admitted with.
    ///
    /// # Errors
    /// When it cannot be had or used.
    pub fn open_tokenizer(&self, place: &str, admitted: &str) -> Result<(Tokenizer, String), FetchError> {
        self.open(place, What::Tokenizer, admitted, |directory| {
            let tokenizer = Tokenizer::load(directory)?;
            let digest = tokenizer.digest()?;
            Ok((tokenizer, digest))
        })
    }

    /// A model before its campaign is queued. Of a hub's, the revision becomes a commit, and weights that are not in the
    /// cache stay where they are.
    ///
    /// # Errors
    /// When it cannot be had or used.
    pub fn look_at_model(&self, place: &str) -> Result<SeenModel, FetchError> {
        match place.parse()? {
            Place::Directory(path) => Ok(SeenModel::whole(place.to_owned(), ModelDirectory::open(&path)?, None)),
            Place::Hub(place) => {
                let hub = self.hub();
                let snapshot = hub.snapshot(&place, What::Model, Extent::WithoutWeights, Trust::Cache);
                let snapshot = self.runtime.block_on(snapshot)?;
                let place = snapshot.place.to_string();
                match snapshot.announced {
                    Some(announced) if !announced.whole => {
                        Ok(SeenModel::outline(place, Outline::open(&snapshot.directory)?, announced.digest))
                    }
                    announced => {
                        let model = ModelDirectory::open(&snapshot.directory)?;
                        Ok(SeenModel::whole(place, model, announced.map(|announced| announced.digest)))
                    }
                }
            }
            Place::Bucket(bucket) => {
                let bucket = Bucket::new(&self.settings, bucket)?;
                let stored = self.runtime.block_on(bucket.fetch(What::Model, None))?;
                Ok(SeenModel::whole(place.to_owned(), ModelDirectory::open(&stored.directory)?, Some(stored.digest)))
            }
        }
    }

    /// A tokenizer before its campaign is queued.
    ///
    /// # Errors
    /// When it cannot be had or used.
    pub fn look_at_tokenizer(&self, place: &str) -> Result<SeenTokenizer, FetchError> {
        let (pinned, directory) = match place.parse()? {
            Place::Directory(path) => (place.to_owned(), path),
            Place::Hub(place) => {
                let hub = self.hub();
                let snapshot = hub.snapshot(&place, What::Tokenizer, Extent::Whole, Trust::Cache);
                let snapshot = self.runtime.block_on(snapshot)?;
                (snapshot.place.to_string(), snapshot.directory)
            }
            Place::Bucket(bucket) => {
                let bucket = Bucket::new(&self.settings, bucket)?;
                (place.to_owned(), self.runtime.block_on(bucket.fetch(What::Tokenizer, None))?.directory)
            }
        };
        Ok(SeenTokenizer::new(pinned, Tokenizer::load(&directory)?))
    }

    fn open<T>(
        &self,
        place: &str,
        what: What,
        admitted: &str,
        open: impl Fn(&Path) -> Result<(T, String), FetchError>,
    ) -> Result<(T, String), FetchError> {
        match place.parse()? {
            Place::Directory(path) => open(&path),
            Place::Hub(place) => self.open_from_hub(&place, what, admitted, open),
            Place::Bucket(bucket) => {
                let bucket = Bucket::new(&self.settings, bucket)?;
                open(&self.runtime.block_on(bucket.fetch(what, Some(admitted)))?.directory)
            }
        }
    }

    fn open_from_hub<T>(
        &self,
        place: &HubPlace,
        what: What,
        admitted: &str,
        open: impl Fn(&Path) -> Result<(T, String), FetchError>,
    ) -> Result<(T, String), FetchError> {
        let hub = self.hub();
        let open = |trust| {
            let snapshot = self.runtime.block_on(hub.snapshot(place, what, Extent::Whole, trust))?;
            let opened = open(&snapshot.directory)?;
            match &snapshot.announced {
                Some(announced) if announced.digest != opened.1 => {
                    Err(FetchError::Damaged { place: place.to_string(), directory: snapshot.directory })
                }
                announced => Ok((opened, announced.is_some())),
            }
        };
        let (opened, asked) = open(Trust::Cache)?;
        if opened.1 == admitted || asked || self.settings.hub.offline {
            return Ok(opened);
        }
        // Another tool may have fetched a part of the commit that makes a model too, as with another form of its tokenizer.
        open(Trust::Hub).map(|(opened, _)| opened)
    }

    fn hub(&self) -> Hub<'_> {
        Hub::new(&self.settings.hub, self.settings.patience)
    }
}
