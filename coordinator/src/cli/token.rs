//! `superposed token`

use crate::guard::{Role, tokens};
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use std::{fs::OpenOptions, io::Write, os::unix::fs::OpenOptionsExt, path::PathBuf, process::ExitCode};

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    New(New),
}

/// Make a token, and print it this once. The coordinators keep only its digest
#[derive(Debug, Args)]
pub(super) struct New {
    /// What its holder may do
    #[arg(long, value_enum)]
    role: Role,
    /// Whose it is: a name of its own among all tokens
    #[arg(long)]
    name: String,
    /// The coordinators' tokens file, to which its line is added [default: the line is printed on standard error]
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
}

impl Token {
    pub(super) fn run(self) -> Result<ExitCode> {
        match self {
            Self::New(new) => new.run(),
        }
    }
}

impl New {
    fn run(self) -> Result<ExitCode> {
        let token = tokens::mint()?;
        let line = tokens::line(self.role, &self.name, &token)?;
        match &self.tokens {
            Some(path) => {
                let text = tokens::addition(path, &line)?;
                let failed = || format!("cannot add a line to the tokens file {}", path.display());
                let mut options = OpenOptions::new();
                let mut file = options.append(true).create(true).mode(0o600).open(path).with_context(failed)?;
                // At once: a coordinator that reads meanwhile finds the line or does not.
                file.write_all(text.as_bytes()).with_context(failed)?;
            }
            None => eprintln!("add this line to the tokens file of every coordinator: {line}"),
        }
        say!("{}", token.secret());
        Ok(ExitCode::SUCCESS)
    }
}
