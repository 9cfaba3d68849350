//! Results from form to form and back, byte for byte.

use flate2::{Compression, write::GzEncoder};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use superposed_identity::{JobId, Mode};
use superposed_results::{
    JobFile, Scope, Tree, Words,
    export::{ExportError, Exported, Form, export, export_lines},
    test_trees::TestTree,
};
use tempfile::TempDir;

const LAYERS: [(Mode, u32); 3] = [(Mode::HighContextual, 0), (Mode::HighContextual, 11), (Mode::LowIsolated, 3)];

fn tree() -> (TempDir, TestTree) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let tree = TestTree::write(directory.path(), 800, &LAYERS, 30);
    // As Python would have written them: a set in the order of its hashes, and a score in another spelling.
    let [first, second] = [
        tree.jobs[0],
        tree.jobs.iter().copied().skip(1).find(|job| !tree.result(*job).topics.is_empty()).expect("a topic"),
    ];
    fs::write(tree.at(&JobFile::Pool.path(first)), b"\x80\x04\x8f\x94(K\x03K\x01\x90.").expect("a writable file");
    fs::write(tree.at(&JobFile::WordSets.path(first)), "").expect("a writable file");
    fs::write(tree.at(&JobFile::Topics.path(first)), "").expect("a writable file");
    let topics = fs::read_to_string(tree.at(&JobFile::Topics.path(second))).expect("a file");
    let spelt = topics.replacen(",0.", ",00.", 1);
    assert_ne!(spelt, topics);
    fs::write(tree.at(&JobFile::Topics.path(second)), spelt).expect("a writable file");
    let solves = tree.at("solves/made/i/11_0_neg-0_pos.jsonl");
    fs::create_dir_all(solves.parent().expect("a directory")).expect("a writable directory");
    let line = |job: JobId| {
        let solve = r#"{"words":20,"status":"limit","gap":0.5,"nodes":9,"microseconds":7}"#;
        let solves = vec![solve; tree.result(job).topics.len()].join(",");
        let JobId { layer, neuron, polarity, .. } = job;
        format!(
            "{{\"job\":\"{job}\",\"mode\":\"i\",\"layer\":{layer},\"neuron\":{neuron},\"polarity\":\"{polarity}\",\"solves\":[{solves}]}}\n"
        )
    };
    let of_layer = tree.jobs.iter().filter(|job| job.layer.0 == 11);
    fs::write(solves, of_layer.map(|job| line(*job)).collect::<String>()).expect("a writable file");
    (directory, tree)
}

/// All files below a directory.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let name = path.strip_prefix(root).expect("it lies below").to_owned();
                found.insert(name, fs::read(path).expect("a file"));
            }
        }
    }
    found
}

