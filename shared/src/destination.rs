//! Results through `object_store`: a place named by a directory or a URL, under which files are put whole or not at all.

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path as ObjectPath};
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A place for results.
#[derive(Debug, Clone)]
pub struct Destination {
    store: Arc<dyn ObjectStore>,
    root: PathBuf,
}

/// A destination that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    /// The URL names a kind of storage this build does not write to.
    #[error("destination {0}: only directories and file:// URLs can be written to; use one of those")]
    Unsupported(String),
    /// The directory cannot be made or opened.
    #[error("destination {path} cannot be used: {source}; name a directory this process may write to")]
    Open {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file cannot be written, read or listed.
    #[error("{what} {path}: {source}")]
    Access {
        /// What was attempted.
        what: &'static str,
        /// The file or directory.
        path: String,
        /// Why.
        source: object_store::Error,
    },
    /// What was written could not be made durable.
    #[error("cannot sync {path} to disk: {source}")]
    Sync {
        /// The destination's directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Destination {
    /// Opens a destination, making its directory where it is not there yet.
    ///
    /// # Errors
    /// When the kind of storage is not supported, or the directory cannot be made.
    pub fn open(place: &str) -> Result<Self, DestinationError> {
        let root = match place.strip_prefix("file://") {
            Some(path) => PathBuf::from(path),
            None if place.contains("://") => return Err(DestinationError::Unsupported(place.to_owned())),
            None => PathBuf::from(place),
        };
        let open = |source| DestinationError::Open { path: root.clone(), source };
        std::fs::create_dir_all(&root).map_err(open)?;
        let store = LocalFileSystem::new_with_prefix(&root).map_err(|error| open(std::io::Error::other(error)))?;
        Ok(Self { store: Arc::new(store), root })
    }

    /// Opens a destination that must be there, to read from it.
    ///
    /// # Errors
    /// When the kind of storage is not supported, or there is no such directory.
    pub fn open_existing(place: &str) -> Result<Self, DestinationError> {
        let path = PathBuf::from(place.strip_prefix("file://").unwrap_or(place));
        if place.contains("://") && !place.starts_with("file://") || path.is_dir() {
            return Self::open(place);
        }
        Err(DestinationError::Open { path, source: std::io::ErrorKind::NotFound.into() })
    }

    /// Writes a file, whole or not at all, in place of one that may be there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn put(&self, path: &str, content: Bytes) -> Result<(), DestinationError> {
        let location = ObjectPath::from(path);
        self.store.put(&location, PutPayload::from_bytes(content)).await.map_err(access("cannot write", path))?;
        Ok(())
    }

    /// Reads a file; `None` when there is none.
    ///
    /// # Errors
    /// When it is there but cannot be read.
    pub async fn get(&self, path: &str) -> Result<Option<Bytes>, DestinationError> {
        match self.store.get(&ObjectPath::from(path)).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(access("cannot read", path))?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(access("cannot read", path)(source)),
        }
    }

    /// The paths of all files below a directory, in no order; none when there is no such directory.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub async fn list(&self, directory: &str) -> Result<Vec<String>, DestinationError> {
        let listing = self.store.list(Some(&ObjectPath::from(directory)));
        let listed = listing.map_ok(|meta| meta.location.to_string()).try_collect().await;
        listed.map_err(access("cannot list", directory))
    }

    /// Makes durable what was put before: one sync of the file system for a whole span of jobs, not one for a file.
    ///
    /// # Errors
    /// When the file system reports an error.
    pub async fn sync(&self) -> Result<(), DestinationError> {
        let root = self.root.clone();
        let synced = tokio::task::spawn_blocking(move || {
            let sync = |root: &Path| nix::unistd::syncfs(File::open(root)?).map_err(std::io::Error::from);
            sync(&root).map_err(|source| DestinationError::Sync { path: root, source })
        });
        synced.await.expect("syncing a file system does not panic")
    }
}

fn access<'a>(what: &'static str, path: &'a str) -> impl Fn(object_store::Error) -> DestinationError + 'a {
    move |source| DestinationError::Access { what, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_put_is_found_again_and_nothing_else_is() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = directory.path().join("made/on/demand");
        let destination = Destination::open(&root.display().to_string()).expect("a writable directory");
        destination.put("1M/i/0_1_pos.pkl", Bytes::from_static(b"x")).await.expect("a writable file");
        destination.put("1M/i/0_1_pos.pkl", Bytes::from_static(b"yz")).await.expect("a writable file");
        destination.sync().await.expect("a file system that syncs");
        assert_eq!(destination.list("1M").await.expect("a listing"), ["1M/i/0_1_pos.pkl"]);
        assert_eq!(destination.get("1M/i/0_1_pos.pkl").await.expect("a file").as_deref(), Some(&b"yz"[..]));
        assert_eq!(destination.get("1M/i/0_2_pos.pkl").await.expect("an answer"), None);
        assert!(destination.list("2M").await.expect("an empty listing").is_empty());
    }

    #[test]
    fn a_destination_that_is_a_file_is_refused_by_name() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let message = Destination::open(&file.path().display().to_string()).expect_err("it was opened").to_string();
        assert!(
            message.contains(&file.path().display().to_string()) && message.contains("name a directory"),
            "{message}"
        );
        let message = Destination::open("gopher://x").expect_err("it was opened").to_string();
        assert!(message.starts_with("destination gopher://x: only directories"), "{message}");
    }
}
