//! What [`superposed_demo::generate`] leaves in its directory, and when it touches what is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use superposed_corpus::{Corpus, Npmi};
use superposed_demo::{DemoError, GroundTruth, generate, themes};
use superposed_identity::WordId;
use superposed_model::Tokenizer;

/// The paths of all files below a directory, relative to it.
fn files(directory: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut pending = vec![directory.to_path_buf()];
    while let Some(next) = pending.pop() {
        for entry in fs::read_dir(&next).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                pending.push(path);
            } else {
                found.insert(path.strip_prefix(directory).expect("it lies below").to_path_buf());
            }
        }
    }
    found
}

fn same_bytes(one: &Path, other: &Path) -> bool {
    fs::read(one).expect("a file") == fs::read(other).expect("a file")
}

#[test]
fn one_seed_makes_the_same_bytes_twice_and_another_seed_others() {
    let [first, second, other] = [(); 3].map(|()| tempfile::tempdir().expect("a temporary directory"));
    for (directory, seed) in [(&first, 1), (&second, 1), (&other, 2)] {
        generate(directory.path(), seed).expect("the demo is made");
    }
    let [first, second, other] = [&first, &second, &other].map(|directory| directory.path());
    let names = files(first);
    assert_eq!(names, files(second));
    for name in &names {
        assert!(same_bytes(&first.join(name), &second.join(name)), "{} differs for one seed", name.display());
    }
    for name in ["ground_truth.json", "documents.txt", "model/model.safetensors", "model/vocab.json"] {
        assert!(!same_bytes(&first.join(name), &other.join(name)), "{name} does not depend on the seed");
    }
}

#[test]
fn the_demo_has_the_promised_size_and_its_tokenizer_one_token_for_every_word() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let demo = generate(directory.path(), 1).expect("the demo is made");
    let corpus = Corpus::open(&demo.corpus()).expect("the corpus is a store");
    let vocabulary = corpus.vocabulary();
    assert!(vocabulary.len() >= 10_000, "{} words", vocabulary.len());
    let tokenizer = Tokenizer::load(&demo.model()).expect("the model has a tokenizer");
    let campaign = demo.campaign();
    assert_eq!(tokenizer.rule(), campaign.parameters.rule);
    assert_eq!(campaign.parameters.check(tokenizer.vocabulary_size()), Ok(()));
    assert!(campaign.parameters.tau * 20 <= tokenizer.vocabulary_size(), "tau is above 5 % of the vocabulary");
    let jobs = campaign.layers * campaign.neurons_per_layer * campaign.modes.len() as u32 * 2;
    assert!((1500..=2500).contains(&jobs), "{jobs} jobs");

    let raw: BTreeMap<_, _> = tokenizer.tokens().collect();
    for (_, word) in vocabulary.iter() {
        let tokens = tokenizer.encode_word(&format!(" {word}")).expect("every text can be encoded");
        let [token] = tokens[..] else { panic!("{word:?} has {} tokens", tokens.len()) };
        assert_eq!(raw[&token], format!("Ġ{word}"));
    }
}

#[test]
fn words_of_one_theme_keep_company_and_others_do_not() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let demo = generate(directory.path(), 1).expect("the demo is made");
    let corpus = Arc::new(Corpus::open(&demo.corpus()).expect("the corpus is a store"));
    let parameters = demo.campaign().parameters;
    let npmi = Npmi::new(Arc::clone(&corpus), parameters.min_freq);
    let themes: Vec<Vec<WordId>> = themes()
        .iter()
        .map(|theme| theme.words.iter().map(|word| corpus.vocabulary().id(word).expect("a word")).collect())
        .collect();
    let planted: BTreeSet<WordId> = themes.iter().flatten().copied().collect();
    let noise: Vec<WordId> = corpus.vocabulary().iter().map(|(id, _)| id).filter(|id| !planted.contains(id)).collect();
    for (id, word) in corpus.vocabulary().iter() {
        assert!(corpus.single_count(id) >= parameters.min_freq, "{word} is rarer than min_freq");
    }

    let pairs = |words: &[WordId]| -> Vec<f64> {
        let pairs = words.iter().enumerate().flat_map(|(at, a)| words[at + 1..].iter().map(move |b| (*a, *b)));
        pairs.map(|(a, b)| npmi.score(a, b)).collect()
    };
    let edges = |scores: &[f64]| scores.iter().filter(|score| **score >= parameters.theta_low).count();
    let together: Vec<f64> = themes.iter().flat_map(|theme| pairs(theme)).collect();
    let least = together.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(least > 0.2, "the least NPMI of two words of one theme is {least}");
    let every_tenth: Vec<WordId> = noise.into_iter().step_by(10).collect();
    let apart = [pairs(&every_tenth), pairs(&themes.iter().map(|theme| theme[0]).collect::<Vec<_>>())].concat();
    assert!(edges(&apart) * 100 < apart.len(), "{} of {} pairs are edges", edges(&apart), apart.len());
}

