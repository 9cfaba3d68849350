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
//! In a plain file each line is a document, blank lines too. In a file of WikiExtractor (whose first line that is not
//! blank starts with `<doc `) it is what stands between `<doc …>` and `</doc>`, the title line among it.
//! [`Tokenization`] says what the tokens of a document are, [`VocabularyRule`] which of them become words.

mod choose;
mod documents;
mod tokenize;
mod windows;

pub use choose::{Ranking, VocabularyRule};
pub use tokenize::Tokenization;

use crate::{
    CorpusError, CorpusSummary, Provenance, Vocabulary, input,
    progress::{Callback, Reporter, Stage},
    store::{Contents, EncodedRow, StoreWriter, refuse_existing},
};
use rustc_hash::FxHashMap;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};
use superposed_identity::WordId;
use windows::WindowCounter;

pub(crate) use windows::windows_of;

/// Which words are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Which words are counted. The 40,000 most frequent unless changed.
    pub words: Words,
    /// What the tokens of a document are. Lower-cased alphabetic words unless changed.
    pub tokenization: Tokenization,
    /// Hears how far the count is.
    pub progress: Option<Callback<'a>>,
}

impl Default for CountOptions<'_> {
    fn default() -> Self {
        Self {
            window: 10,
            words: Words::Chosen(VocabularyRule::default()),
            tokenization: Tokenization::default(),
            progress: None,
        }
    }
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

/// Counts text files, or all files in directories, into a new store at `destination`.
///
/// A file is one document a line, or what WikiExtractor writes; plain or compressed with gzip, bzip2 or zstd. It takes
/// as many bytes of memory as the square of the number of words (1.6 GB for 40,000 words) and, while a rule chooses
/// words, all different tokens.
///
/// # Errors
/// A destination that exists; inputs that are no UTF-8, incomplete or empty; no words; or what the operating system
/// says. Then nothing is left at the destination.
pub fn count(inputs: &[PathBuf], destination: &Path, options: &CountOptions<'_>) -> Result<CorpusSummary, CorpusError> {
    refuse_existing(destination)?;
    let mut files = Vec::new();
    for input in inputs {
        files.extend(input::files(input)?);
    }
    if files.is_empty() {
        return Err(CorpusError::NoInput(inputs.first().cloned().unwrap_or_default()));
    }
    let text = Text { total: input::total_bytes(&files)?, files, progress: options.progress };
    let tokenization = options.tokenization;
    let vocabulary = match &options.words {
        Words::Given(words) => Vocabulary::from_words(words.iter().cloned())?,
        Words::Chosen(rule) => {
            let mut candidates = choose::Candidates::default();
            text.for_each_document(Stage::ChoosingVocabulary, &mut |document| {
                candidates.start_document();
                tokenization.for_each_token(document, |token| candidates.add(token));
                Ok(())
            })?;
            candidates.choose(rule)?
        }
    };
    // Asked once for each token of the corpus: worth a table beside the sorted words.
    let ids: FxHashMap<&str, WordId> = vocabulary.iter().map(|(id, word)| (word, id)).collect();
    let mut counter = WindowCounter::new(vocabulary.len(), options.window);
    let mut tokens = Vec::new();
    text.for_each_document(Stage::CountingWindows, &mut |document| {
        tokens.clear();
        tokenization.for_each_token(document, |token| tokens.push(ids.get(token).copied()));
        counter.add(&tokens)
    })?;

    let mut settings = BTreeMap::from([("tokenization".to_owned(), tokenization.to_string())]);
    match &options.words {
        Words::Given(_) => settings.insert("words".to_owned(), "given".to_owned()),
        Words::Chosen(rule) => settings.insert("words".to_owned(), rule.to_string()),
    };
    let sources = inputs.iter().map(|input| input.display().to_string()).collect();
    let provenance = Provenance::new(sources, "text", options.window, settings);
    write(counter, &vocabulary, provenance, destination, options.progress)
}

/// Counts documents that are already word ids, `None` for a token that is no word, into a new store at `destination`.
///
/// # Errors
/// A destination that exists, an id that is no word's, no documents, or what the operating system says. Then nothing is
/// left at the destination.
#[expect(clippy::needless_pass_by_value, reason = "the words belong to the store from here on")]
pub fn count_documents<D: AsRef<[Option<WordId>]>>(
    vocabulary: Vocabulary,
    documents: impl IntoIterator<Item = D>,
    destination: &Path,
    options: &DocumentsOptions<'_>,
) -> Result<CorpusSummary, CorpusError> {
    refuse_existing(destination)?;
    let mut counter = WindowCounter::new(vocabulary.len(), options.window);
    let mut reporter = Reporter::new(options.progress, Stage::CountingWindows, None, 10_000);
    for document in documents {
        counter.add(document.as_ref())?;
        reporter.at(counter.documents());
    }
    reporter.finish(counter.documents());
    let provenance =
        Provenance::new(vec![options.source.clone()], "documents", options.window, options.settings.clone());
    write(counter, &vocabulary, provenance, destination, options.progress)
}

/// Makes the store of what was counted.
fn write(
    counter: WindowCounter,
    vocabulary: &Vocabulary,
    mut provenance: Provenance,
    destination: &Path,
    progress: Option<Callback<'_>>,
) -> Result<CorpusSummary, CorpusError> {
    provenance.settings.insert("documents".to_owned(), counter.documents().to_string());
    let counts = counter.finish();
    let words = vocabulary.len() as u64;
    let mut reporter = Reporter::new(progress, Stage::WritingStore, Some(words), words / 100 + 1);
    let mut writer = StoreWriter::create(destination)?;
    counts.joint.for_each_row(|word, row| {
        reporter.at(word.index() as u64);
        writer.append(EncodedRow::of(word, row))
    })?;
    let contents = Contents {
        vocabulary,
        singles: &counts.singles,
        window: provenance.window,
        windows: counts.windows,
        missing: Vec::new(),
        provenance,
    };
    writer.finish(contents, progress)
}

/// The input files of a count.
struct Text<'a> {
    files: Vec<PathBuf>,
    /// All of them, in bytes on disk.
    total: u64,
    progress: Option<Callback<'a>>,
}

impl Text<'_> {
    fn for_each_document(
        &self,
        stage: Stage,
        visit: &mut dyn FnMut(&str) -> Result<(), CorpusError>,
    ) -> Result<(), CorpusError> {
        let mut reporter = Reporter::new(self.progress, stage, Some(self.total), self.total / 200 + 1);
        let passed = AtomicU64::new(0);
        for file in &self.files {
            let mut reader = input::open(file, &passed)?;
            documents::for_each(file, &mut reader, &mut |document| {
                reporter.at(passed.load(Ordering::Relaxed));
                visit(document)
            })?;
        }
        reporter.finish(passed.load(Ordering::Relaxed));
        Ok(())
    }
}
