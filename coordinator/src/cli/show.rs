//! `superposed show`

use super::block_on;
use crate::topics::Results;
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::process::ExitCode;
use superposed_identity::{JobId, LayerIndex, NeuronId, Size};
use superposed_shared::destination::Destination;

/// Print the topics of jobs in words.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The results' destination
    destination: String,
    /// Jobs as their files are named, like 124M/i/0_304_pos
    #[arg(required = true)]
    jobs: Vec<String>,
}

impl Show {
    pub(super) fn run(self) -> Result<ExitCode> {
        block_on(async {
            for text in &self.jobs {
                let (size, job) =
                    parse(text).with_context(|| format!("{text:?} is not a job like 124M/i/0_304_pos"))?;
                let destination = Destination::open_existing(&self.destination)?;
                let topics = Results::open(destination, size).await?.topics(job).await?;
                ensure!(self.jobs.len() > 1 || !topics.is_empty(), "{text} has no topics");
                topics.iter().for_each(|topic| say!("{topic}"));
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

fn parse(text: &str) -> Option<(Size, JobId)> {
    let mut parts = text.split('/');
    let (size, mode, name) = (parts.next()?, parts.next()?, parts.next()?);
    let mut fields = name.split('_');
    let (layer, neuron, polarity) = (fields.next()?, fields.next()?, fields.next()?);
    if parts.next().is_some() || fields.next().is_some() {
        return None;
    }
    let job = JobId {
        mode: mode.parse().ok()?,
        layer: LayerIndex(layer.parse().ok()?),
        neuron: NeuronId(neuron.parse().ok()?),
        polarity: polarity.parse().ok()?,
    };
    Some((size.parse().ok()?, job))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_as_its_files_are() {
        let (size, job) = parse("124M/iii/3_17_neg").expect("a job");
        assert_eq!(job.stem(&size), "124M/iii/3_17_neg");
        for text in
            ["124M/i/0_1", "124M/iv/0_1_pos", "i/0_1_pos", "124M/i/0_1_pos/x", "124M/i/0_1_pos_x", "../i/0_1_pos"]
        {
            assert!(parse(text).is_none(), "{text} was taken");
        }
    }
}
