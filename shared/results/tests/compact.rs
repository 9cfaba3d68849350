//! Parts of packs, as workers write them, put together.

use std::{collections::BTreeSet, fs, sync::Arc};
use superposed_identity::{JobId, Mode};
use superposed_results::{
    PackWriter, Scope, StoredResult, Tree,
    compact::{Compacted, compact},
    export::{Form, export},
    test_trees::TestTree,
    verify::{Options, verify},
};
use superposed_shared::layout;
use tempfile::TempDir;

const LAYERS: [(Mode, u32); 2] = [(Mode::HighContextual, 0), (Mode::LowIsolated, 3)];

/// A tree whose jobs are in parts of so many, which overlap.
fn in_parts() -> (TempDir, TestTree) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let tree = TestTree::write(directory.path(), 800, &LAYERS, 20);
    for (mode, layer) in LAYERS {
        let of_layer: Vec<JobId> =
            tree.jobs.iter().copied().filter(|job| (job.mode, job.layer.0) == (mode, layer)).collect();
        // A job that ran twice, in runs of other bounds, stands in two parts.
        for jobs in of_layer.chunks(13).chain(of_layer.chunks(40)) {
            write_part(&tree, "made", jobs);
        }
    }
    for job in &tree.jobs {
        for ending in [".pkl", "_isets.csv", "_topics.csv"] {
            fs::remove_file(tree.at(&format!("{job}{ending}"))).expect("a file");
        }
    }
    (directory, tree)
}

fn write_part(tree: &TestTree, campaign: &str, jobs: &[JobId]) {
    let mut writer = PackWriter::new(None).expect("a legal schema");
    for job in jobs {
        writer.push(*job, &StoredResult::from(tree.result(*job))).expect("a legal row");
    }
    let path = layout::part_file(&tree.size, campaign, jobs[0], jobs[jobs.len() - 1]);
    let path = tree.results.join(path);
    fs::create_dir_all(path.parent().expect("a directory")).expect("a writable directory");
    fs::write(path, writer.finish().expect("a pack")).expect("a writable file");
}

async fn open(tree: &TestTree) -> Arc<Tree> {
    Arc::new(Tree::open(tree.place(), &Scope::all()).await.expect("a tree"))
}

async fn faults(tree: &TestTree) -> Vec<String> {
    let mut faults = Vec::new();
    let told = verify(&open(tree).await, &Options::default(), |fault| faults.push(fault.to_string())).await;
    let verified = told.expect("a readable tree");
    assert_eq!(verified.jobs, tree.jobs.len() as u64);
    faults
}

/// The packs and parts of a tree.
async fn packs(tree: &TestTree) -> BTreeSet<String> {
    let opened = open(tree).await;
    opened.inventory.sizes[&tree.size].layers.values().flat_map(|held| held.packs.iter().cloned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_complete_results_and_become_one_pack_of_the_same_bytes() {
    let (directory, tree) = in_parts();
    assert_eq!(faults(&tree).await, Vec::<String>::new());
    let to = directory.path().join("exported");
    let exported = export(&open(&tree).await, to.to_str().expect("a plain name"), Form::Packs, None, |_| {}).await;
    assert_eq!(exported.expect("an export").jobs, tree.jobs.len() as u64);
    let compacted = compact(&open(&tree).await).await.expect("parts can be put together");
    assert_eq!(compacted, Compacted { layers: 2, parts: 10, incomplete: 0 });
    assert_eq!(packs(&tree).await, ["i/0.parquet", "iiii/3.parquet"].map(str::to_owned).into());
    assert_eq!(faults(&tree).await, Vec::<String>::new());
    let pack = fs::read(tree.at("i/0.parquet")).expect("a pack");
    assert!(pack == fs::read(to.join("1M/i/0.parquet")).expect("a pack"), "two ways lead to different packs");
    // Once more, there is nothing to do; a late part is taken in and changes nothing.
    assert_eq!(compact(&open(&tree).await).await.expect("nothing to do"), Compacted::default());
    write_part(&tree, "made", &tree.jobs[3..9]);
    assert_eq!(compact(&open(&tree).await).await.expect("a late part").parts, 1);
    assert!(pack == fs::read(tree.at("i/0.parquet")).expect("a pack"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_that_lacks_a_job_stays_in_parts_and_nothing_is_lost() {
    let (_directory, tree) = in_parts();
    tree.record("more", &[(Mode::LowIsolated, 3)], &superposed_shared::spec::IndexSet::below(21));
    let before = packs(&tree).await;
    let compacted = compact(&open(&tree).await).await.expect("parts can be put together");
    assert_eq!((compacted.layers, compacted.incomplete), (1, 1));
    let kept: BTreeSet<String> = before.into_iter().filter(|path| path.starts_with("iiii/")).collect();
    assert_eq!(packs(&tree).await.into_iter().filter(|path| path != "i/0.parquet").collect::<BTreeSet<_>>(), kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_contradict_each_other_are_told_and_kept() {
    let (_directory, tree) = in_parts();
    let mut wrong = tree.result(tree.jobs[0]);
    wrong.pool.words.pop();
    let mut writer = PackWriter::new(None).expect("a legal schema");
    writer.push(tree.jobs[0], &wrong.into()).expect("a legal row");
    let path = tree.at("i/0.parts/made/0_neg-0_neg.parquet");
    fs::write(&path, writer.finish().expect("a pack")).expect("a writable file");
    let error = compact(&open(&tree).await).await.expect_err("they were put together").to_string();
    assert!(error.starts_with("job i/0_0_neg is told differently by 1M/i/0.parts/made/0_neg-"), "{error}");
    assert!(path.is_file());
    let faults = faults(&tree).await;
    assert!(
        faults.iter().all(|fault| fault.contains("job i/0_0_neg is told differently by 1M/i/0.parts/")),
        "{faults:?}"
    );
    assert!(!faults.is_empty());
}
