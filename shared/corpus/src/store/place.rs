//! Where a store is written: in a temporary directory beside its destination, until it is whole.

use crate::CorpusError;
use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// What the names of temporary directories begin with.
const PREFIX: &str = ".superposed-corpus-";

/// The file in a temporary directory that its writer locks.
const LOCK: &str = "lock";

/// The directory in it that becomes the store. It is made with the user's usual permissions, which a temporary one
/// lacks.
const STORE: &str = "store";

/// A store's destination and the temporary directory beside it, which is deleted when this is dropped.
pub(crate) struct Place {
    destination: PathBuf,
    parent: PathBuf,
    /// Deletes itself when dropped.
    temporary: TempDir,
    /// The store itself.
    directory: PathBuf,
    /// After the temporary directory, so that it is empty by then.
    _made: MadeDirectories,
    /// After the temporary directory too: who could lock the file would delete it as well.
    _lock: File,
}

/// Directories that were made for a store. When dropped, those that are still empty are removed: all, if there is no
/// store after all.
struct MadeDirectories(Vec<PathBuf>);

impl MadeDirectories {
    /// Makes a directory and those it lies in, where they are missing.
    fn above(directory: &Path) -> Result<Self, CorpusError> {
        let missing = directory.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
        let made = Self(missing.map(Path::to_owned).collect());
        fs::create_dir_all(directory).map_err(CorpusError::io("create", directory))?;
        Ok(made)
    }
}

impl Drop for MadeDirectories {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_dir(path);
        }
    }
}

/// Refuses a destination that exists; called before long work, and again before the rename.
pub(crate) fn refuse_existing(destination: &Path) -> Result<(), CorpusError> {
    match fs::symlink_metadata(destination) {
        Ok(_) => Err(CorpusError::Exists(destination.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(CorpusError::io("look at", destination)(error)),
    }
}

impl Place {
    /// Makes the temporary directory, and removes those beside it whose writers are dead.
    pub(crate) fn beside(destination: &Path) -> Result<Self, CorpusError> {
        refuse_existing(destination)?;
        let parent = match destination.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let made = MadeDirectories::above(&parent)?;
        sweep(&parent);
        let (temporary, lock) = locked(&parent)?;
        let directory = temporary.path().join(STORE);
        fs::create_dir(&directory).map_err(CorpusError::io("create", &directory))?;
        let destination = destination.to_owned();
        Ok(Self { destination, parent, temporary, directory, _made: made, _lock: lock })
    }

    /// The directory that becomes the store.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A directory for other temporary files. It goes when the store appears, or does not.
    pub(crate) fn scratch(&self) -> &Path {
        self.temporary.path()
    }

    /// Makes the directory durable, whose files are synced already, and lets it appear at its destination.
    pub(crate) fn publish(self) -> Result<(), CorpusError> {
        sync_directory(&self.directory)?;
        refuse_existing(&self.destination)?;
        fs::rename(&self.directory, &self.destination).map_err(CorpusError::io("create", &self.destination))?;
        self.temporary.close().map_err(CorpusError::io("clean up in", &self.parent))?;
        sync_directory(&self.parent)
    }
}

/// Makes a temporary directory with a locked file in it. The lock is the system's, and ends with its holder's life.
fn locked(parent: &Path) -> Result<(TempDir, File), CorpusError> {
    loop {
        let create = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent);
        let temporary = create.map_err(CorpusError::io("create a directory in", parent))?;
        let path = temporary.path().join(LOCK);
        // Another writer that sweeps may find the directory between any two of these steps, take it for a dead one's,
        // and delete it: then this one begins anew.
        let lock = match File::create_new(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            lock => lock.map_err(CorpusError::io("create", &path))?,
        };
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => continue,
            // Without locks (on some network file systems) nothing is swept either.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        if path.exists() {
            return Ok((temporary, lock));
        }
    }
}

/// Removes the temporary directories in `parent` whose writers are dead. What cannot be removed is left: it is in
/// nobody's way.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if directory && entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            let path = entry.path();
            let removed = remove_dead(&path);
            tracing::debug!(path = %path.display(), ?removed, "looked at the temporary directory of another writer");
        }
    }
}

/// Removes a temporary directory unless its writer lives; says whether it did.
fn remove_dead(directory: &Path) -> io::Result<bool> {
    match File::open(directory.join(LOCK)) {
        // Held until all is removed. A writer that is about to lock this file sees that it is held, or gone.
        Ok(lock) => match lock.try_lock() {
            Ok(()) => fs::remove_dir_all(directory).map(|()| true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        },
        // Its writer died, or is about to make that file, and will begin anew. Were there more in it, it would be none
        // of ours, and would stay.
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::remove_dir(directory).map(|()| true),
        Err(error) => Err(error),
    }
}

pub(crate) fn sync(file: &File, path: &Path) -> Result<(), CorpusError> {
    file.sync_all().map_err(CorpusError::io("sync", path))
}

fn sync_directory(path: &Path) -> Result<(), CorpusError> {
    let directory = File::open(path).map_err(CorpusError::io("open", path))?;
    sync(&directory, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("listed");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn what_dead_writers_left_is_removed_and_what_living_ones_write_is_not() {
        let parent = tempfile::tempdir().expect("a temporary directory");
        let make = |name: &str, files: &[&str]| {
            let directory = parent.path().join(name);
            fs::create_dir_all(directory.join(STORE)).expect("created");
            for file in files {
                fs::write(directory.join(file), "x").expect("written");
            }
        };
        // One that was killed, one killed before it did anything, one of somebody else, and one that lives.
        make(".superposed-corpus-dead", &["lock", "store/joint.bin"]);
        fs::create_dir(parent.path().join(".superposed-corpus-empty")).expect("created");
        make(".superposed-corpus-foreign", &["store/joint.bin"]);
        make("store", &["lock"]);
        let living = Place::beside(&parent.path().join("a")).expect("a place");
        fs::write(living.directory().join("joint.bin"), "x").expect("written");

        let place = Place::beside(&parent.path().join("b")).expect("a place");
        assert!(living.directory().join("joint.bin").exists());
        let left = names(parent.path());
        assert_eq!(left.len(), 4, "{left:?}");
        assert!(left.contains(&".superposed-corpus-foreign".to_owned()) && left.contains(&"store".to_owned()));
        living.publish().expect("published");
        drop(place);
        assert_eq!(names(parent.path()), [".superposed-corpus-foreign", "a", "store"]);
    }

    #[test]
    fn writers_that_sweep_at_the_same_time_never_take_each_others_place() {
        let parent = tempfile::tempdir().expect("a temporary directory");
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let parent = parent.path();
                scope.spawn(move || {
                    for round in 0..50 {
                        let place = Place::beside(&parent.join(format!("{thread}-{round}"))).expect("a place");
                        fs::write(place.directory().join("file"), "x").expect("nobody removed the directory");
                        place.publish().expect("nobody removed the file");
                    }
                });
            }
        });
        assert_eq!(names(parent.path()).len(), 400);
    }
}
