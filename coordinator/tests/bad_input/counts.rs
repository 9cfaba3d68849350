//! Published counts and text that make no store.

use crate::bench::{Bench, superposed};
use nix::{sys::stat::Mode, unistd::mkfifo};
use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    process::Command,
};

/// A pickle of `{"a": 1}`, and one of `{0: 1}`, of protocol 4.
const WORDS: &[u8] = b"\x80\x04}\x8c\x01aK\x01s.";
const COUNTS: &[u8] = b"\x80\x04}K\x00K\x01s.";

/// Counts of one word in the newer layout.
fn lay_out_counts(bench: &Bench) {
    fs::create_dir_all(bench.place.path("counts/10/joint")).expect("a new directory");
    for (name, content) in
        [("vocab.pkl", WORDS), ("histogram.csv", b"10,5\n"), ("10/single.pkl", COUNTS), ("10/joint/0.pkl", COUNTS)]
    {
        fs::write(bench.place.path("counts").join(name), content).expect("a writable file");
    }
}

fn import(bench: &Bench, source: &str, store: &str) -> Command {
    let [source, store] = [source, store].map(|name| bench.place.path(name).display().to_string());
    superposed(&["corpus", "import", &source, &store])
}

fn count(bench: &Bench, input: &str, store: &str) -> Command {
    let [input, store] = [input, store].map(|name| bench.place.path(name).display().to_string());
    superposed(&["corpus", "count", &input, "--store", &store])
}

/// The refusal of an import of counts one file of which was replaced.
fn refusal_with(name: &str, content: Option<&[u8]>) -> String {
    let bench = Bench::new();
    lay_out_counts(&bench);
    let path = bench.place.path("counts").join(Path::new(name));
    match content {
        Some(content) => fs::write(path, content).expect("a writable file"),
        None => fs::remove_file(path).expect("a file"),
    }
    bench.cut(&bench.refusal(import(&bench, "counts", "new/store")))
}

#[test]
fn a_foreign_pickle_opcode_is_named_with_its_file_and_byte() {
    // REDUCE of a global: what would run a program.
    let line = refusal_with("10/joint/0.pkl", Some(b"\x80\x04cposix\nsystem\n\x8c\x02id\x85R."));
    assert!(line.starts_with("counts: 10/joint/0.pkl: ") && line.contains("posix.system at byte 2"), "{line}");
    let line = refusal_with("10/joint/0.pkl", Some(b"\x80\x04NQ."));
    assert_eq!(
        line,
        "counts: 10/joint/0.pkl: foreign pickle opcode 0x51 at byte 3: only plain containers of plain values are read"
    );
}

#[test]
fn truncated_counts_are_named() {
    let line = refusal_with("10/single.pkl", Some(&COUNTS[..5]));
    assert!(line.starts_with("counts: 10/single.pkl: the pickle ends at byte 5"), "{line}");
}

#[test]
fn counts_that_lack_a_file_name_it() {
    assert_eq!(
        refusal_with("vocab.pkl", None),
        "counts: there is no vocab.pkl: give the directory or archive that holds it beside the counts"
    );
    assert_eq!(
        refusal_with("histogram.csv", None),
        "counts: there is no histogram.csv, which tells the windows of the corpus: add it"
    );
    let line = refusal_with("10/joint/0.pkl", None);
    assert!(line.starts_with("counts: the word \"a\" (id 0) has no joint counts (10/joint/0.pkl): complete"), "{line}");
}

#[test]
fn a_source_that_is_not_there_or_no_archive_is_named() {
    let bench = Bench::new();
    bench.place.file("text", "no archive");
    assert_eq!(
        bench.cut(&bench.refusal(import(&bench, "nowhere", "store"))),
        "cannot look at nowhere: No such file or directory (os error 2)"
    );
    let line = bench.cut(&bench.refusal(import(&bench, "text", "store")));
    assert!(line.starts_with("text is no tar archive, or a damaged one ("), "{line}");
    assert!(line.ends_with("): give the published .tar.gz, or a directory of counts"), "{line}");
}

