//! Machines that lack something, and state directories that cannot be had.

use crate::{
    bench::{Bench, superposed},
    support::told,
};
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::process::ExitStatusExt,
    process::{Command, Stdio},
};

#[test]
fn a_pgbin_without_postgres_is_named() {
    let bench = Bench::new();
    let file = bench.write(&bench.campaign());
    let mut command = bench.local(&file);
    command.env("PGBIN", bench.model());
    assert_eq!(
        bench.cut(&bench.refusal(command)),
        "PGBIN is model, but there is no initdb and pg_ctl in it; point it at Postgres's bin directory or unset it"
    );
}

#[test]
fn a_missing_worker_program_is_told_before_anything_is_begun() {
    let bench = Bench::new();
    let file = bench.write(&bench.campaign());
    fs::create_dir(bench.place.path("bin")).expect("a new directory");
    let alone = bench.place.path("bin/superposed");
    fs::copy(env!("CARGO_BIN_EXE_superposed"), &alone).expect("a copy");
    let mut command = Command::new(alone);
    command.args(bench.local(&file).get_args());
    assert_eq!(
        bench.cut(&bench.refusal(command)),
        "cannot start superposed-worker (bin/superposed-worker): it must lie beside `superposed`; build both"
    );
}

#[test]
fn a_device_that_no_worker_could_use_is_refused_before_anything_is_begun() {
    let bench = Bench::new();
    let file = bench.write(&bench.campaign());
    let refusal = |device: &str| {
        let mut command = bench.local(&file);
        command.args(["--device", device]);
        bench.refusal(command)
    };
    assert_eq!(
        refusal("cpu,gpu"),
        "invalid value 'gpu' for '--device <DEVICE>': expected auto, cpu, cuda or cuda:<number>; --help tells the usage"
    );
    // With or without GPUs, and built with or without CUDA.
    let line = refusal("cuda:4096");
    assert!(line.contains("--device cpu") || line.contains("there is no device cuda:4096"), "{line}");
}

#[test]
fn a_state_directory_that_cannot_be_made_is_named() {
    let bench = Bench::new();
    let file = bench.write(&bench.campaign());
    let below = bench.place.file("file", "").join("state");
    let arguments = ["local", file.to_str().expect("UTF-8"), "--state", below.to_str().expect("UTF-8")];
    assert_eq!(
        bench.cut(&bench.refusal(superposed(&arguments))),
        "the state directory file/state cannot be used: Not a directory (os error 20); name another with --state"
    );
}

#[test]
fn data_of_a_postgres_that_is_not_installed_are_refused_and_left_alone() {
    let bench = Bench::new();
    let file = bench.write(&bench.campaign());
    let data = bench.place.path("state/postgres/data");
    fs::create_dir_all(&data).expect("a new directory");
    fs::write(data.join("PG_VERSION"), "8\n").expect("a writable file");
    let line = bench.cut(&bench.refusal(bench.local(&file)));
    assert!(line.starts_with("state/postgres/data was made by Postgres 8, but only "), "{line}");
    assert!(line.ends_with("install that version, or move the directory away to start afresh"), "{line}");
}

#[test]
fn a_state_directory_in_use_is_refused_until_it_is_free() {
    let bench = Bench::new();
    let file = bench.write(&bench.campaign());
    let mut first = bench.local(&file).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut said = String::new();
    let mut stderr = BufReader::new(first.stderr.take().expect("a pipe"));
    stderr.read_line(&mut said).expect("text");
    assert!(said.starts_with("starting Postgres"), "{said}");
    let second = crate::bench::refused(bench.local(&file));
    let status = first.wait().expect("it ends");
    assert_eq!((status.code(), status.signal()), (Some(0), None), "the first was disturbed");
    assert_eq!(
        second.iter().map(|line| bench.cut(line)).collect::<Vec<_>>(),
        ["another `superposed local` or `superposed demo` is using state; wait for it to end, or name another \
             directory with --state"]
    );
    let third = bench.local(&file).output().expect("it starts");
    assert!(third.status.success(), "{}", told(&third));
    bench.assert_no_process();
}
