//! Boolean sliding windows, counted without looking at any window.
//!
//! Number windows by the position of their last token. A word that is at position *p* is in the windows *p* to
//! *p* + *w* − 1. When a token of word *x* arrives at position *e*, and *x* was last at *p*, the windows from *e* that
//! *x* is newly in are those from max(*e*, *p* + *w*) to *e* + *w* − 1. A pair (*x*, *y*), with *y* last at *q*, is
//! newly in those from max(*e*, *p* + *w*) to *q* + *w* − 1: up to *p* + *w* − 1 both were together already when
//! *q* > *p*, and when *q* < *p* nothing is new. So each token costs a look at the tokens since *p*, at most *w* − 1, and one
//! addition for each different word among them. Windows before the first whole one and after the document's last token
//! do not exist, and are cut off.

use crate::{CorpusError, store::Row};
use rustc_hash::FxHashMap;
use superposed_identity::WordId;

/// The windows of a document of so many tokens; a window of 0 is the whole document.
pub(crate) const fn windows_of(length: u64, window: u32) -> u64 {
    if window == 0 || length <= window as u64 { 1 } else { length - window as u64 + 1 }
}

/// Counts of all windows.
pub(super) struct Counts {
    pub(super) windows: u64,
    pub(super) singles: Vec<u64>,
    pub(super) joint: Triangle,
}

/// Counts windows, document by document.
pub(super) struct WindowCounter {
    window: u32,
    documents: u64,
    counts: Counts,
    /// Where each word was last in the document, from 1; 0 where it was not yet.
    last: Vec<usize>,
    /// The words of a document that is one window.
    present: Vec<WordId>,
}

impl WindowCounter {
    pub(super) fn new(words: usize, window: u32) -> Self {
        let counts = Counts { windows: 0, singles: vec![0; words], joint: Triangle::new(words) };
        Self { window, documents: 0, counts, last: vec![0; words], present: Vec::new() }
    }

    /// How many documents were counted.
    pub(super) fn documents(&self) -> u64 {
        self.documents
    }

    pub(super) fn finish(self) -> Counts {
        self.counts
    }

    /// Counts the windows of a document.
    pub(super) fn add(&mut self, tokens: &[Option<WordId>]) -> Result<(), CorpusError> {
        let words = self.last.len();
        if let Some(id) = tokens.iter().flatten().find(|word| word.index() >= words) {
            return Err(CorpusError::ForeignWord { document: self.documents, id: *id, words });
        }
        self.documents += 1;
        let windows = windows_of(tokens.len() as u64, self.window);
        self.counts.windows += windows;
        if windows == 1 {
            self.add_one_window(tokens);
        } else {
            self.add_sliding(tokens, self.window as usize);
        }
        Ok(())
    }

    /// A document that is one window: each word and each pair in it counts once.
    fn add_one_window(&mut self, tokens: &[Option<WordId>]) {
        self.present.clear();
        self.present.extend(tokens.iter().flatten());
        self.present.sort_unstable();
        self.present.dedup();
        for (number, word) in self.present.iter().enumerate() {
            self.counts.singles[word.index()] += 1;
            for smaller in &self.present[..number] {
                self.counts.joint.add(*word, *smaller, 1);
            }
        }
    }

    /// A document with more tokens than a window.
    fn add_sliding(&mut self, tokens: &[Option<WordId>], window: usize) {
        let Self { counts, last, .. } = self;
        let length = tokens.len();
        // Positions are from 1: windows `window` to `length` are whole.
        for (at, &word) in (1..).zip(tokens) {
            let Some(word) = word else { continue };
            let before = std::mem::replace(&mut last[word.index()], at);
            let covered = if before == 0 { 0 } else { before + window };
            let first = at.max(covered).max(window);
            counts.singles[word.index()] += (at + window).min(length + 1).saturating_sub(first) as u64;
            // Going back, `end` falls; from where it reaches `first` on, nothing is new.
            let oldest = (before + 1).max((at + 1).saturating_sub(window)).max(1);
            for (other_at, &other) in (oldest..at).zip(&tokens[oldest - 1..at - 1]).rev() {
                let end = (other_at + window).min(length + 1);
                if end <= first {
                    break;
                }
                // An earlier token of a word that came again is not where that word was last.
                if let Some(other) = other.filter(|other| last[other.index()] == other_at) {
                    counts.joint.add(word, other, (end - first) as u64);
                }
            }
        }
        for word in tokens.iter().flatten() {
            last[word.index()] = 0;
        }
    }
}

/// Joint counts of every two different words, below the diagonal.
///
/// A cell is the low 16 bits of its count, the rest is in a table of carries: hardly any count gets there, and half the
/// memory means fewer misses of the cache, which are all that an addition costs.
pub(super) struct Triangle {
    words: usize,
    low: Vec<u16>,
    carries: FxHashMap<usize, u64>,
    /// Whether a word's row has a carry: the table is asked only for cells of such rows.
    carried: Vec<bool>,
}

impl Triangle {
    fn new(words: usize) -> Self {
        Self {
            words,
            low: vec![0; words * words.saturating_sub(1) / 2],
            carries: FxHashMap::default(),
            carried: vec![false; words],
        }
    }

    /// Where the row of a word starts.
    const fn start(word: usize) -> usize {
        word * word.saturating_sub(1) / 2
    }

