//! Results wherever they lie: a directory, an object store or an archive; as files, as packs or both.

use crate::{
    Entry, Files, JobFile, JobResult, PackError, StoredResult, Words, WordsError,
    archive::Archive,
    inventory::{Inventory, LayerInventory, SizeInventory},
    lines, listing,
    pack::{self, Columns},
};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use std::{
    collections::BTreeMap,
    io, iter,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};
use superposed_identity::{JobId, LayerIndex, Mode, NeuronId, Polarity, Size};
use superposed_mining::{Pool, PoolForm};
use superposed_shared::{
    destination::{Destination, DestinationError},
    layout, rows,
};

/// Jobs that a task reads, and of these so many at a time.
const TOGETHER: usize = 64;
const AT_A_TIME: usize = 16;

/// Results that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The place cannot be read.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// The archive cannot be read.
    #[error("{}: {source}; an archive of results is a .tar.gz or .tar", .path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that was there when the tree was looked through.
    #[error("{0} is not there any more: the results must not change while they are read")]
    Gone(String),
    /// A job lacks one of its files.
    #[error("{0} is missing, and other files of its job are there; `superposed verify` tells all that is wrong")]
    Missing(String),
    /// A file holds something else.
    #[error("{path}: {reason}; `superposed verify` tells all that is wrong")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A pack holds something else.
    #[error("{path}: {source}")]
    Pack {
        /// The pack.
        path: String,
        /// What is wrong with it.
        source: PackError,
    },
    /// The map from ids to words is damaged.
    #[error("{path}, {source}")]
    Words {
        /// The map.
        path: String,
        /// What is wrong with it.
        source: WordsError,
    },
}

impl TreeError {
    /// Whether it is the fault of the one file that was to be read, and others may be read.
    #[must_use]
    pub const fn is_of_one_file(&self) -> bool {
        matches!(self, Self::Destination(error) if error.is_of_one_file())
    }
}

/// Which part of a tree is looked at.
pub struct Scope<'s> {
    /// The directories that are looked through; an archive is read as a whole.
    pub directories: Vec<String>,
    /// What is taken of that.
    pub wanted: &'s (dyn Fn(&Size, Entry<'_>) -> bool + Send + Sync),
}

impl Scope<'_> {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self { directories: vec![String::new()], wanted: &|_, _| true }
    }
}

impl std::fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").field("directories", &self.directories).finish_non_exhaustive()
    }
}

/// A tree of results and what it holds.
#[derive(Debug)]
pub struct Tree {
    place: String,
    files: Place,
    /// What it holds, of what was asked for.
    pub inventory: Inventory,
}

#[derive(Debug)]
enum Place {
    Destination(Destination),
    Archive(Box<Archive>),
}

