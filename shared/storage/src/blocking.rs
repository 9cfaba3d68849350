//! Storages for threads that may wait: a listing as an iterator, and a reader of what need not fit in memory.

use crate::{Address, Listed, Settings, Storage, StorageError, key::key};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, path::Path as ObjectPath};
use std::{
    io::{self, Read},
    ops::Range,
    sync::Arc,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::mpsc,
};

/// Parts that a file is read in.
const PART: u64 = 4 << 20;

/// Parts of a file that are asked for side by side, ahead of who reads it.
const AHEAD: usize = 4;

/// A storage, and a runtime of its own that serves the network. Not to be used on a thread of another runtime.
#[derive(Debug, Clone)]
pub struct Blocking {
    runtime: Arc<Runtime>,
    storage: Storage,
}

impl Blocking {
    /// Opens a storage; of a bucket, nobody is asked yet.
    ///
    /// # Errors
    /// When its settings make no sense, there is no such directory, or there is no thread to be had.
    pub fn open(address: Address, settings: &Settings) -> Result<Self, StorageError> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("storage").enable_all().build();
        let runtime = runtime.map_err(|error| {
            StorageError::settings(
                &address,
                format!("no thread can be started: {error}"),
                "check the limits of this process",
            )
        })?;
        Ok(Self { runtime: Arc::new(runtime), storage: Storage::open(address, settings)? })
    }

    /// The storage.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// All files below a directory, as [`Storage::list`] has them.
    pub fn list(&self, directory: &str) -> impl Iterator<Item = Result<Listed, StorageError>> + use<> {
        let (runtime, mut listing) = (Arc::clone(&self.runtime), self.storage.list(directory));
        std::iter::from_fn(move || runtime.block_on(listing.next()))
    }

    /// The length of a file in bytes; `None` when there is none of this name.
    ///
    /// # Errors
    /// When nobody can tell. That the bucket is not there is an error too.
    pub fn length(&self, path: &str) -> Result<Option<u64>, StorageError> {
        match self.runtime.block_on(self.storage.store().head(&key(path))) {
            Ok(head) => Ok(Some(head.size)),
            Err(error @ object_store::Error::NotFound { .. }) => {
                let error = self.storage.error(path, &error);
                if error.reason.contains("NoSuchBucket") { Err(error) } else { Ok(None) }
            }
            Err(error) => Err(self.storage.error(path, &error)),
        }
    }

    /// A reader of a file, which holds a bounded part of it. A connection that is cut costs nothing but time; a file that
    /// changes meanwhile is an error.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn read(&self, path: &str) -> Result<Reader, StorageError> {
        let location = key(path);
        let head = self.runtime.block_on(self.storage.store().head(&location));
        let head = head.map_err(|error| self.storage.error(path, &error))?;
        let (sender, parts) = mpsc::channel(1);
        let (storage, path) = (self.storage.clone(), path.to_owned());
        // Ends when the reader is dropped.
        self.runtime.spawn(async move {
            let of_part = |range: Range<u64>| {
                let (store, location, e_tag) = (storage.store(), &location, &head.e_tag);
                async move {
                    let options = GetOptions {
                        range: Some(GetRange::Bounded(range)),
                        if_match: e_tag.clone(),
                        ..GetOptions::default()
                    };
                    storage_part(store.as_ref(), location, options).await
                }
            };
            let ranges = (0..head.size).step_by(PART as usize).map(|at| at..head.size.min(at + PART));
            let mut parts = stream::iter(ranges).map(of_part).buffered(AHEAD);
            loop {
                let part = match parts.try_next().await {
                    Ok(Some(part)) => Ok(part),
                    Ok(None) => return,
                    Err(error) => Err(storage.error(&path, &error)),
                };
                let failed = part.is_err();
                if sender.send(part).await.is_err() || failed {
                    return;
                }
            }
        });
        Ok(Reader {
            parts,
            part: Bytes::new(),
            length: head.size,
            left: head.size,
            _runtime: Arc::clone(&self.runtime),
        })
    }
}

async fn storage_part(
    store: &dyn ObjectStore,
    location: &ObjectPath,
    options: GetOptions,
) -> Result<Bytes, object_store::Error> {
    // The library goes on by itself where an answer is cut.
    store.get_opts(location, options).await?.bytes().await
}

/// Reads a file from its beginning to its end.
#[derive(Debug)]
pub struct Reader {
    parts: mpsc::Receiver<Result<Bytes, StorageError>>,
    part: Bytes,
    length: u64,
    /// Bytes that are still to come with the parts.
    left: u64,
    _runtime: Arc<Runtime>,
}

impl Reader {
    /// The length of the file in bytes.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.part.is_empty() {
            match self.parts.blocking_recv() {
                Some(Ok(part)) => {
                    self.left = self.left.saturating_sub(part.len() as u64);
                    self.part = part;
                }
                Some(Err(error)) => return Err(io::Error::other(error)),
                None if self.left == 0 => return Ok(0),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let length = self.part.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.part.split_to(length));
        Ok(length)
    }
}
