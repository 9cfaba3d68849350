//! Reading a store: checked when it is opened, then a few loads per joint count.

use super::{
    ALIGNMENT, ESCAPE, HEADER, JOINT, Large, OVERFLOW, Provenance, ROWS, SINGLES, VOCABULARY,
    header::{FileRecord, Header, hex},
    key,
    record::{Kind, Record, RecordBytes, digest_of, padded},
    row::RowView,
};
use crate::{CorpusError, Vocabulary, map::FileMap};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File},
    num::NonZero,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};
use superposed_identity::WordId;

/// An opened store. Its files are mapped into memory, so that all processes that open it share one copy.
pub struct Corpus {
    directory: PathBuf,
    header: Header,
    vocabulary: Vocabulary,
    singles: FileMap,
    /// What is known of each row, in the order of ids.
    rows: Vec<Record>,
    joint: FileMap,
    overflow: FileMap,
    /// The rows whose content this process has compared with their checksums, in the order of ids.
    checked: Vec<AtomicBool>,
}

impl Corpus {
    /// Opens a store and checks its header, the length of every file, and the content of all but the joint rows
    /// (gigabytes, perhaps: [`Self::verify`] reads those too).
    ///
    /// # Errors
    /// No store, another format, or the first damage that was found.
    pub fn open(directory: &Path) -> Result<Self, CorpusError> {
        let header = Header::read(directory)?;
        let map = |file: &str| FileMap::open(&directory.join(file), header.files[file].bytes);
        let (lines, singles, rows, overflow) = (map(VOCABULARY)?, map(SINGLES)?, map(ROWS)?, map(OVERFLOW)?);
        let joint = FileMap::open(&directory.join(JOINT), header.joint.bytes)?;
        for (file, map) in [(VOCABULARY, &lines), (SINGLES, &singles), (ROWS, &rows), (OVERFLOW, &overflow)] {
            compare(&directory.join(file), &header.files[file], FileRecord::of(map.bytes()))?;
        }
        let damaged =
            |file: &'static str| move |detail: String| CorpusError::Damaged { path: directory.join(file), detail };
        let lines = std::str::from_utf8(lines.bytes()).map_err(|error| damaged(VOCABULARY)(error.to_string()))?;
        let vocabulary = Vocabulary::from_lines(lines.to_owned()).map_err(damaged(VOCABULARY))?;
        if vocabulary.len() as u64 != u64::from(header.words) {
            let detail = format!("it has {} words, but the header says {}", vocabulary.len(), header.words);
            return Err(damaged(VOCABULARY)(detail));
        }
        let rows = check_rows(&header, rows.bytes().as_chunks().0).map_err(damaged(ROWS))?;
        let checked = rows.iter().map(|_| AtomicBool::new(false)).collect();
        let directory = directory.to_owned();
        let corpus = Self { directory, header, vocabulary, singles, rows, joint, overflow, checked };
        corpus.check_overflow().map_err(damaged(OVERFLOW))?;
        Ok(corpus)
    }

