//! Faults planted in a tree, each of which must be told, and nothing else.

use std::{fs, path::Path, sync::Arc};
use superposed_corpus::Corpus;
use superposed_identity::Mode;
use superposed_results::{
    Scope, Tree,
    test_trees::TestTree,
    verify::{Options, Verified, verify},
};
use superposed_shared::spec::IndexSet;
use tempfile::TempDir;

const LAYERS: [(Mode, u32); 2] = [(Mode::HighContextual, 0), (Mode::LowIsolated, 3)];
const NEURONS: u32 = 40;
const WORDS: u32 = 800;

fn tree() -> (TempDir, TestTree) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let tree = TestTree::write(directory.path(), WORDS, &LAYERS, NEURONS);
    (directory, tree)
}

/// What the check of a tree tells, sorted, with and without its corpus.
async fn told(tree: &TestTree, corpus: bool) -> (Vec<String>, Verified) {
    let opened = Arc::new(Tree::open(tree.place(), &Scope::all()).await.expect("a tree"));
    let corpus = corpus.then(|| (tree.size.clone(), Arc::new(Corpus::open(&tree.corpus).expect("a store"))));
    let options = Options { corpora: corpus.into_iter().collect(), ..Options::default() };
    let mut faults = Vec::new();
    let verified = verify(&opened, &options, |fault| {
        assert_eq!(fault.line().fault, fault.name());
        faults.push(format!("{}: {fault}", fault.name()));
    });
    let verified = verified.await.expect("a readable tree");
    assert_eq!(verified.faults, faults.len() as u64);
    faults.sort();
    (faults, verified)
}

/// A job with at least two topics, whose word sets have words that are in none, by its stem below the size.
fn job_with_topics(tree: &TestTree, nth: usize) -> String {
    let mut jobs = tree.jobs.iter().filter(|job| {
        let sets = tree.result(**job).word_sets;
        sets.len() >= 2 && sets.iter().all(|set| set.len() > 10)
    });
    jobs.nth(nth).expect("enough jobs have topics").to_string()
}

