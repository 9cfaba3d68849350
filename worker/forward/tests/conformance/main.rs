//! Conformance: the logits of the published code, and a real trained model, outside of the project.
//!
//! `SUPERPOSED_CONFORMANCE` names the directory that holds them. Unset, each test says that it is skipped; set, missing
//! data fails the test.

mod npy;
mod sequence;

use sequence::SequenceModel;
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use superposed_forward::{ForwardModel, ForwardOptions};
use superposed_identity::{LayerIndex, Mode, NeuronId};
use superposed_model::ModelDirectory;

/// A path below the data's directory, `None` (and a line that says so) when there is none.
fn data(path: &str) -> Option<PathBuf> {
    let Some(root) = env::var_os("SUPERPOSED_CONFORMANCE") else {
        eprintln!("skipped: SUPERPOSED_CONFORMANCE does not name the directory of conformance data");
        return None;
    };
    // A relative path starts at the root of the workspace, not in the crate.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(root).join(path);
    assert!(path.exists(), "SUPERPOSED_CONFORMANCE is set, but {} is missing", path.display());
    Some(path)
}

fn load(path: &Path) -> (Arc<ModelDirectory>, ForwardModel) {
    let model = Arc::new(ModelDirectory::open(path).unwrap_or_else(|e| panic!("{e}")));
    let options = ForwardOptions { batch: 16, ..Default::default() };
    let forward = ForwardModel::load(&model, &options).unwrap_or_else(|e| panic!("{e}"));
    (model, forward)
}

/// The golden logits of a mode by layer: neurons and their files.
fn golden(directory: &Path) -> BTreeMap<u32, Vec<(NeuronId, PathBuf)>> {
    let mut layers: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("a directory of golden files") {
        let path = entry.expect("a readable directory").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("names are ASCII");
        let Some(stem) = name.strip_suffix("_logits.npy") else {
            continue;
        };
        let (layer, neuron) = stem.split_once('_').expect("<layer>_<id>_logits.npy");
        let neuron = NeuronId(neuron.parse().expect("an id"));
        layers.entry(layer.parse().expect("a layer")).or_default().push((neuron, path));
    }
    layers
}

fn assert_golden(model: &str, size: &str) {
    let (Some(model), Some(tree)) = (data(model), data(&format!("conformance/golden/{size}"))) else {
        return;
    };
    let (_, forward) = load(&model);
    let mut worst: f32 = 0.0;
    let mut compared = 0;
    for mode in Mode::ALL {
        for (layer, files) in golden(&tree.join(mode.directory())) {
            for files in files.chunks(forward.batch()) {
                let neurons: Vec<NeuronId> = files.iter().map(|(neuron, _)| *neuron).collect();
                let logits = forward.logits(mode, LayerIndex(layer), &neurons).expect("neurons of the model");
                for (row, (_, path)) in files.iter().enumerate() {
                    let expected = npy::read(path);
                    assert_eq!(logits.row(row).len(), expected.len(), "{}", path.display());
                    for (found, expected) in logits.row(row).iter().zip(&expected) {
                        let error = (found - expected).abs();
                        assert!(error <= 1e-5, "{}: {found} is not {expected}", path.display());
                        worst = worst.max(error);
                    }
                    compared += 1;
                }
            }
        }
    }
    assert!(compared >= 4, "only {compared} golden files of {size}");
    eprintln!("{size}: {compared} rows of golden logits, the largest difference {worst:e}");
}

#[test]
fn gpt2_logits_are_those_of_the_published_code() {
    assert_golden("conformance/models/gpt2-synth", "124M");
}

#[test]
fn llama_logits_are_those_of_the_published_code() {
    assert_golden("conformance/models/llama-synth", "7B");
}

#[test]
fn a_real_model_has_finite_logits_in_all_modes() {
    let Some(path) = data("real/tinystories-656k") else {
        return;
    };
    let (model, forward) = load(&path);
    for mode in Mode::ALL {
        for layer in 0..model.config().layers {
            let neurons: Vec<NeuronId> = (0..16).map(|n| NeuronId(n * model.config().width(mode) / 16)).collect();
            let logits = forward.logits(mode, LayerIndex(layer), &neurons).expect("neurons of the model");
            for row in 0..logits.rows() {
                assert!(logits.row(row).iter().all(|x| x.is_finite()), "mode {mode}, layer {layer}, row {row}");
                assert!(logits.row(row).iter().any(|x| *x != logits.row(row)[0]), "mode {mode}: all logits are equal");
            }
        }
    }
}

/// The tokens of `Once upon a time, there was a little girl named`, after the token that starts a story.
const STORY: [usize; 10] = [1, 80, 147, 201, 282, 215, 286, 451, 236, 192];

/// What PyTorch 2.15 with transformers 5 computes in `f64` after the last of them: the likeliest tokens and their logits.
const NEXT: [(usize, f64); 5] =
    [(1205, 14.655418), (163, 13.405249), (1391, 13.157982), (1736, 13.001047), (152, 12.68575)];

/// How it goes on with the likeliest token each time: ` She was three years old. She loved to explore`.
const GOES_ON: [usize; 13] = [1205, 1161, 81, 77, 809, 89, 67, 555, 163, 436, 1432, 309, 1432];

fn likeliest(logits: &[f64]) -> Vec<usize> {
    let mut tokens: Vec<usize> = (0..logits.len()).collect();
    tokens.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]));
    tokens
}

#[test]
fn a_real_model_tells_the_story_that_it_tells_elsewhere() {
    let Some(path) = data("real/tinystories-656k") else {
        return;
    };
    let model = SequenceModel::open(&path);
    let mut story = STORY.to_vec();
    let logits = model.logits(&story).pop().expect("a row for each token");
    assert_eq!(likeliest(&logits)[..5], NEXT.map(|(token, _)| token));
    for (token, expected) in NEXT {
        assert!((logits[token] - expected).abs() < 1e-5, "token {token}: {} is not {expected}", logits[token]);
    }
    for expected in GOES_ON {
        let logits = model.logits(&story).pop().expect("a row for each token");
        story.push(likeliest(&logits)[0]);
        assert_eq!(story.last(), Some(&expected), "after {:?}", &story[..story.len() - 1]);
    }
}

#[test]
fn a_sequence_of_one_position_is_what_a_forward_pass_computes() {
    let Some(path) = data("real/tinystories-656k") else {
        return;
    };
    let (model, forward) = load(&path);
    let sequence = SequenceModel::open(&path);
    let neurons = [0, 17, 127].map(NeuronId);
    let logits = forward.logits(Mode::LowContextual, LayerIndex(0), &neurons).expect("neurons of the model");
    for (row, neuron) in neurons.into_iter().enumerate() {
        let one_hot = (0..model.config().d_model).map(|i| f64::from(u8::from(i == neuron.0))).collect();
        let expected = sequence.logits_of(vec![one_hot]).remove(0);
        for (found, expected) in logits.row(row).iter().zip(expected) {
            assert!(
                (f64::from(*found) - expected).abs() <= 1e-5 * expected.abs().max(1.0),
                "{found} is not {expected}"
            );
        }
    }
}
