//! Results through `object_store`: a place named by a directory or a URL, under which files are put whole or not at all.

use bytes::Bytes;
use futures::TryStreamExt;
use nix::unistd::{AccessFlags, access as accessible};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path as ObjectPath};
use std::{
    fmt,
    fs::File,
    io,
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
    /// The URL does not say where its directory starts.
    #[error("destination {0}: a file:// URL names an absolute path, like file:///data/results; write it so")]
    Relative(String),
    /// There is nothing to read from.
    #[error("there is no directory {}: name the destination of a campaign", .0.display())]
    Absent(PathBuf),
    /// The directory cannot be made or opened.
    #[error("destination {path} cannot be used: {source}; name a directory this process may write to")]
    Open {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written, read or listed.
    #[error("{what} {path}: {reason}")]
    Access {
        /// What was attempted.
        what: &'static str,
        /// The file or directory.
        path: String,
        /// Why.
        reason: String,
    },
    /// What a killed process left cannot be removed.
    #[error("cannot remove {path}, which a killed process left: {source}")]
    Sweep {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// What was written could not be made durable.
    #[error("cannot sync {path} to disk: {source}")]
    Sync {
        /// The destination's directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Destination {
    /// Opens a destination, making its directory where it is not there yet.
    ///
    /// # Errors
    /// When the kind of storage is not supported, or the directory cannot be made.
    pub fn open(place: &str) -> Result<Self, DestinationError> {
        let root = directory(place)?;
        let open = |source| DestinationError::Open { path: root.clone(), source };
        std::fs::create_dir_all(&root).map_err(open)?;
        let store = LocalFileSystem::new_with_prefix(&root).map_err(|error| open(io::Error::other(error)))?;
        Ok(Self { store: Arc::new(store), root })
    }

    /// Opens a destination that is there; `None` where there is none. Where its directory would have to be made, it is
    /// only asked whether that is possible, and nothing is changed.
    ///
    /// # Errors
    /// When the kind of storage is not supported, or this process could not write there.
    pub fn look_at(place: &str) -> Result<Option<Self>, DestinationError> {
        let root = directory(place)?;
        let closed = |source| DestinationError::Open { path: root.clone(), source };
        // A link to nowhere is there as well, and cannot become a directory.
        let there = root.ancestors().find(|path| path.symlink_metadata().is_ok()).unwrap_or(Path::new("."));
        if !there.metadata().map_err(closed)?.is_dir() {
            return Err(closed(io::ErrorKind::NotADirectory.into()));
        }
        accessible(there, AccessFlags::W_OK | AccessFlags::X_OK).map_err(|errno| closed(errno.into()))?;
        if there == root { Self::open(place).map(Some) } else { Ok(None) }
    }

    /// Opens a destination that must be there, to read from it.
    ///
    /// # Errors
    /// When the kind of storage is not supported, or there is no such directory.
    pub fn open_existing(place: &str) -> Result<Self, DestinationError> {
        let root = directory(place)?;
        if root.is_dir() { Self::open(place) } else { Err(DestinationError::Absent(root)) }
    }

    /// Whether the place is still there.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.root.is_dir()
    }

    /// Whether this is the directory that `path` names below another destination.
    #[must_use]
    pub fn is_at(&self, other: &Self, path: &str) -> bool {
        let real = |path: &Path| path.canonicalize().ok();
        real(&self.root).is_some_and(|root| real(&other.root.join(path)) == Some(root))
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

    /// Removes a file; one that is not there is none's fault.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub async fn remove(&self, path: &str) -> Result<(), DestinationError> {
        match self.store.delete(&ObjectPath::from(path)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(access("cannot remove", path)(source)),
        }
    }

    /// Removes what a process that was killed while it wrote these files may have left beside them. To be called by
    /// who holds the right to write them: one who lost it and still writes would fail.
    ///
    /// # Errors
    /// When something is there and cannot be removed.
    pub async fn sweep<'a>(&self, paths: impl IntoIterator<Item = &'a str>) -> Result<(), DestinationError> {
        for path in paths {
            // The name under which `object_store` writes a local file, before it is moved into place.
            let leftover = format!("{path}#1");
            match tokio::fs::remove_file(self.root.join(&leftover)).await {
                Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    return Err(DestinationError::Sweep { path: leftover, source: error });
                }
                _ => {}
            }
        }
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
            let sync = |root: &Path| nix::unistd::syncfs(File::open(root)?).map_err(io::Error::from);
            sync(&root).map_err(|source| DestinationError::Sync { path: root, source })
        });
        synced.await.expect("syncing a file system does not panic")
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.display().fmt(f)
    }
}

/// The directory that a destination names.
fn directory(place: &str) -> Result<PathBuf, DestinationError> {
    match place.strip_prefix("file://") {
        Some(path) if path.starts_with('/') => Ok(PathBuf::from(path)),
        Some(_) => Err(DestinationError::Relative(place.to_owned())),
        None if place.contains("://") => Err(DestinationError::Unsupported(place.to_owned())),
        None => Ok(PathBuf::from(place)),
    }
}

/// The library names the path once more in each of its layers: only what the system said is kept.
fn access<'a>(what: &'static str, path: &'a str) -> impl Fn(object_store::Error) -> DestinationError + 'a {
    move |error| {
        let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
        let reason = causes.last().map_or_else(String::new, ToString::to_string);
        DestinationError::Access { what, path: path.to_owned(), reason }
    }
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

    #[tokio::test]
    async fn what_a_killed_process_left_is_swept_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let destination = Destination::open(&directory.path().display().to_string()).expect("a writable directory");
        destination.put("1M/a", Bytes::from_static(b"whole")).await.expect("a writable file");
        std::fs::write(directory.path().join("1M/a#1"), "hal").expect("a writable file");
        destination.sweep(["1M/a", "1M/b", "2M/c"]).await.expect("nothing is in the way");
        let left: Vec<_> = std::fs::read_dir(directory.path().join("1M")).expect("a directory").collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(destination.get("1M/a").await.expect("a file").as_deref(), Some(&b"whole"[..]));
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
        let message = Destination::open("file://results").expect_err("it was opened").to_string();
        assert!(message.starts_with("destination file://results: a file:// URL names an absolute path"), "{message}");
    }

    #[test]
    fn looking_at_a_destination_makes_nothing_and_says_whether_it_could_be_made() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let at = |name: &str| place.path().join(name).display().to_string();
        std::fs::write(at("file"), "").expect("a writable directory");
        std::os::unix::fs::symlink(at("nowhere"), at("link")).expect("a writable directory");
        assert!(Destination::look_at(&at("a/b/c")).expect("it can be made").is_none());
        assert!(!place.path().join("a").exists());
        assert!(Destination::look_at(&at("")).expect("it is there").is_some());
        for refused in ["file", "file/below", "link", "link/below"] {
            let message = Destination::look_at(&at(refused)).expect_err("it was accepted").to_string();
            assert!(message.starts_with(&format!("destination {} cannot be used: ", at(refused))), "{message}");
        }
        assert!(!place.path().join("nowhere").exists());
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_is_named_once_with_what_the_system_said() {
        let place = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(place.path().join("1M"), "").expect("a writable directory");
        let destination = Destination::open(&place.path().display().to_string()).expect("a writable directory");
        let message = destination.get("1M/words.txt").await.expect_err("it was read").to_string();
        assert_eq!(message, "cannot read 1M/words.txt: Not a directory (os error 20)");
    }
}
