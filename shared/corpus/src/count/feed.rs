//! Text handed out in blocks of whole documents, to any number of threads.
//!
//! A thread that wants a block takes a source that nobody is reading, reads a block from it and puts it back; when all
//! open ones are being read it opens the next source. So many small files are read side by side, and of one large file
//! the next block is read (and decompressed) while others are counted. No thread does nothing but read, and no block
//! waits in a queue.
//!
//! When something is wrong, sources before the wrong place are read on and those after it are not: of several errors the
//! one in the first source, in its first block, is told, however threads ran.

use super::documents::{Block, Documents, Shape};
use crate::{
    CorpusError,
    input::{Source, open_source},
    progress::Reporter,
};
use std::{
    collections::VecDeque,
    io::{BufRead, Read},
    panic,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// How much text a block has at least, but the last of a source: a thread is busy with it for some 100 ms.
const BLOCK: usize = 1 << 20;

/// The longest document, in bytes. Nothing a person wrote is as long; a file without line breaks may be.
const LONGEST: usize = 1 << 30;

/// A block and where it is from.
pub(super) struct Taken {
    source: usize,
    block: Block,
}

/// The sources of a count while they are read once.
pub(super) struct Feed<'a> {
    sources: &'a [Box<dyn Source>],
    documents: &'a Documents,
    /// How many bytes were read of all sources, as they lie there.
    passed: &'a AtomicU64,
    block: usize,
    state: Mutex<State<'a>>,
    /// A source was put back, or all is over.
    changed: Condvar,
}

#[derive(Default)]
struct State<'a> {
    /// The next source to open.
    next: usize,
    /// Sources that nobody is reading.
    idle: Vec<Open<'a>>,
    /// How many sources are being read.
    busy: usize,
    /// Blocks that were read before anybody wanted to have them.
    ready: VecDeque<Taken>,
    /// The first error so far, by its source and the line before its block.
    failed: Option<((usize, u64), CorpusError)>,
}

/// A source that was opened.
struct Open<'a> {
    number: usize,
    reader: Box<dyn BufRead + Send + 'a>,
    shape: Option<Shape>,
    /// How many lines were handed out.
    lines: u64,
    /// What was read, but not handed out.
    rest: Vec<u8>,
}

