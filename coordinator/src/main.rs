//! `superposed`: the coordinator and the operator's command.

use clap::Parser;
use std::process::ExitCode;
use superposed::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("superposed: {error:#}");
            ExitCode::FAILURE
        }
    }
}
