//! What files say, read again when they change.

use super::GuardError;
use sha2::{Digest, Sha256};
use std::{
    fmt, fs,
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tokio::{sync::watch, task::spawn_blocking};

/// What some files say together. They are compared by content, so that links that change their aim (as Kubernetes does it),
/// files put in the place of others and files written over are all noticed.
pub(super) struct Kept<T> {
    inner: Arc<Inner<T>>,
}

struct Inner<T> {
    what: &'static str,
    files: Vec<PathBuf>,
    read: Box<dyn Fn() -> Result<T, GuardError> + Send + Sync>,
    now: watch::Sender<Arc<T>>,
    /// The digest of what was there last, right or wrong; none where a file could not be read.
    seen: Mutex<Option<[u8; 32]>>,
}

impl<T: Send + Sync + 'static> Kept<T> {
    /// Reads files for the first time.
    pub(super) fn read(
        what: &'static str,
        files: Vec<PathBuf>,
        read: impl Fn() -> Result<T, GuardError> + Send + Sync + 'static,
    ) -> Result<Self, GuardError> {
        // Before they are read: should they change in between, they are read once more.
        let seen = Mutex::new(digest(&files));
        let now = watch::Sender::new(Arc::new(read()?));
        Ok(Self { inner: Arc::new(Inner { what, files, read: Box::new(read), now, seen }) })
    }

    /// What they say now.
    pub(super) fn now(&self) -> Arc<T> {
        Arc::clone(&self.inner.now.borrow())
    }

    /// Reads the files again, if they changed. What is wrong is not taken, and said once.
    pub(super) async fn refresh(&self) {
        let inner = Arc::clone(&self.inner);
        // Files may lie on a disk that is slow.
        let _ = spawn_blocking(move || inner.refresh()).await;
    }
}

impl<T> Inner<T> {
    fn refresh(&self) {
        let found = digest(&self.files);
        let mut seen = self.seen.lock().expect("nothing panics with it");
        if *seen == found {
            return;
        }
        *seen = found;
        match (self.read)() {
            Ok(next) => {
                self.now.send_replace(Arc::new(next));
                tracing::info!("the {} have changed, and hold from now on", self.what);
            }
            Err(error) => tracing::error!("{error}; the {} that were read before hold on", self.what),
        }
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("files", &self.inner.files).finish_non_exhaustive()
    }
}

fn digest(files: &[PathBuf]) -> Option<[u8; 32]> {
    let mut digest = Sha256::new();
    for file in files {
        let content = fs::read(file).ok()?;
        digest.update((content.len() as u64).to_le_bytes());
        digest.update(&content);
    }
    Some(digest.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_wrong_is_not_taken_and_what_is_right_again_is() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("number");
        let write = |text: &str| fs::write(&path, text).expect("a file");
        let read = {
            let path = path.clone();
            move || {
                let text = fs::read_to_string(&path).unwrap_or_default();
                text.parse::<u32>().map_err(|_| GuardError::Half("number", "digit"))
            }
        };
        write("1");
        let kept = Kept::read("number", vec![path.clone()], read).expect("a number");
        assert_eq!(*kept.now(), 1);
        for (text, then) in [("none", 1), ("2", 2), ("", 2), ("3", 3)] {
            write(text);
            kept.refresh().await;
            assert_eq!(*kept.now(), then, "{text:?}");
        }
        fs::remove_file(&path).expect("a file");
        kept.refresh().await;
        assert_eq!(*kept.now(), 3);
    }
}
