//! The benchmark works, with numbers so small that they mean nothing.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

#[test]
fn every_measurement_prints_its_table() {
    let program = env!("CARGO_BIN_EXE_superposed-queue-bench");
    let output = Command::new(program).args(["all", "--quick"]).output().expect("the program starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}{said}");
    // Nothing is measured against a database that forgets.
    assert!(printed.contains(", fsync on, synchronous_commit on\n"), "{printed}");
    for row in [
        "| `CampaignService.Submit`, admission included | ",
        "| superposed, a lease of 256 in each Sync | 16 | 2,000 | ",
        "| graphile_worker 0.14.1, as its benchmark has it",
        "| Syncs | without a grant | p50 | p99 | ",
        "\n| 10 | 0 | ",
        "| 240,000 | /api/v1/campaigns/{id} | ",
        "| 240,000 | CampaignService.Get | ",
        "\n| 3,000 | ",
    ] {
        assert!(printed.contains(row), "{row:?} is missing in\n{printed}");
    }
}

#[test]
fn a_benchmark_that_is_killed_leaves_no_postgres_behind() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_superposed-queue-bench"));
    command.args(["drain", "--quick"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut bench = command.spawn().expect("the program starts");
    // The first line comes when everything runs.
    let mut line = String::new();
    BufReader::new(bench.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let prefix = format!("sqb-{}-", bench.id());
    let its_own = || {
        let all = fs::read_dir("/tmp").expect("there is one").flatten();
        all.filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix)).count()
    };
    assert_eq!(its_own(), 1, "{line}");
    bench.kill().expect("it runs");
    // All that it started have this, and it ends with the last of them.
    let mut said = String::new();
    bench.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    bench.wait().expect("it was killed");
    // Postgres was stopped before its directory was removed.
    assert_eq!(its_own(), 0, "{said}");
}
