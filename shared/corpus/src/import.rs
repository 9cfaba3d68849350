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
//! `<w>` is the window size; counts of other windows are passed over. An archive is read once when its vocabulary comes
//! before its counts, else a second time, as a row's place depends on how many words there are.

mod archive;
mod counts;
mod histogram;
mod layout;

use crate::{
    CorpusError, CorpusSummary, Provenance, Vocabulary,
    progress::{Callback, Stage},
    store::{Contents, Row, StoreWriter, refuse_existing},
};
use archive::{Archive, Member};
use layout::{Layout, Role};
use std::{collections::BTreeMap, collections::BTreeSet, ops::ControlFlow, path::Path};
use superposed_identity::WordId;

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
    let vocabulary = find_vocabulary(&archive, options)?;
    let mut importer = Importer {
        counts: source,
        options,
        words: vocabulary.len(),
        vocabulary: &vocabulary,
        vocabulary_member: None,
        place: None,
        other_windows: BTreeSet::new(),
        windows: None,
        singles: None,
        seen: vec![false; vocabulary.len()],
        row: Row::new(vocabulary.len()),
        writer: StoreWriter::create(destination, vocabulary.len())?,
    };
    archive.visit(Stage::ReadingCounts, options.progress, &mut |member| {
        importer.take(member)?;
        Ok(ControlFlow::Continue(()))
    })?;
    importer.finish()
}

/// Reads the archive up to its vocabulary, which is usually near its start.
fn find_vocabulary(archive: &Archive<'_>, options: &ImportOptions<'_>) -> Result<Vocabulary, CorpusError> {
    let mut found = None;
    archive.visit(Stage::FindingVocabulary, options.progress, &mut |mut member| {
        if layout::role(member.name, options.window) != Role::Vocabulary {
            return Ok(ControlFlow::Continue(()));
        }
        let bytes = member.read()?;
        found = Some(counts::vocabulary(member.name, &bytes)?);
        Ok(ControlFlow::Break(()))
    })?;
    found.ok_or_else(|| CorpusError::Counts {
        counts: archive.path().to_owned(),
        detail: "there is no vocab.pkl: give the directory or archive that holds it beside the counts".to_owned(),
    })
}

/// Collects the members of published counts.
struct Importer<'a> {
    counts: &'a Path,
    options: &'a ImportOptions<'a>,
    words: usize,
    vocabulary: &'a Vocabulary,
    vocabulary_member: Option<String>,
    /// The layout and the directory of the counts, once a member told.
    place: Option<(Layout, String)>,
    other_windows: BTreeSet<u32>,
    windows: Option<u64>,
    singles: Option<Vec<Option<u64>>>,
    /// The words whose joint counts were read.
    seen: Vec<bool>,
    row: Row,
    writer: StoreWriter,
}

impl Importer<'_> {
    /// Takes one member, or passes over it when it is none of the counts.
    fn take(&mut self, mut member: Member<'_>) -> Result<(), CorpusError> {
        let name = member.name;
        match layout::role(name, self.options.window) {
            Role::Vocabulary => match self.vocabulary_member.replace(name.to_owned()) {
                Some(other) => {
                    Err(CorpusError::member(name, format!("{other} is there too, but there may be only one")))
                }
                None => Ok(()),
            },
            Role::Histogram => {
                let windows = histogram::windows(name, &member.read()?, self.options.window)?;
                match self.windows.replace(windows) {
                    Some(_) => {
                        Err(CorpusError::member(name, "another histogram.csv is there too, but there may be only one"))
                    }
                    None => Ok(()),
                }
            }
            Role::Single { layout, base } => {
                self.agree(name, layout, base)?;
                let singles = counts::singles(name, &member.read()?, self.words)?;
                match self.singles.replace(singles) {
                    Some(_) => Err(CorpusError::member(name, "it is there twice: remove one")),
                    None => Ok(()),
                }
            }
            Role::Joint { layout, base, id } => {
                self.agree(name, layout, base)?;
                match self.seen.get_mut(id as usize) {
                    None => {
                        let detail = format!("it is of word {id}, but the vocabulary has only {} words", self.words);
                        return Err(CorpusError::member(name, detail));
                    }
                    Some(true) => return Err(CorpusError::member(name, "it is there twice: remove one")),
                    Some(seen) => *seen = true,
                }
                self.row.clear();
                counts::joint(name, &member.read()?, self.words, &mut self.row)?;
                self.writer.write_row(WordId(id), &self.row)
            }
            Role::OtherWindow(window) => {
                self.other_windows.insert(window);
                Ok(())
            }
            Role::Other => {
                tracing::debug!(member = name, "passed over a member that is none of the counts");
                Ok(())
            }
        }
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
    fn finish(mut self) -> Result<CorpusSummary, CorpusError> {
        let window = self.options.window;
        let lacks = |what: String| CorpusError::Counts { counts: self.counts.to_owned(), detail: what };
        let Some((layout, base)) = self.place else {
            let others: Vec<String> = self.other_windows.iter().map(u32::to_string).collect();
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
        let missing: Vec<WordId> =
            (0..self.words).filter(|&id| !self.seen[id] || singles[id].is_none()).map(|id| WordId(id as u32)).collect();
        if let Some(&id) = missing.first()
            && !self.options.allow_missing
        {
            let what = match self.seen[id.index()] {
                true => format!("single count (in {})", layout.single(window)),
                false => format!("joint counts ({})", layout.joint(window, id)),
            };
            return Err(CorpusError::MissingCounts {
                counts: self.counts.to_owned(),
                word: self.vocabulary.word(id).to_owned(),
                id,
                what,
                others: missing.len() - 1,
            });
        }
        let unread: Vec<WordId> = missing.iter().copied().filter(|id| !self.seen[id.index()]).collect();
        self.writer.mirror_rows(&unread)?;
        let singles: Vec<u64> = singles.into_iter().map(Option::unwrap_or_default).collect();
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
        let contents =
            Contents { vocabulary: self.vocabulary, singles: &singles, window, windows, missing, provenance };
        self.writer.finish(contents, self.options.progress)
    }
}
