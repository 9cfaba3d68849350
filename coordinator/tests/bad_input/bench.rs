//! A campaign without a fault, for tests to put one in, and what every refusal must be like.

use crate::support::{self, Place, told};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use superposed_corpus::{DocumentsOptions, Vocabulary, WordId, count_documents};
use superposed_model::test_models::TestModel;
use toml::Table;

/// Tokens of the model, and words of the corpus.
pub(crate) const TOKENS: u32 = 40;

const BLOCKS: usize = 3;
const NEURONS: usize = 20;

/// A place with a model, a corpus and a campaign that could be mined.
pub(crate) struct Bench {
    pub(crate) place: Place,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let place = Place::new();
        let bench = Self { place };
        fs::create_dir(bench.model()).expect("a writable directory");
        TestModel::gpt2_sized(BLOCKS, 8, NEURONS, TOKENS as usize).write(&bench.model());
        bench.count("corpus", "token", 1);
        bench
    }

    pub(crate) fn model(&self) -> PathBuf {
        self.place.path("model")
    }

    pub(crate) fn corpus(&self) -> PathBuf {
        self.place.path("corpus")
    }

    pub(crate) fn destination(&self) -> PathBuf {
        self.place.path("results")
    }

    /// Counts a store of as many words as the model has tokens, in documents of `stride`.
    pub(crate) fn count(&self, name: &str, word: &str, stride: u32) {
        let words = Vocabulary::from_words((0..TOKENS).map(|id| format!("{word}{id}"))).expect("different words");
        let document = |start: u32| (0..20).map(|at| Some(WordId((start + at * stride) % TOKENS))).collect::<Vec<_>>();
        count_documents(words, (0..TOKENS).map(document), &self.place.path(name), &DocumentsOptions::default())
            .expect("a new store");
    }

    /// The campaign file's content.
    pub(crate) fn campaign(&self) -> Table {
        toml::toml! {
            name = "small"
            size = "1M"
            model = "model"
            corpus = "corpus"
            destination = "results"
            modes = ["i"]
            polarities = ["pos"]
            select = [{ layers = 0, neurons = "0-3" }]

            [parameters]
            tau = 20
            theta = [0.0, 1.0]
            kappa = [10, 24]
            min_freq = 1
        }
    }

    /// Writes a campaign file.
    pub(crate) fn write(&self, campaign: &Table) -> PathBuf {
        self.place.file("campaign.toml", &toml::to_string(campaign).expect("a table is TOML"))
    }

    /// `superposed local` on a campaign file.
    pub(crate) fn local(&self, campaign: &Path) -> Command {
        self.place.superposed(&["local", campaign.to_str().expect("a path in UTF-8"), "--workers", "1"])
    }

    /// The line that `superposed local` refuses a campaign with, which is the faultless one with a fault put in.
    pub(crate) fn refusal_of(&self, fault: impl FnOnce(&mut Table)) -> String {
        let mut campaign = self.campaign();
        fault(&mut campaign);
        let file = self.write(&campaign);
        self.refusal(self.local(&file))
    }

    /// The line that a command refuses its input with, without a word before it. Everything in this place must be as
    /// it was, so no state, destination, store or temporary file was made.
    pub(crate) fn refusal(&self, command: Command) -> String {
        let before = snapshot(&self.place.path(""));
        let lines = refused(command);
        assert_eq!(lines.len(), 1, "more was said than one line: {lines:#?}");
        assert_same(&before, &snapshot(&self.place.path("")));
        self.assert_no_process();
        lines.into_iter().next().expect("one line")
    }

    /// The line that a command refuses its input with after Postgres and a coordinator were started. The destination
    /// must be as it was.
    pub(crate) fn late_refusal(&self, command: Command) -> String {
        let before = snapshot(&self.destination());
        let mut lines = refused(command);
        let line = lines.pop().expect("a line");
        assert!(lines.len() == 1 && lines[0].starts_with("starting Postgres"), "more was said before: {lines:#?}");
        assert_same(&before, &snapshot(&self.destination()));
        self.assert_no_process();
        line
    }

    /// Checks that no process lives on that was told of this place.
    pub(crate) fn assert_no_process(&self) {
        let place = self.place.path("").display().to_string();
        let processes = fs::read_dir("/proc").expect("Linux").flatten();
        for process in processes {
            let command = fs::read(process.path().join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            assert!(!command.contains(place.trim_end_matches('/')), "this process was left behind: {command}");
        }
    }

    /// The text with this place's path cut off, so that lines can be compared.
    pub(crate) fn cut(&self, line: &str) -> String {
        line.replace(&self.place.path("").display().to_string(), "")
    }
}

/// Everything that a refused command said on standard error, the last line without the program's name.
pub(crate) fn refused(mut command: Command) -> Vec<String> {
    let output = command.output().expect("the program starts");
    assert!(output.status.code().is_some_and(|code| code > 0), "{command:?} was not refused: {}", told(&output));
    assert!(output.stdout.is_empty(), "standard output is for results: {}", told(&output));
    let mut lines = lines(&output);
    let last = lines.pop().unwrap_or_default();
    let line = last.strip_prefix("superposed: ").unwrap_or_else(|| panic!("not a refusal: {}", told(&output)));
    assert!(line.len() < 700, "too long to be read: {line}");
    let parts: Vec<&str> = line.split(": ").collect();
    assert!(parts.windows(2).all(|pair| pair[0] != pair[1]), "something is told twice: {line}");
    assert!(!line.contains("panicked"), "{line}");
    lines.push(line.to_owned());
    lines
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect()
}

/// `superposed` with these arguments, which takes no state directory.
pub(crate) fn superposed(arguments: &[&str]) -> Command {
    support::superposed(arguments)
}

/// Everything below a path, hidden files and empty directories too: a file with its content.
pub(crate) fn snapshot(root: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        let Ok(kind) = path.symlink_metadata() else { continue };
        if kind.is_dir() {
            open.extend(
                fs::read_dir(&path).expect("a readable directory").map(|entry| entry.expect("an entry").path()),
            );
        }
        found.insert(path.clone(), kind.is_file().then(|| fs::read(&path).expect("a readable file")));
    }
    found
}

pub(crate) fn assert_same(before: &BTreeMap<PathBuf, Option<Vec<u8>>>, after: &BTreeMap<PathBuf, Option<Vec<u8>>>) {
    let paths = before.keys().chain(after.keys());
    let changed: Vec<_> = paths.filter(|path| before.get(*path) != after.get(*path)).collect();
    assert!(changed.is_empty(), "these were made, changed or removed: {changed:#?}");
}
