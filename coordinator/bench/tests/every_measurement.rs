//! The benchmark works, with numbers so small that they mean nothing.

use std::process::Command;

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
        "\n| 3,000 | ",
    ] {
        assert!(printed.contains(row), "{row:?} is missing in\n{printed}");
    }
}
