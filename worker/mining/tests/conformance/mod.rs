//! Where the golden outputs of the published code lie.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};
use superposed_corpus::pickle::{self, Item};

/// The folder `conformance` of the directory that `SUPERPOSED_CONFORMANCE` names; `None`, and a line that says so, when
/// the variable is not set. What is missing inside it is a failure of the test that wants it.
pub(crate) fn directory(test: &str) -> Option<PathBuf> {
    let Some(data) = std::env::var_os("SUPERPOSED_CONFORMANCE") else {
        eprintln!("{test}: skipped, SUPERPOSED_CONFORMANCE names no directory of golden outputs");
        return None;
    };
    // Tests run in their package's directory, the variable is meant from the workspace's.
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    Some(workspace.join(data).join("conformance"))
}

/// A fixture, read and parsed.
pub(crate) fn json<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The header and the numbers of a `.npy` of version 1.
pub(crate) fn npy(path: &Path) -> (String, Vec<u8>) {
    let mut header = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(header.starts_with(b"\x93NUMPY\x01"), "{} is no .npy of version 1", path.display());
    let length = 10 + usize::from(u16::from_le_bytes([header[8], header[9]]));
    let body = header.split_off(length);
    (String::from_utf8_lossy(&header).into_owned(), body)
}

/// The numbers of a pickled set or list.
pub(crate) fn pool(bytes: &[u8]) -> BTreeSet<i64> {
    let pickle = pickle::read(bytes).expect("a pickle");
    let items = match pickle.root() {
        Item::Set(id) => pickle.set(id),
        Item::List(id) => pickle.list(id),
        other => panic!("a pool is a set or a list, not {other:?}"),
    };
    let number = |item: &Item<'_>| match item {
        Item::Integer(number) => *number,
        other => panic!("a pool has numbers, not {other:?}"),
    };
    items.iter().map(number).collect()
}
