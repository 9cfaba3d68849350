//! What was planted: the file beside the results that says which neuron superposes which themes, with which sign.

use crate::{
    error::{DemoError, IoContext},
    sampling::{Sampler, Stream},
    themes::Theme,
};
use serde::{Deserialize, Serialize};
use std::{fs, path::Path};
use superposed_identity::{LayerIndex, NeuronId, Polarity};

/// All that a reader needs to judge the topics that were mined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroundTruth {
    /// Of the demo's generator; another version makes other files from the same seed.
    pub version: u32,
    /// What all random draws started from.
    pub seed: u64,
    /// The themes and their words.
    pub themes: Vec<Theme>,
    /// What was planted, ordered by layer, neuron and planting.
    pub planted: Vec<Planted>,
}

/// A theme in one end of a neuron's logits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planted {
    /// The block of the neuron.
    pub layer: LayerIndex,
    /// The neuron.
    pub neuron: NeuronId,
    /// The sign: with `pos` the neuron raises the theme's tokens, with `neg` it lowers them.
    pub polarity: Polarity,
    /// The name of the theme.
    pub theme: String,
}

impl GroundTruth {
    /// Reads the file that [`generate`](crate::generate) wrote.
    ///
    /// # Errors
    /// The file cannot be read or holds no ground truth.
    pub fn read(path: &Path) -> Result<Self, DemoError> {
        let text = fs::read_to_string(path).while_doing("read", path)?;
        serde_json::from_str(&text).map_err(|_| DemoError::NotADemo { path: path.to_path_buf() })
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), DemoError> {
        let json = serde_json::to_string_pretty(self).expect("names, numbers and lists are always JSON");
        fs::write(path, json + "\n").while_doing("write", path)
    }
}

/// The fewest and the most themes a neuron superposes.
const THEMES_PER_NEURON: (usize, usize) = (2, 4);

/// Plants two to four different themes, with random signs, into every neuron of every layer.
pub(crate) fn plant(themes: &[Theme], layers: u32, neurons_per_layer: u32, seed: u64) -> Vec<Planted> {
    let mut sampler = Sampler::new(seed, Stream::Planting);
    let (fewest, most) = THEMES_PER_NEURON;
    let mut planted = Vec::new();
    for layer in 0..layers {
        for neuron in 0..neurons_per_layer {
            let count = fewest + sampler.below(most - fewest + 1);
            for theme in sampler.distinct(count, themes.len()) {
                planted.push(Planted {
                    layer: LayerIndex(layer),
                    neuron: NeuronId(neuron),
                    polarity: sampler.choose(&Polarity::BOTH),
                    theme: themes[theme].name.clone(),
                });
            }
        }
    }
    planted
}

/// The planted themes of each (layer, neuron, polarity) that has any, in the order of the ground truth's neurons.
pub(crate) fn by_job(planted: &[Planted]) -> Vec<(&Planted, Vec<&str>)> {
    let mut jobs: Vec<(&Planted, Vec<&str>)> = Vec::new();
    for one in planted.chunk_by(|a, b| (a.layer, a.neuron) == (b.layer, b.neuron)) {
        for polarity in Polarity::BOTH {
            let mut here = one.iter().filter(|planted| planted.polarity == polarity).peekable();
            if let Some(first) = here.peek().copied() {
                jobs.push((first, here.map(|planted| planted.theme.as_str()).collect()));
            }
        }
    }
    jobs
}
