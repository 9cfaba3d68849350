//! Results in another form: as the files of the published code, as packs, as lines of JSON.

pub(crate) mod solver_records;

use crate::{
    JobFile, JobResult, PackError, PackWriter, StoredResult, Tree, TreeError, Words, lines, listing, pack::Columns,
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, pin_mut, stream};
use solver_records::SolverRecords;
use std::{io, sync::Arc};
use superposed_identity::{JobId, LayerIndex, Mode, Size};
use superposed_shared::{
    destination::{Destination, DestinationError},
    layout,
};

/// Files written at the same time.
const WRITES: usize = 16;

/// What results are written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Three files a job, as the published code writes them.
    Legacy,
    /// A Parquet file a layer.
    Packs,
    /// A file of JSON lines a layer.
    Lines,
}

/// Results that cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// They cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The destination cannot be written.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// A pack could not be written.
    #[error("cannot make {path}: {source}")]
    Pack {
        /// The pack.
        path: String,
        /// Why.
        source: PackError,
    },
    /// Lines could not be written.
    #[error("cannot write lines: {0}")]
    Write(#[from] io::Error),
    /// Two packs disagree.
    #[error("job {job} is told differently by {first} and {second}; `superposed verify` tells all that is wrong")]
    Contradiction {
        /// The job.
        job: JobId,
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// From and to are one place.
    #[error("{0} is where the results come from: export them to another place")]
    SamePlace(String),
    /// The destination has something else.
    #[error("{place} holds other results of size {size} already: export to another place")]
    Occupied {
        /// The destination.
        place: String,
        /// The size.
        size: Size,
    },
}

/// What was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// Jobs.
    pub jobs: u64,
    /// Topics.
    pub topics: u64,
    /// Files that were written.
    pub files: u64,
}

impl Exported {
    fn count(&mut self, stored: &StoredResult) {
        self.jobs += 1;
        self.topics += stored.result.topics.len() as u64;
    }
}

/// Writes results to a destination in another form, and with them what lies beside: the map from ids to words, the
/// campaigns' records and the solver records. What was begun may be done again. `words` is used where the results have no
/// map.
///
/// # Errors
/// When the results are damaged, or the destination cannot be written or holds others.
pub async fn export(
    tree: &Arc<Tree>,
    to: &str,
    form: Form,
    words: Option<&Words>,
    progress: impl Fn(u64),
) -> Result<Exported, ExportError> {
    if same_place(tree.place(), to) {
        return Err(ExportError::SamePlace(to.to_owned()));
    }
    if let Some(there) = Destination::look_at(to).await? {
        for size in tree.inventory.sizes.keys() {
            check_vacant(tree, &there, to, size).await?;
        }
    }
    let to = Destination::open(to)?;
    let mut exported = Exported::default();
    for (size, of_size) in &tree.inventory.sizes {
        // First, so that a second try of a broken export knows its own.
        exported.files += beside(tree, &to, size).await?;
        let own = tree.words(size).await?;
        let words = own.as_ref().or(words);
        let mut records = SolverRecords::of(tree, size).await?;
        for (mode, layer) in of_size.layers.keys() {
            let solves = records.layer(tree, *mode, *layer).await?;
            let found = results(tree, size, (*mode, *layer), solves).await?;
            pin_mut!(found);
            let counted = &mut exported;
            let counted_results = found.inspect_ok(|(_, stored)| {
                counted.count(stored);
                if counted.jobs.is_multiple_of(1000) {
                    progress(counted.jobs);
                }
            });
            let written = match form {
                Form::Legacy => legacy(&to, size, counted_results).await?,
                Form::Packs => packed(&to, size, (*mode, *layer), words, counted_results).await?,
                Form::Lines => as_lines(&to, size, (*mode, *layer), words, counted_results).await?,
            };
            exported.files += written;
            to.sync().await?;
        }
    }
    Ok(exported)
}

/// Writes results as lines of JSON, in the order of layers, and nothing else.
///
/// # Errors
/// When the results are damaged, or the lines cannot be written.
pub async fn export_lines(
    tree: &Arc<Tree>,
    to: &mut (dyn io::Write + Send),
    words: Option<&Words>,
) -> Result<Exported, ExportError> {
    let mut exported = Exported::default();
    for (size, of_size) in &tree.inventory.sizes {
        let own = tree.words(size).await?;
        let words = own.as_ref().or(words);
        let mut records = SolverRecords::of(tree, size).await?;
        for (mode, layer) in of_size.layers.keys() {
            let solves = records.layer(tree, *mode, *layer).await?;
            let found = results(tree, size, (*mode, *layer), solves).await?;
            pin_mut!(found);
            while let Some((job, stored)) = found.try_next().await? {
                to.write_all(lines::write(job, &stored, words).as_bytes())?;
                exported.count(&stored);
            }
        }
    }
    to.flush()?;
    Ok(exported)
}

