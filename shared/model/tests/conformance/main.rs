//! Conformance: real and golden models and tokenizers, outside of the project.
//!
//! `SUPERPOSED_CONFORMANCE` names the directory that holds them. Unset, each test says that it is skipped; set, missing
//! data fails the test.

mod models;
mod tokenizers;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// A path below the data's directory, `None` (and a line that says so) when there is none.
fn data(path: &str) -> Option<PathBuf> {
    let Some(root) = env::var_os("SUPERPOSED_CONFORMANCE") else {
        eprintln!("skipped: SUPERPOSED_CONFORMANCE does not name the directory of conformance data");
        return None;
    };
    let path = workspace().join(root).join(path);
    assert!(path.exists(), "SUPERPOSED_CONFORMANCE is set, but {} is missing", path.display());
    Some(path)
}

/// The root of the workspace: a relative path in the environment starts there, not in the crate.
fn workspace() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::canonicalize(&root).expect("the crate lies two levels below the workspace")
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = fs::read(path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
