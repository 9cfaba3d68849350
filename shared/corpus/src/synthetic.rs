//! Made-up counts of any size, for benchmarks and tests: the same on every machine.
//!
//! Words fall into *themes* of 40 that keep company: NPMI of two words of a theme is between about 0.15 and 0.5. All
//! other pairs that share windows at all do so about as often as if they were independent, with a heavy tail to both
//! sides. Single counts follow Zipf's law. The words of a theme are about equally frequent; their ids are spread over
//! the whole vocabulary. No joint count is greater than either single count.
//!
//! Every count is computed from its two words alone, so nothing is held in memory and any thread may ask.

use crate::{
    CorpusError, CorpusSummary, Provenance, Vocabulary,
    store::{Contents, EncodedRow, Row, StoreWriter},
};
use std::{
    collections::BTreeMap,
    num::NonZero,
    path::Path,
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    thread,
};
use superposed_identity::WordId;

/// How many words a theme has; the last one may have fewer.
pub const THEME: u32 = 40;

/// The window size that the counts are said to be of, in tokens.
pub const WINDOW: u32 = 10;

/// How many documents there are.
pub const DOCUMENTS: u64 = 10_000_000;

/// How long each document is, in tokens: it has 250 windows.
pub const DOCUMENT_LENGTH: u64 = 259;

/// The windows of the corpus.
pub const WINDOWS: u64 = DOCUMENTS * (DOCUMENT_LENGTH - WINDOW as u64 + 1);

/// How often words of a theme meet at least, so that the usual minimal frequency of 100 does not hide them.
const LEAST_IN_THEME: f64 = 150.0;

/// The places of the tail: a power of two.
const TAIL: usize = 4096;

/// What counts are made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The words of the vocabulary; 40,000 unless changed.
    pub words: u32,
    /// With how many other words a word shares windows, on average; 20,000 unless changed.
    pub neighbours: u32,
    /// Other seeds make other counts of the same kind.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { words: 40_000, neighbours: 20_000, seed: 1 }
    }
}

/// Made-up counts.
pub struct Counts {
    options: Options,
    /// The word at each rank by frequency. A theme is 40 neighbours here.
    by_rank: Vec<WordId>,
    /// The rank of each word.
    ranks: Vec<u32>,
    /// The single count of each word.
    singles: Vec<u64>,
    /// What the counts of independent words are multiplied by.
    tail: Vec<f64>,
    /// A pair of words of different themes shares windows when its 32 random bits are below this.
    threshold: u64,
}

impl Counts {
    /// Prepares counts; takes milliseconds.
    ///
    /// # Panics
    /// When there is no word.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let words = options.words;
        assert!(words > 0, "a corpus has words");
        let mut by_rank: Vec<WordId> = (0..words).map(WordId).collect();
        for last in (1..words as usize).rev() {
            by_rank.swap(last, (mixed(options.seed ^ (last as u64) << 32) % (last as u64 + 1)) as usize);
        }
        let mut ranks = vec![0; words as usize];
        let mut singles = vec![0; words as usize];
        for (rank, word) in (0..).zip(&by_rank) {
            ranks[word.index()] = rank;
            singles[word.index()] = (0.5 * WINDOWS as f64 / (f64::from(rank) + 2.7)) as u64;
        }
        // The quantiles of a log-logistic distribution: the median is 1, the last one about 90.
        let quantile = |place: usize| {
            let share = (place as f64 + 0.5) / TAIL as f64;
            libm::sqrt(share / (1.0 - share))
        };
        let own = THEME.min(words) - 1;
        let others = f64::from(words - THEME.min(words)).max(1.0);
        let share = (f64::from(options.neighbours.saturating_sub(own)) / others).min(1.0);
        let threshold = (share * 4_294_967_296.0) as u64;
        Self { options, by_rank, ranks, singles, tail: (0..TAIL).map(quantile).collect(), threshold }
    }

    /// The words: five letters each, in the order of ids.
    ///
    /// # Panics
    /// When there are more words than a store holds.
    #[must_use]
    pub fn vocabulary(&self) -> Vocabulary {
        Vocabulary::from_words((0..self.options.words).map(word)).expect("different words of letters, not too many")
    }

    /// The windows that contain a word.
    #[must_use]
    pub fn single(&self, word: WordId) -> u64 {
        self.singles[word.index()]
    }

    /// The windows that contain both words; 0 for a word with itself.
    #[must_use]
    pub fn joint(&self, a: WordId, b: WordId) -> u64 {
        if a == b {
            return 0;
        }
        let pair = u64::from(a.0.min(b.0)) << 32 | u64::from(a.0.max(b.0));
        let random = mixed(mixed(pair).wrapping_add(self.options.seed));
        let (one, other) = (self.single(a), self.single(b));
        let windows = WINDOWS as f64;
        let independent = one as f64 * other as f64 / windows;
        let count = if self.ranks[a.index()] / THEME == self.ranks[b.index()] / THEME {
            let npmi = 0.15 + 0.35 * (random >> 40) as f64 / 16_777_216.0;
            let share = libm::exp(libm::log(independent / windows) / (1.0 + npmi));
            (share * windows).max(LEAST_IN_THEME)
        } else if random >> 32 < self.threshold {
            // Rounded up or down by chance, else all counts of rare words would be equal.
            independent * self.tail[random as usize % TAIL] + (random >> 12 & 0xfffff) as f64 / 1_048_576.0
        } else {
            return 0;
        };
        (count as u64).max(1).min(one).min(other)
    }

    /// Calls `visit` with every column of a word's row whose count is not 0, in the order of ids, and that count.
    pub fn for_each_in_row(&self, word: WordId, mut visit: impl FnMut(u32, u64)) {
        for column in 0..self.options.words {
            match self.joint(word, WordId(column)) {
                0 => {}
                count => visit(column, count),
            }
        }
    }

    /// How many themes there are.
    #[must_use]
    pub fn themes(&self) -> u32 {
        self.options.words.div_ceil(THEME)
    }

    /// The words of a theme, from the most frequent one. Themes are numbered from the most frequent one too.
    ///
    /// # Panics
    /// When the number is not below [`Self::themes`].
    #[must_use]
    pub fn theme(&self, number: u32) -> &[WordId] {
        let start = (number * THEME) as usize;
        &self.by_rank[start..self.by_rank.len().min(start + THEME as usize)]
    }
}