    /// Reads all files, on all cores, and compares their checksums with the header's, and those of the rows with what
    /// `rows.bin` says.
    ///
    /// # Errors
    /// A file whose content is not what the header says, or that cannot be read, or the first word whose row is not
    /// what it should be.
    pub fn verify(&self) -> Result<(), CorpusError> {
        // Read, not mapped: a file that shrank is an error here, not a signal.
        for (file, record) in &self.header.files {
            let path = self.directory.join(file);
            let content = fs::read(&path).map_err(CorpusError::io("read", &path))?;
            compare(&path, record, FileRecord::of(&content))?;
        }
        let path = self.directory.join(JOINT);
        let joint = File::open(&path).map_err(CorpusError::io("open", &path))?;
        let found = joint.metadata().map_err(CorpusError::io("look at", &path))?.len();
        if found != self.header.joint.bytes {
            return Err(CorpusError::Length { path, expected: self.header.joint.bytes, found });
        }
        // Rows are taken in order, so when one is damaged all before it are in somebody's hands already: the first
        // damaged one is always among those that are found.
        let (next, stop, damage) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(None));
        let check = || {
            let mut buffer = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let id = next.fetch_add(1, Ordering::Relaxed);
                let Some(record) = self.rows.get(id) else { break };
                if let Err(error) = self.verify_row(&joint, WordId(id as u32), record, &mut buffer) {
                    stop.store(true, Ordering::Relaxed);
                    let mut damage = damage.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    if damage.as_ref().is_none_or(|(other, _)| id < *other) {
                        *damage = Some((id, error));
                    }
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..thread::available_parallelism().map_or(1, NonZero::get) {
                scope.spawn(check);
            }
            check();
        });
        match damage.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Some((_, error)) => Err(error),
            None => self.check_pairs(),
        }
    }

    /// Compares the number of pairs in the header with the rows, which are sound.
    fn check_pairs(&self) -> Result<(), CorpusError> {
        let counted: u64 = self.rows.iter().map(|record| u64::from(record.nonzero)).sum();
        let words = (0..self.rows.len() as u32).map(WordId);
        let with_themselves = words.filter(|&word| self.row(word).cell(word) > 0).count() as u64;
        let (pairs, said) = ((counted - with_themselves) / 2, self.header.pairs_nonzero);
        if pairs == said {
            return Ok(());
        }
        let path = self.directory.join(HEADER);
        Err(CorpusError::Header { path, detail: format!("it says {said} pairs, but the rows have {pairs}") })
    }

    /// Reads a row and its padding, and checks every bit of them.
    fn verify_row(&self, joint: &File, word: WordId, record: &Record, buffer: &mut Vec<u8>) -> Result<(), CorpusError> {
        buffer.resize(padded(record.length()), 0);
        let path = || self.directory.join(JOINT);
        joint.read_exact_at(buffer, record.offset).map_err(|source| CorpusError::io("read", &path())(source))?;
        let (row, padding) = buffer.split_at(record.length());
        let sound = Sha256::digest(row)[..] == record.sha256
            && padding.iter().all(|byte| *byte == 0)
            && RowView::of(record, row).is_some_and(|view| view.is_sound(record));
        match sound {
            true => Ok(()),
            false => Err(self.damaged_row(word)),
        }
    }

    /// Compares the rows of some words with their checksums, each once in the life of this value: to be called before
    /// their joint counts are used. A row of 40,000 words takes some 40 microseconds.
    ///
    /// # Errors
    /// The first row that is not what it should be.
    ///
    /// # Panics
    /// When a word is not one of the vocabulary.
    pub fn check_rows(&self, words: &[WordId]) -> Result<(), CorpusError> {
        for &word in words {
            let checked = &self.checked[word.index()];
            if checked.load(Ordering::Relaxed) {
                continue;
            }
            let record = &self.rows[word.index()];
            let row = &self.joint.bytes()[record.offset as usize..][..record.length()];
            if Sha256::digest(row)[..] != record.sha256 {
                return Err(self.damaged_row(word));
            }
            checked.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn damaged_row(&self, word: WordId) -> CorpusError {
        let path = self.directory.join(JOINT);
        CorpusError::DamagedRow { path, word: self.vocabulary.word(word).to_owned(), id: word }
    }

    /// The words.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The windows of the whole corpus; at least one.
    #[must_use]
    pub fn windows(&self) -> u64 {
        self.header.windows
    }

    /// The size of a window in tokens; 0 is the whole document.
    #[must_use]
    pub fn window_size(&self) -> u32 {
        self.header.window
    }

    /// The unordered pairs of two words that share at least one window.
    #[must_use]
    pub fn pairs_nonzero(&self) -> u64 {
        self.header.pairs_nonzero
    }

    /// The windows that contain a word.
    ///
    /// # Panics
    /// When the word is not one of the vocabulary.
    #[must_use]
    pub fn single_count(&self, word: WordId) -> u64 {
        u64::from_le_bytes(self.singles.bytes().as_chunks().0[word.index()])
    }

    /// The windows that contain both words. For a word with itself it is what published counts say, or 0.
    ///
    /// # Panics
    /// When a word is not one of the vocabulary, or when the store is damaged in a way that [`Self::verify`] finds.
    #[must_use]
    pub fn joint_count(&self, a: WordId, b: WordId) -> u64 {
        assert!(b.index() < self.vocabulary.len(), "word {b} is not one of the vocabulary");
        self.count_of(self.row(a).cell(b), a, b)
    }

    /// The words whose own count file was missing when the counts were imported: their joint counts are only what the
    /// other words' files say. Empty unless the import allowed missing words. Ascending.
    #[must_use]
    pub fn missing_words(&self) -> &[WordId] {
        &self.header.missing
    }

    /// The digest of the content, `sha256:<hexadecimal>`: the same on every machine, whatever the provenance.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.header.digest
    }

    /// Where the store came from.
    #[must_use]
    pub fn provenance(&self) -> &Provenance {
        &self.header.provenance
    }

    /// Where the store lies.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// How many words have a sparse row; those of the others are dense.
    #[must_use]
    pub fn sparse_rows(&self) -> usize {
        self.rows.iter().filter(|row| row.kind == Kind::Sparse).count()
    }

    /// The length of all files of the store, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let header = fs::metadata(self.directory.join(HEADER)).map_or(0, |metadata| metadata.len());
        let files = self.header.files.values().map(|record| record.bytes).sum::<u64>();
        header + files + self.header.joint.bytes
    }

    /// The joint counts of a word.
    ///
    /// # Panics
    /// When the word is not one of the vocabulary.
    pub(crate) fn row(&self, word: WordId) -> RowView<'_> {
        let record = &self.rows[word.index()];
        let bytes = &self.joint.bytes()[record.offset as usize..][..record.length()];
        RowView::of(record, bytes).expect("it has the length of the record")
    }

    /// A joint count that does not fit a cell.
    #[cold]
    pub(super) fn large_count(&self, a: WordId, b: WordId) -> u64 {
        let key = key(a.0.min(b.0), a.0.max(b.0));
        match self.records().binary_search_by_key(&key, |record| split(record).0) {
            Ok(at) => split(&self.records()[at]).1,
            Err(_) => {
                panic!("{} lacks the words {a} and {b}: verify the store", self.directory.join(OVERFLOW).display())
            }
        }
    }

    fn records(&self) -> &[Large] {
        self.overflow.bytes().as_chunks().0
    }

    /// Checks the order and the range of the overflow table.
    fn check_overflow(&self) -> Result<(), String> {
        let mut last = None;
        for (number, record) in self.records().iter().enumerate() {
            let (key, count) = split(record);
            let (row, column) = ((key >> 32) as u32, key as u32);
            if row > column || column >= self.header.words || count < u64::from(ESCAPE) || last >= Some(key) {
                return Err(format!("record {number}, words {row} and {column}, is out of order or range"));
            }
            last = Some(key);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Corpus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Corpus")
            .field("directory", &self.directory)
            .field("digest", &self.digest())
            .finish_non_exhaustive()
    }
}

