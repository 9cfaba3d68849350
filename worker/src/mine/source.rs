//! Where pools come from: neurons of a model, or stored pools.

use super::report::Report;
use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};
use superposed_fetch::Fetcher;
use superposed_forward::{Device, ForwardModel, ForwardOptions};
use superposed_identity::{JobId, LayerIndex, Mode, NeuronId, Polarity, Precision, TokenRule};
use superposed_mining::{Miner, Pool, PoolForm, records::read_pool};
use superposed_model::{ModelDirectory, Tokenizer};
use tokio::runtime::Runtime;

/// Neurons in one forward pass; what a campaign has unless it says otherwise, so that both print the same.
const BATCH: usize = 64;

/// Pools that are mined, and then printed, together.
const POOLS: usize = 4096;

/// A neuron, or one end of its logits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Neuron {
    mode: Mode,
    layer: LayerIndex,
    neuron: NeuronId,
    polarity: Option<Polarity>,
}

impl FromStr for Neuron {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (mode, name) = text.split_once('/')?;
            let mut fields = name.split('_');
            let neuron = Self {
                mode: mode.parse().ok()?,
                layer: LayerIndex(fields.next()?.parse().ok()?),
                neuron: NeuronId(fields.next()?.parse().ok()?),
                polarity: fields.next().map(str::parse).transpose().ok()?,
            };
            fields.next().is_none().then_some(neuron)
        };
        read().ok_or_else(|| format!("{text:?} is not a neuron like i/0_304 or i/0_304_pos"))
    }
}

/// Jobs that are mined together.
#[derive(Debug)]
pub(super) enum Piece {
    /// Neurons of a layer, not more than one forward pass has rows, each with the ends of its logits.
    Neurons { mode: Mode, layer: LayerIndex, neurons: Vec<(NeuronId, Vec<Polarity>)> },
    /// Files with pools.
    Pools(Vec<PathBuf>),
}

/// What is mined.
#[derive(Debug)]
pub(super) struct Source {
    origin: Origin,
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Origin {
    Model {
        directory: Arc<ModelDirectory>,
        forward: ForwardModel,
    },
    /// Stored pools, made by this rule.
    Pools(TokenRule),
}

impl Source {
    /// Neurons of a model.
    pub(super) fn neurons(
        model: &str,
        neurons: &[Neuron],
        device: Device,
        memory: Option<u64>,
        precision: Precision,
    ) -> Result<Self> {
        let runtime = Runtime::new().context("cannot start the asynchronous runtime")?;
        let model = Fetcher::from_environment(runtime.handle().clone()).model(model)?;
        let directory = Arc::new(ModelDirectory::open(&model)?);
        let forward = ForwardModel::load(&directory, &ForwardOptions { batch: BATCH, device, precision, memory })?;
        let mut pieces: Vec<Piece> = Vec::new();
        for asked in neurons {
            let polarities: Vec<Polarity> = asked.polarity.map_or_else(|| Polarity::BOTH.to_vec(), |one| vec![one]);
            match pieces.last_mut() {
                Some(Piece::Neurons { mode, layer, neurons })
                    if (*mode, *layer) == (asked.mode, asked.layer) && neurons.len() < BATCH =>
                {
                    neurons.push((asked.neuron, polarities));
                }
                _ => pieces.push(Piece::Neurons {
                    mode: asked.mode,
                    layer: asked.layer,
                    neurons: vec![(asked.neuron, polarities)],
                }),
            }
        }
        Ok(Self { pieces, origin: Origin::Model { directory, forward } })
    }

    /// Stored pools: files, or directories with `.pkl` files at any depth, in the order of their names.
    pub(super) fn pools(paths: &[PathBuf]) -> Result<Self> {
        let mut files = Vec::new();
        for path in paths {
            let known = files.len();
            collect(path, &mut files)?;
            ensure!(files.len() > known, "{} has no .pkl file", path.display());
        }
        // One tree has pools of one kind, which says by what rule they were made.
        let rule = match pool(&files[0])?.form {
            PoolForm::Set => TokenRule::ByteLevel,
            PoolForm::List => TokenRule::SentencePiece,
        };
        let pieces = files.chunks(POOLS).map(|files| Piece::Pools(files.to_vec())).collect();
        Ok(Self { origin: Origin::Pools(rule), pieces })
    }

    /// The token rule that the source calls for.
    pub(super) fn rule(&self) -> TokenRule {
        match &self.origin {
            Origin::Model { directory, .. } => directory.tokenizer().rule(),
            Origin::Pools(rule) => *rule,
        }
    }

