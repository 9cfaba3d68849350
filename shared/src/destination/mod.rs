//! Where results go: a directory, or the objects below a prefix of a bucket. Under it files are put whole or not at all.

mod error;
mod uploader;

pub use error::DestinationError;
pub use superposed_storage::{Listed, settings::Uploads};
pub use uploader::{Files, Room, Uploader};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use nix::unistd::{AccessFlags, access as accessible};
use std::{
    fmt,
    fs::File,
    io,
    path::{Path, PathBuf},
};
use superposed_storage::{Address, Settings, Storage, StorageError};

/// Objects that are written to a directory at a time: more threads than that only wait for the disk.
const FILES_AT_A_TIME: usize = 16;

/// A place for results.
#[derive(Debug, Clone)]
pub struct Destination {
    storage: Storage,
    /// The directory, if it is one.
    root: Option<PathBuf>,
    uploads: Uploads,
}

impl Destination {
    /// Opens a destination with the settings of this process's environment, making its directory where it is not there
    /// yet. Of a bucket, nobody is asked yet.
    ///
    /// # Errors
    /// When it names no place, its settings make no sense, or its directory cannot be made.
    pub fn open(place: &str) -> Result<Self, DestinationError> {
        Self::open_with(place, &Settings::from_environment())
    }

    /// Opens a destination with these settings, making its directory where it is not there yet.
    ///
    /// # Errors
    /// When it names no place, its settings make no sense, or its directory cannot be made.
    pub fn open_with(place: &str, settings: &Settings) -> Result<Self, DestinationError> {
        let address: Address = place.parse()?;
        let Address::Directory(root) = &address else {
            let storage = Storage::open(address, settings)?;
            return Ok(Self { storage, root: None, uploads: settings.uploads });
        };
        let root = root.clone();
        let open = |source| DestinationError::Open { path: root.clone(), source };
        std::fs::create_dir_all(&root).map_err(open)?;
        let storage = Storage::open(address, settings).map_err(|error| open(io::Error::other(error.reason)))?;
        let objects = settings.uploads.objects.min(FILES_AT_A_TIME);
        Ok(Self { storage, root: Some(root), uploads: Uploads { objects, ..settings.uploads } })
    }

    /// Opens a destination that is there and can be written to; `None` where there is none. Where its directory would
    /// have to be made, it is only asked whether that is possible, and nothing is changed. A bucket must be there, and is
    /// left as it is.
    ///
    /// # Errors
    /// When it names no place, or this process could not write there.
    pub async fn look_at(place: &str) -> Result<Option<Self>, DestinationError> {
        let address: Address = place.parse()?;
        let Address::Directory(root) = address else {
            let destination = Self::open(place)?;
            destination.storage.check_writable().await?;
            return Ok(Some(destination));
        };
        let closed = |source| DestinationError::Open { path: root.clone(), source };
        // A link to nowhere is there as well, and cannot become a directory.
        let there = root.ancestors().find(|path| path.symlink_metadata().is_ok()).unwrap_or(Path::new("."));
        if !there.metadata().map_err(closed)?.is_dir() {
            return Err(closed(io::ErrorKind::NotADirectory.into()));
        }
        accessible(there, AccessFlags::W_OK | AccessFlags::X_OK).map_err(|errno| closed(errno.into()))?;
        if there == root { Self::open(place).map(Some) } else { Ok(None) }
    }

    /// Opens a destination to read from it; a directory must be there. Of a bucket, nobody is asked yet.
    ///
    /// # Errors
    /// When it names no place, its settings make no sense, or there is no such directory.
    pub fn open_existing(place: &str) -> Result<Self, DestinationError> {
        match place.parse()? {
            Address::Directory(root) if !root.is_dir() => Err(DestinationError::Absent(root)),
            _ => Self::open(place),
        }
    }

