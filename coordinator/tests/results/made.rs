//! Made-up results, and the program that looks at them.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};
use superposed_identity::{JobId, Mode};
use superposed_results::test_trees::TestTree;
use tempfile::TempDir;

/// The layers of a made-up tree.
pub(crate) const LAYERS: [(Mode, u32); 3] =
    [(Mode::HighContextual, 0), (Mode::HighContextual, 3), (Mode::LowIsolated, 12)];

/// A made-up tree in a directory of its own.
pub(crate) struct Made {
    directory: TempDir,
    pub(crate) tree: TestTree,
}

impl Made {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let tree = TestTree::write(directory.path(), 800, &LAYERS, 20);
        Self { directory, tree }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs `superposed` on the tree.
    pub(crate) fn superposed(&self, command: &str, arguments: &[&str]) -> Output {
        run(&[&[command, self.tree.place()], arguments].concat())
    }

    /// A job with topics.
    pub(crate) fn job_with_topics(&self) -> JobId {
        let mut jobs = self.tree.jobs.iter().copied();
        jobs.find(|job| self.tree.result(*job).topics.len() >= 2).expect("some jobs have topics")
    }

    /// The words of a job's first topic.
    pub(crate) fn words(&self, job: JobId) -> Vec<String> {
        let words = self.tree.words();
        let topic = &self.tree.result(job).topics[0];
        topic.words.iter().map(|id| words.word(*id).expect("a word").to_owned()).collect()
    }
}

/// Runs `superposed`.
pub(crate) fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_superposed"));
    command.args(arguments).env_remove("SUPERPOSED_LOG").output().expect("the program starts")
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a plain name")
}

/// The lines of standard output of a run that succeeded.
pub(crate) fn lines(output: &Output) -> Vec<String> {
    assert!(output.status.success(), "{}", said(output));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// What was said on standard error.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
