//! Against published counts and golden values, which are no part of the project.
//!
//! The environment variable `SUPERPOSED_CONFORMANCE` names their directory; without it these tests are skipped and say
//! so, with it they fail when anything is missing.

use serde_json::Value;
use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};
use superposed_corpus::{
    Corpus, CountOptions, ImportOptions, Inputs, Npmi, WordId, count,
    count::{VocabularyRule, Words},
    import,
    npmi::npmi,
    pickle::{self, Item},
};

/// A file of the conformance data; `None`, and a line that says why, where there is none.
fn data(name: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("SUPERPOSED_CONFORMANCE") else {
        eprintln!("skipped: SUPERPOSED_CONFORMANCE does not name the directory of conformance data");
        return None;
    };
    // Relative to the workspace, where the variable is set; tests run in their crate.
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = workspace.join(root).join(name);
    assert!(path.exists(), "{} is missing", path.display());
    Some(path)
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("read")).expect("JSON")
}

/// The entries of every dict in a tar.gz, by file name.
fn dicts(path: &Path) -> Vec<(String, Vec<(i64, i64)>)> {
    let file = std::fs::File::open(path).expect("opened");
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut dicts = Vec::new();
    for entry in tar.entries().expect("a tar archive") {
        let mut entry = entry.expect("a member");
        let name = entry.path().expect("a path").file_name().expect("a name").to_string_lossy().into_owned();
        if name.strip_suffix(".pkl").is_none_or(|stem| stem.parse::<u32>().is_err()) {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("read");
        let pickle = pickle::read(&bytes).expect("a pickle of counts");
        let Item::Dict(dict) = pickle.root() else { panic!("{name} holds a {}", pickle.root().kind()) };
        let numbers = pickle.dict(dict).iter().map(|entry| match *entry {
            (Item::Integer(id), Item::Integer(count)) => (id, count),
            other => panic!("{name} holds {other:?}"),
        });
        let mut numbers: Vec<_> = numbers.collect();
        numbers.sort_unstable();
        dicts.push((name, numbers));
    }
    dicts.sort_unstable();
    dicts
}

#[test]
fn the_published_layout_is_imported_exactly() {
    let Some(counts) = data("conformance/counts/wiki.tar.gz") else {
        return;
    };
    let Some(maps) = data("conformance/maps/id2vocab.json") else {
        return;
    };
    let place = tempfile::tempdir().expect("a temporary directory");
    let path = place.path().join("store");
    let start = Instant::now();
    let summary = import(&counts, &path, &ImportOptions::default()).expect("imported");
    eprintln!("imported in {:.2?}: {summary:?}", start.elapsed());
    assert_eq!((summary.words, summary.windows), (10_119, 4_726_287));
    let start = Instant::now();
    let corpus = Corpus::open(&path).expect("opened");
    eprintln!("opened in {:.2?}", start.elapsed());
    let start = Instant::now();
    corpus.verify().expect("undamaged");
    eprintln!("verified in {:.2?}", start.elapsed());

    let words = json(&maps);
    assert_eq!(words.as_object().expect("a map").len(), 10_119);
    for (id, word) in corpus.vocabulary().iter() {
        assert_eq!(words[id.to_string()], *word);
    }
    for (name, row) in dicts(&counts) {
        let id: u32 = name.strip_suffix(".pkl").and_then(|stem| stem.parse().ok()).expect("an id");
        let mut row = row.into_iter().peekable();
        for (other, _) in corpus.vocabulary().iter() {
            let expected = row.next_if(|(column, _)| *column == i64::from(other.0)).map_or(0, |(_, count)| count);
            assert_eq!(corpus.joint_count(WordId(id), other), expected as u64, "{id} {other}");
        }
    }

    let scorer = Npmi::new(Arc::new(corpus), 10);
    let pool: Vec<WordId> = (0..900).map(|place| WordId(place * 11)).collect();
    let (mut places, mut weights) = (Vec::new(), Vec::new());
    let start = Instant::now();
    let mut edges = scorer.edges(&pool, 0.1..=1.0);
    for place in 0..pool.len() {
        edges.append_row(place, &mut places, &mut weights);
    }
    eprintln!("the {} edges of {} words took {:.2?}", places.len(), pool.len(), start.elapsed());
}

#[test]
fn numpy_counts_are_the_plain_counts() {
    let Some(numpy) = data("conformance/counts/numpy-int64-sample.tar.gz") else {
        return;
    };
    let Some(plain) = data("conformance/counts/wiki.tar.gz") else {
        return;
    };
    let (numpy, plain) = (dicts(&numpy), dicts(&plain));
    assert!(numpy.len() > 10, "{} files", numpy.len());
    for (name, counts) in numpy {
        let at = plain.binary_search_by(|(other, _)| other.cmp(&name)).expect("the plain file is there");
        assert_eq!(counts, plain[at].1, "{name}");
    }
}

#[test]
fn npmi_is_the_published_one() {
    let Some(fixture) = data("conformance/fixtures/npmi.json") else {
        return;
    };
    let rows: Vec<[f64; 4]> = serde_json::from_value(json(&fixture)).expect("rows of four numbers");
    assert!(!rows.is_empty());
    for [p_ab, p_a, p_b, expected] in rows {
        let found = npmi(p_ab, p_a, p_b);
        assert!((found - expected).abs() <= 1e-12, "{p_ab} {p_a} {p_b}: {found}, not {expected}");
    }
}

#[test]
fn extracted_wikipedia_is_counted() {
    let Some(text) = data("real/enwiki") else { return };
    let place = tempfile::tempdir().expect("a temporary directory");
    let rule = VocabularyRule { max_words: 10_000, ..VocabularyRule::default() };
    let options = CountOptions { words: Words::Chosen(rule), ..CountOptions::default() };
    let start = Instant::now();
    let summary =
        count(&Inputs::of_paths([text]).expect("files"), &place.path().join("store"), &options).expect("counted");
    eprintln!("counted in {:.2?}: {summary:?}", start.elapsed());
    assert_eq!(summary.words, 10_000);
    Corpus::open(&place.path().join("store")).expect("opened").verify().expect("undamaged");
}
