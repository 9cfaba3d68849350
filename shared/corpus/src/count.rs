//! Text to a store: choose the words, then count boolean sliding windows.
//!
//! A document is a sequence of tokens. Its windows are all stretches of *w* neighbouring tokens, or the whole document
//! when it has at most *w* tokens or *w* is 0; no window spans two documents. A word, or a pair of words, counts at
//! most once for each window. Tokens that are no words of the vocabulary keep their positions. The corpus has
//! Σ max(1, length − *w* + 1) windows over all documents, with lengths in tokens whether or not they are words.
//!
//! An empty document (a blank line, or an article without a token) is by this formula one window, in which no word is.
//! topic-metrics' histogram counts blank lines just so, and so the same text has the same windows here as there.
//!
//! [`Documents`] says what the documents of a file are: in a plain file each line, blank lines too; in a file of
//! WikiExtractor (whose first line that is not blank starts with `<doc `) what stands between `<doc …>` and `</doc>`, the
//! title line among it. [`Tokenization`] says what the tokens of a document are, [`VocabularyRule`] which of them become
//! words.
//!
//! # How
//!
//! Any number of threads take blocks of whole documents (`feed`), cut them into tokens, find in how many windows each
//! pair of words is (`windows`) and add that to a table of the pairs of frequent words (`head`) or, where that would
//! take more memory than there may be, to lists that are sorted and written to disk (`tail`). Then rows are put together
//! (`rows`). Sums do not depend on the order of additions, and rows are written by their words' ranks: so a store's bytes
//! are the same, however many threads there were and however much memory.
//!
//! # Memory
//!
//! [`CountOptions::memory`] bounds what grows with the vocabulary and the text: the table, the lists, and while words are
//! chosen, the different tokens. Beside it each thread has some megabytes of text, the longest document (which has at most
//! 1 GiB) among it, and its decompressor; the words themselves take some hundred bytes each; and a pair counted 65,536
//! times or more some 100.

mod cells;
mod choose;
mod documents;
mod feed;
mod head;
mod joint;
mod plan;
mod rows;
mod spill;
mod tail;
mod tally;
mod tokenize;
mod windows;
mod words_file;

pub use choose::{Frequency, Ranking, VocabularyRule};
pub use documents::Documents;
pub use tokenize::Tokenization;
pub use words_file::read_words;

use crate::{
    CorpusError, CorpusSummary, Inputs, Provenance, Vocabulary,
    progress::{Callback, Reporter, Stage},
    store::{Contents, StoreWriter},
};
use feed::Feed;
use joint::{Adder, Joint};
use plan::Plan;
use rows::Rows;
use rustc_hash::FxHashMap;
use spill::Spill;
use std::{
    cmp::Reverse,
    collections::BTreeMap,
    num::NonZero,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};
use superposed_identity::WordId;
use tally::Tallies;
use windows::{NO_WORD, Windows};

pub(crate) use windows::windows_of;

/// How much memory a count takes unless told otherwise, in bytes: enough for the table of 40,000 words.
const MEMORY: u64 = 2_000_000_000;

/// How much text decides which of given words are frequent, in bytes.
const SAMPLE: usize = 4 << 20;

/// Which words are counted.
#[derive(Debug, Clone, PartialEq)]
pub enum Words {
    /// Those that a rule chooses among the tokens of the inputs, which are then read twice.
    Chosen(VocabularyRule),
    /// Exactly these.
    Given(Vec<String>),
}

/// How text is counted.
#[derive(Clone)]
pub struct CountOptions<'a> {
    /// The window size in tokens; 0 is the whole document. 10 unless changed.
    pub window: u32,
    /// What the documents are. Lines or articles unless changed.
    pub documents: Documents,
    /// Which words are counted. The 40,000 most frequent unless changed.
    pub words: Words,
    /// What the tokens of a document are. Lower-cased alphabetic words unless changed.
    pub tokenization: Tokenization,
    /// Whether tokens that are no words are removed before windows are cut, as topic-metrics does since August 2025. Then
    /// documents have as many tokens as words, also where windows are counted. Else they keep their places, as when
    /// Wikipedia-V40K was made. `false` unless changed.
    pub remove_unknown: bool,
    /// Whether the store has each word's own count as its joint count with itself, as that of topic-metrics has since
    /// August 2025. `false` unless changed.
    pub diagonal: bool,
    /// Pairs that share fewer windows are left out of the store, as if they shared none. Scores with a minimal frequency
    /// of this or more, by which such a pair has probability 0, do not change. 0 unless changed: counts are exact.
    pub min_frequency: u64,
    /// How many threads count. As many as there are cores unless changed.
    pub threads: NonZero<usize>,
    /// About the most memory in bytes; [`mod@crate::count`] says what it is for. 2 GB unless changed.
    pub memory: u64,
    /// Hears how far the count is.
    pub progress: Option<Callback<'a>>,
}

