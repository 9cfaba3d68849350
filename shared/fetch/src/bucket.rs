//! Models in a bucket, kept on this disk under the digests of their contents.
//!
//! ```text
//! <cache>/artefacts/<digest>/…     the files, read only
//! <cache>/listings/<fingerprint>   the digest of what a bucket listed, so that it is not read again to know it
//! <cache>/partial/<fingerprint>/…  what is being fetched, or was when a process was killed
//! <cache>/locks/<fingerprint>
//! ```

use crate::{FetchError, disk::Disk, selection::What, settings::Settings};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStore};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs,
    ops::Range,
    path::{Path, PathBuf},
    time::Instant,
};
use superposed_model::{ModelError, digest};
use superposed_storage::{Address, Storage};
use tokio::io::AsyncWriteExt;

/// Parts that an object is read in, several at a time.
const PART: u64 = 16 << 20;

/// Parts that are read side by side.
const SIDE_BY_SIDE: usize = 4;

const VARIABLE: &str = "SUPERPOSED_CACHE";

/// Objects below a prefix.
#[derive(Debug)]
pub(crate) struct Bucket {
    storage: Storage,
    place: String,
    disk: Disk,
}

/// Files of a bucket on this disk.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) directory: PathBuf,
    /// The digest of the model, or of the tokenizer.
    pub(crate) digest: String,
}

impl Bucket {
    pub(crate) fn new(settings: &Settings, bucket: superposed_storage::Bucket) -> Result<Self, FetchError> {
        let place = bucket.to_string();
        let storage = Storage::open(Address::Bucket(bucket), &settings.storage)?;
        Ok(Self { storage, place, disk: Disk { root: settings.cache.clone(), variable: VARIABLE } })
    }

    /// Sees to it that what is wanted is on this disk. What has the admitted digest is taken without asking the store.
    pub(crate) async fn fetch(&self, what: What, admitted: Option<&str>) -> Result<Stored, FetchError> {
        if let Some(digest) = admitted
            && let Some(stored) = self.kept(what, digest)
        {
            return Ok(stored);
        }
        let listed = self.storage.store().list_with_delimiter(None).await;
        let objects = listed.map_err(|error| self.storage.error("", &error))?.objects;
        let objects: BTreeMap<String, ObjectMeta> = objects
            .into_iter()
            .filter_map(|object| Some((object.location.filename()?.to_owned(), object)))
            .filter(|(name, _)| !name.starts_with('.'))
            .collect();
        let fingerprint = self.fingerprint(what, &objects);
        let lock = self.disk.root.join("locks").join(&fingerprint);
        let _lock = self.disk.lock(lock, self.place.clone()).await?;
        let known = self.disk.root.join("listings").join(&fingerprint);
        if let Some(digest) = fs::read_to_string(&known).ok()
            && let Some(stored) = self.kept(what, digest.trim())
        {
            return Ok(stored);
        }
        let stored = self.fetch_listed(what, &objects, &fingerprint).await?;
        self.disk.put(&known, stored.digest.as_bytes())?;
        Ok(stored)
    }

    /// What is on this disk under a digest.
    fn kept(&self, what: What, digest: &str) -> Option<Stored> {
        let directory = self.directory(digest)?;
        what.is_whole(&directory, false).then(|| Stored { directory, digest: digest.to_owned() })
    }

    fn directory(&self, digest: &str) -> Option<PathBuf> {
        let digits = digest.strip_prefix("sha256:")?;
        let is_one = digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        is_one.then(|| self.disk.root.join("artefacts").join(digits))
    }