/// Writes made-up counts to a new store at `destination`, on all cores.
///
/// # Errors
/// A destination that exists, no words or more than a store holds, or what the operating system says.
pub fn store(destination: &Path, options: &Options) -> Result<CorpusSummary, CorpusError> {
    let vocabulary = Vocabulary::from_words((0..options.words).map(word))?;
    let counts = &Counts::new(*options);
    let mut writer = StoreWriter::create(destination)?;
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let next = &AtomicU32::new(0);
    thread::scope(|scope| {
        // Few rows wait, whatever the disk does.
        let (sender, rows) = mpsc::sync_channel(2 * threads);
        for _ in 0..threads {
            let sender = sender.clone();
            scope.spawn(move || {
                let mut row = Row::default();
                loop {
                    let word = WordId(next.fetch_add(1, Ordering::Relaxed));
                    if word.0 >= options.words {
                        break;
                    }
                    row.clear();
                    counts.for_each_in_row(word, |column, count| {
                        row.set(column, count);
                    });
                    if sender.send(EncodedRow::of(word, &row)).is_err() {
                        break; // the writer failed, and says why
                    }
                }
            });
        }
        drop(sender);
        rows.into_iter().try_for_each(|row| writer.append(row))
    })?;
    let Options { words, neighbours, seed } = options;
    let settings = BTreeMap::from([("words", *words as u64), ("neighbours", (*neighbours).into()), ("seed", *seed)]);
    let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect();
    let provenance = Provenance::new(vec!["made up".to_owned()], "synthetic", WINDOW, settings);
    let contents = Contents {
        vocabulary: &vocabulary,
        singles: &counts.singles,
        window: WINDOW,
        windows: WINDOWS,
        missing: Vec::new(),
        provenance,
    };
    writer.finish(contents, None)
}

/// The word with an id: five letters, which sort as ids do.
#[must_use]
pub fn word(id: u32) -> String {
    let letter = |place: u32| char::from(b'a' + (id / 26_u32.pow(place) % 26) as u8);
    (0..5).rev().map(letter).collect()
}

/// A permutation that spreads every bit over all.
const fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ bits >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let bits = (bits ^ bits >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    bits ^ bits >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Corpus, Npmi};
    use std::sync::Arc;

    #[test]
    fn a_store_has_the_counts_and_the_neighbours_that_were_asked_for_and_themes_keep_company() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let options = Options { words: 2000, neighbours: 800, seed: 7 };
        let summary = store(&place.path().join("store"), &options).expect("stored");
        let corpus = Corpus::open(&place.path().join("store")).expect("opened");
        corpus.verify().expect("undamaged");
        let counts = Counts::new(options);
        assert!(corpus.vocabulary() == &counts.vocabulary());
        let neighbours = 2.0 * summary.pairs_nonzero as f64 / 2000.0;
        assert!((neighbours - 800.0).abs() < 10.0, "{neighbours}");
        for a in (0..2000).step_by(37).map(WordId) {
            assert_eq!(corpus.single_count(a), counts.single(a));
            for b in (0..2000).map(WordId) {
                assert_eq!(corpus.joint_count(a, b), counts.joint(b, a));
                assert!(counts.joint(a, b) <= counts.single(a));
            }
        }
        let npmi = Npmi::new(Arc::new(corpus), 100);
        for theme in 0..counts.themes() {
            let words = counts.theme(theme);
            for (place, a) in words.iter().enumerate() {
                for b in &words[..place] {
                    let score = npmi.score(*a, *b);
                    assert!((0.14..0.52).contains(&score), "theme {theme}: {score}");
                }
            }
        }
        // Words of different themes are independent, give or take.
        let scores: Vec<f64> = (0..500)
            .map(|id| npmi.score(counts.theme(0)[id % 40], counts.theme(1 + id as u32 % 40)[id % 39]))
            .collect();
        let company = scores.iter().filter(|score| **score > 0.1).count();
        assert!(company < 100, "{company} of {}", scores.len());
    }

    #[test]
    fn the_same_options_make_the_same_corpus_and_another_seed_another() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let digest = |name: &str, words, seed| {
            let options = Options { words, neighbours: 50, seed };
            store(&place.path().join(name), &options).expect("stored").digest
        };
        assert_eq!(digest("a", 130, 1), digest("b", 130, 1));
        assert_ne!(digest("c", 130, 2), digest("d", 130, 1));
        for words in [1, 2, 40, 41] {
            digest(&format!("{words} words"), words, 1);
        }
    }
}