    /// What the logits' columns are called, where there are logits.
    pub(super) fn tokenizer(&self) -> Option<&Tokenizer> {
        match &self.origin {
            Origin::Model { directory, .. } => Some(directory.tokenizer()),
            Origin::Pools(_) => None,
        }
    }

    /// The jobs, as many at a time as are mined and then printed together.
    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Mines jobs on the threads of the current pool; reports come in the jobs' order. What is wrong with one job is
    /// in its report.
    ///
    /// # Errors
    /// A neuron that the model does not have.
    pub(super) fn mine(&self, miner: &Miner, piece: &Piece) -> Result<Vec<Report>> {
        match (piece, &self.origin) {
            (Piece::Neurons { mode, layer, neurons }, Origin::Model { forward, .. }) => {
                let ids: Vec<NeuronId> = neurons.iter().map(|(neuron, _)| *neuron).collect();
                let logits = forward.logits(*mode, *layer, &ids)?;
                let jobs: Vec<(usize, JobId)> = neurons
                    .iter()
                    .enumerate()
                    .flat_map(|(row, (neuron, polarities))| {
                        let job =
                            move |&polarity| (row, JobId { mode: *mode, layer: *layer, neuron: *neuron, polarity });
                        polarities.iter().map(job)
                    })
                    .collect();
                let mine = |(row, job): (usize, JobId)| {
                    let mined = miner.mine_logits(logits.row(row), job.polarity);
                    Report::new(job.to_string(), mined.map_err(anyhow::Error::from))
                };
                Ok(jobs.into_par_iter().map(mine).collect())
            }
            (Piece::Pools(files), _) => {
                let mine = |file: &PathBuf| {
                    let mined = pool(file).and_then(|pool| Ok(miner.mine_pool(pool)?));
                    Report::new(file.display().to_string(), mined)
                };
                Ok(files.par_iter().map(mine).collect())
            }
            (Piece::Neurons { .. }, Origin::Pools(_)) => unreachable!("a source of pools has no neurons"),
        }
    }
}

/// The pool in a file.
fn pool(file: &Path) -> Result<Pool> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    read_pool(&bytes).with_context(|| file.display().to_string())
}

/// A file as it is named, and of a directory all `.pkl` files at any depth, in the order of their names.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let cannot = || format!("cannot read {}", path.display());
    if !fs::metadata(path).with_context(cannot)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries: Vec<PathBuf> =
        fs::read_dir(path).with_context(cannot)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    entries.sort_unstable();
    for entry in entries {
        if entry.is_dir() || entry.extension().is_some_and(|extension| extension == "pkl") {
            collect(&entry, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neuron_is_named_as_its_files_are_with_or_without_its_end() {
        let neuron = |text: &str| text.parse::<Neuron>();
        let expected = Neuron { mode: Mode::LowContextual, layer: LayerIndex(3), neuron: NeuronId(17), polarity: None };
        assert_eq!(neuron("iii/3_17"), Ok(expected));
        assert_eq!(neuron("iii/3_17_neg"), Ok(Neuron { polarity: Some(Polarity::Neg), ..expected }));
        for text in ["", "iii", "3_17", "iii/3", "iii/3_x", "iii/3_17_up", "iii/3_17_neg_1", "v/3_17"] {
            assert!(neuron(text).is_err_and(|error| error.contains("i/0_304")), "{text}");
        }
    }

    #[test]
    fn the_pools_of_a_directory_come_in_the_order_of_their_names_and_nothing_else_does() {
        let place = tempfile::tempdir().expect("a temporary directory");
        for name in ["b/2.pkl", "b/1.pkl", "a.pkl", "a_topics.csv", "b/c/3.pkl"] {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().expect("in a directory")).expect("created");
            // Python's pickle of {1, 2}.
            fs::write(path, b"\x80\x04\x95\x09\0\0\0\0\0\0\0\x8f\x94(K\x01K\x02\x90.").expect("written");
        }
        let source = Source::pools(&[place.path().to_owned()]).expect("pools");
        let [Piece::Pools(files)] = source.pieces() else { panic!("{source:?}") };
        let names: Vec<_> = files.iter().map(|file| file.strip_prefix(place.path()).expect("below it")).collect();
        assert_eq!(names, ["a.pkl", "b/1.pkl", "b/2.pkl", "b/c/3.pkl"].map(Path::new));
        assert_eq!(source.rule(), TokenRule::ByteLevel);

        let error = Source::pools(&[place.path().join("none")]).expect_err("there is nothing");
        assert!(format!("{error:#}").contains("none: No such file"), "{error:#}");
    }
}
