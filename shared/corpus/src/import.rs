//! Published counts, as Wikipedia-V40K and topic-metrics lay them out, to a store.
//!
//! Read are a directory or a tar archive (plain, gzip, bzip2 or zstd), streamed and never unpacked to disk, with these
//! members at any depth, among any others, in any order:
//!
//! - `vocab.pkl`: a dict, word → count. A word's id is its rank in code-point order.
//! - `histogram.csv`: lines `length,count` without a header, which give the windows of the corpus.
//! - older layout: `<w>/<id>.pkl`, a dict id → joint count for every word, and `<w>_single.pkl`, a dict id → count
//! - newer layout: `<w>/joint/<id>.pkl` and `<w>/single.pkl`, likewise
//!
//! `<w>` is the window size; counts of other windows are passed over. An archive is read once, whatever comes first:
//! rows are stored as they come, and ids are checked against the vocabulary as soon as it is known. One thread reads
//! and decompresses, others decode.
//!
//! # Memory
//!
//! An import holds at most 200 MB, whatever the size of the counts, plus three times its longest member where that has more
//! than 32 MiB (at 40,000 words none has more than one), plus 48 bytes for each pair of words that is counted 65,535
//! times or more. Stores are written through the page cache, which is the system's.

mod archive;
mod counts;
mod histogram;
pub(crate) mod layout;
mod pipeline;

use crate::{
    CorpusError, CorpusSummary, Provenance, Vocabulary,
    progress::{Callback, Reporter, Stage},
    store::{Contents, EncodedRow, Row, StoreWriter, refuse_existing},
    vocabulary::MAX_WORDS,
};
use archive::Archive;
use layout::{Layout, Role};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Mutex, PoisonError},
};
use superposed_identity::WordId;

#[cfg(feature = "fuzz")]
pub(crate) use histogram::windows as histogram_windows;

/// How published counts are imported.
#[derive(Clone)]
pub struct ImportOptions<'a> {
    /// The window size whose counts are taken, in tokens; 0 is the whole document. 10 unless changed.
    pub window: u32,
    /// Whether words without counts of their own are accepted: their joint counts are then only what the other words'
    /// files say, a single count that is not there is 0, and the store names them. `false` unless changed.
    pub allow_missing: bool,
    /// Hears how far the import is.
    pub progress: Option<Callback<'a>>,
}

impl Default for ImportOptions<'_> {
    fn default() -> Self {
        Self { window: 10, allow_missing: false, progress: None }
    }
}

