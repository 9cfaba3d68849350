//! `superposed show`

use super::{Output, block_on};
use crate::topics::{Found, FoundTopic, Order, Query, Results, TopicsError, spelt};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use console::{Term, measure_text_width};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};
use superposed_corpus::Corpus;
use superposed_identity::{Mode, Polarity, Size};
use superposed_results::{Selector, Words};
use superposed_shared::spec::IndexSet;

/// Topics shown where jobs were not named one by one, unless --limit says otherwise.
const SHOWN: usize = 50;

/// The least width of the column of jobs.
const JOB_WIDTH: usize = 16;

/// The least room for words before lines are broken.
const LEAST_ROOM: usize = 30;

/// Print topics in words
///
/// From a destination, from packs or straight from an archive like the published ones (.tar.gz). Jobs are named one by one, like
/// 124M/i/0_304_pos, or by patterns: 124M/i/0_* (a layer), 124M/i/3-5_*_pos, 124M/*/0_304 (a neuron in all modes), 124M.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The results: a destination or an archive
    destination: String,
    /// Jobs or patterns of jobs [default: all]
    #[arg(value_name = "SELECTOR")]
    selectors: Vec<Selector>,
    /// Only of this mode
    #[arg(long)]
    mode: Option<Mode>,
    /// Only of these layers, like 3 or 0-5,9
    #[arg(long, value_name = "LAYERS")]
    layer: Option<IndexSet>,
    /// Only of these neurons, like 304 or 0-99
    #[arg(long, value_name = "NEURONS")]
    neuron: Option<IndexSet>,
    /// Only of this polarity: neg or pos
    #[arg(long)]
    polarity: Option<Polarity>,
    /// Only topics that have this word; several: all of them
    #[arg(long, value_name = "WORD")]
    word: Vec<String>,
    /// Only topics that score at least this
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    min_score: Option<f64>,
    /// Only topics that score at most this
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true)]
    max_score: Option<f64>,
    /// How many topics at the most; 0 for all [default: all of named jobs and in JSON, else 50]
    #[arg(long)]
    limit: Option<usize>,
    /// Which topics come first [default: in the order of named jobs' files, else the best]
    #[arg(long, value_enum)]
    sort: Option<Sort>,
    /// How topics are printed
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    /// The corpus store whose words the ids are, where no words.txt lies beside the results
    #[arg(long, value_name = "STORE", conflicts_with = "words")]
    corpus: Option<PathBuf>,
    /// A file with a word a line, the line's number from 0 being the id, where no words.txt lies beside the results
    #[arg(long, value_name = "FILE")]
    words: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// The best first
    Score,
    /// By job
    Job,
}

impl Show {
    pub(super) fn run(self) -> Result<ExitCode> {
        block_on(self.show())
    }

    async fn show(self) -> Result<ExitCode> {
        let selectors = self.narrowed()?;
        let fallback = words_of(self.corpus.as_deref(), self.words.as_deref())?;
        let results = Results::open(&self.destination, &selectors, fallback).await?;
        let named = !selectors.is_empty() && selectors.iter().all(|selector| selector.one().is_some());
        let limit = match self.limit {
            Some(0) => None,
            None if named || self.output == Output::Json => None,
            limit => Some(limit.unwrap_or(SHOWN)),
        };
        let order = match self.sort {
            Some(Sort::Score) => Order::Score,
            Some(Sort::Job) => Order::Job,
            None if named => Order::Job,
            None => Order::Score,
        };
        let (words, min_score, max_score) = (self.word.clone(), self.min_score, self.max_score);
        let query = Query { selectors, min_score, max_score, words, order, limit };
        let found = results.ask(&query).await?;
        let words = spellings(&results, &found).await?;
        match self.output {
            Output::Json => {
                found.topics.iter().for_each(|topic| say!("{}", json_line(topic, words_for(&words, topic))));
            }
            Output::Table => table(&found.topics, &words).iter().for_each(|line| say!("{line}")),
        }
        if let Some(said) = self.said(&found, &query) {
            eprintln!("{said}");
        }
        for size in
            words.iter().filter(|(size, words)| words.is_none() && found.topics.iter().any(|t| *t.size == **size))
        {
            eprintln!("{} has no words.txt, so ids are shown: name its words with --corpus or --words", size.0);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The selectors, narrowed by what else was said of jobs.
    fn narrowed(&self) -> Result<Vec<Selector>> {
        let own = Selector {
            size: None,
            mode: self.mode,
            layers: self.layer.clone(),
            neurons: self.neuron.clone(),
            polarity: self.polarity,
        };
        if own == Selector::default() {
            return Ok(self.selectors.clone());
        }
        let all = [Selector::default()];
        let selectors = if self.selectors.is_empty() { &all[..] } else { &self.selectors };
        let narrow = |selector: &Selector| {
            selector.and(&own).with_context(|| {
                "a selector and --mode, --layer, --neuron or --polarity have no job in common: say it once".to_owned()
            })
        };
        selectors.iter().map(narrow).collect()
    }

    /// What people should know beside the topics.
    fn said(&self, found: &Found, query: &Query) -> Option<String> {
        let Found { topics, matching, jobs, without } = found;
        let filtered = query.min_score.is_some() || query.max_score.is_some() || !query.words.is_empty();
        if let (Some((size, job)), true) = (query.selectors.first().and_then(Selector::one), query.selectors.len() == 1)
            && *without == 1
        {
            return Some(format!("{} has no topics: no word set of its pool was large enough", job.stem(size)));
        }
        if *matching == 0 && filtered && without < jobs {
            let have = jobs - without;
            return Some(format!(
                "none of the topics of {have} jobs matches: other scores or words, or other jobs, may"
            ));
        }
        if *matching == 0 {
            return Some(format!("none of {jobs} jobs has topics: no word set of their pools was large enough"));
        }
        let shown = topics.len() as u64;
        if shown < *matching {
            let how = if query.order == Order::Score { "the best " } else { "the first " };
            return Some(format!("{how}{shown} of {matching} topics of {jobs} jobs; --limit 0 shows all"));
        }
        (*without > 0 || *jobs > 1).then(|| format!("{matching} topics of {jobs} jobs, {without} of which have none"))
    }
}

/// What ids mean, where the results do not say it.
pub(super) fn words_of(corpus: Option<&Path>, file: Option<&Path>) -> Result<Option<Words>> {
    if let Some(corpus) = corpus {
        return Ok(Some(Words::of_vocabulary(Corpus::open(corpus)?.vocabulary())));
    }
    let Some(path) = file else { return Ok(None) };
    let content = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let words = Words::read(&content);
    Ok(Some(words.map_err(|source| TopicsError::Words { path: path.display().to_string(), source })?))
}

type Spellings = BTreeMap<Size, Option<Words>>;

/// The words of each size that has a topic to be shown.
async fn spellings(results: &Results, found: &Found) -> Result<Spellings> {
    let mut words = Spellings::new();
    for topic in &found.topics {
        if !words.contains_key(&*topic.size) {
            words.insert((*topic.size).clone(), results.words(&topic.size).await?);
        }
    }
    Ok(words)
}

fn words_for<'w>(words: &'w Spellings, topic: &FoundTopic) -> Option<&'w Words> {
    words.get(&*topic.size).and_then(Option::as_ref)
}

