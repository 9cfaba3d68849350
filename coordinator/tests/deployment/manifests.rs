//! The files that start our programs, and the command lines in them.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The project's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a member of a workspace").to_owned()
}

/// What a command line starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Program {
    /// `superposed serve`
    Coordinator,
    /// `superposed-worker`
    Worker,
    /// Another project's.
    Foreign,
}

/// An option on a command line.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) program: Program,
    pub(crate) option: String,
    pub(crate) line: usize,
}

/// What tells whose options follow, in all forms of manifests.
const MARKS: [(&str, Program); 11] = [
    ("superposed-coordinator", Program::Coordinator),
    ("superposed serve", Program::Coordinator),
    ("[\"superposed\"", Program::Coordinator),
    ("name: coordinator", Program::Coordinator),
    ("superposed-worker", Program::Worker),
    ("name: worker", Program::Worker),
    ("\"$program\"", Program::Worker),
    ("srun ", Program::Foreign),
    ("library/postgres", Program::Foreign),
    ("COPY ", Program::Foreign),
    ("HEALTHCHECK ", Program::Foreign),
];

/// Every file below `deploy/` that starts our programs, from the project's root.
pub(crate) fn manifests() -> Vec<PathBuf> {
    let mut found = vec!["deploy/containers/Containerfile".into(), "deploy/slurm/workers.sbatch".into()];
    for directory in ["deploy/compose", "deploy/kubernetes", "deploy/systemd"] {
        collect(directory.into(), &mut found);
    }
    found.retain(|path| path.extension().is_none_or(|end| ["yaml", "service", "sbatch"].iter().any(|one| end == *one)));
    found.sort();
    found
}

/// All files below a directory, from the project's root.
pub(crate) fn collect(directory: PathBuf, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(root().join(&directory)).expect("a directory of the project") {
        let entry = entry.expect("readable");
        let path = directory.join(entry.file_name());
        if entry.file_type().expect("readable").is_dir() {
            collect(path, found);
        } else {
            found.push(path);
        }
    }
}

/// The lines of a file of the project, numbered from 1, without comments.
pub(crate) fn lines(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(root().join(path)).expect("a file of the project");
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line));
    numbered
        .filter(|(_, line)| !line.trim_start().starts_with('#'))
        .map(|(at, line)| (at, line.split(" # ").next().unwrap_or_default().to_owned()))
        .collect()
}

/// The options of our programs that a file names.
pub(crate) fn options(path: &Path) -> Vec<Named> {
    let mut program = Program::Foreign;
    let mut named = Vec::new();
    for (line, text) in lines(path) {
        let mut at = 0;
        while let Some(rest) = text.get(at..) {
            if let Some((mark, whose)) = MARKS.iter().find(|(mark, _)| rest.starts_with(mark)) {
                program = *whose;
                at += mark.len();
                continue;
            }
            let starts = at == 0 || text[..at].ends_with([' ', '"', '=']);
            let option: String =
                rest.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '-').collect();
            if starts && option.starts_with("--") && !option.starts_with("---") && option.len() > 2 {
                at += option.len();
                if program != Program::Foreign {
                    named.push(Named { program, option, line });
                }
                continue;
            }
            let Some(letter) = rest.chars().next() else { break };
            at += letter.len_utf8();
        }
    }
    named
}

/// Our variables that a file names.
pub(crate) fn variables(path: &Path) -> Vec<(usize, String)> {
    let found = |(line, text): (usize, String)| {
        let words = text.split(|letter: char| !letter.is_ascii_uppercase() && letter != '_');
        let ours = words.filter(|word| word.starts_with("SUPERPOSED_")).map(|word| (line, word.to_owned()));
        ours.collect::<Vec<_>>()
    };
    lines(path).into_iter().flat_map(found).collect()
}
