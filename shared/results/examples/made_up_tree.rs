//! Writes a made-up tree of results and its corpus, to measure what reads trees:
//! `cargo run --release -p superposed-results --features test-trees --example made_up_tree -- DIRECTORY NEURONS`.
//! Both polarities of so many neurons of a layer are mined, in two layers.

use std::{env, path::Path, process::ExitCode};
use superposed_identity::Mode;
use superposed_results::test_trees::TestTree;

/// As many as Wikipedia-V40K has.
const WORDS: u32 = 40_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [directory, neurons] = &arguments[..] else {
        eprintln!("made_up_tree DIRECTORY NEURONS");
        return ExitCode::from(2);
    };
    let Ok(neurons) = neurons.parse() else {
        eprintln!("{neurons:?} is no number of neurons");
        return ExitCode::from(2);
    };
    let layers = [(Mode::HighContextual, 0), (Mode::HighContextual, 1)];
    let tree = TestTree::write(Path::new(directory), WORDS, &layers, neurons);
    eprintln!("{} jobs: {}, {}", tree.jobs.len(), tree.results.display(), tree.corpus.display());
    ExitCode::SUCCESS
}
