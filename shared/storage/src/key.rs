//! What a path is called in a store.

use object_store::path::Path as ObjectPath;

/// The key of a path: itself, letter by letter, as other tools call it. (The library's own conversion writes `%C3%A9` for an
/// `é`.) What is no path, like one with an empty part, is called what the library makes of it; nothing is found there.
pub(crate) fn key(path: &str) -> ObjectPath {
    ObjectPath::parse(path).unwrap_or_else(|_| ObjectPath::from(path))
}