    /// Whether the place is still there. A bucket says so itself when something of it is asked for.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.root.as_ref().is_none_or(|root| root.is_dir())
    }

    /// Whether this is the directory that `path` names below another destination.
    #[must_use]
    pub fn is_at(&self, other: &Self, path: &str) -> bool {
        match (self.storage.address(), other.storage.address()) {
            (Address::Directory(root), Address::Directory(other)) => {
                let real = |path: &Path| path.canonicalize().ok();
                real(root).is_some_and(|root| real(&other.join(path)) == Some(root))
            }
            (Address::Bucket(ours), Address::Bucket(theirs)) => {
                let below = format!("{}/{path}", theirs.prefix);
                let theirs =
                    superposed_storage::Bucket { prefix: below.trim_matches('/').to_owned(), ..theirs.clone() };
                *ours == theirs
            }
            _ => false,
        }
    }

    /// How much is written to it at a time.
    #[must_use]
    pub const fn uploads(&self) -> Uploads {
        self.uploads
    }

    /// What lies below.
    #[must_use]
    pub const fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Writes a file, whole or not at all, in place of one that may be there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn put(&self, path: &str, content: Bytes) -> Result<(), DestinationError> {
        self.storage.put(path, content).await.map_err(|error| self.error("cannot write", path, error))
    }

    /// Writes a file unless there is one of this name; whether this did. Of several that try, at most one does.
    ///
    /// # Errors
    /// When it cannot be written. It may have been, when the connection broke before that was said.
    pub async fn create(&self, path: &str, content: Bytes) -> Result<bool, DestinationError> {
        self.storage.create(path, content).await.map_err(|error| self.error("cannot write", path, error))
    }

    /// Removes a file; that it is not there is no error.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub async fn remove(&self, path: &str) -> Result<(), DestinationError> {
        self.storage.remove(path).await.map_err(|error| self.error("cannot remove", path, error))
    }

    /// Removes what a process that was killed while it wrote these files may have left beside them. To be called by
    /// who holds the right to write them: one who lost it and still writes would fail. In a bucket nothing is left.
    ///
    /// # Errors
    /// When something is there and cannot be removed.
    pub async fn sweep<'a>(&self, paths: impl IntoIterator<Item = &'a str>) -> Result<(), DestinationError> {
        let Some(root) = &self.root else { return Ok(()) };
        for path in paths {
            // The name under which `object_store` writes a local file, before it is moved into place.
            let leftover = format!("{path}#1");
            match tokio::fs::remove_file(root.join(&leftover)).await {
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
        self.storage.get(path).await.map_err(|error| self.error("cannot read", path, error))
    }

    /// Reads a file that has so many bytes at the most; `None` when there is none.
    ///
    /// # Errors
    /// When it has more, or cannot be read.
    pub async fn get_at_most(&self, path: &str, most: u64) -> Result<Option<Bytes>, DestinationError> {
        self.storage.get_at_most(path, most).await.map_err(|error| self.error("cannot read", path, error))
    }

    /// The paths of all files below a directory, in no order; none when there is no such directory.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub async fn list(&self, directory: &str) -> Result<Vec<String>, DestinationError> {
        self.files(directory).map_ok(|file| file.path).try_collect().await
    }

    /// All files below a directory, in a stream: of millions, a page is held at a time. None when there is no such
    /// directory.
    pub fn files(&self, directory: &str) -> BoxStream<'static, Result<Listed, DestinationError>> {
        let (this, below) = (self.clone(), directory.to_owned());
        let error = move |error| this.error("cannot list", &below, error);
        self.storage.list(directory).map_err(error).boxed()
    }

    /// Makes durable what was put before: one sync of the file system for a whole span of jobs, not one for a file. What
    /// a bucket has taken is durable.
    ///
    /// # Errors
    /// When the file system reports an error.
    pub async fn sync(&self) -> Result<(), DestinationError> {
        let Some(root) = self.root.clone() else { return Ok(()) };
        let synced = tokio::task::spawn_blocking(move || {
            let sync = |root: &Path| nix::unistd::syncfs(File::open(root)?).map_err(io::Error::from);
            sync(&root).map_err(|source| DestinationError::Sync { path: root, source })
        });
        synced.await.expect("syncing a file system does not panic")
    }

    /// Of a file on this machine, what the system said is enough.
    fn error(&self, what: &'static str, path: &str, error: StorageError) -> DestinationError {
        match self.root {
            Some(_) => DestinationError::Access { what, path: path.to_owned(), reason: error.reason },
            None => DestinationError::Storage(error),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.storage.fmt(f)
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
        assert!(
            message.starts_with("destination: \"gopher://x\" is a kind of URL that nothing is kept under"),
            "{message}"
        );
        let message = Destination::open("file://results").expect_err("it was opened").to_string();
        assert!(message.starts_with("destination: \"file://results\" does not start at the root"), "{message}");
    }

    #[tokio::test]
    async fn looking_at_a_destination_makes_nothing_and_says_whether_it_could_be_made() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let at = |name: &str| place.path().join(name).display().to_string();
        std::fs::write(at("file"), "").expect("a writable directory");
        std::os::unix::fs::symlink(at("nowhere"), at("link")).expect("a writable directory");
        assert!(Destination::look_at(&at("a/b/c")).await.expect("it can be made").is_none());
        assert!(!place.path().join("a").exists());
        assert!(Destination::look_at(&at("")).await.expect("it is there").is_some());
        for refused in ["file", "file/below", "link", "link/below"] {
            let message = Destination::look_at(&at(refused)).await.expect_err("it was accepted").to_string();
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
