//! `superposed export`

use super::{block_on, output::OutputOption, show::words_of};
use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use std::{
    io::{self, BufWriter},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};
use superposed_results::{
    Scope, Tree,
    export::{ExportError, Exported, Form, export, export_lines},
};

/// Write results in another form
///
/// From a destination, packs, lines or an archive like the published ones. What lies beside the jobs goes with them: words.txt,
/// the campaigns' records, the solver records. From packs or lines, the files of the published code come back byte for byte.
/// An export that was interrupted may be run again.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The results: a destination or an archive
    from: String,
    /// Where they go: a destination; - prints lines of JSON
    to: String,
    /// What they are written as
    #[arg(long, value_enum)]
    format: Format,
    /// The corpus store whose words the ids are, where no words.txt lies beside the results
    #[arg(long, value_name = "STORE", conflicts_with = "words")]
    corpus: Option<PathBuf>,
    /// A file with a word a line, the line's number from 0 being the id, where no words.txt lies beside the results
    #[arg(long, value_name = "FILE")]
    words: Option<PathBuf>,
    #[command(flatten)]
    output: OutputOption,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Three files a job, as the published code writes them
    Legacy,
    /// A Parquet file for each mode and layer
    Packs,
    /// Lines of JSON, a file for each mode and layer
    Jsonl,
}

impl Export {
    pub(super) fn run(self) -> Result<ExitCode> {
        block_on(async {
            let Self { from, to, format, corpus, words, output } = self;
            let printed = to == "-";
            ensure!(!printed || format == Format::Jsonl, "only --format jsonl can be printed: name a destination");
            let words = words_of(corpus.as_deref(), words.as_deref())?;
            let tree = Arc::new(Tree::open(&from, &Scope::all()).await?);
            ensure!(
                !tree.inventory.sizes.is_empty(),
                "{from} holds no results: name the destination of a campaign, the directory above a size like 124M"
            );
            let form = match format {
                Format::Legacy => Form::Legacy,
                Format::Packs => Form::Packs,
                Format::Jsonl => Form::Lines,
            };
            let exported = if printed {
                match export_lines(&tree, &mut BufWriter::new(io::stdout()), words.as_ref()).await {
                    // Nobody reads on (`… | head`): nothing more is owed.
                    Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                        return Ok(ExitCode::SUCCESS);
                    }
                    exported => exported?,
                }
            } else {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                bar.set_style(ProgressStyle::with_template("{pos} jobs {per_sec}").expect("a legal template"));
                let exported = export(&tree, &to, form, words.as_ref(), |done| bar.set_position(done)).await?;
                bar.finish_and_clear();
                exported
            };
            let Exported { jobs, topics, files } = exported;
            let into = if printed { String::new() } else { format!(" in {files} files: {to}") };
            if output.is_json() && !printed {
                say!("{}", json!({ "to": to, "jobs": jobs, "topics": topics, "files": files }));
            } else {
                eprintln!("{jobs} jobs with {topics} topics{into}");
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}
