//! What was kept of a model, as what a campaign starts from: trees of pools or of logits in the results' layout.
//!
//! A tree is named with its size, like `results/124M`, and only read. Its files are `<mode>/<layer>_<neuron>_<polarity>.pkl`
//! (pools) or `<mode>/<layer>_<neuron>_logits.npy`; whatever else lies there is passed over.
//!
//! - [`npy`]: logits in NumPy's file format
//! - [`origin`]: what the campaigns' records in a tree of pools say of it
//! - [`mod@plan`]: the jobs of a campaign that starts from a tree

pub mod npy;
pub mod origin;
pub mod plan;

use crate::{
    destination::{Destination, DestinationError},
    spec::{IndexSet, MAX_INDEX},
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt, iter};
use superposed_identity::{JobId, LayerIndex, Mode, NeuronId, Polarity};

/// Files read at the same time: what a disk and an object store answer well.
pub const READS: usize = 32;

/// What a tree holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A pool for each job.
    Pools,
    /// Logits for each neuron.
    Logits,
}

impl Kind {
    /// The path of the file that a job starts from, relative to the tree.
    #[must_use]
    pub fn file(self, job: JobId) -> String {
        let JobId { mode, layer, neuron, .. } = job;
        match self {
            Self::Pools => format!("{job}.pkl"),
            Self::Logits => format!("{mode}/{layer}_{neuron}_logits.npy"),
        }
    }

    /// The jobs that start from a file: both of a neuron, if it has logits; none, if the file is something else.
    fn jobs(self, path: &str) -> Option<(Mode, LayerIndex, NeuronId, &'static [Polarity])> {
        let (mode, name) = path.split_once('/')?;
        let stem = match self {
            Self::Pools => name.strip_suffix(".pkl")?,
            Self::Logits => name.strip_suffix("_logits.npy")?,
        };
        let mut fields = stem.split('_');
        let (layer, neuron) = (LayerIndex(index(fields.next()?)?), NeuronId(index(fields.next()?)?));
        let polarities: &[Polarity] = match (self, fields.next()) {
            (Self::Pools, Some("neg")) => &[Polarity::Neg],
            (Self::Pools, Some("pos")) => &[Polarity::Pos],
            (Self::Logits, None) => &[Polarity::Neg, Polarity::Pos],
            _ => return None,
        };
        fields.next().is_none().then_some((mode.parse().ok()?, layer, neuron, polarities))
    }

    /// A file that would be one of such a tree.
    const fn example(self) -> &'static str {
        match self {
            Self::Pools => "i/0_304_pos.pkl",
            Self::Logits => "i/0_304_logits.npy",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pools => "pools",
            Self::Logits => "logits",
        })
    }
}

/// A number as this project writes it: no sign, no zeros before it, not beyond what the queue counts.
fn index(digits: &str) -> Option<u32> {
    let number = digits.parse::<u32>().ok().filter(|number| *number <= MAX_INDEX)?;
    (number.to_string() == digits).then_some(number)
}

