//! Files under an address: put whole or not at all, read, and listed in a stream.

use crate::{Address, Kind, Service, Settings, StorageError, connect::connect, key::key};
use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use object_store::{
    Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, UpdateVersion,
    client::{HttpError, HttpErrorKind},
    path::Path as ObjectPath,
};
use std::{fmt, sync::Arc};

/// A directory, or the objects below a prefix of a bucket.
#[derive(Clone)]
pub struct Storage {
    store: Arc<dyn ObjectStore>,
    address: Arc<Address>,
    attempts: u32,
}

/// A file that was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its path, relative to the storage.
    pub path: String,
    /// Its length in bytes.
    pub size: u64,
}

/// The most bytes of a file that is read whole.
pub const MOST: u64 = 1 << 30;

/// A version that no object has.
const NO_VERSION: &str = "\"superposed-no-such-version\"";

/// The path of what is never written: whether it could be is asked.
const PROBE: &str = "superposed-write-check";

impl Storage {
    /// Opens a storage. Of a bucket, nobody is asked yet; a directory must be there.
    ///
    /// # Errors
    /// When its settings make no sense, or there is no such directory.
    pub fn open(address: Address, settings: &Settings) -> Result<Self, StorageError> {
        let store = connect(&address, settings)?;
        Ok(Self { store, address: Arc::new(address), attempts: settings.patience.attempts })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The store below, whose paths are relative to the address.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// What the library says of a path here; of the storage itself, when the path is empty.
    #[must_use]
    pub fn error(&self, path: &str, error: &StoreError) -> StorageError {
        StorageError::of_store(&self.address, self.place_of(path), error)
    }

    /// Where a file is, as people are told.
    fn place_of(&self, path: &str) -> String {
        match (&*self.address, path) {
            (_, "") => self.address.to_string(),
            (Address::Directory(root), path) => root.join(path).display().to_string(),
            (Address::Bucket(bucket), path) if bucket.prefix.is_empty() => format!("{bucket}{path}"),
            (Address::Bucket(bucket), path) => format!("{bucket}/{path}"),
        }
    }

    /// Writes a file, whole or not at all, in place of one that may be there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn put(&self, path: &str, content: Bytes) -> Result<(), StorageError> {
        let location = key(path);
        let put = || self.store.put(&location, PutPayload::from_bytes(content.clone()));
        self.again(put).await.map(drop).map_err(|error| self.error(path, &error))
    }

    /// Writes a file unless there is one of this name; whether this did. Of several that try, at most one does.
    ///
    /// # Errors
    /// When it cannot be written. It may have been, when the connection broke before that was said.
    pub async fn create(&self, path: &str, content: Bytes) -> Result<bool, StorageError> {
        let options = PutOptions::from(PutMode::Create);
        let location = key(path);
        match self.store.put_opts(&location, PutPayload::from_bytes(content.clone()), options).await {
            Ok(_) => Ok(true),
            Err(StoreError::AlreadyExists { .. }) => Ok(false),
            // A store without conditions: the best that it can do.
            Err(StoreError::NotImplemented { .. }) => {
                if self.get(path).await?.is_some() {
                    return Ok(false);
                }
                self.put(path, content).await.map(|()| true)
            }
            Err(error) => Err(self.error(path, &error)),
        }
    }

