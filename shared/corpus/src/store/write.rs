//! Writing a store: rows in any order, then everything else, then one rename.

use super::{
    Cell, ESCAPE, FORMAT, HEADER, JOINT, OVERFLOW, Provenance, SINGLES, VOCABULARY,
    header::{Header, checksum},
    key,
};
use crate::{
    CorpusError, Vocabulary,
    map::FileMap,
    progress::{Callback, Reporter, Stage},
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};
use superposed_identity::WordId;

/// The unit of holes in files, in bytes.
const PAGE: usize = 4096;

/// How many rows and columns are compared with their mirror image at once: both blocks stay in the cache.
const TILE: usize = 256;

/// What a store that was made holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CorpusSummary {
    /// The words of the vocabulary.
    pub words: u32,
    /// The windows of the whole corpus.
    pub windows: u64,
    /// The unordered pairs of two words that share at least one window.
    pub pairs_nonzero: u64,
    /// The unordered pairs (and words with themselves) whose count needs the overflow table.
    pub overflow: u64,
    /// The words whose own counts were not among the published ones; only an import that allows it has any.
    pub missing: Vec<WordId>,
    /// The content digest, `sha256:<hexadecimal>`.
    pub digest: String,
    /// The length of all files in bytes; holes count, though they take no space on disk.
    pub bytes: u64,
}

/// Everything of a store besides its joint counts.
pub(crate) struct Contents<'a> {
    pub(crate) vocabulary: &'a Vocabulary,
    pub(crate) singles: &'a [u64],
    pub(crate) window: u32,
    pub(crate) windows: u64,
    /// Ascending.
    pub(crate) missing: Vec<WordId>,
    pub(crate) provenance: Provenance,
}

/// One row of joint counts while it is filled.
pub(crate) struct Row {
    cells: Vec<Cell>,
    large: Vec<(u32, u64)>,
}

impl Row {
    /// A row of zeros.
    pub(crate) fn new(words: usize) -> Self {
        Self { cells: vec![[0; 2]; words], large: Vec::new() }
    }

    /// Sets the count of a column, which must be 0 so far; `false` when it is not.
    pub(crate) fn set(&mut self, column: u32, count: u64) -> bool {
        let cell = &mut self.cells[column as usize];
        if *cell != [0; 2] {
            return false;
        }
        *cell = u16::try_from(count).unwrap_or(ESCAPE).to_le_bytes();
        if *cell == ESCAPE.to_le_bytes() {
            self.large.push((column, count));
        }
        true
    }

    /// The count of a column.
    #[cfg(test)]
    pub(crate) fn get(&self, column: u32) -> u64 {
        let large = self.large.iter().find(|(other, _)| *other == column);
        large.map_or_else(|| u16::from_le_bytes(self.cells[column as usize]).into(), |(_, count)| *count)
    }

    /// Makes all counts 0 again.
    pub(crate) fn clear(&mut self) {
        self.cells.fill([0; 2]);
        self.large.clear();
    }
}

/// A store being written, in a temporary directory that is deleted unless [`StoreWriter::finish`] succeeds.
pub(crate) struct StoreWriter {
    destination: PathBuf,
    parent: PathBuf,
    /// Deletes itself when dropped.
    temporary: tempfile::TempDir,
    /// The store itself: a directory inside, made with the user's usual permissions, which a temporary one lacks.
    directory: PathBuf,
    /// After the temporary directory, so that it is empty by then.
    _made: MadeDirectories,
    words: usize,
    joint: File,
    /// Counts that do not fit a cell, from both sides of the diagonal.
    large: Vec<(u64, u64)>,
}

/// Directories that were made for a store. When dropped, those that are still empty are removed: all, if there is no
/// store after all.
struct MadeDirectories(Vec<PathBuf>);

