//! Planted themes come back from mining, and not from random pools: on a sample of neurons, with a forward pass written
//! for the test.

mod naive_gpt2;

use naive_gpt2::NaiveGpt2;
use rayon::prelude::*;
use std::{fs, path::Path, sync::Arc};
use superposed_corpus::Corpus;
use superposed_demo::{Demo, DemoCampaign, GroundTruth, examples, generate, random_baseline, recovery, summary};
use superposed_identity::{JobId, LayerIndex, NeuronId, Polarity};
use superposed_mining::{Miner, TokenWords};
use superposed_model::Tokenizer;

/// Every so many neurons are mined.
const STRIDE: u32 = 12;

/// Mines every [`STRIDE`]th neuron of all layers, and writes the results as workers do.
fn mine_a_sample(demo: &Demo, miner: &Miner, results: &Path) {
    let DemoCampaign { layers, neurons_per_layer, modes, .. } = demo.campaign();
    let model = NaiveGpt2::load(&demo.model(), layers);
    for mode in &modes {
        fs::create_dir_all(results.join(mode.directory())).expect("a directory of the mode");
    }
    let neurons =
        (0..layers).flat_map(|layer| (0..neurons_per_layer).step_by(STRIDE as usize).map(move |n| (layer, n)));
    let forwards: Vec<_> = neurons.flat_map(|(layer, n)| modes.iter().map(move |mode| (*mode, layer, n))).collect();
    forwards.into_par_iter().for_each(|(mode, layer, neuron)| {
        let logits = model.logits(mode, layer as usize, neuron as usize);
        let ranked = miner.rank(&logits).expect("logits are numbers");
        for polarity in Polarity::BOTH {
            let job = JobId { mode, layer: LayerIndex(layer), neuron: NeuronId(neuron), polarity };
            let mined = miner.mine_ranked(&ranked, polarity).expect("every pool can be mined");
            fs::write(results.join(format!("{job}_topics.csv")), mined.files().topics).expect("a topics file");
        }
    });
}

#[test]
fn planted_themes_come_back_from_mining_and_not_from_random_pools() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let demo = generate(directory.path(), 1).expect("the demo is made");
    let campaign = demo.campaign();
    let corpus = Arc::new(Corpus::open(&demo.corpus()).expect("the corpus is a store"));
    let tokenizer = Tokenizer::load(&demo.model()).expect("the model has a tokenizer");
    let words = TokenWords::build(&tokenizer, corpus.vocabulary(), campaign.parameters.rule, None)
        .expect("the tokenizer fits the rule");
    let words = Arc::new(words);
    let miner = Miner::new(Arc::clone(&corpus), Arc::clone(&words), campaign.parameters.clone())
        .expect("the demo's own parameters");

    let results = directory.path().join("results/demo");
    mine_a_sample(&demo, &miner, &results);
    let mut truth: GroundTruth = demo.ground_truth().clone();
    truth.planted.retain(|planted| planted.neuron.0 % STRIDE == 0);
    let recovered = recovery(&truth, &results, corpus.vocabulary(), &campaign.modes).expect("the sample is mined");
    let random =
        random_baseline(&truth, &miner, &words, corpus.vocabulary(), 200, 1).expect("the themes are in the corpus");

    for line in summary(&recovered, &random, 200) {
        eprintln!("{line}");
    }
    for example in examples(&truth, &results, corpus.vocabulary(), &campaign.modes, 4).expect("the sample is mined") {
        eprintln!("{example}");
    }
    assert!(recovered.planted >= 200 && random.planted >= 200, "{recovered:?} {random:?}");
    for mode in &recovered.modes {
        assert!(mode.percent() >= 95.0, "{mode:?}");
    }
    assert!(random.percent() <= 5.0, "{random:?}");
}
