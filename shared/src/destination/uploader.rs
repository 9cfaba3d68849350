//! Many small files on their way to a destination at a time, and no more of them than memory has room for.

use super::{Destination, DestinationError, FILES_AT_A_TIME, Uploads};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What one process writes at a time, to all its destinations together.
#[derive(Debug, Clone)]
pub struct Uploader {
    /// Bytes that may be on their way.
    room: Arc<Semaphore>,
    bytes: u32,
    /// Objects that may be, to buckets and to directories.
    objects: Arc<Semaphore>,
    files: Arc<Semaphore>,
}

/// Room for bytes that are on their way, until it is dropped.
#[derive(Debug)]
pub struct Room(#[expect(dead_code, reason = "dropping it is what gives the room back")] OwnedSemaphorePermit);

/// Files that are written one after the other, so that the last one says that all are there.
pub type Files = Vec<(String, Bytes)>;

impl Uploader {
    /// An uploader of so much at a time.
    #[must_use]
    pub fn new(uploads: Uploads) -> Self {
        let bytes = u32::try_from(uploads.bytes).unwrap_or(u32::MAX).max(1);
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.clamp(1, Semaphore::MAX_PERMITS)));
        Self {
            room: semaphore(bytes as usize),
            bytes,
            objects: semaphore(uploads.objects),
            files: semaphore(FILES_AT_A_TIME.min(uploads.objects)),
        }
    }

    /// Waits until there is room for bytes beside those that are on their way; more than there is room for at all get all
    /// of it.
    pub async fn room(&self, bytes: usize) -> Room {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).clamp(1, self.bytes);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes).await;
        Room(room.expect("the semaphore is never closed"))
    }

    /// Writes files: each group's in their order, the groups side by side with those of other calls. What a killed process
    /// left of them is removed. They are durable once the destination was synced.
    ///
    /// # Errors
    /// When a file cannot be written; some others may have been, which is harmless: they are written again, the same.
    pub async fn upload(
        &self,
        destination: &Destination,
        groups: impl IntoIterator<Item = Files>,
    ) -> Result<(), DestinationError> {
        let at_a_time = if destination.root.is_some() { &self.files } else { &self.objects };
        stream::iter(groups)
            .map(async |files| {
                // The job's last holder may have been killed while it wrote.
                for (path, _) in &files {
                    destination.sweep([path.as_str()]).await?;
                }
                for (path, content) in files {
                    let _turn = at_a_time.acquire().await.expect("the semaphore is never closed");
                    destination.put(&path, content).await?;
                }
                Ok::<_, DestinationError>(())
            })
            .buffer_unordered(destination.uploads().objects)
            .try_collect()
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use superposed_storage::test_server::TestServer;

    #[tokio::test]
    async fn no_more_bytes_are_on_their_way_than_there_is_room_for() {
        let uploader = Uploader::new(Uploads { objects: 8, bytes: 100 });
        let first = uploader.room(60).await;
        let second = uploader.room(40).await;
        assert!(uploader.room(1).now_or_never().is_none());
        drop(first);
        let huge = uploader.room(1_000);
        assert!(uploader.room(60).now_or_never().is_some());
        drop(second);
        drop(huge.await);
        assert!(uploader.room(100).now_or_never().is_some());
    }

    #[tokio::test]
    async fn groups_are_written_whole_to_a_bucket_as_to_a_directory() {
        let server = TestServer::start(&["lab"]);
        let directory = tempfile::tempdir().expect("a temporary directory");
        let uploader = Uploader::new(Uploads { objects: 4, bytes: 1 << 20 });
        for place in ["s3://lab/x".to_owned(), directory.path().display().to_string()] {
            let destination = Destination::open_with(&place, &server.settings()).expect("a writable place");
            let file = |n: u32, ending: &str| (format!("i/{n}{ending}"), Bytes::from(format!("{n}{ending}")));
            let groups = (0..50).map(|n| vec![file(n, "_a"), file(n, "_b"), file(n, "_c")]);
            uploader.upload(&destination, groups).await.expect("a writable place");
            destination.sync().await.expect("a writable place");
            assert_eq!(destination.list("i").await.expect("a listing").len(), 150);
            let content = destination.get("i/49_c").await.expect("a file");
            assert_eq!(content.as_deref(), Some(&b"49_c"[..]));
        }
    }

    #[tokio::test]
    async fn the_last_file_of_a_group_is_not_there_before_the_others() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let destination = Destination::open(&directory.path().display().to_string()).expect("a writable place");
        // Something is in the way of the second one.
        std::fs::create_dir_all(directory.path().join("b/below")).expect("a writable directory");
        let group = ["a", "b", "c"].map(|path| (path.to_owned(), Bytes::from_static(b"x"))).to_vec();
        let uploader = Uploader::new(Uploads::default());
        uploader.upload(&destination, [group]).await.expect_err("it was written");
        assert!(directory.path().join("a").exists() && !directory.path().join("c").exists());
    }
}
