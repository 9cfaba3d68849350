//! The published code's golden results, mined again by real processes.

use crate::support::{Place, conformance, succeed, superposed};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::Path,
    process::Command,
};

/// A campaign that names a golden tree's neurons, layer by layer.
fn golden_campaign(golden: &Path, size: &str, model: &Path, corpus: &Path, destination: &Path) -> String {
    let mut text = format!(
        "name = 'golden'\nsize = '{size}'\nmodel = '{}'\ncorpus = '{}'\ndestination = '{}'\n\
         [parameters]\n# The counts were made for this bound.\nmin_freq = 10\n",
        model.display(),
        corpus.display(),
        destination.display()
    );
    let mut selected: BTreeMap<(String, u32), BTreeSet<u32>> = BTreeMap::new();
    for mode in ["i", "ii", "iii", "iiii"] {
        for entry in fs::read_dir(golden.join(size).join(mode)).expect("golden results of the mode") {
            let name = entry.expect("a readable directory").file_name().into_string().expect("an ASCII name");
            if let Some(stem) = name.strip_suffix("_pos.pkl") {
                let (layer, neuron) = stem.split_once('_').expect("a layer and a neuron");
                let number = |digits: &str| digits.parse::<u32>().expect("a number");
                selected.entry((mode.to_owned(), number(layer))).or_default().insert(number(neuron));
            }
        }
    }
    assert!(!selected.is_empty(), "{} names no neuron", golden.display());
    for ((mode, layer), neurons) in selected {
        writeln!(text, "[[select]]\nmodes = ['{mode}']\nlayers = [{layer}]\nneurons = {neurons:?}").expect("a String");
    }
    text.replace('{', "[").replace('}', "]")
}

#[test]
fn the_golden_trees_of_both_models_are_mined_again_in_all_modes() {
    let Some(data) = conformance() else { return };
    let compare = data.join("../tools/compare_golden.py");
    assert!(compare.is_file(), "{} is not there to compare with", compare.display());
    let data = data.join("conformance");
    let place = Place::new();
    let (corpus, results) = (place.path("wiki"), place.path("results"));
    let archive = data.join("counts/wiki.tar.gz");
    let [archive, store] = [&archive, &corpus].map(|path| path.to_str().expect("a UTF-8 path"));
    succeed(superposed(&["corpus", "import", archive, store]));
    for (size, model) in [("124M", "gpt2-synth"), ("7B", "llama-synth")] {
        let golden = data.join("golden");
        let text = golden_campaign(&golden, size, &data.join("models").join(model), &corpus, &results);
        let campaign = place.file(&format!("{size}.toml"), &text);
        let mut local = place.superposed(&["local", campaign.to_str().expect("a UTF-8 path")]);
        local.args(["--topics", "3"]);
        let printed = succeed(local);
        assert!(printed.starts_with("best 3 topics of "), "{printed}");
    }
    let mut python = Command::new("python3");
    let compared = python.arg(compare).arg(&results).output().expect("python3 runs");
    let report = String::from_utf8_lossy(&compared.stdout);
    assert!(compared.status.success(), "{report}");
    assert!(report.contains("PASS: 174 jobs agree, 0 wrong"), "{report}");
}
