//! Writing a store: rows as they come, then everything else, then one rename.

use super::{
    EncodedRow, FORMAT, HEADER, JOINT, OVERFLOW, Provenance, ROWS, Row, SINGLES, VOCABULARY,
    balance::Balance,
    header::{FileRecord, Header, JointRecord, hex},
    key,
    place::{Place, sync},
    record::{Kind, Record, RecordBytes, digest_of},
    row::RowView,
};
use crate::{
    CorpusError, Vocabulary,
    map::FileMap,
    progress::{Callback, Progress, Stage},
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};
use superposed_identity::WordId;

/// How many missing rows are put together at once, each of at most half a megabyte. All other rows are read again for
/// every so many.
const MIRRORED: usize = 64;

/// What a store that was made holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CorpusSummary {
    /// The words of the vocabulary.
    pub words: u32,
    /// The windows of the whole corpus.
    pub windows: u64,
    /// The unordered pairs of two words that share at least one window.
    pub pairs_nonzero: u64,
    /// The words whose row is sparse.
    pub sparse_rows: u32,
    /// The unordered pairs (and words with themselves) whose count needs the overflow table.
    pub overflow: u64,
    /// The words whose own counts were not among the published ones; only an import that allows it has any.
    pub missing: Vec<WordId>,
    /// The content digest, `sha256:<hexadecimal>`.
    pub digest: String,
    /// The length of all files in bytes.
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

/// A store being written, in a temporary directory that is deleted unless [`StoreWriter::finish`] succeeds.
pub(crate) struct StoreWriter {
    place: Place,
    joint: BufWriter<File>,
    /// How many bytes of rows there are.
    end: u64,
    /// The rows that were appended, by word.
    rows: Vec<Option<Record>>,
    /// Counts that do not fit a cell, from both sides of the diagonal.
    large: Vec<(u64, u64)>,
    balance: Balance,
}

impl StoreWriter {
    /// Starts a store that will appear at `destination`.
    pub(crate) fn create(destination: &Path) -> Result<Self, CorpusError> {
        let place = Place::beside(destination)?;
        let path = place.directory().join(JOINT);
        // Read too: missing rows are made of the others.
        let create = File::options().read(true).write(true).create_new(true).open(&path);
        let joint = BufWriter::with_capacity(1 << 20, create.map_err(CorpusError::io("create", &path))?);
        Ok(Self { place, joint, end: 0, rows: Vec::new(), large: Vec::new(), balance: Balance::default() })
    }

    /// A directory for temporary files, which goes with this.
    pub(crate) fn scratch(&self) -> &Path {
        self.place.scratch()
    }

    /// Appends the row of a word. Each word may have one; a word that has none has a row of zeros.
    ///
    /// # Panics
    /// When the word has a row already.
    pub(crate) fn append(&mut self, row: EncodedRow) -> Result<(), CorpusError> {
        let EncodedRow { word, record, bytes, large, balance, .. } = row;
        if self.rows.len() <= word.index() {
            self.rows.resize(word.index() + 1, None);
        }
        let offset = if bytes.is_empty() { 0 } else { self.end };
        let before = self.rows[word.index()].replace(Record { offset, ..record });
        assert!(before.is_none(), "word {word} has a row already");
        self.joint.write_all(&bytes).map_err(|error| CorpusError::io("write", &self.path(JOINT))(error))?;
        self.end += bytes.len() as u64;
        self.large.extend(large.iter().map(|(column, count)| (key(word.0, *column), *count)));
        self.balance += balance;
        Ok(())
    }

    /// Appends the row of each missing word, which has none yet, made of what the other words' rows say about it.
    pub(crate) fn mirror_rows(&mut self, missing: &[WordId]) -> Result<(), CorpusError> {
        let mut large: Vec<(u32, u32, u64)> =
            self.large.iter().map(|(key, count)| (*key as u32, (key >> 32) as u32, *count)).collect();
        large.sort_unstable();
        let present: Vec<(u32, Record)> =
            self.rows.iter().zip(0..).filter_map(|(record, id)| Some((id, (*record)?))).collect();
        let mut bytes = Vec::new();
        for words in missing.chunks(MIRRORED) {
            self.joint.flush().map_err(|error| CorpusError::io("write", &self.path(JOINT))(error))?;
            let mut rows: Vec<Row> = words.iter().map(|_| Row::default()).collect();
            for (other, record) in &present {
                bytes.resize(record.length(), 0);
                let read = self.joint.get_ref().read_exact_at(&mut bytes, record.offset);
                read.map_err(|error| CorpusError::io("read", &self.path(JOINT))(error))?;
                let view = RowView::of(record, &bytes).expect("it has the length of the record");
                for (word, row) in words.iter().zip(&mut rows) {
                    match view.cell(*word) {
                        0 => {}
                        super::ESCAPE => {
                            let place = |(column, row, _): &(u32, u32, u64)| (*column, *row);
                            let at = large.binary_search_by_key(&(word.0, *other), place);
                            row.set(*other, large[at.expect("what does not fit a cell was kept")].2);
                        }
                        count => {
                            row.set(*other, count.into());
                        }
                    }
                }
            }
            for (word, row) in words.iter().zip(&rows) {
                self.append(EncodedRow::of(*word, row))?;
            }
        }
        Ok(())
    }

