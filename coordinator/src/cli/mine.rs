//! `superposed mine`, which is the worker's: mining takes the model's forward pass, and the coordinator has none.

use crate::local::own_program;
use anyhow::{Context, Result};
use clap::Args;
use std::{
    ffi::OsString,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

/// Mine neurons of a model, or stored pools, and print their topics in words; no server is needed
#[derive(Debug, Args)]
// The options are the worker's, and so is their help.
#[command(disable_help_flag = true, disable_version_flag = true)]
pub(super) struct Mine {
    /// What `superposed-worker mine --help` tells
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Mine {
    pub(super) fn run(self) -> Result<ExitCode> {
        let worker = own_program("superposed-worker")?;
        // Returns only when it could not be started.
        let error = Command::new(&worker).arg0("superposed").arg("mine").args(self.arguments).exec();
        Err(error).with_context(|| format!("cannot start {}", worker.display()))
    }
}
