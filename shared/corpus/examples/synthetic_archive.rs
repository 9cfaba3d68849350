//! Writes made-up counts as they are published: a tar.gz of pickles, in any size, without holding it in memory.
//!
//! ```sh
//! cargo run --release -p superposed-corpus --features synthetic --example synthetic_archive -- \
//!     counts.tar.gz --words 40000 --neighbours 20000 --vocabulary last --layout newer --numpy
//! ```

use flate2::{Compression, write::GzEncoder};
use std::{error::Error, fs::File, io::BufWriter, num::NonZero, path::PathBuf, sync::mpsc, thread};
use superposed_corpus::{
    WordId,
    synthetic::{Counts, DOCUMENT_LENGTH, DOCUMENTS, Options, WINDOW, word},
};

const USAGE: &str = "arguments: FILE [--words N] [--neighbours N] [--seed N] [--level 0-9] [--vocabulary first|last] \
                     [--layout older|newer] [--numpy]";

/// The least bytes of a frame, as CPython's pickler cuts them.
const FRAME: usize = 64 << 10;

/// How many entries a dict sets at once, as CPython's pickler does it.
const BATCH: usize = 1000;

struct Arguments {
    file: PathBuf,
    counts: Options,
    level: u32,
    vocabulary_last: bool,
    newer: bool,
    numpy: bool,
}

impl Arguments {
    fn read() -> Result<Self, Box<dyn Error>> {
        let mut arguments = std::env::args().skip(1);
        let file = arguments.next().ok_or(USAGE)?.into();
        let counts = Options::default();
        let mut all = Self { file, counts, level: 6, vocabulary_last: false, newer: false, numpy: false };
        while let Some(name) = arguments.next() {
            if name == "--numpy" {
                all.numpy = true;
                continue;
            }
            let value = arguments.next().ok_or(USAGE)?;
            match (name.as_str(), value.as_str()) {
                ("--words", _) => all.counts.words = value.parse()?,
                ("--neighbours", _) => all.counts.neighbours = value.parse()?,
                ("--seed", _) => all.counts.seed = value.parse()?,
                ("--level", _) => all.level = value.parse()?,
                ("--vocabulary", "first" | "last") => all.vocabulary_last = value == "last",
                ("--layout", "older" | "newer") => all.newer = value == "newer",
                _ => return Err(USAGE.into()),
            }
        }
        Ok(all)
    }
}

/// A pickled dict, spelled as CPython's protocol 4 does.
struct Dict {
    bytes: Vec<u8>,
    /// Where the length of the current frame stands.
    frame: usize,
    entries: usize,
    numpy: bool,
    numpy_known: bool,
}

impl Dict {
    fn new(numpy: bool) -> Self {
        let mut dict = Self { bytes: vec![0x80, 4], frame: 0, entries: 0, numpy, numpy_known: false };
        dict.start_frame();
        dict.bytes.extend(b"}\x94");
        dict
    }

    fn start_frame(&mut self) {
        self.bytes.push(0x95);
        self.frame = self.bytes.len();
        self.bytes.extend([0; 8]);
    }

    fn end_frame(&mut self) {
        let start = self.frame + 8;
        let length = (self.bytes.len() - start) as u64;
        self.bytes[self.frame..start].copy_from_slice(&length.to_le_bytes());
    }

    fn before_entry(&mut self) {
        if self.bytes.len() - self.frame >= FRAME {
            self.end_frame();
            self.start_frame();
        }
        if self.entries.is_multiple_of(BATCH) {
            self.bytes.extend(if self.entries == 0 { b"(".as_slice() } else { b"u(" });
        }
        self.entries += 1;
    }

    fn text(&mut self, key: &str, count: u64) {
        self.before_entry();
        self.bytes.extend([0x8c, key.len() as u8]);
        self.bytes.extend(key.as_bytes());
        self.bytes.push(0x94);
        self.integer(count);
    }