/// The jobs of a layer, in order; how they were solved is said where solver records say it.
pub(crate) async fn results(
    tree: &Arc<Tree>,
    size: &Size,
    layer: (Mode, LayerIndex),
    solves: solver_records::OfLayer,
) -> Result<impl stream::Stream<Item = Result<(JobId, Arc<StoredResult>), ExportError>>, ExportError> {
    let mut layer = tree.layer(size, layer, Columns::All).await?;
    if let Some((path, source)) = layer.unreadable.pop() {
        return Err(TreeError::Pack { path, source }.into());
    }
    if let Some((job, first, second)) = layer.contradictions.pop() {
        return Err(ExportError::Contradiction { job, first, second });
    }
    let layer = Arc::new(layer);
    let jobs: Vec<JobId> = layer.jobs().collect();
    let results = layer.results(jobs.into_iter());
    Ok(results.map(move |result| {
        let (job, stored) = result?;
        let solved = stored.result.solves.is_none().then(|| solves.get(&job)).flatten();
        match solved.filter(|solves| solves.len() == stored.result.topics.len()) {
            None => Ok((job, stored)),
            Some(solves) => {
                let result = JobResult { solves: Some(solves.clone()), ..stored.result.clone() };
                Ok((job, Arc::new(StoredResult { result, otherwise: stored.otherwise.clone() })))
            }
        }
    }))
}

async fn legacy(
    to: &Destination,
    size: &Size,
    results: impl stream::Stream<Item = Result<(JobId, Arc<StoredResult>), ExportError>>,
) -> Result<u64, ExportError> {
    let put = async |(job, stored): (JobId, Arc<StoredResult>)| {
        for (file, content) in JobFile::ALL.into_iter().zip(stored.contents()) {
            to.put(&format!("{size}/{}", file.path(job)), content).await?;
        }
        Ok(3)
    };
    results.map_ok(put).try_buffer_unordered(WRITES).try_fold(0, async |sum, files| Ok(sum + files)).await
}

async fn packed(
    to: &Destination,
    size: &Size,
    (mode, layer): (Mode, LayerIndex),
    words: Option<&Words>,
    results: impl stream::Stream<Item = Result<(JobId, Arc<StoredResult>), ExportError>>,
) -> Result<u64, ExportError> {
    let path = layout::pack_file(size, mode, layer);
    let failed = |source| ExportError::Pack { path: path.clone(), source };
    let mut writer = PackWriter::new(words).map_err(failed)?;
    pin_mut!(results);
    while let Some((job, stored)) = results.try_next().await? {
        writer.push(job, &stored).map_err(failed)?;
    }
    let pack = writer.finish().map_err(failed)?;
    to.put(&path, pack.into()).await?;
    Ok(1)
}

async fn as_lines(
    to: &Destination,
    size: &Size,
    (mode, layer): (Mode, LayerIndex),
    words: Option<&Words>,
    results: impl stream::Stream<Item = Result<(JobId, Arc<StoredResult>), ExportError>>,
) -> Result<u64, ExportError> {
    let mut text = String::new();
    pin_mut!(results);
    while let Some((job, stored)) = results.try_next().await? {
        text.push_str(&lines::write(job, &stored, words));
    }
    to.put(&layout::lines_file(size, mode, layer), text.into()).await?;
    Ok(1)
}

/// Copies what lies beside the jobs.
async fn beside(tree: &Tree, to: &Destination, size: &Size) -> Result<u64, ExportError> {
    let mut paths = Vec::new();
    for directory in ["campaigns", "solves", "disagreements"] {
        paths.extend(tree.list(size, directory).await?);
    }
    paths.push("words.txt".to_owned());
    let copied = stream::iter(paths).map(async |path| {
        let Some(content) = tree.get(size, &path).await? else { return Ok(0) };
        to.put(&format!("{size}/{path}"), content).await?;
        Ok::<_, ExportError>(1)
    });
    copied.buffer_unordered(WRITES).try_fold(0, async |sum, files| Ok(sum + files)).await
}

/// Sees that a destination has nothing of a size, or what an earlier try of the same export left.
async fn check_vacant(tree: &Tree, there: &Destination, to: &str, size: &Size) -> Result<(), ExportError> {
    let records = &tree.inventory.sizes[size].records;
    let mut same = !records.is_empty();
    for campaign in records {
        let theirs = there.get(&layout::record_file(size, campaign)).await?;
        let ours: Option<Bytes> = tree.get(size, &format!("campaigns/{campaign}.json")).await?;
        same &= theirs == ours;
    }
    if !same && !there.list(size.as_str()).await?.is_empty() {
        return Err(ExportError::Occupied { place: to.to_owned(), size: size.clone() });
    }
    Ok(())
}

fn same_place(from: &str, to: &str) -> bool {
    let real = |place: &str| listing::directory(place).map(|path| path.canonicalize().unwrap_or(path));
    match (real(from), real(to)) {
        (Some(from), Some(to)) => from == to,
        _ => from.trim_end_matches('/') == to.trim_end_matches('/'),
    }
}
