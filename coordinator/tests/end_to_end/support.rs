//! Installations in temporary directories, the programs under test, and result trees.

use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

/// A temporary directory that a Postgres run by root's stand-in can enter, with a state directory in it.
pub(crate) struct Place {
    directory: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        // Short, so that a socket's path fits.
        let directory = tempfile::Builder::new().prefix("sp-").tempdir_in("/tmp").expect("a temporary directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("own directory");
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("a writable file");
        path
    }

    /// `superposed` with these arguments, its state in this place.
    pub(crate) fn superposed(&self, arguments: &[&str]) -> Command {
        let mut command = superposed(arguments);
        command.arg("--state").arg(self.path("state"));
        command
    }
}

/// A child that is killed when the test ends, however it ends.
pub(crate) struct Guarded(pub(crate) Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A campaign over all of a demo's model: 2,304 jobs. Paths are relative to the place of its file.
pub(crate) fn demo_campaign(destination: &str) -> String {
    format!(
        "name = 'whole'\nsize = 'demo'\nmodel = 'demo/model'\ncorpus = 'demo/corpus'\n\
         destination = '{destination}'\nmodes = ['i', 'ii']\n[parameters]\nmin_freq = 20\n"
    )
}

/// `superposed` with these arguments.
pub(crate) fn superposed(arguments: &[&str]) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_superposed"));
    let worker = program.with_file_name("superposed-worker");
    assert!(worker.exists(), "{} is not built: run `cargo build --workspace --bins` first", worker.display());
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    for unset in ["SUPERPOSED_LOG", "SUPERPOSED_COORDINATOR", "SUPERPOSED_PROFILE"] {
        command.env_remove(unset);
    }
    // Profiles of whoever runs the tests are not meant.
    command.env("XDG_CONFIG_HOME", "/nonexistent");
    command
}

/// Runs a command that must succeed; returns its standard output.
pub(crate) fn succeed(mut command: Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{command:?} failed: {}", told(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// Everything a process said.
pub(crate) fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}

/// The conformance data, or nothing when nobody asked for them. Asked for and not there, the test fails.
pub(crate) fn conformance() -> Option<PathBuf> {
    let Some(directory) = env::var_os("SUPERPOSED_CONFORMANCE").map(PathBuf::from) else {
        eprintln!("skipped: SUPERPOSED_CONFORMANCE names no directory of golden data");
        return None;
    };
    // Tests run in their package's directory; the variable is given relative to the workspace's.
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace");
    let directory = workspace.join(directory);
    assert!(
        directory.join("conformance").is_dir(),
        "SUPERPOSED_CONFORMANCE is set, but {} holds no golden data",
        directory.display()
    );
    Some(directory)
}

/// All files of a results tree by their path below it that are the same in every run: all but the campaigns' records and
/// the solver records, which hold times.
pub(crate) fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
            let path = entry.expect("a readable directory").path();
            if path.is_dir() {
                if path.file_name().is_none_or(|name| name != "campaigns" && name != "solves") {
                    directories.push(path);
                }
            } else {
                let content = fs::read(&path).expect("a readable file");
                files.insert(path.strip_prefix(root).expect("a path below the root").to_owned(), content);
            }
        }
    }
    files
}

/// The names of files that exist in one of two trees only, or differ.
pub(crate) fn differences(left: &Path, right: &Path) -> Vec<PathBuf> {
    let (left, right) = (tree(left), tree(right));
    let names = left.keys().chain(right.keys()).cloned().collect::<std::collections::BTreeSet<_>>();
    names.into_iter().filter(|name| left.get(name) != right.get(name)).collect()
}
