//! How often each job's results were put into place, as the kernel saw it.

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use std::{collections::HashMap, path::Path};

/// Counts the pools, each the last file of a job, that are moved to their names.
#[derive(Debug)]
pub(crate) struct Writes {
    inotify: Inotify,
    directories: HashMap<WatchDescriptor, String>,
    counts: HashMap<String, usize>,
}

impl Writes {
    /// Watches directories below `root` by name.
    pub(crate) fn watch(root: &Path, directories: &[&str]) -> Self {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).expect("Linux");
        let watch = |name: &&str| {
            let watch = inotify.add_watch(&root.join(name), AddWatchFlags::IN_MOVED_TO);
            (watch.expect("a directory that is there"), (*name).to_owned())
        };
        let directories = directories.iter().map(watch).collect();
        Self { inotify, directories, counts: HashMap::new() }
    }

    /// Takes in what happened. To be called now and then, before the kernel's list overflows.
    pub(crate) fn look(&mut self) {
        while let Ok(events) = self.inotify.read_events() {
            for event in events {
                assert!(!event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW), "writes were not looked at often enough");
                let (Some(directory), Some(name)) = (self.directories.get(&event.wd), event.name) else { continue };
                let name = name.to_string_lossy();
                if name.ends_with(".pkl") {
                    *self.counts.entry(format!("{directory}/{name}")).or_default() += 1;
                }
            }
        }
    }

    /// How often a pool, like `i/0_7_neg.pkl`, was put into place.
    pub(crate) fn of(&self, pool: &str) -> usize {
        self.counts.get(pool).copied().unwrap_or(0)
    }
}
