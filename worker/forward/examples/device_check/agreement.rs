//! Logits and pools of a device beside those of the cores.

use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    error::Error,
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};
use superposed_forward::{Device, ForwardModel, ForwardOptions, Logits};
use superposed_identity::{LayerIndex, Mode, NeuronId, Polarity, Precision, TokenId};
use superposed_mining::ranking::rank;
use superposed_model::ModelDirectory;

const BATCH: usize = 64;
const TAU: usize = 900;

pub(crate) const HEADING: &str = "\
| model | precision | beside the cores in | pools | equal | differ by ties | wrong | tokens in common | worst logit | tolerance |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";

/// A precision on the device beside one on the cores.
pub(crate) struct Row {
    model: PathBuf,
    precision: Precision,
    reference: Precision,
    pools: usize,
    equal: usize,
    ties: usize,
    pub(crate) wrong: usize,
    tokens: usize,
    common: usize,
    /// The greatest difference of a logit, as a share of the greatest logit of its row.
    worst: f32,
    tolerance: f32,
}

impl Row {
    pub(crate) fn json(&self) -> Value {
        json!({
            "model": self.model, "precision": self.precision, "reference": self.reference, "pools": self.pools,
            "equal": self.equal, "ties": self.ties, "wrong": self.wrong, "common": self.share(), "worst": self.worst,
            "tolerance": self.tolerance,
        })
    }

    fn share(&self) -> f64 {
        self.common as f64 / self.tokens.max(1) as f64
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.model.file_name().unwrap_or_default().to_string_lossy();
        let Self { precision, reference, pools, equal, ties, wrong, worst, tolerance, .. } = self;
        let common = 100.0 * self.share();
        write!(
            f,
            "| {name} | {precision} | {reference} | {pools} | {equal} | {ties} | {wrong} | {common:.2} % | {worst:.1e} | {tolerance:.0e} |"
        )
    }
}

/// How far a logit may be off, as a share of its row's greatest: products of `f32` may be rounded to 11 bits on a GPU, and
/// errors add up over blocks.
fn tolerance(precision: Precision, reference: Precision) -> f32 {
    match (precision, reference) {
        (Precision::F32, _) => 2e-3,
        (Precision::F16, _) => 5e-3,
        (Precision::Bf16, _) => 4e-2,
    }
}

/// Each precision on the device beside the same and beside `f32` on the cores.
pub(crate) fn of_model(path: &Path, device: Device) -> Result<Vec<Row>, Box<dyn Error>> {
    let directory = Arc::new(ModelDirectory::open(path)?);
    let load = |device, precision| {
        ForwardModel::load(&directory, &ForwardOptions { batch: BATCH, device, precision, memory: None })
    };
    let exact = load(Device::Cpu, Precision::F32)?;
    let mut rows = Vec::new();
    for precision in [Precision::F32, Precision::Bf16, Precision::F16] {
        let found = load(device, precision)?;
        if precision != Precision::F32 {
            rows.push(compare(path, &directory, (&found, precision), (&load(Device::Cpu, precision)?, precision))?);
        }
        rows.push(compare(path, &directory, (&found, precision), (&exact, Precision::F32))?);
    }
    Ok(rows)
}

fn compare(
    path: &Path,
    directory: &ModelDirectory,
    (found, precision): (&ForwardModel, Precision),
    (expected, reference): (&ForwardModel, Precision),
) -> Result<Row, Box<dyn Error>> {
    let config = directory.config();
    let tolerance = tolerance(precision, reference);
    let (pools, equal, ties, wrong, tokens, common, worst) = (0, 0, 0, 0, 0, 0, 0.0);
    let (model, limit) = (path.to_owned(), directory.ranked_tokens() as usize);
    let mut row = Row { model, precision, reference, pools, equal, ties, wrong, tokens, common, worst, tolerance };
    let layers: BTreeSet<u32> = [0, config.layers / 2, config.layers - 1].into();
    for (mode, layer) in Mode::ALL.into_iter().flat_map(|mode| layers.iter().map(move |layer| (mode, *layer))) {
        let width = config.width(mode) as usize;
        let neurons: Vec<NeuronId> =
            (0..BATCH.min(width)).map(|n| NeuronId((n * width / BATCH.min(width)) as u32)).collect();
        let found = found.logits(mode, LayerIndex(layer), &neurons)?;
        let expected = expected.logits(mode, LayerIndex(layer), &neurons)?;
        for neuron in 0..neurons.len() {
            row.add(&found, &expected, neuron, limit)?;
        }
    }
    Ok(row)
}

impl Row {
    fn add(&mut self, found: &Logits, expected: &Logits, neuron: usize, limit: usize) -> Result<(), Box<dyn Error>> {
        let (found, expected) = (&found.row(neuron)[..limit], &expected.row(neuron)[..limit]);
        let scale = expected.iter().fold(f32::MIN_POSITIVE, |most, x| most.max(x.abs()));
        for (found, expected) in found.iter().zip(expected) {
            self.worst = self.worst.max((found - expected).abs() / scale);
        }
        let tau = TAU.min(limit / 3);
        let (found, ranked) = (rank(found, limit, tau)?, rank(expected, limit, tau)?);
        for polarity in Polarity::BOTH {
            let [found, ranked]: [BTreeSet<TokenId>; 2] =
                [&found, &ranked].map(|ranked| ranked.end(polarity).iter().copied().collect());
            let last = ranked.iter().map(|token| expected[token.index()]);
            let last = match polarity {
                Polarity::Neg => last.fold(f32::NEG_INFINITY, f32::max),
                Polarity::Pos => last.fold(f32::INFINITY, f32::min),
            };
            let mut other = found.symmetric_difference(&ranked).peekable();
            self.pools += 1;
            self.tokens += ranked.len();
            self.common += ranked.intersection(&found).count();
            if other.peek().is_none() {
                self.equal += 1;
            } else if other.all(|token| (expected[token.index()] - last).abs() <= 2.0 * self.tolerance * scale) {
                self.ties += 1;
            } else {
                self.wrong += 1;
            }
        }
        Ok(())
    }
}