impl Default for CountOptions<'_> {
    fn default() -> Self {
        Self {
            window: 10,
            documents: Documents::default(),
            words: Words::Chosen(VocabularyRule::default()),
            tokenization: Tokenization::default(),
            remove_unknown: false,
            diagonal: false,
            min_frequency: 0,
            threads: cores(),
            memory: MEMORY,
            progress: None,
        }
    }
}

fn cores() -> NonZero<usize> {
    thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

/// How documents that are already word ids are counted.
#[derive(Clone)]
pub struct DocumentsOptions<'a> {
    /// The window size in tokens; 0 is the whole document. 10 unless changed.
    pub window: u32,
    /// What the documents are, for the store's provenance.
    pub source: String,
    /// What shaped them, by name, for the store's provenance.
    pub settings: BTreeMap<String, String>,
    /// Hears how far the count is, in documents.
    pub progress: Option<Callback<'a>>,
}

impl Default for DocumentsOptions<'_> {
    fn default() -> Self {
        Self { window: 10, source: "documents".to_owned(), settings: BTreeMap::new(), progress: None }
    }
}

/// Counts text into a new store at `destination`.
///
/// A source is what [`Documents`] says, plain or compressed with gzip, bzip2, xz or zstd. What does not fit the memory is
/// written to a nameless file beside the destination.
///
/// # Errors
/// A destination that exists; inputs that are no UTF-8, incomplete or empty; no words; or what the operating system
/// says. Then nothing is left at the destination.
pub fn count(inputs: &Inputs, destination: &Path, options: &CountOptions<'_>) -> Result<CorpusSummary, CorpusError> {
    let writer = StoreWriter::create(destination)?;
    if inputs.sources.is_empty() {
        return Err(CorpusError::NoInput(inputs.given.first().cloned().unwrap_or_default().into()));
    }
    let CountOptions { window, tokenization, remove_unknown, memory, .. } = *options;
    let threads = options.threads.get();
    let resources = Resources { memory, threads, directory: writer.scratch().to_owned() };
    let total = inputs.bytes();
    let reporter = |stage| Reporter::new(options.progress, stage, Some(total), total / 200 + 1);
    let passed = AtomicU64::new(0);
    let feed = Feed::new(&inputs.sources, &options.documents, &passed);
    // How many times the text that words were counted in the whole text is, about.
    let mut share = 1.0;
    let words = match &options.words {
        Words::Given(words) => {
            let words = occurrences_of(words, &feed, tokenization)?;
            share = (total as f64 / passed.load(Ordering::Relaxed) as f64).max(1.0);
            words
        }
        Words::Chosen(rule) => {
            let passed = AtomicU64::new(0);
            let feed = Feed::new(&inputs.sources, &options.documents, &passed);
            chosen_by(rule, &feed, tokenization, &resources, reporter(Stage::ChoosingVocabulary))?
        }
    };
    let words = Ranked::new(words)?;
    // Asked once for each token of the corpus: worth a table beside the sorted words.
    let ranks: FxHashMap<&str, u32> = words.order.iter().map(|id| words.vocabulary.word(*id)).zip(0..).collect();
    let plan =
        resources.plan(&words.vocabulary, plan::worth(words.counts.iter().map(|count| *count as f64 * share), window));
    let joint = Joint::new(&plan, resources.spill()?);
    let parts = feed.run(
        plan.threads,
        reporter(Stage::CountingWindows),
        || Part::new(&joint, &plan, window),
        |part, document| {
            part.tokens.clear();
            tokenization.for_each_token(document, |token| match ranks.get(token) {
                Some(rank) => part.tokens.push(*rank),
                None if remove_unknown => {}
                None => part.tokens.push(NO_WORD),
            });
            part.count()
        },
    )?;
    let mut sum = Sum::new(&plan);
    parts.into_iter().try_for_each(|part| sum.add(part))?;

    let provenance = Provenance::new(inputs.given.clone(), "text", window, settings(options));
    let (least, diagonal) = (options.min_frequency, options.diagonal);
    sum.write(joint, &plan, &words, writer, Finish { provenance, least, diagonal, progress: options.progress })
}

