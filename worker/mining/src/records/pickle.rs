//! A pool as a Python pickle of protocol 4: what `pickle.dumps(pool, protocol=4)` writes, but a set's numbers ascend.
//!
//! Opcodes are those of Python's `pickletools`; a reader needs nothing but `pickle.load`.

use crate::pool::{Pool, PoolForm};
use superposed_identity::WordId;

const PROTOCOL_4: [u8; 2] = [0x80, 4];
const FRAME: u8 = 0x95;
const EMPTY_SET: u8 = 0x8f;
const EMPTY_LIST: u8 = b']';
const MEMOIZE: u8 = 0x94;
const MARK: u8 = b'(';
const ADDITEMS: u8 = 0x90;
const APPEND: u8 = b'a';
const APPENDS: u8 = b'e';
const BININT1: u8 = b'K';
const BININT2: u8 = b'M';
const BININT: u8 = b'J';
const LONG1: u8 = 0x8a;
const STOP: u8 = b'.';

/// Python adds this many items with one opcode.
const BATCH: usize = 1000;

/// The pickle of a pool.
#[must_use]
pub fn pool(pool: &Pool) -> Vec<u8> {
    let mut body = Vec::with_capacity(8 + 5 * pool.words.len());
    let (empty, add) = match pool.form {
        PoolForm::Set => (EMPTY_SET, ADDITEMS),
        PoolForm::List => (EMPTY_LIST, APPENDS),
    };
    body.extend([empty, MEMOIZE]);
    if let (PoolForm::List, [only]) = (pool.form, pool.words.as_slice()) {
        int(&mut body, *only);
        body.push(APPEND);
    } else {
        for batch in pool.words.chunks(BATCH) {
            body.push(MARK);
            batch.iter().for_each(|word| int(&mut body, *word));
            body.push(add);
        }
    }
    body.push(STOP);

    let mut pickle = PROTOCOL_4.to_vec();
    // As Python does it: what is shorter than a frame's least use stands alone. One frame may be of any length.
    if body.len() >= 4 {
        pickle.push(FRAME);
        pickle.extend((body.len() as u64).to_le_bytes());
    }
    pickle.extend(body);
    pickle
}

/// An int in the shortest opcode that holds it.
fn int(body: &mut Vec<u8>, WordId(id): WordId) {
    let bytes = id.to_le_bytes();
    match id {
        0..=0xff => body.extend([BININT1, bytes[0]]),
        0x100..=0xffff => body.extend([BININT2, bytes[0], bytes[1]]),
        0x1_0000..=0x7fff_ffff => {
            body.push(BININT);
            body.extend(bytes);
        }
        // BININT is signed, so what would be negative in it takes a fifth byte.
        0x8000_0000.. => {
            body.extend([LONG1, 5]);
            body.extend(bytes);
            body.push(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pickled(form: PoolForm, ids: &[u32]) -> Vec<u8> {
        pool(&Pool { words: ids.iter().copied().map(WordId).collect(), form })
    }

    /// What CPython 3 writes for the same values.
    #[test]
    fn lists_are_pythons_own_bytes() {
        let list = |ids: &[u32]| pickled(PoolForm::List, ids);
        assert_eq!(list(&[]), b"\x80\x04]\x94.");
        assert_eq!(list(&[1]), b"\x80\x04\x95\x06\0\0\0\0\0\0\0]\x94K\x01a.");
        assert_eq!(
            list(&[1, 255, 256, 65_535, 65_536, 0x7fff_ffff]),
            b"\x80\x04\x95\x19\0\0\0\0\0\0\0]\x94(K\x01K\xffM\0\x01M\xff\xffJ\0\0\x01\0J\xff\xff\xff\x7fe."
        );
        assert_eq!(
            list(&[0x8000_0000, u32::MAX]),
            b"\x80\x04\x95\x13\0\0\0\0\0\0\0]\x94(\x8a\x05\0\0\0\x80\0\x8a\x05\xff\xff\xff\xff\0e."
        );
        let long = list(&(0..1001).collect::<Vec<_>>());
        assert_eq!(&long[..15], b"\x80\x04\x95\xc2\n\0\0\0\0\0\0]\x94(K");
        assert_eq!(&long[2757..], b"\x03e(M\xe8\x03e.");
    }

    #[test]
    fn sets_are_pythons_own_bytes_in_ascending_order() {
        let set = |ids: &[u32]| pickled(PoolForm::Set, ids);
        assert_eq!(set(&[]), b"\x80\x04\x8f\x94.");
        assert_eq!(set(&[7]), b"\x80\x04\x95\x07\0\0\0\0\0\0\0\x8f\x94(K\x07\x90.");
        assert_eq!(
            set(&[1, 5, 300, 70_000]),
            b"\x80\x04\x95\x11\0\0\0\0\0\0\0\x8f\x94(K\x01K\x05M,\x01Jp\x11\x01\0\x90."
        );
        let long = set(&(0..1001).collect::<Vec<_>>());
        assert_eq!(&long[2757..], b"\x03\x90(M\xe8\x03\x90.");
    }
}