impl Tree {
    /// Opens a place that must be there, and looks through it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn open(place: &str, scope: &Scope<'_>) -> Result<Self, TreeError> {
        let mut inventory = Inventory::default();
        if let Some(path) = listing::directory(place).filter(|path| path.is_file()) {
            let read = Archive::read(&path, scope.wanted, &mut inventory);
            let archive = read.map_err(|source| TreeError::Archive { path, source })?;
            return Ok(Self { place: place.to_owned(), files: Place::Archive(Box::new(archive)), inventory });
        }
        let destination = Destination::open_existing(place)?;
        for directory in &scope.directories {
            inventory = look_through(&destination, place, directory, inventory).await?;
        }
        for (size, of_size) in &mut inventory.sizes {
            of_size.retain(|entry| (scope.wanted)(size, entry));
        }
        inventory.drop_others();
        Ok(Self { place: place.to_owned(), files: Place::Destination(destination), inventory })
    }

    /// What people call it.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Whether it is a directory or an object store, in which there may be more than was asked for.
    #[must_use]
    pub fn is_place(&self) -> bool {
        matches!(self.files, Place::Destination(_))
    }

    /// Reads a file by its path below the directory of a size; `None` when there is none.
    ///
    /// # Errors
    /// When it is there but cannot be read.
    pub async fn get(&self, size: &Size, path: &str) -> Result<Option<Bytes>, TreeError> {
        match &self.files {
            Place::Destination(destination) => Ok(destination.get(&format!("{size}/{path}")).await?),
            Place::Archive(archive) => archive
                .get(size, path)
                .map_err(|source| TreeError::Archive { path: Path::new(&self.place).to_owned(), source }),
        }
    }

    /// The map from ids to words of a size, if there is one.
    ///
    /// # Errors
    /// When it is damaged.
    pub async fn words(&self, size: &Size) -> Result<Option<Words>, TreeError> {
        let Some(content) = self.get(size, "words.txt").await? else { return Ok(None) };
        let path = layout::words_file(size);
        Words::read(&content).map(Some).map_err(|source| TreeError::Words { path, source })
    }

    /// The paths below a directory of a size, sorted; an archive tells those that were wanted of it.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub async fn list(&self, size: &Size, directory: &str) -> Result<Vec<String>, TreeError> {
        let prefix = format!("{directory}/");
        let mut paths = match &self.files {
            Place::Destination(destination) => {
                let listed = destination.list(&format!("{size}/{directory}")).await?;
                let size = format!("{size}/");
                listed.iter().filter_map(|path| path.strip_prefix(&size)).map(str::to_owned).collect()
            }
            Place::Archive(archive) => archive.paths(size, &prefix),
        };
        paths.sort_unstable();
        Ok(paths)
    }

    /// A layer, its packs read.
    ///
    /// # Errors
    /// When a pack cannot be had.
    pub async fn layer(
        self: &Arc<Self>,
        size: &Size,
        (mode, layer): (Mode, LayerIndex),
        columns: Columns,
    ) -> Result<Layer, TreeError> {
        let of_size = self.inventory.sizes.get(size);
        let held = of_size.and_then(|of_size| of_size.layers.get(&(mode, layer))).cloned().unwrap_or_default();
        let mut read = Layer {
            tree: Arc::clone(self),
            size: size.clone(),
            mode,
            layer,
            held,
            columns,
            packed: BTreeMap::new(),
            unreadable: Vec::new(),
            contradictions: Vec::new(),
        };
        for path in read.held.packs.clone() {
            let content = self.get(size, &path).await?;
            let full = format!("{size}/{path}");
            read.take_pack(content.ok_or_else(|| TreeError::Gone(full.clone()))?, &full);
        }
        Ok(read)
    }
}

/// Adds what lies below a directory of a destination.
async fn look_through(
    destination: &Destination,
    place: &str,
    directory: &str,
    inventory: Inventory,
) -> Result<Inventory, TreeError> {
    let gathered = Arc::new(Mutex::new(inventory));
    let into = Arc::clone(&gathered);
    let visit = move |path: &str| {
        let Some((size, below)) = path.split_once('/') else { return };
        if let Ok(size) = size.parse::<Size>() {
            into.lock().expect("nothing panics while it is held").add(&size, below, Entry::at(below));
        }
    };
    listing::each_path(destination, place, directory, visit).await?;
    let inventory = Arc::into_inner(gathered).expect("whoever visits paths is done");
    Ok(inventory.into_inner().expect("nothing panics while it is held"))
}

