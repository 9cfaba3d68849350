//! docs/command-line.md says what the program says of itself.

use crate::support::{succeed, superposed};
use clap::{Command, CommandFactory};
use std::{fs, path::Path};
use superposed::cli::Cli;

fn page() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/command-line.md");
    fs::read_to_string(page).expect("docs/command-line.md is there")
}

/// The commands below one, by all the words that are typed for them.
fn commands(command: &Command, words: &str) -> Vec<String> {
    let mut all = Vec::new();
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        let words = format!("{words} {}", command.get_name());
        all.extend(commands(command, &words));
        all.push(words);
    }
    all
}

#[test]
fn every_command_is_told_of() {
    let page = page();
    let commands = commands(&Cli::command(), "superposed");
    assert!(commands.len() > 25, "{commands:?}");
    for command in commands {
        assert!(page.contains(&format!("`{command}")), "docs/command-line.md does not tell of `{command}`");
    }
}

#[test]
fn every_command_that_is_told_of_is_there() {
    let known = commands(&Cli::command(), "superposed");
    let table = page();
    let told = table.lines().filter_map(|line| line.strip_prefix("| `superposed ")?.split('`').next());
    let mut rows = 0;
    for told in told {
        rows += 1;
        let told = format!("superposed {told}");
        assert!(known.iter().any(|command| told == *command || told.starts_with(&format!("{command} "))), "{told}");
    }
    assert!(rows > 20, "only {rows} commands are told of in tables");
}

#[test]
fn exit_codes_are_the_same_in_the_help_and_on_the_page() {
    let help = succeed(superposed(&["--help"]));
    let (_, codes) = help.split_once("Exit codes:\n").expect("the help ends with exit codes");
    let page = page();
    let mut lines = 0;
    for line in codes.lines().take_while(|line| !line.is_empty()) {
        lines += 1;
        let (code, meaning) = line.trim().split_once(' ').expect("a code and what it means");
        let row = format!("| {code} | {} |", meaning.trim());
        assert!(page.contains(&row), "docs/command-line.md has no row {row}");
    }
    assert_eq!(lines, 6, "{codes}");
}