    /// Checks the joint counts, writes everything else, syncs, and renames the store to its destination.
    ///
    /// # Panics
    /// When there are rows or columns of words that the vocabulary does not have.
    pub(crate) fn finish(
        mut self,
        contents: Contents<'_>,
        progress: Option<Callback<'_>>,
    ) -> Result<CorpusSummary, CorpusError> {
        let Contents { vocabulary, singles, window, windows, missing, provenance } = contents;
        if windows == 0 {
            return Err(CorpusError::NoWindows);
        }
        let words = vocabulary.len();
        let report = || {
            if let Some(callback) = progress {
                callback(Progress { stage: Stage::WritingStore, done: words as u64, total: Some(words as u64) });
            }
        };
        report();
        assert!(self.rows.len() <= words, "there are more rows than words");
        self.rows.resize(words, None);
        let rows: Vec<Record> = self.rows.iter().map(|row| row.unwrap_or_else(Record::empty)).collect();
        assert!(rows.iter().all(|row| row.columns as usize <= words), "there are more columns than words");

        self.joint.flush().map_err(|error| CorpusError::io("write", &self.path(JOINT))(error))?;
        sync(self.joint.get_ref(), &self.path(JOINT))?;
        self.large.sort_unstable();
        if !self.balance.holds() {
            return Err(self.find_asymmetry(vocabulary, &rows)?);
        }

        // Sorted and symmetric: one record for both directions.
        let upper = self.large.iter().filter(|(key, _)| (key >> 32) as u32 <= *key as u32);
        let overflow: Vec<u8> =
            upper.flat_map(|(key, count)| [key.to_le_bytes(), count.to_le_bytes()]).flatten().collect();
        let singles: Vec<u8> = singles.iter().flat_map(|count| count.to_le_bytes()).collect();
        let records: Vec<RecordBytes> = rows.iter().map(|row| row.to_bytes()).collect();
        let mut files = BTreeMap::new();
        for (name, content) in [
            (VOCABULARY, vocabulary.as_lines().as_bytes()),
            (SINGLES, &singles),
            (ROWS, records.as_flattened()),
            (OVERFLOW, &overflow),
        ] {
            self.write(name, content)?;
            files.insert(name.to_owned(), FileRecord::of(content));
        }
        let mut header = Header {
            format: FORMAT,
            digest: String::new(),
            words: words as u32,
            window,
            windows,
            pairs_nonzero: self.balance.pairs,
            missing,
            joint: JointRecord { bytes: self.end, rows: hex(digest_of(&records)) },
            files,
            provenance,
        };
        header.digest = header.content_digest();
        let path = self.path(HEADER);
        let mut json =
            serde_json::to_vec_pretty(&header).map_err(|error| CorpusError::io("write", &path)(error.into()))?;
        json.push(b'\n');
        self.write(HEADER, &json)?;
        self.place.publish()?;
        report();
        let others: u64 = header.files.values().map(|file| file.bytes).sum();
        Ok(CorpusSummary {
            words: header.words,
            windows,
            pairs_nonzero: header.pairs_nonzero,
            sparse_rows: rows.iter().filter(|row| row.kind == Kind::Sparse).count() as u32,
            overflow: overflow.len() as u64 / 16,
            missing: header.missing,
            digest: header.digest,
            bytes: self.end + others + json.len() as u64,
        })
    }