fn edit(path: &Path, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(path).expect("a file");
    let changed = change(text.clone());
    assert_ne!(text, changed, "nothing was planted in {}", path.display());
    fs::write(path, changed).expect("a writable file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_tree_has_no_fault_and_every_topic_is_scored() {
    let (_directory, tree) = tree();
    let (faults, verified) = told(&tree, true).await;
    assert_eq!(faults, Vec::<String>::new());
    let topics: usize = tree.jobs.iter().map(|job| tree.result(*job).topics.len()).sum();
    let (jobs, topics) = (tree.jobs.len() as u64, topics as u64);
    assert!(topics > 50, "there is little to check");
    assert_eq!(verified, Verified { jobs, topics, scored: topics, ..Verified::default() });
    let (faults, verified) = told(&tree, false).await;
    assert_eq!((faults.len(), verified.scored), (0, 0));
}

fn swap_rows(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(0, 1);
    lines.join("\n") + "\n"
}

/// Plants one fault at a time, and expects exactly one line that begins and ends so.
#[tokio::test(flavor = "multi_thread")]
async fn each_planted_fault_is_told_in_one_line_with_its_path() {
    type Plant = fn(&TestTree, &str);
    let cases: [(&str, Plant, &str, &str); 17] = [
        (
            "a missing file",
            |tree, job| fs::remove_file(tree.at(&format!("{job}_isets.csv"))).expect("a file"),
            "missing-file: 1M/{job}_isets.csv: ",
            "other files of job {job} are there",
        ),
        (
            "a truncated pickle",
            |tree, job| {
                let path = tree.at(&format!("{job}.pkl"));
                let content = fs::read(&path).expect("a file");
                fs::write(&path, &content[..content.len() / 2]).expect("a writable file");
            },
            "unreadable: 1M/{job}.pkl: ",
            "",
        ),
        (
            "swapped rows of topics",
            |tree, job| edit(&tree.at(&format!("{job}_topics.csv")), |text| swap_rows(&text)),
            "not-in-word-set: 1M/{job}_topics.csv: row ",
            "the rows do not correspond",
        ),
        (
            "a wrong score",
            |tree, job| {
                edit(&tree.at(&format!("{job}_topics.csv")), |text| {
                    let (words, _) = text.split_once(',').expect("a score");
                    let rest = text.split_once('\n').expect("a row").1;
                    format!("{words},0.987\n{rest}")
                });
            },
            "score: 1M/{job}_topics.csv: row 1: the score is 0.987, but the corpus gives 0.",
            "",
        ),
        (
            "a score that is a little wrong",
            |tree, job| {
                edit(&tree.at(&format!("{job}_topics.csv")), |text| {
                    let (words, rest) = text.split_once(',').expect("a score");
                    let (score, rest) = rest.split_once('\n').expect("a row");
                    let score: f64 = score.parse().expect("a number");
                    format!("{words},{}\n{rest}", score + 2e-9)
                });
            },
            "score: 1M/{job}_topics.csv: row 1: the score is ",
            "",
        ),
        (
            "an id that no word has",
            |tree, job| {
                edit(&tree.at(&format!("{job}_topics.csv")), |text| {
                    let (word, rest) = text.split_once(' ').expect("ids");
                    assert!(word.parse::<u32>().is_ok());
                    let (middle, rest) = rest.split_once(',').expect("a score");
                    let (kept, _) = middle.rsplit_once(' ').expect("ids");
                    format!("{word} {kept} 800,{rest}")
                });
            },
            "unknown-word: 1M/{job}_topics.csv: row 1: word 800, but there are 800 words",
            "",
        ),
        (
            "a word that the pool lacks",
            |tree, job| {
                edit(&tree.at(&format!("{job}_isets.csv")), |text| {
                    let result =
                        tree.jobs.iter().find(|id| id.to_string() == job).map(|id| tree.result(*id)).expect("a job");
                    let mut other = (0..WORDS).map(superposed_identity::WordId);
                    let foreign = other.rfind(|id| !result.pool.words.contains(id)).expect("a word");
                    let (set, rest) = text.split_once('\n').expect("a row");
                    let (others, centre) = set.rsplit_once(' ').expect("ids");
                    let (others, _) = others.rsplit_once(' ').expect("ids");
                    format!("{others} {foreign} {centre}\n{rest}")
                });
            },
            "not-in-pool: 1M/{job}_isets.csv: row 1: word ",
            "",
        ),
        (
            "a word in two sets",
            |tree, job| {
                edit(&tree.at(&format!("{job}_isets.csv")), |text| {
                    let (first, rest) = text.split_once('\n').expect("a row");
                    let (_, centre) = first.rsplit_once(' ').expect("ids");
                    let (second, rest) = rest.split_once('\n').unwrap_or((rest, ""));
                    let (others, own) = second.rsplit_once(' ').expect("ids");
                    let (others, _) = others.rsplit_once(' ').expect("ids");
                    format!("{first}\n{others} {centre} {own}\n{rest}")
                });
            },
            "shared-word: 1M/{job}_isets.csv: row 2: word ",
            "is in the word set of row 1 already, but word sets share none",
        ),
        (
            "ids that descend",
            |tree, job| {
                edit(&tree.at(&format!("{job}_topics.csv")), |text| {
                    let (a, rest) = text.split_once(' ').expect("ids");
                    let (b, rest) = rest.split_once(' ').expect("ids");
                    format!("{b} {a} {rest}")
                });
            },
            "order: 1M/{job}_topics.csv: row 1: word ",
            "but ids ascend",
        ),
        (
            "a topic too short",
            |tree, job| {
                edit(&tree.at(&format!("{job}_topics.csv")), |text| text.split_once(' ').expect("ids").1.to_owned());
            },
            "topic-length: 1M/{job}_topics.csv: row 1: a topic of 9 words, but the campaign's have 10",
            "",
        ),
        (
            "no topics where word sets are",
            |tree, job| fs::write(tree.at(&format!("{job}_topics.csv")), "").expect("a file"),
            "row-count: 1M/{job}_topics.csv: 0 topics, but ",
            "each set has its topic",
        ),
        (
            "a foreign job",
            |tree, job| {
                for ending in [".pkl", "_isets.csv", "_topics.csv"] {
                    let content = fs::read(tree.at(&format!("{job}{ending}"))).expect("a file");
                    fs::write(tree.at(&format!("i/0_{NEURONS}_pos{ending}")), content).expect("a writable file");
                }
            },
            "foreign-job: 1M/i/0_40_pos: job i/0_40_pos is selected by no campaign of this tree",
            "",
        ),
        (
            "a foreign file",
            |tree, _| fs::write(tree.at("i/notes.txt"), "x").expect("a writable file"),
            "foreign-file: 1M/i/notes.txt: no file of a result tree",
            "",
        ),
        (
            "what a killed process left",
            |tree, job| fs::write(tree.at(&format!("{job}.pkl#1")), "x").expect("a writable file"),
            "leftover: 1M/{job}.pkl#1: half a file that a killed process left",
            "",
        ),
        (
            "words in another order",
            |tree, _| edit(&tree.at("words.txt"), |text| swap_rows(&text)),
            "words: 1M/words.txt: line 2: ",
            "the file was changed",
        ),
        (
            "another word",
            |tree, _| edit(&tree.at("words.txt"), |text| text.replacen("aaaab\n", "aaaaab\n", 1)),
            "other-words: 1M/words.txt: line 2 is not what the corpus has",
            "",
        ),
        (
            "a record that is none",
            |tree, _| fs::write(tree.at("campaigns/other.json"), "{}").expect("a writable file"),
            "record: 1M/campaigns/other.json: no campaign record: missing field",
            "",
        ),
    ];
    let (_directory, tree) = tree();
    for (what, plant, start, end) in cases {
        tree.write_results();
        let job = job_with_topics(&tree, 1);
        plant(&tree, &job);
        let (faults, verified) = told(&tree, true).await;
        let job = |text: &str| text.replace("{job}", &job);
        let (start, end) = (job(start), job(end));
        // Rows that do not correspond are as many as were moved.
        let lines = if what.starts_with("swapped") { 2 } else { 1 };
        assert_eq!(faults.len(), lines, "{what}: {faults:#?}");
        assert!(faults.iter().all(|fault| fault.starts_with(&start) && fault.ends_with(&end)), "{what}: {faults:#?}");
        assert!(verified.jobs >= tree.jobs.len() as u64, "{what}: not all jobs were looked at");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_which_nothing_is_there_are_told_in_runs() {
    let (_directory, tree) = tree();
    for (neuron, polarity) in [(3, "pos"), (4, "neg"), (4, "pos"), (9, "neg")] {
        for ending in [".pkl", "_isets.csv", "_topics.csv"] {
            fs::remove_file(tree.at(&format!("i/0_{neuron}_{polarity}{ending}"))).expect("a file");
        }
    }
    tree.record("more", &[(Mode::LowIsolated, 4)], &IndexSet::below(2));
    let (faults, verified) = told(&tree, false).await;
    assert_eq!(
        faults,
        [
            "missing-jobs: 1M/i/0_3_pos: 3 jobs are missing, from here to i/0_4_pos",
            "missing-jobs: 1M/i/0_9_neg: the job is missing",
            "missing-jobs: 1M/iiii/4_0_neg: 4 jobs are missing, from here to iiii/4_1_pos",
        ]
    );
    assert_eq!((verified.missing, verified.jobs), (8, tree.jobs.len() as u64 + 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_without_a_record_is_checked_for_what_it_has() {
    let (_directory, tree) = tree();
    fs::remove_file(tree.at("campaigns/made.json")).expect("a record");
    fs::remove_file(tree.at("words.txt")).expect("a map");
    let job = job_with_topics(&tree, 0);
    // The published code leaves ids in no order.
    edit(&tree.at(&format!("{job}_topics.csv")), |text| {
        let (a, rest) = text.split_once(' ').expect("ids");
        let (b, rest) = rest.split_once(' ').expect("ids");
        format!("{b} {a} {rest}")
    });
    let opened = Arc::new(Tree::open(tree.place(), &Scope::all()).await.expect("a tree"));
    let corpus = Arc::new(Corpus::open(&tree.corpus).expect("a store"));
    let options = Options { corpora: [(tree.size.clone(), corpus)].into(), min_freq: 100, progress: None };
    let mut faults = Vec::new();
    let verified = verify(&opened, &options, |fault| faults.push(fault.to_string())).await.expect("a readable tree");
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!((verified.unplanned, verified.jobs), (1, tree.jobs.len() as u64));
    assert!(verified.scored > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_is_one_fault_and_all_others_are_checked() {
    let (_directory, tree) = tree();
    let (_, whole) = told(&tree, true).await;
    let job = job_with_topics(&tree, 0);
    // More than any file of a job has, and no byte of it on the disk.
    let path = tree.at(&format!("{job}.pkl"));
    fs::File::options().write(true).open(path).and_then(|file| file.set_len(5 << 30)).expect("a writable file");
    let (faults, verified) = told(&tree, true).await;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains(&format!("{job}.pkl")) && faults[0].contains("can be read"), "{faults:?}");
    assert_eq!(verified.jobs, whole.jobs);
}
