//! `superposed`: the coordinator and the operator's command.

use std::process::ExitCode;

fn main() -> ExitCode {
    superposed::cli::main()
}