    /// A name for what is listed: another one when an object that may be needed is another.
    fn fingerprint(&self, what: What, objects: &BTreeMap<String, ObjectMeta>) -> String {
        let mut all = Sha256::new();
        all.update(format!("{}\0{what:?}\0", self.place));
        for (name, object) in objects.iter().filter(|(name, _)| !name.ends_with(".md")) {
            let version = object.e_tag.clone().unwrap_or_else(|| object.last_modified.to_rfc3339());
            all.update(format!("{name}\0{}\0{version}\0", object.size));
        }
        all.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn fetch_listed(
        &self,
        what: What,
        objects: &BTreeMap<String, ObjectMeta>,
        fingerprint: &str,
    ) -> Result<Stored, FetchError> {
        let partial = self.disk.root.join("partial").join(fingerprint);
        self.disk.make(&partial)?;
        let names: Vec<String> = objects.keys().cloned().collect();
        let fetch_all = async |names: &[String]| {
            for (name, object) in objects.iter().filter(|(name, _)| names.contains(name)) {
                self.fetch_object(name, object, &partial).await?;
            }
            Ok(partial.clone())
        };
        let selection = what.select(&self.place, &names, fetch_all).await?;
        fetch_all(&selection.weights).await?;
        let files = selection.small.into_iter().chain(selection.weights);
        let paths: Vec<_> = files.map(|name| (partial.join(&name), name)).collect();
        let digested = tokio::task::spawn_blocking(move || {
            let of_file = |(path, name): (PathBuf, String)| match digest::of_file(&path) {
                Ok(digest) => Ok((name, digest)),
                Err(source) => Err(ModelError::Read { path, source }),
            };
            paths.into_iter().map(of_file).collect::<Result<BTreeMap<_, _>, _>>()
        });
        let digest = digest::of_digests(digested.await.expect("reading files does not panic")?);
        let directory = self.directory(&digest).expect("a digest that was just made");
        if what.is_whole(&directory, false) {
            // The same content, from another place or at another time.
            fs::remove_dir_all(&partial).map_err(self.disk.error(&partial))?;
        } else {
            self.disk.make(&self.disk.root.join("artefacts"))?;
            fs::rename(&partial, &directory).map_err(self.disk.error(&directory))?;
        }
        Ok(Stored { directory, digest })
    }

    /// Fetches an object under its name; what an earlier process left of it is kept.
    async fn fetch_object(&self, name: &str, object: &ObjectMeta, directory: &Path) -> Result<(), FetchError> {
        let path = directory.join(name);
        let part = directory.join(format!(".{name}"));
        if path.metadata().is_ok_and(|there| there.len() == object.size) {
            return Ok(());
        }
        let failed = self.disk.error(&part);
        let file = tokio::fs::File::options().create(true).append(true).open(&part).await;
        let mut file = file.map_err(&failed)?;
        let there = file.metadata().await.map_err(&failed)?.len();
        let there = if there > object.size { 0 } else { there };
        file.set_len(there).await.map_err(&failed)?;
        self.disk.check_room(directory, name, object.size - there)?;
        let large = object.size >= PART;
        if large {
            tracing::info!(place = self.place, file = name, bytes = object.size, "fetching");
        }
        let start = Instant::now();
        let mut parts = stream::iter(ranges(there..object.size))
            .map(|range| async move {
                let options = GetOptions {
                    range: Some(GetRange::Bounded(range)),
                    // Parts of two versions would make neither.
                    if_match: object.e_tag.clone(),
                    ..GetOptions::default()
                };
                self.storage.store().get_opts(&object.location, options).await?.bytes().await
            })
            .buffered(SIDE_BY_SIDE);
        while let Some(bytes) = parts.try_next().await.map_err(|error| self.storage.error("", &error))? {
            file.write_all(&bytes).await.map_err(&failed)?;
        }
        file.sync_all().await.map_err(&failed)?;
        let length = file.metadata().await.map_err(&failed)?.len();
        if length != object.size {
            fs::remove_file(&part).map_err(&failed)?;
            return Err(FetchError::Length {
                place: self.place.clone(),
                reason: format!("{name} has {length} bytes, but {} were listed", object.size),
            });
        }
        fs::rename(&part, &path).map_err(self.disk.error(&path))?;
        if large {
            tracing::info!(file = name, seconds = start.elapsed().as_secs(), "fetched");
        }
        Ok(())
    }
}

/// The parts that a run of bytes is read in.
fn ranges(bytes: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let end = bytes.end;
    (bytes.start..end).step_by(usize::try_from(PART).unwrap_or(usize::MAX)).map(move |at| at..end.min(at + PART))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_to_the_last_byte() {
        assert_eq!(ranges(0..0).count(), 0);
        assert_eq!(ranges(5..PART + 7).collect::<Vec<_>>(), [5..PART + 5, PART + 5..PART + 7]);
    }
}
