//! Logs of a process: structured lines on standard error.

use clap::ValueEnum;
use std::io::{self, IsTerminal};
use tracing_subscriber::{EnvFilter, fmt};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// For programs: one JSON object a line.
    Json,
}

/// Starts logging to standard error. `SUPERPOSED_LOG` (a `tracing` filter like `info,superposed=debug`) sets what is
/// logged; `default` is used where it is unset.
pub fn start(format: LogFormat, default: &str) {
    let filter = EnvFilter::try_from_env("SUPERPOSED_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    match format {
        LogFormat::Human => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
}