impl<'a> Feed<'a> {
    pub(super) fn new(sources: &'a [Box<dyn Source>], documents: &'a Documents, passed: &'a AtomicU64) -> Self {
        Self { sources, documents, passed, block: BLOCK, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Reads the first blocks, of at least so many bytes together or all, and calls `visit` with their documents. They
    /// will be handed out as if they had not been read.
    pub(super) fn peek(
        &self,
        bytes: usize,
        mut visit: impl FnMut(&str) -> Result<(), CorpusError>,
    ) -> Result<(), CorpusError> {
        let (mut blocks, mut peeked) = (VecDeque::new(), 0);
        while peeked < bytes
            && let Some(read) = self.take()
        {
            self.for_each_document(&read, &mut visit)?;
            peeked += read.block.text.len();
            blocks.push_back(read);
        }
        let mut state = self.lock();
        state.ready = blocks;
        state.failed.take().map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Calls `work` with every document, on so many threads, this one among them, each with a state of its own; returns
    /// the states.
    pub(super) fn run<S: Send>(
        &self,
        threads: usize,
        mut reporter: Reporter<'_>,
        state: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, &str) -> Result<(), CorpusError> + Sync,
    ) -> Result<Vec<S>, CorpusError> {
        let one = |mut report: Option<&mut Reporter<'_>>| {
            let mut state = state();
            while let Some(read) = self.take() {
                if let Err(error) = self.for_each_document(&read, |document| work(&mut state, document)) {
                    self.fail(read.source, read.block.lines_before, error);
                }
                if let Some(reporter) = &mut report {
                    reporter.at(self.passed.load(Ordering::Relaxed));
                }
            }
            state
        };
        reporter.at(0);
        let states = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(|| one(None))).collect();
            let mut states = vec![one(Some(&mut reporter))];
            states.extend(
                others.into_iter().map(|other| other.join().unwrap_or_else(|panic| panic::resume_unwind(panic))),
            );
            states
        });
        reporter.finish(self.passed.load(Ordering::Relaxed));
        match self.lock().failed.take() {
            Some((_, error)) => Err(error),
            None => Ok(states),
        }
    }

    fn for_each_document(
        &self,
        read: &Taken,
        visit: impl FnMut(&str) -> Result<(), CorpusError>,
    ) -> Result<(), CorpusError> {
        read.block.for_each_document(self.sources[read.source].path(), self.documents, visit)
    }

    /// The next block, when there is any: the caller reads it.
    fn take(&self) -> Option<Taken> {
        loop {
            let mut state = self.lock();
            let mut open = loop {
                if let Some(read) = state.ready.pop_front() {
                    return Some(read);
                }
                if let Some(open) = state.idle.pop() {
                    break open;
                }
                if state.failed.is_none() && state.next < self.sources.len() {
                    state.next += 1;
                    break Open::new(state.next - 1);
                }
                if state.busy == 0 {
                    return None;
                }
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            };
            state.busy += 1;
            drop(state);
            let _reading = Reading(self);
            let block = open.next_block(self);
            let number = open.number;
            match block {
                Ok(Some(block)) => {
                    let mut state = self.lock();
                    if state.failed.as_ref().is_none_or(|((source, _), _)| number < *source) {
                        state.idle.push(open);
                    }
                    return Some(Taken { source: number, block });
                }
                Ok(None) => {}
                Err(error) => self.fail(number, open.lines, error),
            }
        }
    }

    /// Keeps an error, unless one before it is known; nothing from there on is read any more.
    fn fail(&self, source: usize, line: u64, error: CorpusError) {
        let mut state = self.lock();
        if state.failed.as_ref().is_none_or(|(place, _)| (source, line) < *place) {
            state.failed = Some(((source, line), error));
            state.idle.retain(|open| open.number < source);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// That a source is being read, until this is dropped.
struct Reading<'f, 'a>(&'f Feed<'a>);

impl Drop for Reading<'_, '_> {
    fn drop(&mut self) {
        self.0.lock().busy -= 1;
        self.0.changed.notify_all();
    }
}

impl<'a> Open<'a> {
    /// The source of that number, not read yet.
    fn new(number: usize) -> Self {
        Self { number, reader: Box::new(std::io::empty()), shape: None, lines: 0, rest: Vec::new() }
    }

    /// Reads the next block, if there is one.
    fn next_block(&mut self, feed: &Feed<'a>) -> Result<Option<Block>, CorpusError> {
        let source = &*feed.sources[self.number];
        let mut text = std::mem::take(&mut self.rest);
        let fresh = self.shape.is_none();
        if fresh {
            self.reader = open_source(source, feed.passed)?;
        }
        let mut wanted = feed.block;
        loop {
            let read = self.reader.by_ref().take(wanted as u64).read_to_end(&mut text);
            let all = read.map_err(CorpusError::io("read", source.path()))? < wanted;
            if self.shape.is_none() {
                self.shape = Shape::of(feed.documents, &text, all);
            }
            let end = match self.shape {
                Some(_) if all => Some(text.len()),
                Some(shape) => shape.last_end(&text),
                None => None,
            };
            if let (Some(end), Some(shape)) = (end, self.shape) {
                self.rest = text.split_off(end);
                let lines_before = self.lines;
                self.lines += text.iter().filter(|byte| **byte == b'\n').count() as u64;
                // An empty file has no lines, but is a file.
                let some = !text.is_empty() || (fresh && shape == Shape::Whole);
                return Ok(some.then_some(Block { shape, lines_before, text }));
            }
            if text.len() > LONGEST {
                let detail = format!("a document of more than {LONGEST} bytes starts here: give smaller ones").into();
                return Err(CorpusError::Text { path: source.path().to_owned(), line: self.lines + 1, detail });
            }
            wanted = text.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Stage;
    use proptest::{collection::vec, prelude::*};
    use std::{io, path::Path};

    struct Text(&'static str, Vec<u8>);

    impl Source for Text {
        fn path(&self) -> &Path {
            Path::new(self.0)
        }

        fn bytes(&self) -> u64 {
            self.1.len() as u64
        }

        fn open(&self) -> io::Result<Box<dyn Read + Send>> {
            Ok(Box::new(io::Cursor::new(self.1.clone())))
        }
    }

    /// The documents of some texts, sorted, from blocks of so many bytes.
    fn read(
        texts: &[&[u8]],
        documents: &Documents,
        block: usize,
        threads: usize,
        peek: usize,
    ) -> Result<Vec<String>, String> {
        const NAMES: [&str; 4] = ["a", "b", "c", "d"];
        let texts = texts.iter().zip(NAMES).map(|(text, name)| Box::new(Text(name, text.to_vec())) as Box<dyn Source>);
        let (sources, passed): (Vec<_>, _) = (texts.collect(), AtomicU64::new(0));
        let feed = Feed { block, ..Feed::new(&sources, documents, &passed) };
        feed.peek(peek, |_| Ok(())).map_err(|error| error.to_string())?;
        let keep = |found: &mut Vec<String>, document: &str| {
            found.push(document.to_owned());
            Ok(())
        };
        let reporter = Reporter::new(None, Stage::CountingWindows, None, 1);
        let found = feed.run(threads, reporter, Vec::new, keep).map_err(|error| error.to_string())?;
        assert_eq!(passed.load(Ordering::Relaxed), sources.iter().map(|source| source.bytes()).sum::<u64>());
        let mut found = found.concat();
        found.sort_unstable();
        Ok(found)
    }

    fn lines(text: &[u8]) -> Result<Vec<String>, String> {
        read(&[text], &Documents::default(), 3, 1, 0)
    }

    #[test]
    fn each_line_of_a_plain_file_is_a_document_blank_ones_too() {
        assert_eq!(lines(b"\xef\xbb\xbfa b\n\nc").expect("read"), ["\n", "a b\n", "c"]);
        assert_eq!(lines(b"\n \na <doc id=1>\n").expect("read"), ["\n", " \n", "a <doc id=1>\n"]);
        assert_eq!(lines(b"\n\n").expect("read"), ["\n", "\n"]);
        assert!(lines(b"").expect("read").is_empty());
    }

    #[test]
    fn each_doc_of_an_extracted_file_is_a_document_with_all_its_lines() {
        let text = b"\n<doc id=\"1\" title=\"A\">\nA\n\na < b\n</doc>\n\n<doc id=\"2\">\n</doc>\n";
        assert_eq!(lines(text).expect("read"), ["", "A\n\na < b\n"]);
    }

    #[test]
    fn a_field_of_each_json_line_or_a_whole_file_is_a_document() {
        let json = Documents::JsonLines { field: "text".to_owned() };
        let text = b"{\"id\": 1, \"text\": \"one\\ntwo \\u00e9\"}\n\n{\"text\": \"\", \"other\": {\"text\": 3}}";
        assert_eq!(read(&[text], &json, 3, 2, 0).expect("read"), ["", "one\ntwo \u{e9}"]);
        for (line, reason) in [
            ("{\"body\": \"x\"}", "it has no such field"),
            ("{\"text\": null}", "invalid type: null, expected a string at column 13"),
            ("[\"text\"]", "invalid type: sequence, expected an object at column 0"),
            ("{\"text\": \"x\"", "EOF while parsing an object at column 12"),
            ("{\"text\": \"x\"} y", "trailing characters at column 15"),
        ] {
            let text = format!("{{\"text\": \"x\"}}\n{line}\n");
            let error = read(&[text.as_bytes()], &json, 3, 1, 0).expect_err("accepted");
            let expected = "a, line 2: it is no JSON object with a text in the field \"text\" (";
            assert_eq!(error, format!("{expected}{reason}): correct the line, or name another field"));
        }
        let files = read(&[b"\xef\xbb\xbf<doc a\n\nb", b"", b"c"], &Documents::Files, 3, 2, 0);
        assert_eq!(files.expect("read"), ["", "<doc a\n\nb", "c"]);
    }

    #[test]
    fn damage_is_refused_with_its_line_and_that_of_the_first_source_is_told() {
        let refused = |text: &[u8]| lines(text).expect_err("accepted");
        assert!(refused(b"a\n\xff\n").starts_with("a, line 2: it is no UTF-8"));
        assert!(refused(b"<doc id=1>\na\n<doc id=2>\n").starts_with("a, line 3: a <doc> starts"));
        assert!(refused(b"<doc id=1>\na\n").starts_with("a, line 2: the file ends"));
        assert!(refused(b"<doc id=1>\n</doc>\na\n").starts_with("a, line 3: it is text outside"));
        let late = [b"x\n".repeat(1000), b"\xff\n".to_vec(), b"\xff\n".repeat(1000)].concat();
        for threads in [1, 2, 4] {
            for peek in [0, 10, 10_000] {
                let error = read(&[b"x\n", &late, b"\xff\n", b"x\n"], &Documents::default(), 4, threads, peek);
                assert!(error.expect_err("accepted").starts_with("b, line 1001: it is no UTF-8"));
            }
        }
    }

    proptest! {
        #[test]
        fn blocks_of_any_size_hold_the_same_documents(
            plain in "(\n|[ab ]{0,9}\n){0,20}[ab]{0,3}",
            articles in vec("(\n|[ab ]{0,9}\n){0,5}", 0..6),
            (block, threads, peek) in (1_usize..40, 1_usize..4, 0_usize..200),
        ) {
            let articles: String = articles.iter().map(|text| format!("<doc id=1>\n{text}</doc>\n\n")).collect();
            let texts = [plain.as_bytes(), articles.as_bytes(), b"a\n"];
            let all = read(&texts, &Documents::default(), 1 << 20, 1, 0);
            prop_assert_eq!(read(&texts, &Documents::default(), block, threads, peek), all);
        }
    }
}