    fn count(&mut self, id: u32, count: u64) {
        self.before_entry();
        self.integer(id.into());
        if self.numpy { self.scalar(count) } else { self.integer(count) }
    }

    fn integer(&mut self, value: u64) {
        if let Ok(value) = u8::try_from(value) {
            self.bytes.extend([b'K', value]);
        } else if let Ok(value) = u16::try_from(value) {
            self.bytes.push(b'M');
            self.bytes.extend(value.to_le_bytes());
        } else if let Ok(value) = i32::try_from(value) {
            self.bytes.push(b'J');
            self.bytes.extend(value.to_le_bytes());
        } else {
            self.bytes.extend([0x8a, 8]);
            self.bytes.extend(value.to_le_bytes());
        }
    }

    /// A numpy.int64. The first one names its type, which is memoized in places 3 and 9.
    fn scalar(&mut self, value: u64) {
        if std::mem::replace(&mut self.numpy_known, true) {
            self.bytes.extend(b"h\x03h\x09");
        } else {
            self.bytes.extend(
                b"\x8c\x16numpy._core.multiarray\x94\x8c\x06scalar\x94\x93\x94\x8c\x05numpy\x94\x8c\x05dtype\x94\x93\x94\
                  \x8c\x02i8\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01<\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94b",
            );
        }
        self.bytes.extend(b"C\x08");
        self.bytes.extend(value.to_le_bytes());
        self.bytes.extend(b"\x94\x86\x94R\x94");
    }

    fn finish(mut self) -> Vec<u8> {
        self.bytes.extend(if self.entries == 0 { b".".as_slice() } else { b"u." });
        self.end_frame();
        self.bytes
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read()?;
    let counts = &Counts::new(arguments.counts);
    let file = BufWriter::with_capacity(1 << 20, File::create_new(&arguments.file)?);
    let mut tar = tar::Builder::new(GzEncoder::new(file, Compression::new(arguments.level)));
    let mut add = |name: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("counts/{name}"), content)
    };

    let words = arguments.counts.words;
    let mut vocabulary = Dict::new(false);
    for id in 0..words {
        vocabulary.text(&word(id), counts.single(WordId(id)));
    }
    let vocabulary = vocabulary.finish();
    if !arguments.vocabulary_last {
        add("vocab.pkl", &vocabulary)?;
    }
    add("histogram.csv", format!("{DOCUMENT_LENGTH},{DOCUMENTS}\n").as_bytes())?;
    let mut singles = Dict::new(arguments.numpy);
    for id in 0..words {
        singles.count(id, counts.single(WordId(id)));
    }
    let (single, joint) = match arguments.newer {
        true => (format!("{WINDOW}/single.pkl"), format!("{WINDOW}/joint")),
        false => (format!("{WINDOW}_single.pkl"), WINDOW.to_string()),
    };
    add(&single, &singles.finish())?;

    // Each thread makes every so manyeth row, and they are taken in turn.
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let numpy = arguments.numpy;
    thread::scope(|scope| {
        let start = |first: usize| {
            let (sender, rows) = mpsc::sync_channel(8);
            scope.spawn(move || {
                for id in (first as u32..words).step_by(threads) {
                    let mut dict = Dict::new(numpy);
                    counts.for_each_in_row(WordId(id), |column, count| dict.count(column, count));
                    if sender.send(dict.finish()).is_err() {
                        break;
                    }
                }
            });
            rows
        };
        let rows: Vec<_> = (0..threads).map(start).collect();
        for (id, rows) in (0..words).zip(rows.iter().cycle()) {
            add(&format!("{joint}/{id}.pkl"), &rows.recv()?)?;
        }
        Ok::<_, Box<dyn Error>>(())
    })?;
    if arguments.vocabulary_last {
        add("vocab.pkl", &vocabulary)?;
    }
    tar.into_inner()?.finish()?.into_inner()?.sync_all()?;
    Ok(())
}
