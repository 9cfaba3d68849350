//! `superposed completions`

use super::Cli;
use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::process::ExitCode;

/// Print what a shell needs to complete commands and options with the tab key
#[derive(Debug, Args)]
#[command(after_long_help = "\
To have it in every new shell:
  bash  superposed completions bash > ~/.local/share/bash-completion/completions/superposed
  zsh   superposed completions zsh > \"${fpath[1]}/_superposed\"
  fish  superposed completions fish > ~/.config/fish/completions/superposed.fish")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self) -> Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "superposed", &mut script);
        say!("{}", String::from_utf8(script)?.trim_end());
        Ok(ExitCode::SUCCESS)
    }
}