    /// Removes a file; that it is not there is no error.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub async fn remove(&self, path: &str) -> Result<(), StorageError> {
        let location = key(path);
        match self.again(|| self.store.delete(&location)).await {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.error(path, &error)),
        }
    }

    /// Reads a file; `None` when there is none.
    ///
    /// # Errors
    /// When it is there but cannot be read, or has more than [`MOST`] bytes. That the bucket is not there is an error too.
    pub async fn get(&self, path: &str) -> Result<Option<Bytes>, StorageError> {
        self.get_at_most(path, MOST).await
    }

    /// Reads a file that has `most` bytes at the most; `None` when there is none.
    ///
    /// # Errors
    /// When it has more, or cannot be read. That the bucket is not there is an error too.
    pub async fn get_at_most(&self, path: &str, most: u64) -> Result<Option<Bytes>, StorageError> {
        let location = key(path);
        let read = async || {
            let found = self.store.get(&location).await?;
            // Whatever is there: nothing is allocated for what nobody asked for.
            if found.meta.size > most { Ok(Err(found.meta.size)) } else { found.bytes().await.map(Ok) }
        };
        match self.again(read).await {
            Ok(Ok(content)) => Ok(Some(content)),
            Ok(Err(bytes)) => Err(StorageError {
                place: self.place_of(path),
                kind: Kind::Changed,
                reason: format!("it has {bytes} bytes, and {most} at the most can be read"),
                remedy: "put the file there that belongs there, or remove it".to_owned(),
            }),
            Err(error @ StoreError::NotFound { .. }) => {
                let error = self.error(path, &error);
                if error.reason.contains("NoSuchBucket") { Err(error) } else { Ok(None) }
            }
            Err(error) => Err(self.error(path, &error)),
        }
    }

    /// All files below a directory, page by page; none when there is no such directory. Of a bucket, in the order of
    /// their paths. A listing that is cut goes on where it was cut. Empty objects that stand for a directory, as some tools
    /// make them, are no files.
    pub fn list(&self, directory: &str) -> BoxStream<'static, Result<Listed, StorageError>> {
        let below = (!directory.is_empty()).then(|| key(directory));
        let listing = Listing {
            storage: self.clone(),
            page: self.store.list(below.as_ref()),
            below,
            last: None,
            failed: 0,
            ahead: None,
        };
        stream::try_unfold(listing, Listing::next).boxed()
    }

    /// Checks that files can be listed and written here, and leaves nothing.
    ///
    /// # Errors
    /// When they cannot.
    pub async fn check_writable(&self) -> Result<(), StorageError> {
        let Address::Bucket(bucket) = &*self.address else { return Ok(()) };
        self.list("").try_next().await?;
        let location = key(PROBE);
        let of_place = |error: &StoreError| self.error("", error);
        match bucket.service {
            // An upload in parts that is broken off before its first one: every kind of S3 has that.
            Service::S3 | Service::Gcs => {
                let mut upload = self.store.put_multipart(&location).await.map_err(|error| of_place(&error))?;
                match upload.abort().await {
                    // Broken off already: the answer to that was lost, and it was asked for again.
                    Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
                    Err(error) => Err(of_place(&error)),
                }
            }
            // Nothing is asked there before the first part: it must replace a version that there is not.
            Service::Azure => {
                let version = UpdateVersion { e_tag: Some(NO_VERSION.to_owned()), version: None };
                let options = PutOptions::from(PutMode::Update(version));
                match self.store.put_opts(&location, PutPayload::new(), options).await {
                    Err(StoreError::Precondition { .. } | StoreError::NotFound { .. }) | Ok(_) => Ok(()),
                    Err(error) => Err(of_place(&error)),
                }
            }
        }
    }

    /// Does again what the library gives up, though it may help: it does not read an answer's body twice.
    async fn again<T, F: Future<Output = Result<T, StoreError>>>(&self, ask: impl Fn() -> F) -> F::Output {
        let mut failed = 0;
        loop {
            match ask().await {
                Err(error) if failed + 1 < self.attempts && is_cut(&error) => failed += 1,
                answer => return answer,
            }
        }
    }
}

/// Whether the connection was cut within an answer. (What was cut before it, the library has done again already.)
fn is_cut(error: &StoreError) -> bool {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |&error| error.source());
    let kinds = causes.filter_map(|error| error.downcast_ref::<HttpError>()).map(HttpError::kind);
    kinds.last().is_some_and(|kind| !matches!(kind, HttpErrorKind::Connect | HttpErrorKind::Timeout))
}

impl Listed {
    /// Whether it stands for a directory: the store's path of an object `a/` is `a`, it comes before what is in `a`, and has
    /// no content. The one of the directory that is listed has no path at all.
    fn is_marker(&self, next: Option<&Self>) -> bool {
        let within = |next: &Self| next.path.strip_prefix(&self.path).is_some_and(|rest| rest.starts_with('/'));
        self.size == 0 && (self.path.is_empty() || next.is_some_and(within))
    }
}

/// A listing under way.
struct Listing {
    storage: Storage,
    page: BoxStream<'static, Result<object_store::ObjectMeta, StoreError>>,
    below: Option<ObjectPath>,
    /// What was listed last.
    last: Option<ObjectPath>,
    /// Attempts that failed since then.
    failed: u32,
    /// What was listed and not yet told: what follows says whether it is a file.
    ahead: Option<Listed>,
}

impl Listing {
    async fn next(mut self) -> Result<Option<(Listed, Self)>, StorageError> {
        loop {
            match self.page.next().await {
                Some(Ok(object)) => {
                    let listed = Listed { path: object.location.to_string(), size: object.size };
                    (self.last, self.failed) = (Some(object.location), 0);
                    let before = self.ahead.replace(listed);
                    if let Some(file) = before.filter(|before| !before.is_marker(self.ahead.as_ref())) {
                        return Ok(Some((file, self)));
                    }
                }
                None => {
                    // It is asked once more, and then has nothing.
                    self.page = stream::empty().boxed();
                    return Ok(self.ahead.take().filter(|last| !last.is_marker(None)).map(|last| (last, self)));
                }
                Some(Err(error)) => {
                    self.failed += 1;
                    if self.failed >= self.storage.attempts || !is_cut(&error) {
                        let below = self.below.as_ref().map_or("", ObjectPath::as_ref);
                        return Err(self.storage.error(below, &error));
                    }
                    let store = &self.storage.store;
                    self.page = match &self.last {
                        Some(last) => store.list_with_offset(self.below.as_ref(), last),
                        None => store.list(self.below.as_ref()),
                    };
                }
            }
        }
    }
}

impl fmt::Debug for Storage {
    /// Without the store, which knows secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Storage({})", self.address)
    }
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}
