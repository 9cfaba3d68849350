//! A store to published counts, which Python reads: what [`mod@crate::import`] reads, laid out and pickled the same way.
//!
//! - `vocab.pkl`: a dict, word → count, in the order of ids
//! - `histogram.csv`: one line. A store has only the number of windows, so all documents are said to have as many tokens as
//!   a window, each of them one; that is the same number of windows. (Where a window is the whole document they are said to
//!   have one token.)
//! - `<w>_single.pkl`: a dict, id → count, of all words
//! - `<w>/<id>.pkl`: for each word a dict, id → joint count, of the words it shares windows with
//!
//! or, in the newer layout, `<w>/single.pkl` and `<w>/joint/<id>.pkl`. All counts are of windows and exact. Counts that
//! the import of a store did not find are left out here too. Importing what was exported makes the same store.

use crate::{
    Corpus, CorpusError,
    import::layout::Layout,
    in_order::in_order,
    pickle::DictWriter,
    progress::{Callback, Reporter, Stage},
    store::{Place, sync},
};
use std::{
    fs::{self, File},
    io::Write as _,
    num::NonZero,
    path::Path,
    thread,
};
use superposed_identity::WordId;

/// How a store is exported.
#[derive(Clone, Default)]
pub struct ExportOptions<'a> {
    /// Whether counts are laid out as newer versions of topic-metrics do, and not as those of Wikipedia-V40K are. `false`
    /// unless changed.
    pub newer: bool,
    /// Hears how far the export is.
    pub progress: Option<Callback<'a>>,
}

/// Writes the counts of a store to a new directory at `destination`, on all cores.
///
/// # Errors
/// A destination that exists, a row that is damaged, or what the operating system says. Then nothing is left at the
/// destination.
pub fn export(corpus: &Corpus, destination: &Path, options: &ExportOptions<'_>) -> Result<(), CorpusError> {
    let place = Place::beside(destination)?;
    let (top, window, vocabulary) = (place.directory(), corpus.window_size(), corpus.vocabulary());
    let layout = if options.newer { Layout::Newer } else { Layout::Older };
    let missing = |word: WordId| corpus.missing_words().binary_search(&word).is_ok();

    let (mut words, mut singles) = (DictWriter::new(), DictWriter::new());
    for (id, word) in vocabulary.iter() {
        let count = corpus.single_count(id);
        words.word(word, count);
        // One that was not found is 0.
        if count > 0 || !missing(id) {
            singles.id(id.0, count);
        }
    }
    write(top, "vocab.pkl", &words.finish())?;
    write(top, "histogram.csv", format!("{},{}\n", window.max(1), corpus.windows()).as_bytes())?;
    let first = top.join(layout.joint(window, WordId(0)));
    let directory = first.parent().expect("counts are in a directory");
    fs::create_dir_all(directory).map_err(CorpusError::io("create", directory))?;
    write(top, &layout.single(window), &singles.finish())?;

    let total = vocabulary.len() as u64;
    let (mut reporter, mut done) =
        (Reporter::new(options.progress, Stage::WritingCounts, Some(total), total / 200 + 1), 0);
    reporter.at(0);
    let work = |(): &mut (), word| {
        let word = WordId(word as u32);
        corpus.check_rows(&[word])?;
        let (view, mut counts) = (corpus.row(word), DictWriter::new());
        for other in (0..total as u32).map(WordId) {
            if view.cell(other) != 0 {
                counts.id(other.0, corpus.joint_count(word, other));
            }
        }
        // A row that was not found knows what others say, but not its diagonal.
        if !missing(word) || view.cell(word) != 0 {
            write(top, &layout.joint(window, word), &counts.finish())?;
        }
        Ok(())
    };
    let take = |()| {
        done += 1;
        reporter.at(done);
        Ok(())
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    in_order(vocabulary.len(), threads, || (), work, take)?;
    reporter.finish(total);
    let directory = File::open(directory).map_err(CorpusError::io("open", directory))?;
    sync(&directory, top)?;
    place.publish()
}

/// Writes and syncs a file.
fn write(top: &Path, name: &str, bytes: &[u8]) -> Result<(), CorpusError> {
    let path = top.join(name);
    let mut file = File::create_new(&path).map_err(CorpusError::io("create", &path))?;
    file.write_all(bytes).map_err(CorpusError::io("write", &path))?;
    sync(&file, &path)
}
