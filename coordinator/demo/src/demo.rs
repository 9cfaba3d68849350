//! Making the demo in a directory, or taking it up again.
//!
//! ```text
//! <directory>/ground_truth.json   what was planted; moved into place last
//!             documents.txt       the text, one document a line
//!             corpus/             the store counted from it
//!             model/              config.json, model.safetensors, vocab.json, merges.txt
//! ```
//!
//! Everything is made in a staging directory inside and then moved into place. A staging directory that is found later
//! therefore means that the demo was making or replacing files when it was interrupted, and may do so again; files that
//! no demo made are never touched.

use crate::{
    documents::{documents, write_text},
    error::{DemoError, IoContext},
    ground_truth::{GroundTruth, plant},
    model::{LAYERS, NEURONS, write_model},
    noise_words::noise_words,
    themes::themes,
    tokenizer::ChainTokenizer,
};
use serde::Deserialize;
use std::{
    collections::HashSet,
    fs::{self, File},
    io::{BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
};
use superposed_corpus::{DocumentsOptions, Vocabulary, count_documents};
use superposed_identity::{MiningParameters, Mode, TokenRule};

/// Of the generator: to be raised with every change that makes other files from the same seed.
pub const VERSION: u32 = 1;

/// How many words mean nothing. With the themes' words the corpus has more than ten thousand.
const NOISE_WORDS: usize = 9_000;
/// Windows a word or a pair must occur in to have a probability above 0. An occurrence fills up to ten windows, so a
/// pair must meet at least twice, mostly three times or more: what meets once by chance does not count.
const MIN_FREQ: u64 = 20;

const GROUND_TRUTH: &str = "ground_truth.json";
const DOCUMENTS: &str = "documents.txt";
const CORPUS: &str = "corpus";
const MODEL: &str = "model";
const STAGING: &str = ".demo-in-the-making";

/// A corpus and a model on disk, and what was planted into the model.
#[derive(Debug)]
pub struct Demo {
    directory: PathBuf,
    truth: GroundTruth,
}

/// What a campaign over the demo needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoCampaign {
    /// The model's blocks.
    pub layers: u32,
    /// Neurons of each layer, all of them planted.
    pub neurons_per_layer: u32,
    /// The modes in which planted themes can be found.
    pub modes: Vec<Mode>,
    /// τ, θ, κ, k and min_freq.
    pub parameters: MiningParameters,
}

impl Demo {
    /// The facts that a campaign over the demo needs.
    #[must_use]
    pub fn campaign(&self) -> DemoCampaign {
        DemoCampaign {
            layers: LAYERS,
            neurons_per_layer: NEURONS,
            modes: vec![Mode::HighContextual, Mode::HighIsolated],
            parameters: MiningParameters { min_freq: MIN_FREQ, ..MiningParameters::published(TokenRule::ByteLevel) },
        }
    }

    /// What was planted.
    #[must_use]
    pub fn ground_truth(&self) -> &GroundTruth {
        &self.truth
    }

    /// The file of the ground truth.
    #[must_use]
    pub fn ground_truth_file(&self) -> PathBuf {
        self.directory.join(GROUND_TRUTH)
    }

    /// The corpus store.
    #[must_use]
    pub fn corpus(&self) -> PathBuf {
        self.directory.join(CORPUS)
    }

    /// The text that was counted, one document a line.
    #[must_use]
    pub fn documents(&self) -> PathBuf {
        self.directory.join(DOCUMENTS)
    }

    /// The model's directory, in Hugging Face's layout.
    #[must_use]
    pub fn model(&self) -> PathBuf {
        self.directory.join(MODEL)
    }
}

