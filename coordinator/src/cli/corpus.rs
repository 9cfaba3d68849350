//! `superposed corpus`

use super::output::OutputOption;
use crate::text_inputs::inputs;
use anyhow::Result;
use bytesize::ByteSize;
use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use std::{
    cell::Cell,
    io::{self, IsTerminal},
    num::NonZero,
    path::{Path, PathBuf},
    process::ExitCode,
    str::FromStr,
};
use superposed_corpus::{
    Corpus as Store, CorpusError, CorpusSummary, CountOptions, ExportOptions, ImportOptions, Progress, Stage, count,
    count::{Documents, Frequency, Ranking, Tokenization, VocabularyRule, Words, read_words},
    export, import,
};

#[derive(Debug, Subcommand)]
pub(super) enum Corpus {
    /// Import published counts: a .tar.gz archive or a directory, in either layout
    ///
    /// The archive is read once, in whatever order its members are, and never unpacked to disk. Importing takes at most
    /// 200 MB of memory, whatever the size of the counts, plus three times the longest file where that has more than
    /// 32 MiB, plus 48 bytes for each pair of words that is counted 65,535 times or more.
    Import(Import),
    /// Count text: one document a line, or what WikiExtractor writes; plain, gz, bz2, xz or zst
    ///
    /// The store is the same, byte for byte, however many threads count and however much memory they have.
    Count(Count),
    /// Write a store as published counts: pickles that Python reads
    Export(Export),
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
    #[command(flatten)]
    output: OutputOption,
}

#[derive(Debug, Args)]
pub(super) struct Count {
    /// Files or directories of text, or objects and prefixes of buckets: s3://bucket/path, gs://…, az://…
    #[arg(required = true)]
    inputs: Vec<String>,
    /// The store to make
    #[arg(long)]
    store: PathBuf,
    /// Each file is one document
    #[arg(long, conflicts_with = "field")]
    whole_files: bool,
    /// Each line is a JSON object, and this field of it is a document
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// Take tokens between white space as they are, instead of lower-cased alphabetic words
    #[arg(long)]
    whitespace: bool,
    /// The window size in tokens; 0 is the whole document
    #[arg(long, default_value_t = 10)]
    window: u32,
    /// Remove tokens that are no words before windows are cut; else they keep their places
    #[arg(long)]
    remove_unknown: bool,
    /// Exactly the words of this file, one a line
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["max_words", "keep_by", "min_documents", "max_documents", "min_letters"]
    )]
    vocabulary: Option<PathBuf>,
    /// The most words of the vocabulary
    #[arg(long, default_value_t = 40_000)]
    max_words: u32,
    /// Which words are kept: the most frequent ones, or those in the most documents
    #[arg(long, value_enum, default_value_t = KeepBy::Count)]
    keep_by: KeepBy,
    /// A word must be in at least so many documents, like 20, or in such a share, like 0.1%
    #[arg(long, default_value = "1", value_name = "NUMBER|SHARE%")]
    min_documents: Documented,
    /// A word may be in at most so many documents, or in such a share
    #[arg(long, value_name = "NUMBER|SHARE%")]
    max_documents: Option<Documented>,
    /// The least letters of a word
    #[arg(long, default_value_t = 1)]
    min_letters: u32,
    /// Leave out pairs of words that share fewer windows; scores with this --min-freq or a greater one stay the same
    #[arg(long, default_value_t = 0, value_name = "WINDOWS")]
    min_freq: u64,
    /// Store each word's count as its count with itself too, as topic-metrics does since August 2025
    #[arg(long)]
    diagonal: bool,
    /// How many threads count [default: as many as there are cores]
    #[arg(long)]
    threads: Option<NonZero<usize>>,
    /// About the most memory that counts and tokens take, like 2GB; what does not fit is written beside the store
    #[arg(long, default_value = "2GB")]
    memory: ByteSize,
    #[command(flatten)]
    output: OutputOption,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KeepBy {
    Count,
    Documents,
}

/// A number of documents, or a share of them.
#[derive(Debug, Clone, Copy)]
struct Documented(Frequency);

impl FromStr for Documented {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "give a whole number of documents, like 20, or a share of 0% to 100%, like 0.1%";
        let Some(percent) = text.strip_suffix('%') else {
            return text.parse().map(|documents| Self(Frequency::Documents(documents))).map_err(|_| wrong);
        };
        let percent: f64 = percent.trim_end().parse().map_err(|_| wrong)?;
        if (0.0..=100.0).contains(&percent) { Ok(Self(Frequency::Share(percent / 100.0))) } else { Err(wrong) }
    }
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The store
    store: PathBuf,
    /// The directory to make
    directory: PathBuf,
    /// Lay the counts out as newer versions of topic-metrics do: W/joint/ID.pkl and W/single.pkl
    #[arg(long)]
    newer: bool,
    #[command(flatten)]
    output: OutputOption,
}

