//! `superposed corpus`

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    cell::Cell,
    io::{self, IsTerminal},
    path::PathBuf,
    process::ExitCode,
};
use superposed_corpus::{
    Corpus as Store, CorpusSummary, CountOptions, ImportOptions, Progress, Stage, count,
    count::{Ranking, Tokenization, VocabularyRule, Words},
    import,
};

#[derive(Debug, Subcommand)]
pub(super) enum Corpus {
    /// Import published counts: a .tar.gz archive or a directory, in either layout
    ///
    /// The archive is read once, in whatever order its members are, and never unpacked to disk. Importing takes at most
    /// 200 MB of memory, whatever the size of the counts, plus three times the longest file where that has more than
    /// 32 MiB, plus 48 bytes for each pair of words that is counted 65,535 times or more.
    Import(Import),
    /// Count text: one document a line, or what WikiExtractor writes; plain, gz, bz2 or zst
    Count(Count),
    /// Say what a store holds
    Info(Info),
    /// Check every byte of a store against its checksums
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The archive or directory
    source: PathBuf,
    /// The store to make
    store: PathBuf,
    /// The window size whose counts are taken, in tokens
    #[arg(long, default_value_t = 10)]
    window: u32,
    /// Accept words without a count file; the store names them
    #[arg(long)]
    allow_missing: bool,
}

#[derive(Debug, Args)]
pub(super) struct Count {
    /// Files or directories of text
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// The store to make
    #[arg(long)]
    store: PathBuf,
    /// The window size in tokens; 0 is the whole document
    #[arg(long, default_value_t = 10)]
    window: u32,
    /// The most words of the vocabulary
    #[arg(long, default_value_t = 40_000)]
    max_words: u32,
    /// Which words are kept: the most frequent ones, or those in the most documents
    #[arg(long, value_enum, default_value_t = KeepBy::Count)]
    keep_by: KeepBy,
    /// A word must be in at least this many documents
    #[arg(long, default_value_t = 1)]
    min_documents: u64,
    /// A word may be in at most this many documents
    #[arg(long)]
    max_documents: Option<u64>,
    /// The least letters of a word
    #[arg(long, default_value_t = 1)]
    min_letters: u32,
    /// Take tokens between white space as they are, instead of lower-cased alphabetic words
    #[arg(long)]
    whitespace: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KeepBy {
    Count,
    Documents,
}

#[derive(Debug, Args)]
pub(super) struct Info {
    /// The store
    store: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The store
    store: PathBuf,
}

impl Corpus {
    pub(super) fn run(self) -> Result<ExitCode> {
        let bar = Bar::new();
        let progress = |progress: Progress| bar.show(progress);
        match self {
            Self::Import(Import { source, store, window, allow_missing }) => {
                let options = ImportOptions { window, allow_missing, progress: Some(&progress) };
                let summary = import(&source, &store, &options)?;
                bar.clear();
                tell(&summary, &store);
            }
            Self::Count(arguments) => {
                let options = arguments.options(&progress);
                let summary = count(&arguments.inputs, &arguments.store, &options)?;
                bar.clear();
                tell(&summary, &arguments.store);
            }
            Self::Info(Info { store }) => {
                let corpus = Store::open(&store)?;
                let words = corpus.vocabulary().len();
                say!("words           {words}");
                say!("windows         {} of {} tokens", corpus.windows(), corpus.window_size());
                let pairs = words as f64 * words.saturating_sub(1) as f64 / 2.0;
                let density = 100.0 * corpus.pairs_nonzero() as f64 / pairs.max(1.0);
                say!("pairs counted   {} ({density:.1} % of all)", corpus.pairs_nonzero());
                say!("on disk         {:.1} MB", corpus.bytes() as f64 / 1e6);
                say!("rows            {} sparse, {} dense", corpus.sparse_rows(), words - corpus.sparse_rows());
                say!("without counts  {}", corpus.missing_words().len());
                say!("digest          {}", corpus.digest());
                let provenance = corpus.provenance();
                say!("made by         {}", provenance.made_by);
                say!("from            {} ({})", provenance.sources.join(", "), provenance.layout);
                for (name, value) in &provenance.settings {
                    say!("  {name}: {value}");
                }
            }
            Self::Verify(Verify { store }) => {
                Store::open(&store)?.verify()?;
                say!("{} is whole", store.display());
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Count {
    fn options<'a>(&self, progress: &'a dyn Fn(Progress)) -> CountOptions<'a> {
        CountOptions {
            window: self.window,
            words: Words::Chosen(VocabularyRule {
                max_words: self.max_words,
                ranking: match self.keep_by {
                    KeepBy::Count => Ranking::WordCount,
                    KeepBy::Documents => Ranking::DocumentFrequency,
                },
                min_document_frequency: self.min_documents,
                max_document_frequency: self.max_documents,
                min_word_length: self.min_letters,
            }),
            tokenization: if self.whitespace { Tokenization::Whitespace } else { Tokenization::AlphabeticLowercase },
            progress: Some(progress),
        }
    }
}

fn tell(summary: &CorpusSummary, store: &std::path::Path) {
    say!(
        "{}: {} words, {} windows, {} pairs, {:.1} MB, {}",
        store.display(),
        summary.words,
        summary.windows,
        summary.pairs_nonzero,
        summary.bytes as f64 / 1e6,
        summary.digest
    );
}

/// A bar for each stage, on a terminal.
struct Bar {
    bar: ProgressBar,
    stage: Cell<Option<Stage>>,
}

impl Bar {
    fn new() -> Self {
        let terminal = io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{bar:32} {percent:>3} %  {msg}").expect("the template is legal");
        bar.set_style(style.progress_chars("━╸─"));
        Self { bar, stage: Cell::new(None) }
    }

    fn show(&self, progress: Progress) {
        if self.stage.replace(Some(progress.stage)) != Some(progress.stage) {
            self.bar.set_message(match progress.stage {
                Stage::ReadingCounts => "reading counts",
                Stage::ChoosingVocabulary => "choosing the vocabulary",
                Stage::CountingWindows => "counting windows",
                Stage::WritingStore => "writing the store",
                _ => "working",
            });
        }
        if let Some(total) = progress.total {
            self.bar.set_length(total);
        }
        self.bar.set_position(progress.done);
    }

    fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
