//! Makes more text of some text, for measurements: documents as long as the given ones, in which each token follows the
//! one before it as somewhere in the given text. So words are as frequent as there, neighbours keep company as there,
//! and new pairs of words go on appearing, which they would not were the text repeated.
//!
//! ```sh
//! cargo run --release -p superposed-corpus --example more_text -- enwiki 40000000 more.txt
//! ```
//!
//! reads files of WikiExtractor, and writes that many bytes, one document a line.

use std::{
    collections::HashMap,
    error::Error,
    fs,
    io::{BufWriter, Write},
};

const USAGE: &str = "arguments: DIRECTORY BYTES FILE";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, bytes, file] = &arguments[..] else { return Err(USAGE.into()) };
    let mut left: usize = bytes.parse()?;
    let mut paths: Vec<_> =
        fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<Result<_, Box<dyn Error>>>()?;
    paths.sort_unstable();
    let texts = paths.iter().map(fs::read_to_string).collect::<Result<Vec<_>, _>>()?;
    let documents: Vec<Vec<&str>> = texts
        .iter()
        .flat_map(|text| text.split("</doc>"))
        .filter_map(|document| document.split_once("<doc ")?.1.split_once('\n'))
        .map(|(_, document)| document.split_whitespace().collect())
        .filter(|document: &Vec<&str>| !document.is_empty())
        .collect();
    // What follows a token, as often as it does. The end of a document is followed by the start of the next.
    let tokens: Vec<&str> = documents.iter().flatten().copied().collect();
    let mut after: HashMap<&str, Vec<&str>> = HashMap::new();
    for (token, next) in tokens.iter().zip(tokens.iter().cycle().skip(1)) {
        after.entry(token).or_default().push(next);
    }
    let mut random = SplitMix(1);
    let mut file = BufWriter::new(fs::File::create_new(file)?);
    while left > 0 {
        let document = &documents[random.below(documents.len())];
        let (mut token, mut line) = (document[0], String::new());
        for _ in 0..document.len() {
            line.push_str(token);
            line.push(' ');
            let choices = &after[token];
            token = choices[random.below(choices.len())];
        }
        let line = &line[..line.floor_char_boundary(left.min(line.len()) - 1)];
        writeln!(file, "{line}")?;
        left = left.saturating_sub(line.len() + 1);
    }
    file.flush()?;
    Ok(())
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let bits = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ bits >> 31) % end as u64) as usize
    }
}