#[derive(Debug, Args)]
pub(super) struct Info {
    /// The store
    store: PathBuf,
    #[command(flatten)]
    output: OutputOption,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The store
    store: PathBuf,
    #[command(flatten)]
    output: OutputOption,
}

impl Corpus {
    pub(super) fn run(self) -> Result<ExitCode> {
        let bar = Bar::new();
        let progress = |progress: Progress| bar.show(progress);
        match self {
            Self::Import(Import { source, store, window, allow_missing, output }) => {
                let options = ImportOptions { window, allow_missing, progress: Some(&progress) };
                let summary = import(&source, &store, &options)?;
                bar.clear();
                tell(&summary, &store, output);
            }
            Self::Count(arguments) => {
                let options = arguments.options(&progress)?;
                let summary = count(&inputs(&arguments.inputs)?, &arguments.store, &options)?;
                bar.clear();
                tell(&summary, &arguments.store, arguments.output);
            }
            Self::Export(Export { store, directory, newer, output }) => {
                let corpus = Store::open(&store)?;
                export(&corpus, &directory, &ExportOptions { newer, progress: Some(&progress) })?;
                bar.clear();
                let words = corpus.vocabulary().len();
                output.tell(
                    || json!({ "directory": directory, "words": words }),
                    || format!("{}: the counts of {words} words", directory.display()),
                );
            }
            Self::Info(Info { store, output }) => {
                let corpus = Store::open(&store)?;
                if output.is_json() {
                    say!("{}", facts(&corpus));
                    return Ok(ExitCode::SUCCESS);
                }
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
            Self::Verify(Verify { store, output }) => {
                Store::open(&store)?.verify()?;
                output.tell(|| json!({ "store": store, "whole": true }), || format!("{} is whole", store.display()));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Count {
    fn options<'a>(&self, progress: &'a dyn Fn(Progress)) -> Result<CountOptions<'a>, CorpusError> {
        let words = match &self.vocabulary {
            Some(file) => Words::Given(read_words(file)?),
            None => Words::Chosen(VocabularyRule {
                max_words: self.max_words,
                ranking: match self.keep_by {
                    KeepBy::Count => Ranking::WordCount,
                    KeepBy::Documents => Ranking::DocumentFrequency,
                },
                min_document_frequency: self.min_documents.0,
                max_document_frequency: self.max_documents.map(|most| most.0),
                min_word_length: self.min_letters,
            }),
        };
        let documents = match &self.field {
            Some(field) => Documents::JsonLines { field: field.clone() },
            None if self.whole_files => Documents::Files,
            None => Documents::LinesOrArticles,
        };
        let defaults = CountOptions::default();
        Ok(CountOptions {
            window: self.window,
            documents,
            words,
            tokenization: if self.whitespace { Tokenization::Whitespace } else { Tokenization::AlphabeticLowercase },
            remove_unknown: self.remove_unknown,
            diagonal: self.diagonal,
            min_frequency: self.min_freq,
            threads: self.threads.unwrap_or(defaults.threads),
            memory: self.memory.as_u64(),
            progress: Some(progress),
        })
    }
}

/// Tells of a store that was made.
fn tell(summary: &CorpusSummary, store: &Path, output: OutputOption) {
    let CorpusSummary { words, windows, pairs_nonzero, bytes, digest, missing, .. } = summary;
    let missing = missing.len();
    output.tell(
        || {
            json!({ "store": store, "words": words, "windows": windows, "pairs": pairs_nonzero, "bytes": bytes,
                "without_counts": missing, "digest": digest })
        },
        || {
            let (store, megabytes) = (store.display(), *bytes as f64 / 1e6);
            format!("{store}: {words} words, {windows} windows, {pairs_nonzero} pairs, {megabytes:.1} MB, {digest}")
        },
    );
}

/// What a store holds, as JSON.
fn facts(corpus: &Store) -> Value {
    let words = corpus.vocabulary().len();
    let provenance = corpus.provenance();
    json!({
        "store": corpus.directory(), "words": words, "windows": corpus.windows(), "window": corpus.window_size(),
        "pairs": corpus.pairs_nonzero(), "bytes": corpus.bytes(), "sparse_rows": corpus.sparse_rows(),
        "dense_rows": words - corpus.sparse_rows(), "without_counts": corpus.missing_words().len(),
        "digest": corpus.digest(), "made_by": provenance.made_by, "sources": provenance.sources,
        "layout": provenance.layout, "settings": provenance.settings,
    })
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
                Stage::WritingCounts => "writing counts",
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