/// The settings of a count, for the provenance of its store. Threads and memory shape nothing.
fn settings(options: &CountOptions<'_>) -> BTreeMap<String, String> {
    let words = match &options.words {
        Words::Given(_) => "given".to_owned(),
        Words::Chosen(rule) => rule.to_string(),
    };
    let mut settings = BTreeMap::from([("tokenization", options.tokenization.to_string()), ("words", words)]);
    if options.documents != Documents::default() {
        settings.insert("documents are", options.documents.to_string());
    }
    if options.remove_unknown {
        settings.insert("tokens that are no words", "removed".to_owned());
    }
    if options.diagonal {
        settings.insert("diagonal", "single counts".to_owned());
    }
    if options.min_frequency > 0 {
        settings.insert("pairs", format!("in at least {} windows", options.min_frequency));
    }
    settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Given words, and how often each is in the first text.
fn occurrences_of(
    words: &[String],
    feed: &Feed<'_>,
    tokenization: Tokenization,
) -> Result<Vec<(String, u64)>, CorpusError> {
    let mut counts: FxHashMap<&str, u64> = words.iter().map(|word| (word.as_str(), 0)).collect();
    feed.peek(SAMPLE, |document| {
        tokenization.for_each_token(document, |token| {
            if let Some(count) = counts.get_mut(token) {
                *count += 1;
            }
        });
        Ok(())
    })?;
    Ok(words.iter().map(|word| (word.clone(), counts[word.as_str()])).collect())
}

/// The words that a rule chooses, and how often each is there.
fn chosen_by(
    rule: &VocabularyRule,
    feed: &Feed<'_>,
    tokenization: Tokenization,
    resources: &Resources,
    reporter: Reporter<'_>,
) -> Result<Vec<(String, u64)>, CorpusError> {
    // A table that is sorted, or grows, is there twice.
    let tallies = Tallies::new(resources.spill()?, resources.memory / 3, resources.threads);
    let tables = feed.run(
        resources.threads,
        reporter,
        || tallies.table(),
        |table, document| {
            table.start_document()?;
            tokenization.for_each_token(document, |token| table.add(token));
            Ok(())
        },
    )?;
    rule.choose(&tallies, tables)
}

/// Counts documents that are already word ids, `None` for a token that is no word, into a new store at `destination`.
///
/// # Errors
/// A destination that exists, an id that is no word's, no documents, or what the operating system says. Then nothing is
/// left at the destination.
pub fn count_documents<D: AsRef<[Option<WordId>]>>(
    vocabulary: Vocabulary,
    documents: impl IntoIterator<Item = D>,
    destination: &Path,
    options: &DocumentsOptions<'_>,
) -> Result<CorpusSummary, CorpusError> {
    let writer = StoreWriter::create(destination)?;
    let resources = Resources { memory: MEMORY, threads: cores().get(), directory: writer.scratch().to_owned() };
    let plan = resources.plan(&vocabulary, u32::MAX);
    let joint = Joint::new(&plan, resources.spill()?);
    let mut part = Part::new(&joint, &plan, options.window);
    let mut reporter = Reporter::new(options.progress, Stage::CountingWindows, None, 10_000);
    // Which words are frequent is not known before all documents are.
    let words = Ranked { order: (0..plan.words).map(WordId).collect(), counts: Vec::new(), vocabulary };
    for document in documents {
        part.tokens.clear();
        for token in document.as_ref() {
            match token {
                Some(id) if id.0 >= plan.words => {
                    let (document, words) = (part.documents, words.order.len());
                    return Err(CorpusError::ForeignWord { document, id: *id, words });
                }
                token => part.tokens.push(token.map_or(NO_WORD, |id| id.0)),
            }
        }
        part.count()?;
        reporter.at(part.documents);
    }
    reporter.finish(part.documents);
    let mut sum = Sum::new(&plan);
    sum.add(part)?;
    let provenance =
        Provenance::new(vec![options.source.clone()], "documents", options.window, options.settings.clone());
    let finish = Finish { provenance, least: 0, diagonal: false, progress: options.progress };
    sum.write(joint, &plan, &words, writer, finish)
}

/// What a count may use.
struct Resources {
    memory: u64,
    threads: usize,
    /// Where there may be temporary files.
    directory: PathBuf,
}

impl Resources {
    fn spill(&self) -> Result<Spill, CorpusError> {
        Spill::within(&self.directory)
    }

    fn plan(&self, vocabulary: &Vocabulary, worth: u32) -> Plan {
        Plan::new(self.memory, self.threads, vocabulary.len() as u32, worth)
    }
}

/// The words of a store, and their order while they are counted.
struct Ranked {
    vocabulary: Vocabulary,
    /// The words by rank, the most frequent first.
    order: Vec<WordId>,
    /// How often they are there, by rank, where that is known.
    counts: Vec<u64>,
}

impl Ranked {
    /// Ranks words by how often they are there, ties in code-point order.
    fn new(mut words: Vec<(String, u64)>) -> Result<Self, CorpusError> {
        // A vocabulary sorts just so.
        words.sort_unstable();
        let counts: Vec<u64> = words.iter().map(|(_, count)| *count).collect();
        let vocabulary = Vocabulary::from_words(words.into_iter().map(|(word, _)| word))?;
        let mut order: Vec<WordId> = (0..vocabulary.len() as u32).map(WordId).collect();
        order.sort_unstable_by_key(|word| (Reverse(counts[word.index()]), *word));
        let counts = order.iter().map(|word| counts[word.index()]).collect();
        Ok(Self { vocabulary, order, counts })
    }
}

/// What one thread counts. Words are numbered by rank.
struct Part<'j> {
    documents: u64,
    windows: u64,
    singles: Vec<u64>,
    joint: Adder<'j>,
    /// The tokens of the document that is next.
    tokens: Vec<u32>,
    slide: Windows,
}