    /// The first pair whose counts differ, by reading all rows again; there is one.
    #[cold]
    fn find_asymmetry(&self, vocabulary: &Vocabulary, rows: &[Record]) -> Result<CorpusError, CorpusError> {
        let path = self.path(JOINT);
        let map = FileMap::open(&path, self.end)?;
        let view = |row: u32| {
            let record = &rows[row as usize];
            let bytes = &map.bytes()[record.offset as usize..][..record.length()];
            RowView::of(record, bytes).expect("it has the length of the record")
        };
        let count = |row: u32, column: u32| match view(row).cell(WordId(column)) {
            super::ESCAPE => {
                let at = self.large.binary_search_by_key(&key(row, column), |(key, _)| *key);
                self.large[at.expect("what does not fit a cell was kept")].1
            }
            cell => u64::from(cell),
        };
        let words = rows.len() as u32;
        for first in 0..words {
            for second in first + 1..words {
                let (forward, backward) = (count(first, second), count(second, first));
                if forward != backward {
                    let (first_id, second_id) = (WordId(first), WordId(second));
                    let (first, second) = (vocabulary.word(first_id).to_owned(), vocabulary.word(second_id).to_owned());
                    return Ok(CorpusError::Asymmetric { first, first_id, second, second_id, forward, backward });
                }
            }
        }
        Err(CorpusError::Damaged { path, detail: "it changed while it was written".to_owned() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.directory().join(name)
    }

    /// Writes and syncs a file of the store.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CorpusError> {
        let path = self.path(name);
        let mut file = File::create_new(&path).map_err(CorpusError::io("create", &path))?;
        file.write_all(bytes).map_err(CorpusError::io("write", &path))?;
        sync(&file, &path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Corpus;
    use proptest::{collection::vec, prelude::*};
    use std::fs;

    fn vocabulary(words: usize) -> Vocabulary {
        Vocabulary::from_words((0..words).map(|word| format!("w{word:05}"))).expect("good words")
    }

    fn store(destination: &Path, rows: &[Vec<u64>], missing: &[u32]) -> Result<CorpusSummary, CorpusError> {
        let vocabulary = vocabulary(rows.len());
        let missing: Vec<WordId> = missing.iter().map(|id| WordId(*id)).collect();
        let mut writer = StoreWriter::create(destination)?;
        let mut row = Row::default();
        for (id, counts) in rows.iter().enumerate().rev().filter(|(id, _)| !missing.contains(&WordId(*id as u32))) {
            row.clear();
            for (column, count) in counts.iter().enumerate() {
                row.set(column as u32, *count);
            }
            writer.append(EncodedRow::of(WordId(id as u32), &row))?;
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

    #[test]
    fn a_row_that_changed_is_found_before_it_is_used_and_the_others_are_not_blamed() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("store");
        store(&path, &symmetric(9, &[3, 1, 4, 1, 5]), &[]).unwrap();
        let all: Vec<WordId> = (0..9).map(WordId).collect();
        Corpus::open(&path).unwrap().check_rows(&all).unwrap();
        // The first byte belongs to the row that lies first.
        let joint = path.join("joint.bin");
        let mut bytes = fs::read(&joint).unwrap();
        bytes[0] ^= 1;
        fs::write(&joint, bytes).unwrap();
        let corpus = Corpus::open(&path).unwrap();
        let damaged: Vec<String> =
            all.iter().filter_map(|word| corpus.check_rows(&[*word]).err()).map(|error| error.to_string()).collect();
        assert!(matches!(&damaged[..], [one] if one.contains("joint.bin is damaged where")), "{damaged:?}");
        assert_eq!(corpus.check_rows(&all).unwrap_err().to_string(), damaged[0]);
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
    fn zeros_take_no_space() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let mut rows = vec![vec![0; 3000]; 3000];
        (rows[5][2900], rows[2900][5]) = (1, 1);
        let path = place.path().join("store");
        let summary = store(&path, &rows, &[]).expect("stored");
        assert_eq!((summary.pairs_nonzero, summary.sparse_rows), (1, 1));
        // Of row 5, 46 blocks of 12 bytes and a cell; of row 2900, six cells.
        assert_eq!(fs::metadata(path.join(JOINT)).expect("there").len(), 576 + 64);
        assert_eq!(Corpus::open(&path).expect("opened").joint_count(WordId(2900), WordId(5)), 1);
    }

    #[test]
    fn the_digest_does_not_depend_on_the_order_of_rows() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let digest = |name: &str, order: &[u32]| {
            let mut writer = StoreWriter::create(&place.path().join(name)).expect("a writer");
            for id in order {
                let mut row = Row::default();
                for column in 0..200 {
                    row.set(column, u64::from(id * column));
                }
                writer.append(EncodedRow::of(WordId(*id), &row)).expect("appended");
            }
            let provenance = Provenance::new(Vec::new(), "test", 10, BTreeMap::new());
            let (vocabulary, missing) = (&vocabulary(200), Vec::new());
            let contents = Contents { vocabulary, singles: &[1; 200], window: 10, windows: 7, missing, provenance };
            writer.finish(contents, None).expect("stored").digest
        };
        let ascending: Vec<u32> = (0..200).collect();
        let odd_first: Vec<u32> = ascending.iter().map(|id| (id * 7 + 3) % 200).collect();
        assert_eq!(digest("a", &ascending), digest("b", &odd_first));
        assert_ne!(
            fs::read(place.path().join("a/joint.bin")).expect("read"),
            fs::read(place.path().join("b/joint.bin")).expect("read")
        );
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