impl SizeInventory {
    /// Leaves out what is not wanted of the layers.
    fn retain(&mut self, wanted: impl Fn(Entry<'_>) -> bool) {
        self.layers.retain(|(mode, layer), held| {
            held.packs.retain(|path| wanted(Entry::at(path)));
            let any = JobFile::ALL.into_iter().any(|file| {
                let job = |(neuron, polarity, _)| JobId { mode: *mode, layer: *layer, neuron, polarity };
                held.files.jobs().map(job).any(|job| wanted(Entry::Job(job, file)))
            });
            any || !held.packs.is_empty()
        });
    }
}

/// A layer of a tree.
#[derive(Debug)]
pub struct Layer {
    tree: Arc<Tree>,
    size: Size,
    mode: Mode,
    pub(crate) layer: LayerIndex,
    held: LayerInventory,
    columns: Columns,
    packed: BTreeMap<(NeuronId, Polarity), Packed>,
    /// Packs that cannot be read, and why.
    pub unreadable: Vec<(String, PackError)>,
    /// Jobs that two packs tell differently.
    pub contradictions: Vec<(JobId, String, String)>,
}

/// A job of a pack.
#[derive(Debug, Clone)]
pub struct Packed {
    /// What it found.
    pub stored: Arc<StoredResult>,
    /// The pack.
    pub path: Arc<str>,
}

/// What a tree has of a job.
#[derive(Debug)]
pub struct Held {
    /// The job.
    pub job: JobId,
    /// Its files, in the order of [`JobFile::ALL`]; none, where it is only in a pack.
    pub files: Option<[Option<Bytes>; 3]>,
    /// Files that are there and cannot be read, and why.
    pub unreadable: Vec<(JobFile, String)>,
    /// What a pack says.
    pub packed: Option<Packed>,
}

impl Layer {
    fn take_pack(&mut self, content: Bytes, path: &str) {
        if path.ends_with(".jsonl") {
            let rows = lines::read(&content).map(|row| row.map_err(PackError::Line));
            return self.take_rows(rows, path);
        }
        match pack::read(content, self.columns) {
            Ok(rows) => self.take_rows(rows, path),
            Err(error) => self.unreadable.push((path.to_owned(), error)),
        }
    }

    fn take_rows(&mut self, rows: impl Iterator<Item = Result<(JobId, StoredResult), PackError>>, path: &str) {
        let name: Arc<str> = path.into();
        for row in rows {
            let (job, stored) = match row {
                Ok(row) => row,
                Err(error) => return self.unreadable.push((path.to_owned(), error)),
            };
            if (job.mode, job.layer) != (self.mode, self.layer) {
                let reason = format!("it holds {job}, which is a job of another layer");
                return self.unreadable.push((path.to_owned(), PackError::Row { row: 1, reason }));
            }
            let packed = Packed { stored: Arc::new(stored), path: Arc::clone(&name) };
            let key = (job.neuron, job.polarity);
            match self.packed.get(&key) {
                None => {
                    self.packed.insert(key, packed);
                }
                // A job that ran twice: the same, or one of them is wrong.
                Some(other)
                    if !other.stored.result.agrees(&packed.stored.result)
                        || other.stored.otherwise != packed.stored.otherwise =>
                {
                    self.contradictions.push((job, other.path.to_string(), path.to_owned()));
                }
                Some(_) => {}
            }
        }
    }

    /// Its jobs, by neuron, then polarity: those of which any file is there, and those of its packs.
    pub fn jobs(&self) -> impl Iterator<Item = JobId> + '_ {
        let mut files = self.held.files.jobs().map(|(neuron, polarity, _)| (neuron, polarity)).peekable();
        let mut packed = self.packed.keys().copied().peekable();
        let merged = iter::from_fn(move || match (files.peek().copied(), packed.peek().copied()) {
            (Some(file), Some(pack)) => {
                if pack <= file {
                    packed.next();
                }
                if file <= pack {
                    files.next();
                }
                Some(file.min(pack))
            }
            (Some(_), None) => files.next(),
            (None, _) => packed.next(),
        });
        merged.map(|(neuron, polarity)| JobId { mode: self.mode, layer: self.layer, neuron, polarity })
    }

    /// Whether anything of a job is there.
    #[must_use]
    pub fn has(&self, job: JobId) -> bool {
        !self.files(job).none() || self.packed.contains_key(&(job.neuron, job.polarity))
    }

    /// Whether a job is there as a whole: all of its files, or in a pack.
    #[must_use]
    pub fn has_all(&self, job: JobId) -> bool {
        self.files(job).all() || self.packed.contains_key(&(job.neuron, job.polarity))
    }

    /// The files of a job that are there.
    #[must_use]
    pub fn files(&self, job: JobId) -> Files {
        self.held.files.files(job.neuron, job.polarity)
    }

