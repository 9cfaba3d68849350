//! `store.json`: what a store says about itself.

use super::{FORMAT, HEADER, OVERFLOW, ROWS, SINGLES, VOCABULARY, record::RecordBytes};
use crate::CorpusError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt::Write as _, path::Path};
use superposed_identity::WordId;

/// Where a store came from. It is no part of the content digest: the same counts from elsewhere are the same corpus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The program and version that made the store, like `superposed-corpus 0.1.0`.
    pub made_by: String,
    /// The paths it was made from, as they were given.
    pub sources: Vec<String>,
    /// How they were laid out, like `counts, older layout`, `text` or `documents`.
    pub layout: String,
    /// The window size the counts were made with, in tokens; 0 is the whole document.
    pub window: u32,
    /// The other settings that shaped the content, by name.
    pub settings: BTreeMap<String, String>,
}

impl Provenance {
    /// The provenance of a store that this build makes.
    pub(crate) fn new(sources: Vec<String>, layout: &str, window: u32, settings: BTreeMap<String, String>) -> Self {
        let made_by = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned();
        Self { made_by, sources, layout: layout.to_owned(), window, settings }
    }
}

/// What the header knows about another file of the store, all but `joint.bin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileRecord {
    /// Its length in bytes.
    pub(super) bytes: u64,
    /// The SHA-256 of its content, in hexadecimal.
    pub(super) sha256: String,
}

/// What the header knows about `joint.bin`. Each of its rows has a checksum of its own in `rows.bin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JointRecord {
    /// Its length in bytes.
    pub(super) bytes: u64,
    /// The digest of the rows, by the recipe of [`crate::store`], in hexadecimal.
    pub(super) rows: String,
}

/// The content of `store.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) format: u64,
    pub(super) digest: String,
    pub(super) words: u32,
    pub(super) window: u32,
    pub(super) windows: u64,
    /// Unordered pairs of two words with a count above 0.
    pub(super) pairs_nonzero: u64,
    /// Words whose own counts were not among the published ones, ascending.
    pub(super) missing: Vec<WordId>,
    pub(super) joint: JointRecord,
    pub(super) files: BTreeMap<String, FileRecord>,
    pub(super) provenance: Provenance,
}

impl Header {
    /// The content digest, by the recipe of [`crate::store`].
    pub(super) fn content_digest(&self) -> String {
        let mut text = format!(
            "superposed corpus 2\nwords {}\nwindow {}\nwindows {}\nmissing",
            self.words, self.window, self.windows
        );
        for id in &self.missing {
            let _ = write!(text, " {id}");
        }
        text.push('\n');
        for file in [VOCABULARY, SINGLES, OVERFLOW] {
            let checksum = self.files.get(file).map_or("", |record| &record.sha256);
            let _ = writeln!(text, "{file} {checksum}");
        }
        let _ = writeln!(text, "rows {}", self.joint.rows);
        format!("sha256:{}", hex(Sha256::digest(text.as_bytes())))
    }

    /// Reads and checks the header of the store in `directory`, without looking at its other files.
    pub(super) fn read(directory: &Path) -> Result<Self, CorpusError> {
        let path = directory.join(HEADER);
        let text = std::fs::read(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                CorpusError::NotAStore(directory.to_owned())
            }
            _ => CorpusError::Io { action: "read", path: path.clone(), source },
        })?;
        Self::parse(&path, &text)
    }

    /// Reads and checks the text of a header, which lies at `path`.
    pub(super) fn parse(path: &Path, text: &[u8]) -> Result<Self, CorpusError> {
        let broken = |detail: String| CorpusError::Header { path: path.to_owned(), detail };
        let value: serde_json::Value = serde_json::from_slice(text).map_err(|error| broken(error.to_string()))?;
        // The format comes first: another format may have other fields.
        match value.get("format").and_then(serde_json::Value::as_u64) {
            Some(FORMAT) => {}
            Some(found) => return Err(CorpusError::Format { path: path.to_owned(), found }),
            None => return Err(broken("it names no format".to_owned())),
        }
        let header: Self = serde_json::from_value(value).map_err(|error| broken(error.to_string()))?;
        header.check().map_err(broken)?;
        Ok(header)
    }

    /// Checks what must hold between the fields.
    fn check(&self) -> Result<(), String> {
        let words = u64::from(self.words);
        let length = |file: &str| match self.files.get(file) {
            Some(record) => Ok(record.bytes),
            None => Err(format!("it lacks {file}")),
        };
        length(VOCABULARY)?;
        let records = size_of::<RecordBytes>() as u64 * words;
        let wanted = [(SINGLES, 8 * words), (ROWS, records), (OVERFLOW, length(OVERFLOW)? / 16 * 16)];
        for (file, bytes) in wanted {
            if length(file)? != bytes {
                return Err(format!("{words} words do not fit the {} bytes of {file}", length(file)?));
            }
        }
        if self.windows == 0 {
            return Err("it counts no windows".to_owned());
        }
        let ascending = self.missing.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || self.missing.last().is_some_and(|id| u64::from(id.0) >= words) {
            return Err("its missing words are not ascending ids of words".to_owned());
        }
        match self.content_digest() {
            digest if digest == self.digest => Ok(()),
            digest => Err(format!("its digest is {}, but its content makes {digest}", self.digest)),
        }
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl FileRecord {
    /// The length and the SHA-256 of a file's content.
    pub(super) fn of(content: &[u8]) -> Self {
        Self { bytes: content.len() as u64, sha256: hex(Sha256::digest(content)) }
    }
}