/// A tree that cannot be started from.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// The kind of storage is not supported, or nothing lies there.
    #[error("{kind} {place}: {reason}")]
    Place {
        /// What was looked for.
        kind: Kind,
        /// Where.
        place: String,
        /// Why it cannot be read.
        reason: String,
    },
    /// The tree cannot be listed or read.
    #[error("{kind} {place}: {source}")]
    Access {
        /// What was looked for.
        kind: Kind,
        /// Where.
        place: String,
        /// Why it cannot be read.
        source: DestinationError,
    },
    /// The directory holds nothing of the kind.
    #[error(
        "{place} has no {kind}: no file there is named like {}; name the directory of a size, like results/124M",
        .kind.example()
    )]
    Nothing {
        /// What was looked for.
        kind: Kind,
        /// Where.
        place: String,
    },
    /// A file that was listed is not there any more.
    #[error("{place}/{path} is not there any more: a tree must not change while a campaign starts from it")]
    Gone {
        /// The tree.
        place: String,
        /// The file.
        path: String,
    },
    /// A file holds what cannot be mined.
    #[error("{place}/{path}: {reason}")]
    Content {
        /// The tree.
        place: String,
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The neurons of a (mode, layer) that a tree has, for each polarity.
#[derive(Debug, Default)]
struct Held([IndexSet; 2]);

impl Held {
    fn neurons(&self, polarity: Polarity) -> &IndexSet {
        &self.0[polarity as usize]
    }
}

/// A tree of pools or logits, and what it has.
#[derive(Debug)]
pub struct StoredTree {
    kind: Kind,
    place: Destination,
    held: BTreeMap<(Mode, LayerIndex), Held>,
}

/// Opens a place to read pools or logits from, without looking at what is there.
///
/// # Errors
/// When the kind of storage is not supported, or there is no such directory.
pub fn open(kind: Kind, place: &str) -> Result<Destination, StoredError> {
    let refused = |reason| StoredError::Place { kind, place: place.to_owned(), reason };
    Destination::open_existing(place).map_err(|error| match error {
        DestinationError::Absent(_) => {
            refused("there is no such directory; name that of a size, like results/124M".to_owned())
        }
        DestinationError::Address(error) => refused(error.to_string()),
        source => StoredError::Access { kind, place: place.to_owned(), source },
    })
}

impl StoredTree {
    /// Looks through a tree.
    ///
    /// # Errors
    /// When it cannot be listed, or holds nothing of the kind.
    pub async fn open(kind: Kind, place: &str) -> Result<Self, StoredError> {
        let place = open(kind, place)?;
        let mut found: BTreeMap<(Mode, LayerIndex), [Vec<u32>; 2]> = BTreeMap::new();
        for mode in Mode::ALL {
            let unreadable = |source| StoredError::Access { kind, place: place.to_string(), source };
            let mut listing = place.files(mode.directory());
            while let Some(file) = listing.try_next().await.map_err(unreadable)? {
                let Some((mode, layer, neuron, polarities)) = kind.jobs(&file.path) else { continue };
                let of_layer = found.entry((mode, layer)).or_default();
                polarities.iter().for_each(|polarity| of_layer[*polarity as usize].push(neuron.0));
            }
        }
        if found.is_empty() {
            return Err(StoredError::Nothing { kind, place: place.to_string() });
        }
        let set = |neurons: Vec<u32>| neurons.into_iter().map(|neuron| neuron..neuron + 1).collect();
        let held = found.into_iter().map(|(layer, neurons)| (layer, Held(neurons.map(set)))).collect();
        Ok(Self { kind, place, held })
    }

    /// What the tree holds.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Where the tree lies.
    #[must_use]
    pub const fn place(&self) -> &Destination {
        &self.place
    }

    /// The content of the file that a job starts from.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub async fn content(&self, job: JobId) -> Result<Bytes, StoredError> {
        read(self.kind, &self.place, &self.kind.file(job)).await
    }

    /// `sha256:` and 64 hexadecimal digits over the names and contents of all files of the kind, in the order of mode,
    /// layer, neuron and polarity. Reads the whole tree. `check` sees every file, from several threads.
    ///
    /// # Errors
    /// When a file cannot be read, or `check` says what is wrong with it.
    pub async fn digest(
        &self,
        check: impl Fn(&[u8]) -> Result<(), String> + Clone + Send + 'static,
    ) -> Result<String, StoredError> {
        let digests = stream::iter(self.files())
            .map(|path| {
                let (kind, place, check) = (self.kind, self.place.clone(), check.clone());
                // A task of its own, so that several cores digest.
                let read = tokio::spawn(async move {
                    let content = read(kind, &place, &path).await?;
                    check(&content).map_err(|reason| StoredError::Content {
                        place: place.to_string(),
                        path: path.clone(),
                        reason,
                    })?;
                    Ok((path, Sha256::digest(&content)))
                });
                async move { read.await.expect("reading a file does not panic") }
            })
            .buffered(READS);
        let all = digests.try_fold(Sha256::new(), async |mut all, (path, digest)| {
            // A path has no NUL and a digest has a fixed length, so no two trees read alike.
            all.update(path);
            all.update([0]);
            all.update(digest);
            Ok(all)
        });
        let digits: String = all.await?.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(format!("sha256:{digits}"))
    }

    /// All files of the kind.
    fn files(&self) -> impl Iterator<Item = String> {
        let jobs = self.held.iter().flat_map(|(&(mode, layer), held)| {
            let [neg, pos] = [Polarity::Neg, Polarity::Pos].map(|polarity| {
                let neurons = held.neurons(polarity).iter();
                neurons.map(move |neuron| JobId { mode, layer, neuron: NeuronId(neuron), polarity })
            });
            // The negative ends first; of logits only once, as both are in one file.
            let pos = (self.kind == Kind::Pools).then_some(pos);
            iter::once(neg).chain(pos).flatten()
        });
        jobs.map(|job| self.kind.file(job))
    }
}

/// The most bytes that a pool or a neuron's logits may have: 8 million numbers of the widest kind.
pub const LONGEST: u64 = 64 << 20;

