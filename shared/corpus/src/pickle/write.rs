//! Dicts of counts, pickled: protocol 4, as CPython spells them but for frames and memos, which a reader needs not.

/// How many entries a dict sets at once, as CPython's pickler does it.
const BATCH: usize = 1000;

/// A pickled dict that is being filled.
pub(crate) struct DictWriter {
    bytes: Vec<u8>,
    entries: usize,
}

impl DictWriter {
    /// An empty dict.
    pub(crate) fn new() -> Self {
        Self { bytes: b"\x80\x04}".to_vec(), entries: 0 }
    }

    /// Sets the count of an id that has none yet.
    pub(crate) fn id(&mut self, id: u32, count: u64) {
        self.before_entry();
        self.integer(id.into());
        self.integer(count);
    }

    /// Sets the count of a word that has none yet.
    pub(crate) fn word(&mut self, word: &str, count: u64) {
        self.before_entry();
        match u8::try_from(word.len()) {
            Ok(length) => self.bytes.extend([0x8c, length]),
            Err(_) => {
                // The longest text of this instruction has 4 GiB; the longest document, 1.
                self.bytes.push(b'X');
                self.bytes.extend((word.len() as u32).to_le_bytes());
            }
        }
        self.bytes.extend(word.as_bytes());
        self.integer(count);
    }

    /// The whole pickle.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.extend(if self.entries == 0 { b".".as_slice() } else { b"u." });
        self.bytes
    }

    fn before_entry(&mut self) {
        if self.entries.is_multiple_of(BATCH) {
            self.bytes.extend(if self.entries == 0 { b"(".as_slice() } else { b"u(" });
        }
        self.entries += 1;
    }

    /// An integer in as few bytes as can be.
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
            // Signed; no corpus has 2⁶³ windows.
            self.bytes.extend([0x8a, 8]);
            self.bytes.extend(value.to_le_bytes());
        }
    }
}
