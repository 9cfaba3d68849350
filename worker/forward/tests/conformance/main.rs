//! Conformance: the logits of the published code, and a real trained model, outside of the project.
//!
//! `SUPERPOSED_CONFORMANCE` names the directory that holds them. Unset, each test says that it is skipped; set, missing
//! data fails the test.

mod npy;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
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

fn load(path: &Path) -> (ModelDirectory, ForwardModel) {
    let model = ModelDirectory::open(path).unwrap_or_else(|e| panic!("{e}"));
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