/// Reads a file that is known to be there.
async fn read(kind: Kind, place: &Destination, path: &str) -> Result<Bytes, StoredError> {
    match place.get_at_most(path, LONGEST).await {
        Ok(Some(content)) => Ok(content),
        Ok(None) => Err(StoredError::Gone { place: place.to_string(), path: path.to_owned() }),
        Err(source) => Err(StoredError::Access { kind, place: place.to_string(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of files with these contents.
    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for (path, content) in files {
            let path = directory.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a directory")).expect("a writable directory");
            std::fs::write(path, content).expect("a writable file");
        }
        directory
    }

    async fn open_tree(kind: Kind, directory: &tempfile::TempDir) -> Result<StoredTree, StoredError> {
        StoredTree::open(kind, &directory.path().display().to_string()).await
    }

    #[tokio::test]
    async fn a_tree_has_the_files_of_its_kind_and_passes_over_all_others() {
        let directory = tree(&[
            ("i/0_10_pos.pkl", ""),
            ("i/0_10_neg.pkl", ""),
            ("i/0_9_neg.pkl", ""),
            ("iiii/3_7_pos.pkl", ""),
            ("i/0_9_neg_topics.csv", ""),
            ("i/0_9_logits.npy", ""),
            ("i/00_9_neg.pkl", ""),
            ("i/0_+9_neg.pkl", ""),
            ("i/0_9_neg_neg.pkl", ""),
            ("i/0_9_up.pkl", ""),
            ("v/0_9_neg.pkl", ""),
            ("words.txt", ""),
        ]);
        let pools = open_tree(Kind::Pools, &directory).await.expect("a tree");
        let files: Vec<_> = pools.files().collect();
        assert_eq!(files, ["i/0_9_neg.pkl", "i/0_10_neg.pkl", "i/0_10_pos.pkl", "iiii/3_7_pos.pkl"]);
        let logits = open_tree(Kind::Logits, &directory).await.expect("a tree");
        assert_eq!(logits.files().collect::<Vec<_>>(), ["i/0_9_logits.npy"]);
    }

    #[tokio::test]
    async fn the_digest_is_of_names_and_contents_and_of_nothing_else() {
        let digest = async |files: &[(&str, &str)]| {
            let directory = tree(files);
            open_tree(Kind::Pools, &directory).await.expect("a tree").digest(|_| Ok(())).await.expect("readable")
        };
        let first = digest(&[("i/0_1_neg.pkl", "a"), ("i/0_2_neg.pkl", "b")]).await;
        let same = digest(&[("i/0_2_neg.pkl", "b"), ("i/0_1_neg.pkl", "a"), ("i/0_1_neg_topics.csv", "c")]).await;
        assert_eq!(first, same);
        for other in [
            &[("i/0_1_neg.pkl", "b"), ("i/0_2_neg.pkl", "a")][..],
            &[("i/0_1_neg.pkl", "a"), ("i/0_3_neg.pkl", "b")],
            &[("i/0_1_neg.pkl", "a")],
        ] {
            assert_ne!(first, digest(other).await);
        }
    }

    #[tokio::test]
    async fn a_file_that_does_not_pass_is_named() {
        let directory = tree(&[("i/0_1_neg.pkl", "good"), ("i/0_2_neg.pkl", "bad")]);
        let pools = open_tree(Kind::Pools, &directory).await.expect("a tree");
        let check = |content: &[u8]| if content == b"bad" { Err("it is bad".to_owned()) } else { Ok(()) };
        let error = pools.digest(check).await.expect_err("it passed");
        assert_eq!(error.to_string(), format!("{}/i/0_2_neg.pkl: it is bad", directory.path().display()));
    }

    #[tokio::test]
    async fn what_is_no_tree_is_refused_with_what_would_be_one() {
        let directory = tree(&[("124M/i/0_1_neg.pkl", "")]);
        let place = directory.path().display();
        let refusal = |error: Result<StoredTree, StoredError>| error.expect_err("it was opened").to_string();
        assert_eq!(
            refusal(open_tree(Kind::Pools, &directory).await),
            format!(
                "{place} has no pools: no file there is named like i/0_304_pos.pkl; name the directory of a size, like \
                 results/124M"
            )
        );
        assert_eq!(
            refusal(StoredTree::open(Kind::Logits, "/nowhere/1M").await),
            "logits /nowhere/1M: there is no such directory; name that of a size, like results/124M"
        );
        assert_eq!(
            refusal(StoredTree::open(Kind::Pools, "gopher://x").await),
            "pools gopher://x: \"gopher://x\" is a kind of URL that nothing is kept under: name a directory, file:///path, \
             s3://bucket/path, gs://bucket/path or az://container/path"
        );
    }

    #[tokio::test]
    async fn a_file_that_is_far_too_long_is_refused_before_it_is_read() {
        let directory = tree(&[("i/0_1_pos.pkl", "")]);
        let huge = std::fs::File::options().write(true).open(directory.path().join("i/0_1_pos.pkl"));
        huge.expect("a writable file").set_len(100 << 30).expect("a sparse file");
        let place = Destination::open(&directory.path().display().to_string()).expect("a directory");
        let error = read(Kind::Pools, &place, "i/0_1_pos.pkl").await.expect_err("it was read").to_string();
        assert!(error.contains("it has 107374182400 bytes, and 67108864 at the most can be read"), "{error}");
    }
}