async fn exported(from: &Path, to: &Path, form: Form, words: Option<&Words>) -> Result<Exported, ExportError> {
    let text = |path: &Path| path.to_str().expect("a plain name").to_owned();
    let tree = Arc::new(Tree::open(&text(from), &Scope::all()).await.expect("a tree"));
    export(&tree, &text(to), form, words, |_| {}).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_leads_back_to_the_files_byte_for_byte() {
    let (directory, tree) = tree();
    let at = |name: &str| directory.path().join(name);
    let legacy = files(&tree.results);
    let jobs = tree.jobs.len() as u64;
    for (form, name) in [(Form::Packs, "packs"), (Form::Lines, "lines")] {
        let counted = exported(&tree.results, &at(name), form, None).await.expect("an export");
        assert_eq!((counted.jobs, counted.files), (jobs, LAYERS.len() as u64 + 3));
        let paths: Vec<_> = files(&at(name)).into_keys().collect();
        assert_eq!(paths.len(), LAYERS.len() + 3, "{paths:?}");
        let back = at(&format!("{name}-back"));
        let counted = exported(&at(name), &back, Form::Legacy, None).await.expect("an export");
        assert_eq!(counted.jobs, jobs);
        assert!(files(&back) == legacy, "{name} do not lead back to the same files");
        // The same jobs make the same bytes, by whatever way they came.
        exported(&back, &at(&format!("{name}-again")), form, None).await.expect("an export");
        assert!(files(&at(&format!("{name}-again"))) == files(&at(name)));
    }
    let (packs, lines) = (at("packs"), at("lines"));
    exported(&packs, &at("lines-of-packs"), Form::Lines, None).await.expect("an export");
    assert!(files(&at("lines-of-packs")) == files(&lines), "packs and files make different lines");
    let text = String::from_utf8(files(&lines)[Path::new("1M/i/11.jsonl")].clone()).expect("text");
    assert!(text.contains("\"status\":\"limit\",\"gap\":0.5"), "how topics were solved was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_archive_in_any_order_is_exported_like_its_tree() {
    let (directory, tree) = tree();
    for (order, folder) in ["", "superposed-topics/results/"].into_iter().enumerate() {
        let archive = directory.path().join(format!("archive-{order}.tar.gz"));
        let encoder = GzEncoder::new(fs::File::create(&archive).expect("a writable file"), Compression::fast());
        let mut builder = tar::Builder::new(encoder);
        // All pools first, or all topics: never a job's files side by side.
        let mut members: Vec<_> = files(&tree.results).into_iter().collect();
        members.sort_by_key(|(path, _)| path.to_string_lossy().chars().rev().collect::<String>());
        if order == 1 {
            members.reverse();
        }
        for (path, content) in &members {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, format!("{folder}{}", path.display()), &content[..]).expect("a member");
        }
        let mut header = tar::Header::new_gnu();
        header.set_size(2);
        builder.append_data(&mut header, format!("{folder}README.md"), &b"hi"[..]).expect("a member");
        builder.into_inner().and_then(GzEncoder::finish).expect("an archive");
        let back = directory.path().join(format!("back-{order}"));
        exported(&archive, &back, Form::Legacy, None).await.expect("an export");
        assert!(files(&back) == files(&tree.results));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_go_to_any_writer_in_the_order_of_jobs() {
    let (_directory, tree) = tree();
    let opened = Arc::new(Tree::open(tree.place(), &Scope::all()).await.expect("a tree"));
    let mut text = Vec::new();
    let counted = export_lines(&opened, &mut text, None).await.expect("an export");
    let text = String::from_utf8(text).expect("text");
    let told: Vec<_> = text.lines().map(|line| line.split('"').nth(3).expect("a job").to_owned()).collect();
    let jobs: Vec<_> = tree.jobs.iter().map(ToString::to_string).collect();
    assert_eq!((told, counted.jobs), (jobs, tree.jobs.len() as u64));
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_neither_written_over_others_nor_made_of_damaged_ones() {
    let (directory, tree) = tree();
    let to = directory.path().join("to");
    let refused = async |from: &Path, to: &Path| {
        exported(from, to, Form::Legacy, None).await.expect_err("it was exported").to_string()
    };
    assert!(
        refused(&tree.results, &tree.results)
            .await
            .ends_with("is where the results come from: export them to another place")
    );
    fs::create_dir_all(to.join("1M/i")).expect("a writable directory");
    fs::write(to.join("1M/i/0_0_neg.pkl"), "").expect("a writable file");
    assert!(
        refused(&tree.results, &to).await.ends_with("holds other results of size 1M already: export to another place")
    );
    // What an earlier try left is no obstacle.
    fs::create_dir_all(to.join("1M/campaigns")).expect("a writable directory");
    fs::copy(tree.at("campaigns/made.json"), to.join("1M/campaigns/made.json")).expect("a writable file");
    exported(&tree.results, &to, Form::Legacy, None).await.expect("an export");
    assert!(files(&to) == files(&tree.results));
    fs::remove_file(tree.at("i/0_3_pos_isets.csv")).expect("a file");
    let said = refused(&tree.results, &directory.path().join("other")).await;
    assert_eq!(
        said,
        "1M/i/0_3_pos_isets.csv is missing, and other files of its job are there; `superposed verify` tells all that is wrong"
    );
}
