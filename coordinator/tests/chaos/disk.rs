//! The file system of the destination: a small one in memory that can be filled, where mounting is permitted.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// Room for a campaign's results and then some, in bytes.
const SIZE: &str = "128m";

/// A directory for destinations.
#[derive(Debug)]
pub(crate) struct Disk {
    root: PathBuf,
    mounted: bool,
}

impl Disk {
    /// Mounts a small tmpfs on `root`; where this is not permitted, `root` is a directory like any other and cannot be
    /// filled.
    pub(crate) fn mount(root: &Path) -> Self {
        fs::create_dir(root).expect("a writable directory");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={SIZE}"), "superposed-chaos"]).arg(root);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("a tmpfs cannot be mounted here, so no disk will be full");
        }
        Self { root: root.to_owned(), mounted }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) const fn can_be_full(&self) -> bool {
        self.mounted
    }

    /// Writes until nothing more fits. Room is made again when what is returned is dropped.
    pub(crate) fn fill(&self) -> Ballast {
        let path = self.root.join("ballast");
        let mut file = File::create(&path).expect("a writable directory");
        let ballast = Ballast(path);
        for block in [vec![0; 64 << 10], vec![0; 1]] {
            while file.write_all(&block).is_ok() {}
        }
        ballast
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            // Lazily: a worker that is being killed may have a file open.
            let _ = Command::new("umount").arg("-l").arg(&self.root).status();
        }
    }
}

/// What fills a disk.
#[derive(Debug)]
pub(crate) struct Ballast(PathBuf);

impl Drop for Ballast {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