/// The key and the count of a record.
fn split(record: &Large) -> (u64, u64) {
    let [key, count] = *record.as_chunks().0 else { unreachable!("a record has twice eight bytes") };
    (u64::from_le_bytes(key), u64::from_le_bytes(count))
}

/// Checks that the records are possible and what the header vouches for, and that their rows fill `joint.bin`.
fn check_rows(header: &Header, records: &[RecordBytes]) -> Result<Vec<Record>, String> {
    let digest = hex(digest_of(records));
    if digest != header.joint.rows {
        return Err(format!("its rows have the digest {digest}, but the header says {}", header.joint.rows));
    }
    place_rows(header.words, header.joint.bytes, records)
}

/// Checks that the records are possible, and that their rows fill `joint.bin`, which has so many bytes.
pub(super) fn place_rows(words: u32, joint: u64, records: &[RecordBytes]) -> Result<Vec<Record>, String> {
    let mut rows = Vec::with_capacity(records.len());
    for (id, bytes) in records.iter().enumerate() {
        let possible = Record::from_bytes(bytes).filter(|record| {
            let placed = record.length() > 0 || record.offset == 0;
            placed && record.columns <= words && record.offset.is_multiple_of(ALIGNMENT as u64)
        });
        rows.push(possible.ok_or_else(|| format!("its record {id} is impossible"))?);
    }
    let mut order: Vec<(u64, usize)> = rows.iter().map(|row| (row.offset, padded(row.length()))).collect();
    order.retain(|(_, length)| *length > 0);
    order.sort_unstable();
    let mut end = 0;
    for (offset, length) in order {
        if offset != end {
            return Err(format!("a row starts at byte {offset} of {JOINT}, but the one before it ends at {end}"));
        }
        end += length as u64;
    }
    match end == joint {
        true => Ok(rows),
        false => Err(format!("its rows fill {end} bytes of {JOINT}, which has {joint}")),
    }
}

/// Compares what a file has with what it should have.
fn compare(path: &Path, expected: &FileRecord, found: FileRecord) -> Result<(), CorpusError> {
    let path = path.to_owned();
    if found.bytes != expected.bytes {
        return Err(CorpusError::Length { path, expected: expected.bytes, found: found.bytes });
    }
    if found.sha256 != expected.sha256 {
        return Err(CorpusError::Checksum { path, expected: expected.sha256.clone(), found: found.sha256 });
    }
    Ok(())
}