/// Imports the counts at `source` into a new store at `destination`.
///
/// # Errors
/// A destination that exists; counts that are incomplete, ambiguous, asymmetric, damaged or of a foreign kind; or what
/// the operating system says. Then nothing is left at the destination.
pub fn import(source: &Path, destination: &Path, options: &ImportOptions<'_>) -> Result<CorpusSummary, CorpusError> {
    refuse_existing(destination)?;
    let archive = Archive::open(source)?;
    let mut importer = Importer {
        counts: source,
        options,
        vocabulary: None,
        place: None,
        windows: None,
        singles: None,
        reaches: Vec::new(),
        writer: StoreWriter::create(destination)?,
    };
    let mut reporter =
        Reporter::new(options.progress, Stage::ReadingCounts, Some(archive.total()), archive.total() / 200 + 1);
    let (window, other_windows) = (options.window, Mutex::new(BTreeSet::new()));
    let wanted = |name: &str| match layout::role(name, window) {
        Role::OtherWindow(other) => {
            other_windows.lock().unwrap_or_else(PoisonError::into_inner).insert(other);
            false
        }
        Role::Other => {
            tracing::debug!(member = name, "passed over a member that is none of the counts");
            false
        }
        _ => true,
    };
    let decode = |row: &mut Row, name: &str, content: &[u8]| {
        let content = match layout::role(name, window) {
            Role::Vocabulary => Content::Vocabulary(counts::vocabulary(name, content)?),
            Role::Histogram => Content::Windows(histogram::windows(name, content, window)?),
            Role::Single { .. } => Content::Singles(counts::singles(name, content)?),
            Role::Joint { id, .. } => {
                row.clear();
                counts::joint(name, content, row)?;
                Content::Row(EncodedRow::of(WordId(id), row))
            }
            Role::OtherWindow(_) | Role::Other => unreachable!("it is not wanted"),
        };
        Ok((name.to_owned(), content))
    };
    let take = |(name, content): (String, Content)| importer.take(&name, content);
    pipeline::run(&archive, &mut reporter, wanted, Row::default, decode, take).map_err(|error| error.within(source))?;
    importer.finish(&other_windows.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// What a member holds.
enum Content {
    Vocabulary(Vocabulary),
    /// How many windows its documents have.
    Windows(u64),
    Singles(Vec<Option<u64>>),
    Row(EncodedRow),
}

/// Collects the members of published counts.
struct Importer<'a> {
    counts: &'a Path,
    options: &'a ImportOptions<'a>,
    /// The vocabulary and the member that held it.
    vocabulary: Option<(Vocabulary, String)>,
    /// The layout and the directory of the counts, once a member told.
    place: Option<(Layout, String)>,
    windows: Option<u64>,
    singles: Option<Vec<Option<u64>>>,
    /// Per word whose joint counts were read, one more than the greatest id in them.
    reaches: Vec<Option<u32>>,
    writer: StoreWriter,
}

impl Importer<'_> {
    /// Takes what one member holds.
    fn take(&mut self, name: &str, content: Content) -> Result<(), CorpusError> {
        if let Role::Single { layout, base } | Role::Joint { layout, base, .. } =
            layout::role(name, self.options.window)
        {
            self.agree(name, layout, base)?;
        }
        match content {
            Content::Vocabulary(vocabulary) => {
                if let Some((_, other)) = &self.vocabulary {
                    return Err(CorpusError::member(name, format!("{other} is there too, but there may be only one")));
                }
                self.vocabulary = Some((vocabulary, name.to_owned()));
                self.check_ids()
            }
            Content::Windows(windows) => match self.windows.replace(windows) {
                Some(_) => {
                    Err(CorpusError::member(name, "another histogram.csv is there too, but there may be only one"))
                }
                None => Ok(()),
            },
            Content::Singles(singles) => {
                self.check_reach(name, singles.len())?;
                match self.singles.replace(singles) {
                    Some(_) => Err(CorpusError::member(name, "it is there twice: remove one")),
                    None => Ok(()),
                }
            }
            Content::Row(row) => {
                let id = row.word().index();
                self.check_word(name, row.word().0)?;
                self.check_reach(name, row.reach() as usize)?;
                if self.reaches.len() <= id {
                    self.reaches.resize(id + 1, None);
                }
                if self.reaches[id].replace(row.reach()).is_some() {
                    return Err(CorpusError::member(name, "it is there twice: remove one"));
                }
                self.writer.append(row)
            }
        }
    }

    /// Refuses the joint counts of a word that the vocabulary, or any, does not have.
    fn check_word(&self, name: &str, id: u32) -> Result<(), CorpusError> {
        let detail = match &self.vocabulary {
            Some((vocabulary, _)) if id as usize >= vocabulary.len() => {
                format!("it is of word {id}, but the vocabulary has only {} words", vocabulary.len())
            }
            None if id >= MAX_WORDS => format!("it is of word {id}, but a store holds at most {MAX_WORDS} words"),
            _ => return Ok(()),
        };
        Err(CorpusError::member(name, detail))
    }

    /// Refuses counts whose ids reach further than the vocabulary, when that is known.
    fn check_reach(&self, name: &str, reach: usize) -> Result<(), CorpusError> {
        match &self.vocabulary {
            Some((vocabulary, _)) if reach > vocabulary.len() => {
                let (words, id) = (vocabulary.len(), reach - 1);
                let detail = format!("it counts word {id}, but the vocabulary has only {words} words");
                Err(CorpusError::member(name, detail))
            }
            _ => Ok(()),
        }
    }

    /// Checks all that came before the vocabulary.
    fn check_ids(&self) -> Result<(), CorpusError> {
        let Some((layout, base)) = &self.place else { return Ok(()) };
        let name = |name: String| if base.is_empty() { name } else { format!("{base}/{name}") };
        let window = self.options.window;
        if let Some(singles) = &self.singles {
            self.check_reach(&name(layout.single(window)), singles.len())?;
        }
        for (id, reach) in (0..).zip(&self.reaches) {
            if let Some(reach) = reach {
                let name = name(layout.joint(window, WordId(id)));
                self.check_word(&name, id)?;
                self.check_reach(&name, *reach as usize)?;
            }
        }
        Ok(())
    }

    /// Refuses counts from two places: which were meant?
    fn agree(&mut self, name: &str, layout: Layout, base: &str) -> Result<(), CorpusError> {
        match &self.place {
            Some((other, directory)) if *other == layout && directory == base => Ok(()),
            Some((other, directory)) => Err(CorpusError::member(
                name,
                format!(
                    "it is of counts in the {layout}, but {directory:?} has counts in the {other} too: give one of them"
                ),
            )),
            None => {
                self.place = Some((layout, base.to_owned()));
                Ok(())
            }
        }
    }

    /// Checks that everything was there and makes the store.
    fn finish(mut self, other_windows: &BTreeSet<u32>) -> Result<CorpusSummary, CorpusError> {
        let window = self.options.window;
        let lacks = |what: String| CorpusError::Counts { counts: self.counts.to_owned(), detail: what };
        let Some((vocabulary, _)) = self.vocabulary else {
            let what = "there is no vocab.pkl: give the directory or archive that holds it beside the counts";
            return Err(lacks(what.to_owned()));
        };
        let Some((layout, base)) = self.place else {
            let others: Vec<String> = other_windows.iter().map(u32::to_string).collect();
            let others = match others.join(", ") {
                none if none.is_empty() => String::new(),
                some => format!(" (there are counts for window {some})"),
            };
            return Err(lacks(format!(
                "there are no counts for window {window}{others}: give another window or source"
            )));
        };
        let Some(windows) = self.windows else {
            return Err(lacks("there is no histogram.csv, which tells the windows of the corpus: add it".to_owned()));
        };
        let Some(singles) = self.singles else {
            return Err(lacks(format!("there is no {}: add it", layout.single(window))));
        };
        let words = vocabulary.len() as u32;
        let seen = |id: WordId| self.reaches.get(id.index()).is_some_and(Option::is_some);
        let single = |id: WordId| singles.get(id.index()).copied().flatten();
        let missing: Vec<WordId> = (0..words).map(WordId).filter(|id| !seen(*id) || single(*id).is_none()).collect();
        if let Some(&id) = missing.first()
            && !self.options.allow_missing
        {
            let what = match seen(id) {
                true => format!("single count (in {})", layout.single(window)),
                false => format!("joint counts ({})", layout.joint(window, id)),
            };
            return Err(CorpusError::MissingCounts {
                counts: self.counts.to_owned(),
                word: vocabulary.word(id).to_owned(),
                id,
                what,
                others: missing.len() - 1,
            });
        }
        let unread: Vec<WordId> = missing.iter().copied().filter(|id| !seen(*id)).collect();
        self.writer.mirror_rows(&unread)?;
        let singles: Vec<u64> = (0..words).map(|id| single(WordId(id)).unwrap_or_default()).collect();
        if let Some(most) = singles.iter().max()
            && *most > windows
        {
            tracing::warn!(
                windows,
                most,
                "a word is in more windows than there are: do histogram and counts belong together?"
            );
        }
        let settings = BTreeMap::from([("directory".to_owned(), base)]);
        let provenance =
            Provenance::new(vec![self.counts.display().to_string()], &format!("counts, {layout}"), window, settings);
        let contents = Contents { vocabulary: &vocabulary, singles: &singles, window, windows, missing, provenance };
        self.writer.finish(contents, self.options.progress)
    }
}