/// Makes the demo of a seed in `directory`, or takes up the one that is there already.
///
/// A demo in `directory` of another seed or version, or with a part missing, is replaced. Processes that make a demo in
/// one directory at the same time wait for each other.
///
/// # Errors
/// Files that no demo made stand in the way, or something cannot be written.
pub fn generate(directory: &Path, seed: u64) -> Result<Demo, DemoError> {
    fs::create_dir_all(directory).while_doing("make", directory)?;
    // Held until it is dropped at the end.
    let lock = File::open(directory).while_doing("open", directory)?;
    lock.lock().while_doing("lock", directory)?;

    let stamp = read_stamp(&directory.join(GROUND_TRUTH))?;
    let names = [DOCUMENTS, CORPUS, MODEL];
    let staging = directory.join(STAGING);
    let interrupted = staging.exists();
    let whole = names.iter().all(|name| directory.join(name).exists());
    if !interrupted && whole && stamp == Some(Stamp { version: VERSION, seed }) {
        let truth = GroundTruth::read(&directory.join(GROUND_TRUTH))?;
        return Ok(Demo { directory: directory.to_path_buf(), truth });
    }
    if !interrupted && stamp.is_none() {
        let foreign = names.iter().map(|name| directory.join(name)).find(|path| path.exists());
        if let Some(path) = foreign {
            return Err(DemoError::NotADemo { path });
        }
    }

    remove(&staging)?;
    let truth = make(&staging, seed)?;
    remove(&directory.join(GROUND_TRUTH))?;
    for name in names.into_iter().chain([GROUND_TRUTH]) {
        let place = directory.join(name);
        remove(&place)?;
        fs::rename(staging.join(name), &place).while_doing("move into place", &place)?;
    }
    remove(&staging)?;
    Ok(Demo { directory: directory.to_path_buf(), truth })
}

/// Makes all files in a new directory.
fn make(directory: &Path, seed: u64) -> Result<GroundTruth, DemoError> {
    let model = directory.join(MODEL);
    fs::create_dir_all(&model).while_doing("make", &model)?;

    let themes = themes();
    let theme_words: HashSet<&str> = themes.iter().flat_map(|theme| &theme.words).map(String::as_str).collect();
    let noise = noise_words(NOISE_WORDS, &theme_words, seed);

    let words = theme_words.iter().map(|word| (*word).to_owned()).chain(noise.iter().cloned());
    let vocabulary = Vocabulary::from_words(words)?;
    let documents = documents(&vocabulary, &themes, &noise, seed);
    let text = directory.join(DOCUMENTS);
    let mut out = BufWriter::new(File::create(&text).while_doing("create", &text)?);
    write_text(&mut out, &documents, &vocabulary).and_then(|()| out.flush()).while_doing("write", &text)?;
    drop(out);
    let words = documents.iter().map(|document| document.iter().copied().map(Some).collect::<Vec<_>>());
    let options =
        DocumentsOptions { source: format!("superposed demo {VERSION}, seed {seed}"), ..DocumentsOptions::default() };
    count_documents(vocabulary, words, &directory.join(CORPUS), &options)?;

    let tokenizer = ChainTokenizer::new(theme_words.iter().copied().chain(noise.iter().map(String::as_str)));
    tokenizer.write(&model)?;
    let planted = plant(&themes, LAYERS, NEURONS, seed);
    write_model(&model, &tokenizer, &themes, &planted, seed)?;

    let truth = GroundTruth { version: VERSION, seed, themes, planted };
    let path = directory.join(GROUND_TRUTH);
    truth.write(&path)?;
    Ok(truth)
}

/// The fields of a ground truth that every version has.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Stamp {
    version: u32,
    seed: u64,
}

/// The stamp of a ground truth, or `None` where there is no such file.
fn read_stamp(path: &Path) -> Result<Option<Stamp>, DemoError> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        text => serde_json::from_str(&text.while_doing("read", path)?)
            .map(Some)
            .map_err(|_| DemoError::NotADemo { path: path.to_path_buf() }),
    }
}

/// Removes a file or a directory with all it holds; nothing there is fine.
fn remove(path: &Path) -> Result<(), DemoError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.while_doing("remove", path),
    }
}