    /// Reads what there is of a job.
    ///
    /// # Errors
    /// When a file cannot be had.
    pub async fn read(&self, job: JobId) -> Result<Held, TreeError> {
        let there = self.files(job);
        let packed = self.packed.get(&(job.neuron, job.polarity)).cloned();
        if there.none() {
            return Ok(Held { job, files: None, unreadable: Vec::new(), packed });
        }
        let (mut files, mut unreadable) = ([const { None }; 3], Vec::new());
        for file in JobFile::ALL {
            if there.has(file) && (self.columns == Columns::All || file == JobFile::Topics) {
                match self.tree.get(&self.size, &file.path(job)).await {
                    Ok(content) => files[file as usize] = content,
                    // The others may be well.
                    Err(error) if error.is_of_one_file() => unreadable.push((file, error.to_string())),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(Held { job, files: Some(files), unreadable, packed })
    }

    /// Reads jobs and does something with each: on all cores, in the order in which they are given, and never more than a
    /// few hundred at a time.
    pub fn each<T: Send + 'static, I: Iterator<Item = JobId>, W: Fn(Held) -> T + Send + Sync + 'static>(
        self: &Arc<Self>,
        jobs: I,
        work: W,
    ) -> impl Stream<Item = Result<T, TreeError>> + use<T, I, W> {
        let (work, this) = (Arc::new(work), Arc::clone(self));
        let tasks = 2 * thread::available_parallelism().map_or(1, usize::from);
        stream::iter(chunks(jobs))
            .map(move |jobs| {
                let (layer, work) = (Arc::clone(&this), Arc::clone(&work));
                tokio::spawn(async move {
                    let reads = stream::iter(jobs).map(|job| layer.read(job)).buffered(AT_A_TIME);
                    reads.map(|held| held.map(|held| work(held))).collect::<Vec<_>>().await
                })
            })
            .buffered(tasks)
            .flat_map(|done| stream::iter(done.expect("reading a job does not panic")))
    }

    /// What jobs found.
    pub fn results<I: Iterator<Item = JobId>>(
        self: &Arc<Self>,
        jobs: I,
    ) -> impl Stream<Item = Result<(JobId, Arc<StoredResult>), TreeError>> + use<I> {
        let (size, columns) = (self.size.clone(), self.columns);
        let read = move |held: Held| Ok((held.job, held.result(&size, columns)?));
        self.each(jobs, read).map(|result| result.and_then(|result| result))
    }
}

impl Held {
    /// What the job found, by its files, or else by a pack.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn result(self, size: &Size, columns: Columns) -> Result<Arc<StoredResult>, TreeError> {
        let Self { job, files, unreadable, packed } = self;
        let Some(files) = files else {
            let missing = || TreeError::Missing(format!("{size}/{}", JobFile::Pool.path(job)));
            return packed.map(|packed| packed.stored).ok_or_else(missing);
        };
        let path = |file: JobFile| format!("{size}/{}", file.path(job));
        let damaged = |file, reason| TreeError::Damaged { path: path(file), reason };
        if let Some((file, reason)) = unreadable.into_iter().next() {
            return Err(damaged(file, reason));
        }
        let [word_sets, topics, pool] = files;
        if columns == Columns::Topics {
            let content = topics.ok_or_else(|| TreeError::Missing(path(JobFile::Topics)))?;
            let topics = rows::topics(&content).collect::<Result<Vec<_>, _>>();
            let topics = topics.map_err(|error| damaged(JobFile::Topics, error.to_string()))?;
            let pool = Pool { words: vec![], form: PoolForm::Set };
            return Ok(Arc::new(JobResult { pool, word_sets: vec![], topics, solves: None }.into()));
        }
        let there = |file: JobFile, content: Option<Bytes>| content.ok_or_else(|| TreeError::Missing(path(file)));
        let contents =
            [there(JobFile::WordSets, word_sets)?, there(JobFile::Topics, topics)?, there(JobFile::Pool, pool)?];
        StoredResult::read(&contents).map(Arc::new).map_err(|mut unreadable| {
            let first = unreadable.swap_remove(0);
            damaged(first.file, first.reason)
        })
    }
}

/// Jobs in the groups that a task reads.
fn chunks(jobs: impl Iterator<Item = JobId>) -> impl Iterator<Item = Vec<JobId>> {
    let mut jobs = jobs.fuse();
    iter::from_fn(move || Some(jobs.by_ref().take(TOGETHER).collect::<Vec<_>>()).filter(|jobs| !jobs.is_empty()))
}
