//! Options and variables, compared with what the programs say of themselves.

use crate::manifests::{Program, collect, lines, manifests, options, variables};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

fn help(program: Program) -> String {
    let superposed = PathBuf::from(env!("CARGO_BIN_EXE_superposed"));
    let mut command = match program {
        Program::Coordinator => {
            let mut command = Command::new(superposed);
            command.arg("serve");
            command
        }
        Program::Worker => {
            let worker = superposed.with_file_name("superposed-worker");
            assert!(worker.exists(), "{} is not built: run `cargo build --workspace --bins` first", worker.display());
            Command::new(worker)
        }
        Program::Foreign => unreachable!("only ours are asked"),
    };
    let output = command.arg("--help").stdin(Stdio::null()).output().expect("a program that starts");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The words of a help text that look like options.
fn offered(help: &str) -> Vec<&str> {
    help.split(|letter: char| !letter.is_ascii_lowercase() && letter != '-').collect()
}

#[test]
fn every_option_that_a_manifest_gives_to_a_program_is_one_of_its_options() {
    let helps = [Program::Coordinator, Program::Worker].map(|program| (program, help(program)));
    let mut counts = BTreeMap::new();
    for path in manifests() {
        for named in options(&path) {
            let (_, help) = helps.iter().find(|(program, _)| *program == named.program).expect("one of ours");
            assert!(
                offered(help).contains(&named.option.as_str()),
                "{}:{}: {:?} has no {}",
                path.display(),
                named.line,
                named.program,
                named.option
            );
            *counts.entry((path.clone(), named.program)).or_insert(0) += 1;
        }
    }
    // That they were found at all.
    for (path, program, least) in [
        ("deploy/compose/compose.yaml", Program::Coordinator, 4),
        ("deploy/compose/compose.yaml", Program::Worker, 2),
        ("deploy/containers/Containerfile", Program::Worker, 4),
        ("deploy/kubernetes/base/coordinator.yaml", Program::Coordinator, 5),
        ("deploy/kubernetes/base/worker.yaml", Program::Worker, 3),
        ("deploy/kubernetes/overlays/gpu/kustomization.yaml", Program::Worker, 1),
        ("deploy/slurm/workers.sbatch", Program::Worker, 3),
        ("deploy/systemd/superposed-coordinator.service", Program::Coordinator, 4),
        ("deploy/systemd/superposed-worker@.service", Program::Worker, 2),
    ] {
        let found = counts.get(&(path.into(), program)).copied().unwrap_or_default();
        assert!(found >= least, "{path}: {found} options of {program:?} were found");
    }
}

#[test]
fn every_variable_of_ours_that_a_manifest_sets_is_one_that_workers_read() {
    let help = help(Program::Worker);
    let mut paths = manifests();
    collect("deploy/systemd".into(), &mut paths);
    collect("deploy/compose".into(), &mut paths);
    let mut found = 0;
    for path in paths {
        for (line, variable) in variables(&path) {
            let read = help.contains(&format!("[env: {variable}")) || help.contains(&format!("[env: {variable}="));
            assert!(read, "{}:{line}: workers read no {variable}", path.display());
            found += 1;
        }
    }
    assert!(found > 5, "only {found} were found");
}

#[test]
fn an_option_that_is_none_would_be_found() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("compose.yaml");
    std::fs::write(&file, "image: a/superposed-worker:1\n# --comment\ncommand: [\"--made-up=1\", \"--device=cpu\"]\n")
        .expect("a file");
    // An absolute path is taken as it is.
    let named: Vec<_> = options(Path::new(&file)).into_iter().map(|named| (named.line, named.option)).collect();
    assert_eq!(named, [(3, "--made-up".to_owned()), (3, "--device".to_owned())]);
    assert!(!offered(&help(Program::Worker)).contains(&"--made-up"));
}

#[test]
fn what_workers_are_scaled_by_is_served() {
    let file = Path::new("deploy/kubernetes/components/autoscaling/scaled-object.yaml");
    let value = |key: &str| {
        let found =
            lines(file).into_iter().find_map(|(_, line)| Some(line.trim().strip_prefix(key)?.trim().to_owned()));
        found.unwrap_or_else(|| panic!("{} has no {key}", file.display()))
    };
    let url = value("url:");
    let path = url.split(":7117").nth(1).expect("a coordinator's address").to_owned();
    let described = serde_json::to_value(superposed::http::description()).expect("JSON");
    let answer = described["paths"][&path]["get"]["responses"]["200"]["content"]["application/json"]["schema"].clone();
    let name = answer["$ref"].as_str().unwrap_or_else(|| panic!("nothing is served at {path}"));
    let name = name.rsplit('/').next().expect("a name");
    let field = &described["components"]["schemas"][name]["properties"][value("valueLocation:")];
    assert_eq!(field["type"], "number", "{path} says no {}", value("valueLocation:"));
}