#[test]
fn every_neuron_superposes_two_to_four_different_themes_of_both_signs() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let demo = generate(directory.path(), 1).expect("the demo is made");
    let (truth, campaign) = (demo.ground_truth(), demo.campaign());
    assert_eq!(truth.themes, themes());
    let mut neurons: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for planted in &truth.planted {
        neurons.entry((planted.layer, planted.neuron)).or_default().push(planted);
    }
    assert_eq!(neurons.len() as u32, campaign.layers * campaign.neurons_per_layer);
    for (neuron, planted) in &neurons {
        let mut names: Vec<_> = planted.iter().map(|planted| &planted.theme).collect();
        names.sort();
        names.dedup();
        assert!(names.len() == planted.len() && (2..=4).contains(&names.len()), "{neuron:?} has {names:?}");
    }
    let raised = truth.planted.iter().filter(|planted| planted.polarity.as_str() == "pos").count();
    assert!((4..=6).contains(&(raised * 10 / truth.planted.len())), "{raised} of {}", truth.planted.len());
}

#[test]
fn a_complete_demo_is_taken_up_and_one_without_a_part_or_of_another_seed_replaced() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let results = directory.path().join("results.txt");
    let demo = generate(directory.path(), 1).expect("the demo is made");
    fs::write(demo.documents(), "a mark").expect("the documents can be overwritten");
    fs::write(&results, "mined").expect("a file beside the demo");

    let again = generate(directory.path(), 1).expect("the demo is taken up");
    assert_eq!(again.ground_truth(), demo.ground_truth());
    assert_eq!(fs::read_to_string(demo.documents()).expect("the documents"), "a mark");

    fs::remove_dir_all(demo.model()).expect("the model can be removed");
    generate(directory.path(), 1).expect("the demo is made again");
    assert!(demo.model().join("config.json").exists());

    let other = generate(directory.path(), 2).expect("the demo is replaced");
    assert_eq!(GroundTruth::read(&other.ground_truth_file()).expect("a ground truth").seed, 2);
    assert!(fs::metadata(demo.documents()).expect("the documents").len() > 1_000_000);
    assert_eq!(fs::read_to_string(results).expect("the file beside the demo"), "mined");
}

#[test]
fn an_interrupted_demo_is_made_anew() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    // As a process leaves it that is killed after it moved the first file into place.
    fs::create_dir_all(directory.path().join(".demo-in-the-making/model")).expect("a staging directory");
    fs::write(directory.path().join("documents.txt"), "half").expect("a file");
    let demo = generate(directory.path(), 1).expect("the demo is made");
    assert!(fs::metadata(demo.documents()).expect("the documents").len() > 1_000_000);
    assert!(!directory.path().join(".demo-in-the-making").exists());
}

#[test]
fn files_that_no_demo_made_are_refused_and_stay() {
    for (name, foreign) in [("documents.txt", "mine"), ("ground_truth.json", "{\"mine\": true}")] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join(name);
        fs::write(&path, foreign).expect("a file");
        let error = generate(directory.path(), 1).expect_err("a foreign file was overwritten");
        assert!(matches!(&error, DemoError::NotADemo { path: named } if *named == path), "{error}");
        assert_eq!(files(directory.path()), BTreeSet::from([PathBuf::from(name)]));
        assert_eq!(fs::read_to_string(&path).expect("the foreign file"), foreign);
    }
}
