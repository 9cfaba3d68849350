//! Published counts in miniature: made of documents by the definition, pickled, laid out in files or an archive.

use std::{collections::BTreeMap, io::Write as _, path::Path};

/// The words, not in code-point order.
pub(crate) const WORDS: [&str; 5] = ["zebra", "apple", "émile", "moon", "night"];

/// Files by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A pickled dict of protocol 4.
pub(crate) fn dict<K>(entries: impl IntoIterator<Item = (K, i64)>, key: impl Fn(&K) -> Vec<u8>) -> Vec<u8> {
    let mut bytes = vec![0x80, 4, b'}', b'('];
    for (name, value) in entries {
        bytes.extend(key(&name));
        bytes.extend(integer(&value));
    }
    bytes.extend(b"u.");
    bytes
}

/// A pickled integer.
pub(crate) fn integer(value: &i64) -> Vec<u8> {
    [&[0x8a, 8], value.to_le_bytes().as_slice()].concat()
}

/// A pickled text.
pub(crate) fn text(value: &&str) -> Vec<u8> {
    [&[0x8c, value.len() as u8], value.as_bytes()].concat()
}

/// The joint count of two of the words, by rank; above what 16 bits hold for one pair.
pub(crate) fn joint(a: i64, b: i64) -> i64 {
    match (a.min(b), a.max(b)) {
        (a, b) if a == b => 0,
        (0, 1) => 70_000,
        (1, 4) => 0,
        (a, b) => 10 * a + b,
    }
}

/// Counts of window 10 in the older layout, among other files.
pub(crate) fn older() -> Files {
    let mut files = Files::from([
        ("wiki/vocab.pkl".to_owned(), dict(WORDS.map(|word| (word, 1)), text)),
        ("wiki/histogram.csv".to_owned(), b"10,100000\n12,3\n0,1\n".to_vec()),
        ("wiki/notes.txt".to_owned(), b"hello".to_vec()),
        ("wiki/final_2/10_single.pkl".to_owned(), dict((0..5).map(|id| (id, 80_000 + id)), integer)),
    ]);
    for a in 0..5 {
        let counts = (0..5).map(|b| (b, joint(a, b))).filter(|(_, count)| *count > 0);
        files.insert(format!("wiki/final_2/10/{a}.pkl"), dict(counts, integer));
    }
    files
}

/// The same counts in the newer layout, with a diagonal.
pub(crate) fn newer() -> Files {
    let mut files = older();
    files.retain(|name, _| !name.contains("final_2"));
    files.insert("wiki/10/single.pkl".to_owned(), dict((0..5).map(|id| (id, 80_000 + id)), integer));
    for a in 0..5 {
        let counts = (0..5).map(|b| (b, if a == b { 80_000 + a } else { joint(a, b) }));
        files.insert(format!("wiki/10/joint/{a}.pkl"), dict(counts, integer));
    }
    files
}

/// Lays files out in a directory.
pub(crate) fn lay_out(files: &Files, directory: &Path) {
    for (name, bytes) in files {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        std::fs::write(path, bytes).expect("written");
    }
}

/// A tar archive of files in the order given, compressed with gzip.
pub(crate) fn tar_gz<'f>(files: impl IntoIterator<Item = (&'f String, &'f Vec<u8>)>) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("./{name}"), bytes.as_slice()).expect("appended");
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar.into_inner().expect("ended")).expect("compressed");
    gzip.finish().expect("ended")
}