    fn add(&mut self, a: WordId, b: WordId, count: u64) {
        let larger = a.index().max(b.index());
        let place = Self::start(larger) + a.index().min(b.index());
        let sum = u64::from(self.low[place]) + count;
        self.low[place] = sum as u16;
        if sum >> 16 != 0 {
            *self.carries.entry(place).or_default() += sum >> 16;
            self.carried[larger] = true;
        }
    }

    fn get(&self, larger: usize, smaller: usize) -> u64 {
        let place = Self::start(larger) + smaller;
        let low = u64::from(self.low[place]);
        if self.carried[larger] { low | self.carries.get(&place).map_or(0, |carry| carry << 16) } else { low }
    }

    /// Calls `visit` with the full row of every word, in the order of ids.
    pub(super) fn for_each_row<E>(&self, mut visit: impl FnMut(WordId, &Row) -> Result<(), E>) -> Result<(), E> {
        let mut row = Row::default();
        // Words before a word are its row of the triangle. Words after it are a column, gathered for a block of words
        // at once, so that a stretch of each row is read.
        const BLOCK: usize = 64;
        let mut columns = vec![Vec::new(); BLOCK];
        for first in (0..self.words).step_by(BLOCK) {
            let block = BLOCK.min(self.words - first);
            columns.iter_mut().for_each(Vec::clear);
            for other in first + 1..self.words {
                for (word, column) in (first..other.min(first + block)).zip(&mut columns) {
                    match self.get(other, word) {
                        0 => {}
                        count => column.push((other, count)),
                    }
                }
            }
            for (word, column) in (first..first + block).zip(&columns) {
                row.clear();
                for smaller in 0..word {
                    row.set(smaller as u32, self.get(word, smaller));
                }
                for (other, count) in column {
                    row.set(*other as u32, *count);
                }
                visit(WordId(word as u32), &row)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, option, prelude::*};
    use std::{collections::BTreeSet, convert::Infallible};

    /// The definition, window by window.
    fn slow(words: usize, documents: &[Vec<Option<WordId>>], window: u32) -> (u64, Vec<u64>, Vec<u64>) {
        let (mut windows, mut singles, mut joint) = (0, vec![0; words], vec![0; words * words]);
        for document in documents {
            let size = if window == 0 { document.len() } else { document.len().min(window as usize) };
            let last_start = document.len() - size;
            for start in 0..=last_start {
                windows += 1;
                let present: BTreeSet<usize> =
                    document[start..start + size].iter().flatten().map(|word| word.index()).collect();
                for a in &present {
                    singles[*a] += 1;
                    for b in present.iter().filter(|b| *b != a) {
                        joint[a * words + b] += 1;
                    }
                }
            }
        }
        (windows, singles, joint)
    }

    fn fast(words: usize, documents: &[Vec<Option<WordId>>], window: u32) -> (u64, Vec<u64>, Vec<u64>) {
        let mut counter = WindowCounter::new(words, window);
        for document in documents {
            counter.add(document).expect("known words");
        }
        let counts = counter.finish();
        let joint = square(&counts.joint);
        (counts.windows, counts.singles, joint)
    }

    fn square(triangle: &Triangle) -> Vec<u64> {
        let mut square = Vec::new();
        let visited = triangle.for_each_row::<Infallible>(|word, row| {
            assert_eq!(word.index() * triangle.words, square.len());
            square.extend((0..triangle.words).map(|column| row.get(column as u32)));
            Ok(())
        });
        visited.expect("infallible");
        square
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]
        #[test]
        fn counts_are_those_of_the_definition(
            documents in vec(vec(option::weighted(0.7, (0_u32..6).prop_map(WordId)), 0..40), 0..4),
            window in 0_u32..14,
        ) {
            prop_assert_eq!(fast(6, &documents, window), slow(6, &documents, window));
        }

        #[test]
        fn rows_of_many_words_are_whole(
            documents in vec(vec(option::of((0_u32..150).prop_map(WordId)), 0..60), 1..4),
            window in 2_u32..20,
        ) {
            prop_assert_eq!(fast(150, &documents, window), slow(150, &documents, window));
        }
    }

    #[test]
    fn counts_beyond_sixteen_bits_are_exact() {
        let mut triangle = Triangle::new(3);
        for count in [65_535, 1, 200_000, 65_535] {
            triangle.add(WordId(2), WordId(0), count);
        }
        triangle.add(WordId(0), WordId(1), 65_536);
        let (a, b) = (331_071, 65_536);
        assert_eq!(square(&triangle), [0, b, a, b, 0, 0, a, 0, 0]);
    }

    #[test]
    fn words_outside_the_vocabulary_keep_their_places_and_unknown_ids_are_refused() {
        let word = |id| Some(WordId(id));
        let apart = vec![vec![word(0), None, None, word(1)]];
        assert_eq!(fast(2, &apart, 3).2, [0, 0, 0, 0]);
        assert_eq!(fast(2, &apart, 4).2, [0, 1, 1, 0]);
        let mut counter = WindowCounter::new(2, 10);
        counter.add(&[word(1)]).expect("a known word");
        let error = counter.add(&[word(0), word(2)]).expect_err("accepted").to_string();
        assert!(error.contains("document 1 has the word id 2"), "{error}");
    }

    #[test]
    fn empty_documents_are_one_window_each() {
        assert_eq!(fast(1, &[vec![], vec![], vec![Some(WordId(0))]], 10), (3, vec![1], vec![0]));
    }
}