impl<'j> Part<'j> {
    fn new(joint: &'j Joint, plan: &Plan, window: u32) -> Self {
        let (joint, singles, slide) = (joint.adder(), vec![0; plan.words as usize], Windows::new(window));
        Self { documents: 0, windows: 0, singles, joint, tokens: Vec::new(), slide }
    }

    /// Counts the windows of the document whose tokens are there.
    fn count(&mut self) -> Result<(), CorpusError> {
        let Self { documents, windows, singles, joint, tokens, slide } = self;
        *documents += 1;
        let single = |word: u32, count| singles[word as usize] += count;
        *windows += slide.of(tokens, single, |a, b, count| joint.add(a, b, count));
        joint.check()
    }
}

/// What all threads counted, but for pairs.
struct Sum {
    documents: u64,
    windows: u64,
    singles: Vec<u64>,
}

/// What else a store is made of.
struct Finish<'a> {
    provenance: Provenance,
    /// Pairs that are counted less often are left out.
    least: u64,
    diagonal: bool,
    progress: Option<Callback<'a>>,
}

impl Sum {
    fn new(plan: &Plan) -> Self {
        Self { documents: 0, windows: 0, singles: vec![0; plan.words as usize] }
    }

    fn add(&mut self, part: Part<'_>) -> Result<(), CorpusError> {
        self.documents += part.documents;
        self.windows += part.windows;
        self.singles.iter_mut().zip(&part.singles).for_each(|(sum, count)| *sum += count);
        part.joint.finish()
    }

