//! Reading a job's `_topics.csv`: a row `id id … id,score` for each topic, nothing at all for none.

use crate::error::{DemoError, IoContext};
use std::{fs, io::ErrorKind, path::Path};
use superposed_identity::{JobId, WordId};

/// A topic as it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MinedTopic {
    pub(crate) words: Vec<WordId>,
    pub(crate) score: f64,
}

/// The topics of a job; `results` is the `<destination>/<size>` directory.
pub(crate) fn read_topics(results: &Path, job: JobId) -> Result<Vec<MinedTopic>, DemoError> {
    let path = results.join(format!("{job}_topics.csv"));
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(DemoError::NotMined { path }),
        text => text.while_doing("read", &path)?,
    };
    text.lines()
        .enumerate()
        .map(|(row, line)| parse(line).ok_or_else(|| DemoError::MalformedTopics { path: path.clone(), line: row + 1 }))
        .collect()
}

fn parse(line: &str) -> Option<MinedTopic> {
    let (words, score) = line.split_once(',')?;
    let words = words.split(' ').map(|id| id.parse().map(WordId)).collect::<Result<_, _>>().ok()?;
    Some(MinedTopic { words, score: score.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_ids_and_a_score_and_anything_else_is_refused() {
        let expected = MinedTopic { words: vec![WordId(3), WordId(14)], score: 1.5e-5 };
        assert_eq!(parse("3 14,1.5e-05"), Some(expected));
        for line in ["", "3 14", "3 x,0.5", "3  14,0.5", "3 14,", "-3 14,0.5"] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }
}
