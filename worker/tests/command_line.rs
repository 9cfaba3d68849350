//! The program `superposed-worker` as people start it.

use std::process::{Command, Output};

fn worker(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_superposed-worker"));
    command.args(arguments).env_remove("SUPERPOSED_COORDINATOR").output().expect("the program starts")
}

#[test]
fn its_help_tells_what_it_does_and_a_wrong_option_is_one_line() {
    for (arguments, expected) in [(&["--help"][..], "--coordinator"), (&["mine", "--help"][..], "--pools")] {
        let output = worker(arguments);
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains(expected), "{output:?}");
    }
    let wrong = [(&["--capacity", "0"][..], "'0'"), (&["mine", "--corpus", "c", "--kappa", "x", "i/0_1"], "'x'")];
    for (arguments, expected) in wrong {
        let output = worker(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{error}");
        assert!(error.starts_with("superposed-worker: ") && error.contains(expected), "{error}");
    }
}
