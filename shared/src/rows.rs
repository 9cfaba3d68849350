//! Word sets and topics read back from their files, whoever wrote them.
//!
//! A row ends with a line feed, the last one too: a file that was cut short is told from a whole one wherever the cut is
//! not just behind a row.

use std::{borrow::Cow, num::IntErrorKind};
use superposed_identity::WordId;

/// A row of `_topics.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicRow {
    /// The words, as they stand there.
    pub words: Vec<WordId>,
    /// The mean NPMI of their pairs.
    pub score: f64,
}

/// A line that is no row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, {text:?}: {reason}")]
pub struct RowError {
    /// The line, from 1.
    pub line: usize,
    /// The beginning of its text.
    pub text: String,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Why a line is no row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The last line is not ended.
    #[error("the file was cut short, the line has no end")]
    CutShort,
    /// A word id was expected.
    #[error("{0:?} is no word id")]
    Id(String),
    /// A word id above 2³² − 1.
    #[error("word id {0} is too large")]
    Large(String),
    /// A topic without a score.
    #[error("a topic is word ids, a comma and a score, but there is no comma")]
    NoScore,
    /// The score is no finite number.
    #[error("{0:?} is no score")]
    Score(String),
}

/// The rows of a `_topics.csv`: `id id … id,score`.
pub fn topics(content: &[u8]) -> impl Iterator<Item = Result<TopicRow, RowError>> {
    rows(content, |text| {
        let comma = text.iter().rposition(|byte| *byte == b',').ok_or(Reason::NoScore)?;
        Ok(TopicRow { words: ids(&text[..comma])?, score: score(&text[comma + 1..])? })
    })
}

/// The rows of an `_isets.csv`: `id id … id`, the centre last.
pub fn word_sets(content: &[u8]) -> impl Iterator<Item = Result<Vec<WordId>, RowError>> {
    rows(content, ids)
}

/// What `read` makes of each line.
fn rows<T>(content: &[u8], read: impl Fn(&[u8]) -> Result<T, Reason>) -> impl Iterator<Item = Result<T, RowError>> {
    content.split_inclusive(|byte| *byte == b'\n').enumerate().map(move |(index, line)| {
        let text = line.strip_suffix(b"\n");
        let row = text.ok_or(Reason::CutShort).and_then(&read);
        row.map_err(|reason| RowError { line: index + 1, text: excerpt(text.unwrap_or(line)), reason })
    })
}

/// Ids with one space between them; at least one.
fn ids(text: &[u8]) -> Result<Vec<WordId>, Reason> {
    text.split(|byte| *byte == b' ').map(id).collect()
}

/// Decimal digits and nothing else.
fn id(text: &[u8]) -> Result<WordId, Reason> {
    let digits = str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let digits = digits.ok_or_else(|| Reason::Id(excerpt(text)))?;
    digits.parse().map(WordId).map_err(|error: std::num::ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow => Reason::Large(excerpt(text)),
        _ => Reason::Id(excerpt(text)),
    })
}

/// A finite number as Python or Rust writes it.
fn score(text: &[u8]) -> Result<f64, Reason> {
    let number = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.filter(|score: &f64| score.is_finite()).ok_or_else(|| Reason::Score(excerpt(text)))
}

/// So much of a text as fits into a line that a person reads.
fn excerpt(text: &[u8]) -> String {
    const SHOWN: usize = 60;
    match String::from_utf8_lossy(&text[..text.len().min(SHOWN)]) {
        whole if text.len() <= SHOWN => Cow::into_owned(whole),
        start => start.into_owned() + "…",
    }
}

/// The body of the fuzz target: any bytes, read as both files, must neither panic nor take memory beyond a multiple of
/// their length, and a row that is read must be written as it stood there.
///
/// # Panics
/// When a row of ids is not the text it was read from.
#[cfg(feature = "fuzz")]
pub fn fuzz(data: &[u8]) {
    for (line, row) in data.split_inclusive(|byte| *byte == b'\n').zip(word_sets(data)) {
        let Ok(row) = row else { continue };
        let text = line.strip_suffix(b"\n").expect("a row ends with a line feed");
        let numbers = text.split(|byte| *byte == b' ');
        // Without the zeros that may stand before a number.
        for (number, WordId(id)) in numbers.zip(row) {
            let zeros = number.iter().take_while(|digit| **digit == b'0').count().min(number.len() - 1);
            assert_eq!(id.to_string().as_bytes(), &number[zeros..]);
        }
    }
    for row in topics(data).flatten() {
        assert!(row.score.is_finite() && !row.words.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(ids: &[u32], score: f64) -> TopicRow {
        TopicRow { words: ids.iter().copied().map(WordId).collect(), score }
    }

    #[test]
    fn rows_are_read_as_they_were_written() {
        let read: Result<Vec<_>, _> = topics(b"1 20 300,2e-05\n4294967295 0,-0.25\n").collect();
        assert_eq!(read, Ok(vec![topic(&[1, 20, 300], 2e-5), topic(&[u32::MAX, 0], -0.25)]));
        let read: Result<Vec<_>, _> = word_sets(b"7\n1 2 0\n").collect();
        assert_eq!(read, Ok(vec![vec![WordId(7)], vec![WordId(1), WordId(2), WordId(0)]]));
        assert_eq!(topics(b"").count() + word_sets(b"").count(), 0);
    }

    #[test]
    fn what_is_no_row_is_named_with_its_line() {
        let said = |content: &[u8]| {
            let error = topics(content).find_map(Result::err).expect("the row was accepted");
            error.to_string()
        };
        assert_eq!(said(b"1 2,0.5\n1 x,0.5\n"), "line 2, \"1 x,0.5\": \"x\" is no word id");
        assert_eq!(said(b"1 2,0.5\n1 2,0."), "line 2, \"1 2,0.\": the file was cut short, the line has no end");
        for (content, reason) in [
            (&b"1 2\n"[..], "no comma"),
            (b"\n", "no comma"),
            (b",0.5\n", "\"\" is no word id"),
            (b"1  2,0.5\n", "\"\" is no word id"),
            (b"+1 2,0.5\n", "\"+1\" is no word id"),
            (b"4294967296,0.5\n", "word id 4294967296 is too large"),
            (b"1 2,\n", "\"\" is no score"),
            (b"1 2,0.5 \n", "\"0.5 \" is no score"),
            (b"1 2,nan\n", "\"nan\" is no score"),
            (b"1 2,1e999\n", "\"1e999\" is no score"),
            (b"1 2,0.5\r\n", "is no score"),
            (b"\xff,0.5\n", "is no word id"),
        ] {
            let said = said(content);
            assert!(said.starts_with("line 1, ") && said.ends_with(reason), "{said} does not end with {reason}");
        }
        assert!(said(&[b"1 ".repeat(1000), b"\n".to_vec()].concat()).len() < 200, "the whole line was repeated");
    }
}