#[test]
fn a_truncated_archive_is_named() {
    let bench = Bench::new();
    // The start of a gzip stream.
    fs::write(bench.place.path("counts.tar.gz"), b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b").expect("written");
    let line = bench.cut(&bench.refusal(import(&bench, "counts.tar.gz", "store")));
    assert!(line.starts_with("counts.tar.gz is no tar archive, or a damaged one ("), "{line}");
}

#[test]
fn a_store_that_exists_is_not_replaced() {
    let bench = Bench::new();
    lay_out_counts(&bench);
    bench.place.file("text.txt", "some words\n");
    for command in [import(&bench, "counts", "corpus"), count(&bench, "text.txt", "corpus")] {
        assert_eq!(
            bench.cut(&bench.refusal(command)),
            "corpus exists already: choose another destination, or remove it first"
        );
    }
}

#[test]
fn a_store_that_cannot_be_made_is_named() {
    let bench = Bench::new();
    lay_out_counts(&bench);
    let text = bench.place.file("text.txt", "some words\n");
    assert!(text.is_file());
    for command in [import(&bench, "counts", "text.txt/store"), count(&bench, "text.txt", "text.txt/store")] {
        let line = bench.cut(&bench.refusal(command));
        assert!(line.starts_with("cannot ") && line.contains("text.txt/store: Not a directory"), "{line}");
    }
}

#[test]
fn text_that_is_not_there_is_named() {
    let bench = Bench::new();
    fs::create_dir(bench.place.path("empty")).expect("a new directory");
    assert_eq!(
        bench.cut(&bench.refusal(count(&bench, "empty", "store"))),
        "there is no text to count in empty: give files, or directories that hold some"
    );
    assert_eq!(
        bench.cut(&bench.refusal(count(&bench, "nowhere", "store"))),
        "cannot look at nowhere: No such file or directory (os error 2)"
    );
    bench.place.file("blank", "\n1 2 3\n");
    assert_eq!(
        bench.refusal(count(&bench, "blank", "store")),
        "the vocabulary is empty: no word passed its rules, or no input has a word"
    );
}

#[test]
fn text_that_is_binary_is_named_with_its_line() {
    let bench = Bench::new();
    fs::write(bench.place.path("binary"), b"words\n\xff\xfe\n").expect("a writable file");
    assert_eq!(
        bench.cut(&bench.refusal(count(&bench, "binary", "new/store"))),
        "binary, line 2: it is no UTF-8: convert the file first"
    );
}

#[test]
fn a_json_line_without_the_named_text_is_named() {
    let bench = Bench::new();
    bench.place.file("lines", "{\"text\": \"some words\"}\n{\"body\": \"others\"}\n");
    let mut command = count(&bench, "lines", "store");
    command.args(["--field", "text"]);
    assert_eq!(
        bench.cut(&bench.refusal(command)),
        "lines, line 2: it is no JSON object with a text in the field \"text\" (it has no such field): \
         correct the line, or name another field"
    );
}

#[test]
fn a_list_of_words_that_is_none_is_named() {
    let bench = Bench::new();
    bench.place.file("text", "some words\n");
    let with_words = |list: &str| {
        let words = bench.place.file("words", list);
        let mut command = count(&bench, "text", "store");
        command.arg("--vocabulary").arg(words);
        bench.cut(&bench.refusal(command))
    };
    assert_eq!(
        with_words("some\nnew york\n"),
        "words, line 2: it has white space beside its word, which no token has: give one word a line"
    );
    assert_eq!(
        with_words("some\nsome\n"),
        "the vocabulary has the word \"some\" twice: a word's id is its rank, so each word may be there once"
    );
    assert_eq!(with_words("\n"), "the vocabulary is empty: no word passed its rules, or no input has a word");
}

#[test]
fn an_export_is_refused_where_there_is_no_store_or_something_else() {
    let bench = Bench::new();
    let export = |store: &str, directory: &str| {
        let [store, directory] = [store, directory].map(|name| bench.place.path(name).display().to_string());
        bench.cut(&bench.refusal(superposed(&["corpus", "export", &store, &directory])))
    };
    assert_eq!(export("corpus", "model"), "model exists already: choose another destination, or remove it first");
    assert!(export("model", "counts").starts_with("model is no corpus store, as it has no store.json"));
}

#[test]
fn what_a_killed_count_left_goes_with_the_next_and_a_living_one_is_left_alone() {
    let bench = Bench::new();
    let words = bench.place.file("words", "some\nwords\n");
    bench.place.file("text", "some words\n");
    fs::create_dir(bench.place.path("stores")).expect("a new directory");
    let names = || {
        let entries = fs::read_dir(bench.place.path("stores")).expect("a directory");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
        names.sort_unstable();
        names
    };
    let from = |input: &str, store: &str| {
        let mut command = count(&bench, input, store);
        command.arg("--vocabulary").arg(&words);
        command
    };
    // Each waits for text from a pipe, once it has made its temporary directory.
    let [(mut killed, _waiting), (mut living, mut text)] = ["killed", "living"].map(|name| {
        let pipe = bench.place.path(name);
        mkfifo(&pipe, Mode::S_IRWXU).expect("a new pipe");
        let process = from(name, &format!("stores/{name}")).spawn().expect("it starts");
        (process, File::options().write(true).open(pipe).expect("it is read"))
    });
    killed.kill().and_then(|()| killed.wait()).expect("it lived");
    let left = names();
    assert!(left.len() == 2 && left.iter().all(|name| name.starts_with(".superposed-corpus-")), "{left:?}");

    assert!(from("text", "stores/next").status().expect("it runs").success());
    let left = names();
    assert!(left.len() == 2 && left[0].starts_with(".superposed-corpus-") && left[1] == "next", "{left:?}");

    text.write_all(b"some words\n").expect("somebody reads");
    drop(text);
    assert!(living.wait().expect("it ran").success());
    assert_eq!(names(), ["living", "next"]);
}