impl MadeDirectories {
    /// Makes a directory and those it lies in, where they are missing.
    fn above(directory: &Path) -> Result<Self, CorpusError> {
        let missing = directory.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
        let made = Self(missing.map(Path::to_owned).collect());
        fs::create_dir_all(directory).map_err(CorpusError::io("create", directory))?;
        Ok(made)
    }
}

impl Drop for MadeDirectories {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_dir(path);
        }
    }
}

/// Refuses a destination that exists; called before long work, and again before the rename.
pub(crate) fn refuse_existing(destination: &Path) -> Result<(), CorpusError> {
    match fs::symlink_metadata(destination) {
        Ok(_) => Err(CorpusError::Exists(destination.to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(CorpusError::io("look at", destination)(error)),
    }
}

impl StoreWriter {
    /// Starts a store of so many words that will appear at `destination`.
    pub(crate) fn create(destination: &Path, words: usize) -> Result<Self, CorpusError> {
        refuse_existing(destination)?;
        let parent = match destination.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let made = MadeDirectories::above(&parent)?;
        let temporary = tempfile::Builder::new()
            .prefix(".superposed-corpus-")
            .tempdir_in(&parent)
            .map_err(CorpusError::io("create a directory in", &parent))?;
        let directory = temporary.path().join("store");
        fs::create_dir(&directory).map_err(CorpusError::io("create", &directory))?;
        let path = directory.join(JOINT);
        let joint = File::create_new(&path).map_err(CorpusError::io("create", &path))?;
        joint.set_len(2 * (words as u64).pow(2)).map_err(CorpusError::io("make room for", &path))?;
        Ok(Self {
            destination: destination.to_owned(),
            parent,
            temporary,
            directory,
            _made: made,
            words,
            joint,
            large: Vec::new(),
        })
    }

    /// Writes a row, once; a row never written is all zeros.
    pub(crate) fn write_row(&mut self, word: WordId, row: &Row) -> Result<(), CorpusError> {
        self.large.extend(row.large.iter().map(|(column, count)| (key(word.0, *column), *count)));
        let bytes = row.cells.as_flattened();
        let start = word.index() * bytes.len();
        // Runs of pages of the file that hold anything are written, the others stay holes.
        let mut at = 0;
        while at < bytes.len() {
            let mut end = at;
            while end < bytes.len() {
                let page_end = bytes.len().min((start + end) / PAGE * PAGE + PAGE - start);
                if bytes[end..page_end].iter().all(|byte| *byte == 0) {
                    break;
                }
                end = page_end;
            }
            if end == at {
                at = bytes.len().min((start + at) / PAGE * PAGE + PAGE - start);
            } else {
                let path = || self.directory.join(JOINT);
                self.joint
                    .write_all_at(&bytes[at..end], (start + at) as u64)
                    .map_err(|error| CorpusError::io("write", &path())(error))?;
                at = end;
            }
        }
        Ok(())
    }

    /// Fills the row of each missing word from what the other words' rows say about it.
    pub(crate) fn mirror_rows(&mut self, missing: &[WordId]) -> Result<(), CorpusError> {
        for word in missing {
            let mut row = Row::new(self.words);
            for (other, cell) in row.cells.iter_mut().enumerate() {
                // Another missing word's row may have been filled already; it says the same or nothing.
                let at = 2 * (other * self.words + word.index()) as u64;
                self.joint
                    .read_exact_at(cell, at)
                    .map_err(|error| CorpusError::io("read", &self.directory.join(JOINT))(error))?;
            }
            let column = |key: u64| key as u32;
            let mirrored = self.large.iter().filter(|(key, _)| column(*key) == word.0);
            row.large = mirrored.map(|(key, count)| ((key >> 32) as u32, *count)).collect();
            self.write_row(*word, &row)?;
        }
        Ok(())
    }

    /// Checks the joint counts, writes everything else, syncs, and renames the store to its destination.
    pub(crate) fn finish(
        mut self,
        contents: Contents<'_>,
        progress: Option<Callback<'_>>,
    ) -> Result<CorpusSummary, CorpusError> {
        let Contents { vocabulary, singles, window, windows, missing, provenance } = contents;
        if windows == 0 {
            return Err(CorpusError::NoWindows);
        }
        let pairs_nonzero = self.check_symmetry(vocabulary)?;
        let overflow = self.write_overflow()?;
        self.write(VOCABULARY, vocabulary.as_lines().as_bytes())?;
        let singles: Vec<u8> = singles.iter().flat_map(|count| count.to_le_bytes()).collect();
        self.write(SINGLES, &singles)?;
        sync(&self.joint, &self.directory.join(JOINT))?;

        let total =
            2 * (self.words as u64).pow(2) + 16 * overflow + (vocabulary.as_lines().len() + singles.len()) as u64;
        let (mut reporter, mut done) = (Reporter::new(progress, Stage::WritingStore, Some(total), total / 100 + 1), 0);
        let mut files = BTreeMap::new();
        for file in [VOCABULARY, SINGLES, JOINT, OVERFLOW] {
            let record = checksum(&self.directory.join(file), |bytes| {
                done += bytes;
                reporter.at(done);
            })?;
            files.insert(file.to_owned(), record);
        }
        let mut header = Header {
            format: FORMAT,
            digest: String::new(),
            words: self.words as u32,
            window,
            windows,
            pairs_nonzero,
            missing,
            files,
            provenance,
        };
        header.digest = header.content_digest();
        let path = self.directory.join(HEADER);
        let mut json =
            serde_json::to_vec_pretty(&header).map_err(|error| CorpusError::io("write", &path)(error.into()))?;
        json.push(b'\n');
        self.write(HEADER, &json)?;
        self.publish()?;
        reporter.finish(done);
        Ok(CorpusSummary {
            words: header.words,
            windows,
            pairs_nonzero,
            overflow,
            missing: header.missing,
            digest: header.digest,
            bytes: total + json.len() as u64,
        })
    }

    /// Compares every joint count with its mirror image and counts the pairs above 0.
    fn check_symmetry(&mut self, vocabulary: &Vocabulary) -> Result<u64, CorpusError> {
        let words = self.words;
        self.large.sort_unstable();
        let map = FileMap::open(&self.directory.join(JOINT), 2 * (words as u64).pow(2))?;
        let cells: &[Cell] = map.bytes().as_chunks().0;
        let count = |row: usize, column: usize| match u16::from_le_bytes(cells[row * words + column]) {
            ESCAPE => {
                let key = key(row as u32, column as u32);
                let at = self.large.binary_search_by_key(&key, |(key, _)| *key);
                at.map_or(u64::from(ESCAPE), |at| self.large[at].1)
            }
            count => u64::from(count),
        };
        let mut nonzero = 0;
        for top in (0..words).step_by(TILE) {
            for left in (top..words).step_by(TILE) {
                for row in top..words.min(top + TILE) {
                    for column in left.max(row + 1)..words.min(left + TILE) {
                        let (cell, mirror) = (cells[row * words + column], cells[column * words + row]);
                        nonzero += u64::from(cell != [0; 2]);
                        if cell != mirror || (cell == ESCAPE.to_le_bytes() && count(row, column) != count(column, row))
                        {
                            let (first_id, second_id) = (WordId(row as u32), WordId(column as u32));
                            return Err(CorpusError::Asymmetric {
                                first: vocabulary.word(first_id).to_owned(),
                                first_id,
                                second: vocabulary.word(second_id).to_owned(),
                                second_id,
                                forward: count(row, column),
                                backward: count(column, row),
                            });
                        }
                    }
                }
            }
        }
        Ok(nonzero)
    }

    /// Writes the overflow table and returns how many records it has; the counts are sorted and symmetric by now.
    fn write_overflow(&self) -> Result<u64, CorpusError> {
        let upper = self.large.iter().filter(|(key, _)| (key >> 32) as u32 <= *key as u32);
        let bytes: Vec<u8> =
            upper.flat_map(|(key, count)| [key.to_le_bytes(), count.to_le_bytes()]).flatten().collect();
        self.write(OVERFLOW, &bytes)?;
        Ok(bytes.len() as u64 / 16)
    }

    /// Writes and syncs a file of the store.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CorpusError> {
        let path = self.directory.join(name);
        let mut file = File::create_new(&path).map_err(CorpusError::io("create", &path))?;
        file.write_all(bytes).map_err(CorpusError::io("write", &path))?;
        sync(&file, &path)
    }

    /// Makes the store durable and lets it appear at its destination.
    fn publish(self) -> Result<(), CorpusError> {
        sync_directory(&self.directory)?;
        refuse_existing(&self.destination)?;
        fs::rename(&self.directory, &self.destination).map_err(CorpusError::io("create", &self.destination))?;
        self.temporary.close().map_err(CorpusError::io("clean up in", &self.parent))?;
        sync_directory(&self.parent)
    }
}

fn sync(file: &File, path: &Path) -> Result<(), CorpusError> {
    file.sync_all().map_err(CorpusError::io("sync", path))
}

fn sync_directory(path: &Path) -> Result<(), CorpusError> {
    let directory = File::open(path).map_err(CorpusError::io("open", path))?;
    sync(&directory, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Corpus;
    use proptest::{collection::vec, prelude::*};

    fn vocabulary(words: usize) -> Vocabulary {
        Vocabulary::from_words((0..words).map(|word| format!("w{word:05}"))).expect("good words")
    }

    fn store(destination: &Path, rows: &[Vec<u64>], missing: &[u32]) -> Result<CorpusSummary, CorpusError> {
        let vocabulary = vocabulary(rows.len());
        let missing: Vec<WordId> = missing.iter().map(|id| WordId(*id)).collect();
        let mut writer = StoreWriter::create(destination, rows.len())?;
        let mut row = Row::new(rows.len());
        for (id, counts) in rows.iter().enumerate().rev().filter(|(id, _)| !missing.contains(&WordId(*id as u32))) {
            row.clear();
            for (column, count) in counts.iter().enumerate() {
                row.set(column as u32, *count);
            }
            writer.write_row(WordId(id as u32), &row)?;
        }
        writer.mirror_rows(&missing)?;
        let singles = vec![1 << 40; rows.len()];
        let provenance = Provenance::new(Vec::new(), "test", 10, BTreeMap::new());
        let contents =
            Contents { vocabulary: &vocabulary, singles: &singles, window: 10, windows: 7, missing, provenance };
        writer.finish(contents, None)
    }

    fn symmetric(words: usize, counts: &[u64]) -> Vec<Vec<u64>> {
        let at = |a: usize, b: usize| counts[(a.min(b) * 31 + a.max(b) * 7) % counts.len()];
        (0..words).map(|a| (0..words).map(|b| at(a, b)).collect()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn every_symmetric_table_is_read_back_exactly_also_around_the_escape_value(
            words in 1_usize..40,
            counts in vec(prop_oneof![Just(0), 0_u64..9, 65_530_u64..65_540, Just(1 << 40)], 50),
        ) {
            let rows = symmetric(words, &counts);
            let place = tempfile::tempdir().unwrap();
            let path = place.path().join("a/store");
            let summary = store(&path, &rows, &[]).unwrap();
            let corpus = Corpus::open(&path).unwrap();
            corpus.verify().unwrap();
            let mut pairs = 0;
            for (a, counts) in rows.iter().enumerate() {
                prop_assert_eq!(corpus.single_count(WordId(a as u32)), 1 << 40);
                for (b, count) in counts.iter().enumerate() {
                    prop_assert_eq!(corpus.joint_count(WordId(a as u32), WordId(b as u32)), *count);
                    pairs += u64::from(a < b && *count > 0);
                }
            }
            prop_assert_eq!(summary.pairs_nonzero, pairs);
            prop_assert_eq!(&summary.digest, corpus.digest());
            let files = fs::read_dir(&path).unwrap();
            let bytes: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
            prop_assert_eq!(summary.bytes, bytes);
        }

        #[test]
        fn one_missing_row_is_the_mirror_of_the_others(
            words in 2_usize..30,
            missing in 0_u32..30,
            counts in vec(prop_oneof![0_u64..9, 65_530_u64..65_540], 50),
        ) {
            let missing = missing % words as u32;
            let mut rows = symmetric(words, &counts);
            rows[missing as usize][missing as usize] = 0; // nothing else knows the diagonal
            let place = tempfile::tempdir().unwrap();
            let path = place.path().join("store");
            store(&path, &rows, &[missing]).unwrap();
            let corpus = Corpus::open(&path).unwrap();
            prop_assert_eq!(corpus.missing_words(), [WordId(missing)]);
            for (b, count) in rows[missing as usize].iter().enumerate() {
                prop_assert_eq!(corpus.joint_count(WordId(missing), WordId(b as u32)), *count);
            }
        }
    }

    #[test]
    fn the_same_counts_have_the_same_digest_and_different_ones_do_not() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let digest = |name: &str, counts: &[u64]| {
            store(&place.path().join(name), &symmetric(5, counts), &[]).expect("stored").digest
        };
        let first = digest("a", &[1, 2, 3]);
        assert_eq!(first, digest("b", &[1, 2, 3]));
        assert_ne!(first, digest("c", &[1, 2, 70_000]));
        assert_ne!(digest("d", &[1, 2, 70_000]), digest("e", &[1, 2, 70_001]));
    }

    #[test]
    fn asymmetric_counts_are_refused_with_both_words_and_nothing_is_left_behind() {
        for (forward, backward) in [(3, 4), (65_535, 65_536), (9, 70_000), (0, 1)] {
            let place = tempfile::tempdir().expect("a temporary directory");
            let mut rows = symmetric(300, &[2]);
            (rows[1][299], rows[299][1]) = (forward, backward);
            let error = store(&place.path().join("store"), &rows, &[]).expect_err("stored").to_string();
            assert!(error.contains(&format!("\"w00001\" (id 1) counts {forward} windows with \"w00299\"")), "{error}");
            assert!(error.contains(&format!("counts {backward} with")), "{error}");
            assert_eq!(fs::read_dir(place.path()).expect("listed").count(), 0);
        }
    }

    #[test]
    fn an_existing_destination_is_refused_even_when_it_is_empty() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let error = store(place.path(), &symmetric(2, &[1]), &[]).expect_err("stored").to_string();
        assert!(error.contains("exists already"), "{error}");
    }

    #[test]
    fn pages_of_zeros_take_no_space() {
        use std::os::unix::fs::MetadataExt;
        let place = tempfile::tempdir().expect("a temporary directory");
        let mut rows = vec![vec![0; 3000]; 3000];
        (rows[5][2900], rows[2900][5]) = (1, 1);
        let path = place.path().join("store");
        store(&path, &rows, &[]).expect("stored");
        let joint = fs::metadata(path.join(JOINT)).expect("there");
        assert_eq!(joint.len(), 18_000_000);
        assert!(joint.blocks() * 512 < 1_000_000, "{} blocks", joint.blocks());
        assert_eq!(Corpus::open(&path).expect("opened").joint_count(WordId(2900), WordId(5)), 1);
    }

    #[test]
    fn others_may_read_a_store() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().expect("a temporary directory");
        let usual = place.path().join("usual");
        fs::create_dir(&usual).expect("created");
        let path = place.path().join("store");
        store(&path, &symmetric(2, &[1]), &[]).expect("stored");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode();
        assert_eq!(mode(&path), mode(&usual));
    }
}
