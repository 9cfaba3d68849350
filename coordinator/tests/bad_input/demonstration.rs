//! Demos that would overwrite something, or have no place.

use crate::bench::Bench;
use std::{fs, process::Command};

fn demo(bench: &Bench, directory: &str) -> Command {
    let directory = bench.place.path(directory).display().to_string();
    bench.place.superposed(&["demo", "--directory", &directory])
}

#[test]
fn files_that_no_demo_made_are_named_and_left_alone() {
    for foreign in ["model", "corpus", "documents.txt", "ground_truth.json"] {
        let bench = Bench::new();
        // The state directory is taken first, so that two demos do not write to one directory.
        fs::create_dir_all(bench.place.path("state/logs")).expect("a new directory");
        bench.place.file("state/lock", "");
        fs::create_dir(bench.place.path("mine")).expect("a new directory");
        bench.place.file(&format!("mine/{foreign}"), "mine");
        assert_eq!(
            bench.cut(&bench.refusal(demo(&bench, "mine"))),
            format!("mine/{foreign} was not made by the demo: choose another directory, or remove it")
        );
    }
}

#[test]
fn a_directory_below_a_file_is_refused() {
    let bench = Bench::new();
    fs::create_dir_all(bench.place.path("state/logs")).expect("a new directory");
    bench.place.file("state/lock", "");
    bench.place.file("file", "");
    assert_eq!(
        bench.cut(&bench.refusal(demo(&bench, "file/demo"))),
        "cannot make file/demo: Not a directory (os error 20)"
    );
}

#[test]
fn nothing_is_made_where_no_campaign_could_run() {
    let bench = Bench::new();
    let mut command = demo(&bench, "new");
    command.env("PGBIN", bench.model());
    let line = bench.cut(&bench.refusal(command));
    assert!(line.starts_with("PGBIN is model, but there is no initdb and pg_ctl in it"), "{line}");
}
