//! What a document of a text is, and where a text may be cut between two.
//!
//! - In a plain file, each line is a document, blank lines too (as empty documents).
//! - In a file whose first line that is not blank starts with `<doc ` (what WikiExtractor writes), the lines between
//!   `<doc …>` and `</doc>` are a document, its title line among them. Blank lines between documents mean nothing.
//! - In a file of JSON lines, a field of each line's object is a document. Blank lines mean nothing.
//! - Or a whole file is a document.
//!
//! Lines end with a line feed. Text must be UTF-8; a byte order mark at the start of a file is passed over.

use crate::CorpusError;
use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor},
};
use std::{borrow::Cow, fmt, path::Path};

/// What the documents of the inputs are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Documents {
    /// The lines of a file or, where it is of WikiExtractor, its articles.
    #[default]
    LinesOrArticles,
    /// Whole files.
    Files,
    /// The texts in one field of the JSON objects on the lines of a file.
    JsonLines {
        /// The field's name.
        field: String,
    },
}

impl fmt::Display for Documents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinesOrArticles => f.write_str("lines or articles"),
            Self::Files => f.write_str("files"),
            Self::JsonLines { field } => write!(f, "the field {field:?} of JSON lines"),
        }
    }
}

/// How the documents of one file are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Lines,
    Articles,
    JsonLines,
    Whole,
}

impl Shape {
    /// The shape of a file that starts with `text`; `None` when more of it must be seen, which cannot be when it is all.
    pub(super) fn of(documents: &Documents, text: &[u8], all: bool) -> Option<Self> {
        match documents {
            Documents::Files => return Some(Self::Whole),
            Documents::JsonLines { .. } => return Some(Self::JsonLines),
            Documents::LinesOrArticles => {}
        }
        let text = text.strip_prefix(MARK).unwrap_or(text);
        let whole = |line: &&[u8]| all || line.ends_with(b"\n");
        let blank = |line: &[u8]| str::from_utf8(line).is_ok_and(|line| line.trim().is_empty());
        match text.split_inclusive(|byte| *byte == b'\n').take_while(whole).find(|line| !blank(line)) {
            Some(line) if line.starts_with(b"<doc ") => Some(Self::Articles),
            Some(_) => Some(Self::Lines),
            None => all.then_some(Self::Lines),
        }
    }

    /// Where the last document of the text that surely ends in it ends, with all that belongs to it.
    pub(super) fn last_end(self, text: &[u8]) -> Option<usize> {
        let line_end = |text: &[u8]| text.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
        let mut end = match self {
            Self::Whole => return None,
            Self::Lines | Self::JsonLines => return line_end(text),
            Self::Articles => line_end(text)?,
        };
        while end > 0 {
            let start = line_end(&text[..end - 1]).unwrap_or(0);
            if text[start..end].trim_ascii() == b"</doc>" {
                return Some(end);
            }
            end = start;
        }
        None
    }
}

/// A byte order mark.
const MARK: &[u8] = "\u{feff}".as_bytes();

/// A stretch of a file, of whole documents.
pub(super) struct Block {
    pub(super) shape: Shape,
    /// How many lines of the file come before.
    pub(super) lines_before: u64,
    pub(super) text: Vec<u8>,
}

impl Block {
    /// Calls `visit` with every document of a block of the file at `path`.
    pub(super) fn for_each_document(
        &self,
        path: &Path,
        documents: &Documents,
        mut visit: impl FnMut(&str) -> Result<(), CorpusError>,
    ) -> Result<(), CorpusError> {
        let wrong = |line: u64, detail: Cow<'static, str>| CorpusError::Text {
            path: path.to_owned(),
            line: self.lines_before + line,
            detail,
        };
        let text = match (self.lines_before, self.text.strip_prefix(MARK)) {
            (0, Some(text)) => text,
            _ => &self.text,
        };
        let text = str::from_utf8(text).map_err(|error| {
            let line = text[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            wrong(line, "it is no UTF-8: convert the file first".into())
        })?;
        let mut lines = text.split_inclusive('\n').zip(1..);
        match self.shape {
            Shape::Whole => visit(text),
            Shape::Lines => lines.try_for_each(|(line, _)| visit(line)),
            Shape::JsonLines => lines.filter(|(line, _)| !line.trim().is_empty()).try_for_each(|(line, number)| {
                let Documents::JsonLines { field } = documents else { unreachable!("such a file was not asked for") };
                visit(&text_of(line.trim_end(), field).map_err(|detail| wrong(number, detail.into()))?)
            }),
            Shape::Articles => {
                let place = |line: &str| line.as_ptr() as usize - text.as_ptr() as usize;
                let (mut open, mut last) = (None, 0);
                for (line, number) in lines {
                    last = number;
                    let start = line.starts_with("<doc ");
                    match (open, line.trim()) {
                        (Some(from), "</doc>") => {
                            visit(&text[from..place(line)])?;
                            open = None;
                        }
                        (Some(_), trimmed) if start && trimmed.ends_with('>') => {
                            let detail = "a <doc> starts before the last one has ended: extract the file again";
                            return Err(wrong(number, detail.into()));
                        }
                        (Some(_), _) | (None, "") => {}
                        (None, _) if start => open = Some(place(line) + line.len()),
                        (None, _) => {
                            return Err(wrong(number, "it is text outside of <doc>: extract the file again".into()));
                        }
                    }
                }
                match open {
                    Some(_) => Err(wrong(last, "the file ends before its last <doc>: extract it again".into())),
                    None => Ok(()),
                }
            }
        }
    }
}

/// The text in a field of a JSON object; else what is wrong.
fn text_of<'l>(line: &'l str, field: &str) -> Result<Cow<'l, str>, String> {
    let mut json = serde_json::Deserializer::from_str(line);
    let found = Field(field).deserialize(&mut json).and_then(|text| json.end().map(|()| text));
    let reason = match found {
        Ok(Some(text)) => return Ok(text),
        Ok(None) => "it has no such field".to_owned(),
        // Its place would be told as a line of this line.
        Err(error) => match error.to_string().rsplit_once(" at line ") {
            Some((reason, _)) => format!("{reason} at column {}", error.column()),
            None => error.to_string(),
        },
    };
    Err(format!(
        "it is no JSON object with a text in the field {field:?} ({reason}): correct the line, or name another field"
    ))
}

/// Reads one field of an object, and passes over the others.
struct Field<'f>(&'f str);

/// A text that is borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Field<'_> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Text(key)) = map.next_key()? {
            if key == self.0 {
                let Text(text) = map.next_value()?;
                found = Some(text);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}
