//! `superposed pack`

use super::{block_on, output::OutputOption};
use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;
use std::{process::ExitCode, sync::Arc};
use superposed_results::{
    Scope, Tree,
    compact::{Compacted, compact},
};

/// Put the parts of packs together
///
/// A campaign with layout = "packs" writes a part for each batch. This makes one Parquet file of each mode and layer whose
/// jobs are all done, and removes its parts. Run it when a campaign has ended, or at any time, also twice at once: what reads
/// results takes parts and packs alike. `superposed local` does it by itself.
#[derive(Debug, Args)]
pub(super) struct Pack {
    /// The results' destination
    destination: String,
    #[command(flatten)]
    output: OutputOption,
}

impl Pack {
    pub(super) fn run(self) -> Result<ExitCode> {
        block_on(async {
            let done = packed(&self.destination).await?;
            let Compacted { layers, parts, incomplete } = done;
            let fields = || json!({ "layers": layers, "parts": parts, "layers_in_parts": incomplete });
            self.output.tell(fields, || told(done));
            Ok(ExitCode::SUCCESS)
        })
    }
}

/// Puts together what is complete at a destination.
pub(super) async fn packed(destination: &str) -> Result<Compacted> {
    let tree = Arc::new(Tree::open(destination, &Scope::all()).await?);
    if tree.inventory.sizes.is_empty() {
        bail!(
            "{destination} holds no results: name the destination of a campaign, the directory above a size like 124M"
        );
    }
    Ok(compact(&tree).await?)
}

/// What was done, in words.
pub(super) fn told(Compacted { layers, parts, incomplete }: Compacted) -> String {
    let left = match incomplete {
        0 => String::new(),
        _ => format!("; {incomplete} layers stay in parts, since jobs of them are not done"),
    };
    format!("{layers} layers put together from {parts} parts{left}")
}
