//! The command line. Each command is a file; what people asked for goes to standard output, everything else to standard
//! error.

/// Prints a line on standard output.
macro_rules! say {
    ($($line:tt)*) => { $crate::cli::say_line(format_args!($($line)*)) };
}

mod campaigns;
mod completions;
mod corpus;
mod database;
mod demo;
mod exit;
mod export;
mod local;
mod mine;
mod output;
mod pack;
mod profiles;
mod serve;
mod server;
mod show;
mod token;
mod verify;
mod watch;
mod workers;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use output::Output;
use std::{
    fmt,
    future::Future,
    io::{self, Write},
    process::{ExitCode, exit},
};
use superposed_shared::{
    command_line,
    telemetry::{self, LogFormat},
};

/// Mines the neurons of transformer language models for the topics superposed in them.
#[derive(Debug, Parser)]
#[command(name = "superposed", version, propagate_version = true, after_help = exit::HELP)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How log lines look; SUPERPOSED_LOG sets what is logged
    #[arg(long, value_enum, default_value_t, global = true)]
    log_format: LogFormat,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a corpus and a model with planted topics, mine them, and count how many come back
    Demo(demo::Demo),
    /// Run a campaign on this machine: starts Postgres, a coordinator and workers, and stops them at the end
    Local(local::Local),
    /// Run a coordinator
    Serve(serve::Serve),
    /// Make tokens, with which people and workers say who they are
    #[command(subcommand)]
    Token(token::Token),
    /// Submit a campaign to a coordinator
    Submit(campaigns::Submit),
    /// List all campaigns
    List(campaigns::List),
    /// Show a campaign with its layers, and who works on it; without a campaign, list all
    Status(campaigns::Status),
    /// Follow a campaign until it ends
    Watch(watch::Watch),
    /// Hand out no more of a campaign's jobs
    Pause(campaigns::Pause),
    /// Go on with a paused campaign
    Resume(campaigns::Resume),
    /// End a campaign: running jobs are taken back, files that were written stay
    Cancel(campaigns::Cancel),
    /// Queue the failed jobs of a campaign once more
    Retry(campaigns::Retry),
    /// Change the order in which campaigns are served
    Priority(campaigns::Priority),
    /// Forget a campaign that has ended; files that were written stay
    Delete(campaigns::Delete),
    /// List the failed jobs of a campaign: which neuron, and why
    Failures(campaigns::Failures),
    /// List workers, or have one leave
    Workers(workers::Workers),
    Mine(mine::Mine),
    /// Print topics in words: of neurons, layers and modes, by score and by word
    Show(show::Show),
    /// Write results in another form: the published files, packs, lines of JSON
    Export(export::Export),
    /// Put the parts of packs together: one Parquet file for each mode and layer that is complete
    Pack(pack::Pack),
    /// Check a whole tree of results: every job present, its files sound, its scores those of the corpus
    Verify(verify::Verify),
    /// Make and look at corpus stores
    #[command(subcommand)]
    Corpus(corpus::Corpus),
    /// Print what a shell needs to complete commands and options with the tab key
    Completions(completions::Completions),
}

/// Runs the command that this process was started with. What is wrong is told in one line on standard error.
#[must_use]
pub fn main() -> ExitCode {
    command_line::run("superposed", Cli::run)
}

impl Cli {
    /// Runs the command.
    ///
    /// # Errors
    /// What is wrong, in one line.
    pub fn run(self) -> Result<ExitCode> {
        // Where people watch a bar, only what they must know is logged beside it.
        let quiet = !matches!(self.command, Command::Serve(_));
        let filter = if quiet { "warn,superposed_fetch=info" } else { "info,object_store=warn" };
        // Spans are sent until this is dropped.
        let _exporting = match &self.command {
            Command::Serve(serve) => serve.export(self.log_format, filter)?,
            _ => {
                telemetry::start(self.log_format, filter);
                None
            }
        };
        match self.command {
            Command::Demo(demo) => demo.run(),
            Command::Local(local) => local.run(),
            Command::Serve(serve) => serve.run(),
            Command::Token(token) => token.run(),
            Command::Submit(submit) => submit.run(),
            Command::List(list) => list.run(),
            Command::Status(status) => status.run(),
            Command::Watch(watch) => watch.run(),
            Command::Pause(pause) => pause.run(),
            Command::Resume(resume) => resume.run(),
            Command::Cancel(cancel) => cancel.run(),
            Command::Retry(retry) => retry.run(),
            Command::Priority(priority) => priority.run(),
            Command::Delete(delete) => delete.run(),
            Command::Failures(failures) => failures.run(),
            Command::Workers(workers) => workers.run(),
            Command::Mine(mine) => mine.run(),
            Command::Show(show) => show.run(),
            Command::Export(export) => export.run(),
            Command::Pack(pack) => pack.run(),
            Command::Verify(verify) => verify.run(),
            Command::Corpus(corpus) => corpus.run(),
            Command::Completions(completions) => completions.run(),
        }
    }
}

/// Prints a line; where nobody reads on (`… | head`), nothing more is owed, and the process ends in silence.
fn say_line(line: fmt::Arguments<'_>) {
    if let Err(error) = writeln!(io::stdout(), "{line}") {
        if error.kind() != io::ErrorKind::BrokenPipe {
            eprintln!("superposed: cannot write to standard output: {error}");
        }
        exit(i32::from(error.kind() != io::ErrorKind::BrokenPipe));
    }
}

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the asynchronous runtime")?;
    let done = runtime.block_on(work);
    // Not waited for: a thread that reads standard input would hold the process until something is typed.
    runtime.shutdown_background();
    done
}