/// A topic as JSON.
pub(super) fn json_line(topic: &FoundTopic, words: Option<&Words>) -> serde_json::Value {
    let FoundTopic { size, job, score, ids, .. } = topic;
    let mut line = json!({
        "size": **size, "job": job.to_string(), "mode": job.mode, "layer": job.layer, "neuron": job.neuron,
        "polarity": job.polarity, "score": score, "ids": ids,
    });
    if words.is_some() {
        line["words"] = json!(spelt(ids, words));
    }
    line
}

/// A line for each topic: score, job and words in columns. On a terminal that is too narrow, words go on in their own
/// column; elsewhere nothing is ever broken.
fn table(topics: &[FoundTopic], words: &Spellings) -> Vec<String> {
    let sizes: BTreeSet<&Size> = topics.iter().map(|topic| &*topic.size).collect();
    let name = |topic: &FoundTopic| {
        if sizes.len() > 1 { topic.job.stem(&topic.size) } else { topic.job.to_string() }
    };
    let score_width = topics.iter().map(|topic| format!("{:.4}", topic.score).len()).max().unwrap_or(0);
    let name_width = topics.iter().map(|topic| name(topic).len()).max().unwrap_or(0).max(JOB_WIDTH);
    let room = Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    let indent = score_width + 2 + name_width + 1;
    let line = |topic: &FoundTopic| {
        let broken = broken(&spelt(&topic.ids, words_for(words, topic)), room.map(|room| room.saturating_sub(indent)));
        format!(
            "{:>score_width$.4}  {:<name_width$} {}",
            topic.score,
            name(topic),
            broken.join(&format!("\n{:indent$}", ""))
        )
    };
    topics.iter().map(line).collect()
}

/// Words on as many lines as they need in so much room.
fn broken(words: &[String], room: Option<usize>) -> Vec<String> {
    let Some(room) = room.filter(|room| *room >= LEAST_ROOM) else { return vec![words.join(" ")] };
    let mut lines = vec![String::new()];
    for word in words {
        let last = lines.last_mut().expect("there is a line from the start");
        if !last.is_empty() && measure_text_width(last) + 1 + measure_text_width(word) > room {
            lines.push(word.clone());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_on_in_their_own_column_and_are_whole_where_nobody_watches() {
        let words: Vec<String> = ["copenhagen", "danish", "oslo", "viking"].map(str::to_owned).to_vec();
        assert_eq!(broken(&words, None), ["copenhagen danish oslo viking"]);
        assert_eq!(broken(&words, Some(10)), ["copenhagen danish oslo viking"]);
        let long: Vec<String> = words.iter().chain(&words).cloned().collect();
        assert_eq!(broken(&long, Some(30)), ["copenhagen danish oslo viking", "copenhagen danish oslo viking"]);
    }
}
