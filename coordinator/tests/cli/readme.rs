//! Every command in README.md runs, or is marked as one that takes long or needs several machines.

use crate::support::{Place, told};
use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use std::{collections::BTreeMap, env, fs, fs::File, path::Path, process::Command};
use superposed_model::test_models::TestModel;

/// What stands before a block of commands that are not run here, and why they are not.
const MARK: &str = "<!-- not run by tests: ";
const REASONS: [&str; 2] = ["takes long -->", "needs several machines -->"];

/// A fenced block, and the line before it.
struct Block {
    language: String,
    lines: Vec<String>,
    before: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut before = String::new();
    for line in page.lines() {
        let text = line.trim();
        match (text.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => {
                let (language, before) = (language.to_owned(), before.clone());
                open = Some(Block { language, lines: Vec::new(), before });
            }
            (None, Some(block)) => block.lines.push(text.to_owned()),
            (None, None) => {}
        }
        text.clone_into(&mut before);
    }
    assert!(open.is_none(), "a block of README.md does not end");
    blocks
}

/// What the commands are run on: a corpus, a model, and an archive of counts, under the names that README.md gives them.
fn materials(place: &Place) {
    // Words that keep company in groups of 12.
    let letters = |number: usize| [number / 26 / 26, number / 26, number].map(|n| (b'a' + (n % 26) as u8) as char);
    let words: Vec<String> =
        (0..1200).map(|number| format!("w{}", letters(number).iter().collect::<String>())).collect();
    fs::create_dir(place.path("text")).expect("a new directory");
    let lines: Vec<String> = (0..30).flat_map(|_| words.chunks(12).map(|group| group.join(" "))).collect();
    place.file("text/part-0.txt", &lines.join("\n"));

    fs::create_dir_all(place.path("models/tinystories-656k")).expect("a new directory");
    TestModel::gpt2_sized(2, 8, 340, words.len()).write(&place.path("models/tinystories-656k"));
    let vocabulary: BTreeMap<String, usize> =
        words.iter().enumerate().map(|(id, word)| (format!("Ġ{word}"), id)).collect();
    place.file("models/tinystories-656k/vocab.json", &json!(vocabulary).to_string());

    run(place, "superposed corpus count text/ --store counted");
    run(place, "superposed corpus export counted counts");
    let archive = File::create(place.path("wiki.tar.gz")).expect("a writable file");
    let mut archive = tar::Builder::new(GzEncoder::new(archive, Compression::fast()));
    archive.append_dir_all("counts", place.path("counts")).expect("a readable directory");
    archive.into_inner().and_then(GzEncoder::finish).expect("a writable file");
    fs::create_dir(place.path("stores")).expect("a new directory");
}

/// Runs a line as a shell does, in the place, the programs under test on its path.
fn run(place: &Place, line: &str) {
    let programs = Path::new(env!("CARGO_BIN_EXE_superposed")).parent().expect("a directory");
    let path = env::join_paths(
        [programs.to_owned()].into_iter().chain(env::split_paths(&env::var_os("PATH").unwrap_or_default())),
    );
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", line])
        .current_dir(place.path(""))
        .env("PATH", path.expect("a legal path"))
        .env_remove("SUPERPOSED_LOG")
        .output()
        .expect("bash is there");
    assert!(output.status.success(), "README.md: {line}\n{}", told(&output));
}

#[test]
fn every_command_of_the_readme_runs_or_says_why_not() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let blocks = blocks(&fs::read_to_string(readme).expect("README.md is there"));
    let place = Place::new();
    materials(&place);
    let (mut ran, mut marked) = (0, 0);
    for block in &blocks {
        match (block.language.as_str(), block.before.strip_prefix(MARK)) {
            ("toml", _) => _ = place.file("campaign.toml", &block.lines.join("\n")),
            ("sh", None) => {
                for line in block.lines.iter().filter(|line| !line.is_empty()) {
                    run(&place, &with_own_state(line, &place));
                    ran += 1;
                }
            }
            ("sh", Some(reason)) => {
                assert!(REASONS.contains(&reason), "README.md marks a block with an unknown reason: {reason}");
                marked += 1;
            }
            ("text", _) => {}
            (language, _) => panic!("README.md has a block of {language:?}: sh, toml and text are known here"),
        }
    }
    assert!(ran >= 8, "only {ran} commands of README.md were run");
    assert!(marked <= 3, "{marked} blocks of README.md are marked: mark what cannot be run, and nothing else");
}

/// `superposed local` with a state of its own: the usual one may be in use.
fn with_own_state(line: &str, place: &Place) -> String {
    match line.strip_prefix("superposed local ") {
        Some(rest) => format!("superposed local --state {} {rest}", place.path("state").display()),
        None => line.to_owned(),
    }
}
