//! What a document of a text file is.
//!
//! - In a plain file, each line is a document, blank lines too (as empty documents); a byte order mark is passed over.
//! - In a file whose first line that is not blank starts with `<doc ` (what WikiExtractor writes), the lines between
//!   `<doc …>` and `</doc>` are a document, its title line among them. Blank lines between documents mean nothing.
//!
//! Lines end with a line feed. Text must be UTF-8.

use crate::CorpusError;
use std::{io::BufRead, path::Path};

/// How the documents of a file are told apart.
enum Shape {
    /// Not known yet: so many blank lines came first.
    Unknown {
        blank: u64,
    },
    Lines,
    Between {
        /// The text so far, when a document was opened.
        open: Option<String>,
    },
}

/// Calls `visit` with every document of a file.
pub(super) fn for_each(
    path: &Path,
    reader: &mut dyn BufRead,
    visit: &mut dyn FnMut(&str) -> Result<(), CorpusError>,
) -> Result<(), CorpusError> {
    let mut shape = Shape::Unknown { blank: 0 };
    let (mut bytes, mut number) = (Vec::new(), 0);
    loop {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).map_err(CorpusError::io("read", path))? == 0 {
            break;
        }
        number += 1;
        let wrong = |detail| CorpusError::Text { path: path.to_owned(), line: number, detail };
        let Ok(line) = std::str::from_utf8(&bytes) else {
            return Err(wrong("it is no UTF-8: convert the file first"));
        };
        let line = if number == 1 { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
        if let Shape::Unknown { blank } = &mut shape {
            if line.trim().is_empty() {
                *blank += 1;
                continue;
            }
            let blank = *blank;
            if line.starts_with("<doc ") {
                shape = Shape::Between { open: None };
            } else {
                shape = Shape::Lines;
                (0..blank).try_for_each(|_| visit(""))?;
            }
        }
        match &mut shape {
            Shape::Unknown { .. } | Shape::Lines => visit(line)?,
            Shape::Between { open } => match (&mut *open, line.trim()) {
                (Some(text), "</doc>") => {
                    visit(text)?;
                    *open = None;
                }
                (Some(_), trimmed) if line.starts_with("<doc ") && trimmed.ends_with('>') => {
                    return Err(wrong("a <doc> starts before the last one has ended: extract the file again"));
                }
                (Some(text), _) => text.push_str(line),
                (None, "") => {}
                (None, _) if line.starts_with("<doc ") => *open = Some(String::new()),
                (None, _) => return Err(wrong("it is text outside of <doc>: extract the file again")),
            },
        }
    }
    match shape {
        Shape::Unknown { blank } => (0..blank).try_for_each(|_| visit("")),
        Shape::Between { open: Some(_) } => Err(CorpusError::Text {
            path: path.to_owned(),
            line: number,
            detail: "the file ends before its last <doc>: extract it again",
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(text: &[u8]) -> Result<Vec<String>, String> {
        let mut documents = Vec::new();
        let mut visit = |document: &str| {
            documents.push(document.to_owned());
            Ok(())
        };
        for_each(Path::new("file"), &mut &*text, &mut visit).map_err(|error| error.to_string())?;
        Ok(documents)
    }

    #[test]
    fn each_line_of_a_plain_file_is_a_document_blank_ones_too() {
        assert_eq!(documents(b"\xef\xbb\xbfa b\n\nc").expect("read"), ["a b\n", "\n", "c"]);
        assert_eq!(documents(b"\n \na <doc id=1>\n").expect("read"), ["", "", "a <doc id=1>\n"]);
        assert_eq!(documents(b"\n\n").expect("read"), ["", ""]);
        assert!(documents(b"").expect("read").is_empty());
    }

    #[test]
    fn each_doc_of_an_extracted_file_is_a_document_with_all_its_lines() {
        let text = b"\n<doc id=\"1\" title=\"A\">\nA\n\na < b\n</doc>\n\n<doc id=\"2\">\n</doc>\n";
        assert_eq!(documents(text).expect("read"), ["A\n\na < b\n", ""]);
    }

    #[test]
    fn damage_is_refused_with_its_line() {
        let refused = |text: &[u8]| documents(text).expect_err("accepted");
        assert!(refused(b"a\n\xff\n").starts_with("file, line 2: it is no UTF-8"));
        assert!(refused(b"<doc id=1>\na\n<doc id=2>\n").starts_with("file, line 3: a <doc> starts"));
        assert!(refused(b"<doc id=1>\na\n").starts_with("file, line 2: the file ends"));
        assert!(refused(b"<doc id=1>\n</doc>\na\n").starts_with("file, line 3: it is text outside"));
    }
}
