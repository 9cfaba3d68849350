//! What several processes share on a disk: locks, room, and names that appear whole.

use crate::FetchError;
use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

/// A cache, and the variable that names it.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    pub(crate) root: PathBuf,
    pub(crate) variable: &'static str,
}

/// Tells names aside of one process apart.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Held until it is dropped, or until its process ends.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "closing it is what ends the lock")] File);

impl Disk {
    pub(crate) fn error(&self, path: &Path) -> impl Fn(io::Error) -> FetchError + use<'_> {
        let path = path.to_owned();
        move |source| FetchError::Disk { path: path.clone(), source, variable: self.variable }
    }

    /// Makes a directory and those above it.
    pub(crate) fn make(&self, directory: &Path) -> Result<(), FetchError> {
        fs::create_dir_all(directory).map_err(self.error(directory))
    }

    /// Waits until no other process holds the lock. `what` is told to who wonders why nothing happens.
    pub(crate) async fn lock(&self, path: PathBuf, what: String) -> Result<Lock, FetchError> {
        if let Some(directory) = path.parent() {
            self.make(directory)?;
        }
        let place = path.clone();
        let locked = tokio::task::spawn_blocking(move || {
            let file = File::options().create(true).truncate(false).write(true).open(path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    tracing::info!(what, "another process fetches this; waiting for it");
                    file.lock()?;
                }
                Err(TryLockError::Error(error)) => return Err(error),
            }
            Ok(Lock(file))
        });
        locked.await.expect("locking does not panic").map_err(self.error(&place))
    }

    /// Refuses a file that there is no room for.
    pub(crate) fn check_room(&self, directory: &Path, file: &str, needed: u64) -> Result<(), FetchError> {
        // Where it cannot be told, writing will tell.
        let Ok(of_disk) = nix::sys::statvfs::statvfs(directory) else { return Ok(()) };
        let free = of_disk.blocks_available().saturating_mul(of_disk.fragment_size());
        if needed <= free {
            return Ok(());
        }
        let (cache, file) = (self.root.clone(), file.to_owned());
        Err(FetchError::NoRoom { cache, file, needed, free, variable: self.variable })
    }

    /// Writes a small file, whole or not at all.
    pub(crate) fn put(&self, path: &Path, content: &[u8]) -> Result<(), FetchError> {
        self.put_by(path, |aside| {
            let mut file = File::create(aside)?;
            file.write_all(content)?;
            file.sync_all()
        })
    }

    /// Makes a link, in place of what may be there.
    pub(crate) fn link(&self, path: &Path, target: &Path) -> Result<(), FetchError> {
        self.put_by(path, |aside| std::os::unix::fs::symlink(target, aside))
    }

    fn put_by(&self, path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), FetchError> {
        if let Some(directory) = path.parent() {
            self.make(directory)?;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let aside = path.with_file_name(format!(".{name}.{}.{number}", process::id()));
        // One of this id that was killed may have left it.
        let _ = fs::remove_file(&aside);
        write(&aside).and_then(|()| fs::rename(&aside, path)).map_err(self.error(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(root: &Path) -> Disk {
        Disk { root: root.to_owned(), variable: "HF_HUB_CACHE" }
    }

    #[test]
    fn a_file_that_there_is_no_room_for_is_refused_before_it_is_fetched() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let disk = disk(place.path());
        disk.check_room(place.path(), "config.json", 1).expect("a byte is free");
        let line = disk.check_room(place.path(), "model.safetensors", u64::MAX).expect_err("it fits").to_string();
        let start = format!("{}: model.safetensors needs {} bytes and ", place.path().display(), u64::MAX);
        assert!(line.starts_with(&start), "{line}");
        assert!(line.ends_with(" are free: make room, or let HF_HUB_CACHE name another disk"), "{line}");
    }

    #[test]
    fn what_is_put_replaces_what_was_there_and_leaves_nothing_beside_it() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let disk = disk(place.path());
        let path = place.path().join("refs/main");
        for content in ["first", "second"] {
            disk.put(&path, content.as_bytes()).expect("a writable directory");
            assert_eq!(fs::read_to_string(&path).expect("it was put"), content);
        }
        disk.link(&path, Path::new("elsewhere")).expect("a writable directory");
        assert_eq!(fs::read_link(&path).expect("a link"), Path::new("elsewhere"));
        assert_eq!(fs::read_dir(place.path().join("refs")).expect("a directory").count(), 1);
    }
}