    /// Makes the store.
    fn write(
        self,
        joint: Joint,
        plan: &Plan,
        words: &Ranked,
        mut writer: StoreWriter,
        finish: Finish<'_>,
    ) -> Result<CorpusSummary, CorpusError> {
        let Finish { mut provenance, least, diagonal, progress } = finish;
        provenance.settings.insert("documents".to_owned(), self.documents.to_string());
        let Ranked { vocabulary, order, .. } = words;
        let counted = joint.finish();
        let rows = Rows { counted: &counted, order, least, diagonal: diagonal.then_some(&self.singles) };
        let total = u64::from(plan.words);
        let (mut reporter, mut done) = (Reporter::new(progress, Stage::WritingStore, Some(total), total / 100 + 1), 0);
        rows.for_each(plan, |row| {
            reporter.at(done);
            done += 1;
            writer.append(row)
        })?;
        let mut singles = vec![0; order.len()];
        order.iter().zip(&self.singles).for_each(|(word, count)| singles[word.index()] = *count);
        let contents = Contents {
            vocabulary,
            singles: &singles,
            window: provenance.window,
            windows: self.windows,
            missing: Vec::new(),
            provenance,
        };
        writer.finish(contents, progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Corpus;
    use proptest::{collection::vec, prelude::*};
    use std::{collections::BTreeMap, fs};

    /// Counts documents on as many threads as the plan says; returns the files of the store.
    fn store(place: &Path, plan: &Plan, documents: &[Vec<u32>]) -> BTreeMap<String, Vec<u8>> {
        let path = place.join("store");
        let writer = StoreWriter::create(&path).expect("a writer");
        let joint = Joint::new(plan, Spill::within(place).expect("a file"));
        let parts: Vec<Part<'_>> = thread::scope(|scope| {
            let threads = (0..plan.threads).map(|thread| {
                let joint = &joint;
                scope.spawn(move || {
                    let mut part = Part::new(joint, plan, 3);
                    for document in documents.iter().skip(thread).step_by(plan.threads) {
                        part.tokens.clone_from(document);
                        part.count().expect("counted");
                    }
                    part
                })
            });
            let threads: Vec<_> = threads.collect();
            threads.into_iter().map(|thread| thread.join().expect("it counts")).collect()
        });
        let mut sum = Sum::new(plan);
        parts.into_iter().for_each(|part| sum.add(part).expect("counted"));
        let words = (0..plan.words).map(|rank| (format!("{:05}", rank * 7 % plan.words), u64::from(plan.words - rank)));
        let words = Ranked::new(words.collect()).expect("good words");
        let provenance = Provenance::new(Vec::new(), "test", 3, BTreeMap::new());
        let finish = Finish { provenance, least: 0, diagonal: false, progress: None };
        sum.write(joint, plan, &words, writer, finish).expect("written");
        Corpus::open(&path).expect("opened").verify().expect("undamaged");
        let files = fs::read_dir(&path).expect("listed").map(|entry| entry.expect("an entry").path());
        let files = files.map(|path| (path.display().to_string(), fs::read(&path).expect("read")));
        let files = files.collect();
        fs::remove_dir_all(path).expect("removed");
        files
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn tables_and_lists_of_any_size_make_the_same_store(
            documents in vec(vec(prop_oneof![4 => 0_u32..20, 4 => 0_u32..150, 1 => Just(NO_WORD)], 0..200), 1..8),
            (dense, hot, list, threads) in (0_u32..=150, 0_u32..=150, 2_usize..300, 1_usize..4),
        ) {
            let place = tempfile::tempdir().unwrap();
            let whole = Plan { hot: 0, ..Plan::new(1 << 20, 1, 150, 150) };
            let small = Plan { dense, hot: hot.min(dense), list, threads, ..Plan::new(0, 1, 150, 150) };
            prop_assert_eq!(store(place.path(), &small, &documents), store(place.path(), &whole, &documents));
        }
    }

    #[test]
    fn counts_beyond_what_records_hold_are_exact_in_table_and_lists() {
        // The pair is in all windows of a document, found in one piece: more than fits a record of the table.
        let documents = vec![vec![0, 1]; 70_000];
        let place = tempfile::tempdir().expect("a temporary directory");
        let plan = Plan::new(1 << 20, 1, 2, 2);
        let plans = [plan, Plan { hot: 0, ..plan }, Plan { hot: 0, dense: 0, list: 40, ..plan }];
        let stores = plans.map(|plan| store(place.path(), &plan, &documents));
        assert!(stores.iter().all(|files| *files == stores[0]));
    }
}
