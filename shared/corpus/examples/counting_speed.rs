//! Counts text and says how fast that was, the writing of the store included.
//!
//! ```sh
//! cargo run --release -p superposed-corpus --example counting_speed -- TEXT STORE [--words N] [--threads N] \
//!     [--memory BYTES] [--window N]
//! ```
//!
//! prints the text's tokens, the words and pairs of the store, the time by the clock and of the CPUs (user and system, the
//! whole process), tokens per second of each, and the most memory the process had. The store is removed.

#![expect(clippy::print_stdout, reason = "a program that tells figures")]

use std::{error::Error, fs, num::NonZero, path::Path, time::Instant};
use superposed_corpus::{
    CountOptions, Inputs, count,
    count::{VocabularyRule, Words},
};

const USAGE: &str = "arguments: TEXT STORE [--words N] [--threads N] [--memory BYTES] [--window N]";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (text, store) = (arguments.next().ok_or(USAGE)?, arguments.next().ok_or(USAGE)?);
    let (mut options, mut rule) = (CountOptions::default(), VocabularyRule::default());
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(USAGE)?;
        match name.as_str() {
            "--words" => rule.max_words = value.parse()?,
            "--threads" => options.threads = value.parse::<NonZero<usize>>()?,
            "--memory" => options.memory = value.parse()?,
            "--window" => options.window = value.parse()?,
            _ => return Err(USAGE.into()),
        }
    }
    options.words = Words::Chosen(rule);

    let inputs = Inputs::of_paths([&text])?;
    let (before, start) = (cpu_seconds()?, Instant::now());
    let summary = count(&inputs, Path::new(&store), &options)?;
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds()? - before);
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim();
    fs::remove_dir_all(&store)?;

    let mut tokens = 0_u64;
    for path in files(Path::new(&text))? {
        let text = fs::read_to_string(path)?;
        let text = text.lines().filter(|line| !line.starts_with("<doc ") && *line != "</doc>");
        text.for_each(|line| options.tokenization.for_each_token(line, |_| tokens += 1));
    }
    println!(
        "{tokens} tokens, {} words, {} pairs, {} threads: {wall:.2} s, {cpu:.2} CPU-s, {:.2} M tokens/s, \
         {:.2} M tokens/CPU-s, {peak}",
        summary.words,
        summary.pairs_nonzero,
        options.threads,
        tokens as f64 / wall / 1e6,
        tokens as f64 / cpu / 1e6,
    );
    Ok(())
}

fn files(path: &Path) -> Result<Vec<std::path::PathBuf>, Box<dyn Error>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect()
}

/// What the process took of the CPUs so far: user and system, in ticks of 10 ms.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit_once(')').ok_or("a name in parentheses")?.1.split_whitespace().collect();
    Ok((fields[11].parse::<u64>()? + fields[12].parse::<u64>()?) as f64 / 100.0)
}
