//! The outermost shell of a program: reads its command line, runs it, and says what went wrong in one line, whatever a
//! library said: people and scripts find one line for one error.

use clap::Parser;
use std::{error::Error, fmt, process::ExitCode};

/// Exit status of a command line that makes no sense, as shells give it.
const WRONG_USAGE: u8 = 2;

/// An error that scripts tell from others by its exit status.
#[derive(Debug)]
pub struct WithStatus {
    /// The exit status.
    pub status: u8,
    /// What is wrong, and what to do about it.
    pub message: String,
}

impl fmt::Display for WithStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for WithStatus {}

/// Runs `program` with the command line this process was started with.
pub fn run<C: Parser>(program: &str, run: impl FnOnce(C) -> anyhow::Result<ExitCode>) -> ExitCode {
    match C::try_parse() {
        Ok(asked) => run(asked).unwrap_or_else(|error| {
            eprintln!("{program}: {}", of_error(&error));
            error.downcast_ref::<WithStatus>().map_or(ExitCode::FAILURE, |error| ExitCode::from(error.status))
        }),
        // Help or the version was asked for.
        Err(asked) if !asked.use_stderr() => asked.exit(),
        Err(wrong) => {
            eprintln!("{program}: {}", of_usage(&wrong));
            ExitCode::from(WRONG_USAGE)
        }
    }
}

/// An error and its causes; a cause that the error itself tells is not told again.
fn of_error(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let cause = flat(&cause.to_string());
        if line.is_empty() {
            line = cause;
        } else if !line.contains(&cause) {
            line.push_str(": ");
            line.push_str(&cause);
        }
    }
    line
}

/// A command line that makes no sense: what is wrong with it and what may have been meant, without the usage.
fn of_usage(error: &clap::Error) -> String {
    let text = error.render().to_string();
    // Paragraphs: what is wrong, tips, the usage, and where more is to be read.
    let mut said = text.split("\n\n").filter(|paragraph| !paragraph.trim_start().starts_with("Usage:"));
    let wrong = flat(said.next().unwrap_or_default());
    let wrong = wrong.strip_prefix("error: ").unwrap_or(&wrong);
    let tips: Vec<String> =
        said.map(flat).filter_map(|said| said.strip_prefix("tip: ").map(|tip| format!("; {tip}"))).collect();
    format!("{wrong}{}; --help tells the usage", tips.concat())
}

/// A text on one line, with nothing in it that a terminal would obey.
fn flat(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let control = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    lines.join(" ").chars().map(control).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[derive(Debug, Parser)]
    struct Example {
        campaign: String,
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..=64))]
        workers: Option<u16>,
    }

    #[test]
    fn a_cause_is_told_once_and_on_the_same_line() {
        let cause = || Err::<(), _>(anyhow!("disk\n  is \u{1b}[31mfull\n"));
        let untold = cause().context("cannot write x").expect_err("an error");
        assert_eq!(of_error(&untold), "cannot write x: disk is \\u{1b}[31mfull");
        let told = cause().context("disk is \u{1b}[31mfull: cannot write x").expect_err("an error");
        assert_eq!(of_error(&told), "disk is \\u{1b}[31mfull: cannot write x");
    }

    #[test]
    fn a_wrong_command_line_is_told_with_what_was_meant_and_without_the_usage() {
        let told = |arguments: &[&str]| {
            let arguments = ["example"].into_iter().chain(arguments.iter().copied());
            of_usage(&Example::try_parse_from(arguments).expect_err("it was accepted"))
        };
        assert_eq!(told(&[]), "the following required arguments were not provided: <CAMPAIGN>; --help tells the usage");
        assert_eq!(
            told(&["x", "--worker", "3"]),
            "unexpected argument '--worker' found; a similar argument exists: '--workers'; --help tells the usage"
        );
        assert_eq!(
            told(&["x", "--workers", "0"]),
            "invalid value '0' for '--workers <WORKERS>': 0 is not in 1..=64; --help tells the usage"
        );
    }
}
