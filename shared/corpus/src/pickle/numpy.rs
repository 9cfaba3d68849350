//! The globals that a pickle of counts may name, and how numpy scalars are made of them.

use super::value::{Item, Pickle, SetId};

/// A global that is known. It is a label here: nothing is imported or called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Global {
    /// `numpy.core.multiarray.scalar`, since numpy 2 `numpy._core.multiarray.scalar`
    Scalar,
    /// `numpy.dtype`
    Dtype,
    /// `_codecs.encode`, by which protocol 2 spells bytes
    Encode,
    /// `builtins.set` and `builtins.frozenset`, by which protocols 2 and 3 spell sets
    Set,
}

impl Global {
    pub(super) fn find(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Self::Scalar,
            ("numpy", "dtype") => Self::Dtype,
            ("_codecs", "encode") => Self::Encode,
            ("builtins" | "__builtin__", "set" | "frozenset") => Self::Set,
            _ => return None,
        })
    }
}

/// What numbers a dtype is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Signed,
    Unsigned,
    Float,
}

/// A numpy dtype of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dtype {
    kind: Kind,
    bytes: usize,
    big_endian: bool,
}

impl Dtype {
    /// What counts nearly always are.
    const LITTLE_I64: Self = Self { kind: Kind::Signed, bytes: 8, big_endian: false };

    /// `numpy.dtype(name, False, True)`, as numpy's pickles call it.
    pub(super) fn new(arguments: &[Item<'_>]) -> Result<Self, String> {
        let [Item::Text(name), Item::Bool(false) | Item::Integer(0), Item::Bool(true) | Item::Integer(1)] = arguments
        else {
            return Err("a numpy dtype is not made as numpy makes it".to_owned());
        };
        let (kind, bytes) = match *name {
            "i1" => (Kind::Signed, 1),
            "i2" => (Kind::Signed, 2),
            "i4" => (Kind::Signed, 4),
            "i8" => (Kind::Signed, 8),
            "u1" => (Kind::Unsigned, 1),
            "u2" => (Kind::Unsigned, 2),
            "u4" => (Kind::Unsigned, 4),
            "u8" => (Kind::Unsigned, 8),
            "f8" => (Kind::Float, 8),
            _ => {
                return Err(format!("the numpy dtype {name:?} is foreign: only integers and f8 are known"));
            }
        };
        Ok(Self { kind, bytes, big_endian: false })
    }

    /// The state that numpy sets: `(3, byte order, None, None, None, -1, -1, 0)`.
    pub(super) fn set_state(&mut self, state: &[Item<'_>]) -> Result<(), String> {
        use Item::{Integer, None, Text};
        let [Integer(3), Text(order), None, None, None, Integer(-1), Integer(-1), Integer(0)] = state else {
            return Err("the state of a numpy dtype is not that of a plain number".to_owned());
        };
        self.big_endian = match *order {
            "<" | "|" => false,
            ">" => true,
            _ => return Err(format!("the numpy byte order {order:?} is foreign")),
        };
        Ok(())
    }

    /// The integer of this type that the bytes hold, when it is one and they do.
    #[inline]
    pub(super) fn integer(self, bytes: &[u8]) -> Option<i64> {
        if self == Self::LITTLE_I64 {
            return Some(i64::from_le_bytes(*bytes.as_array()?));
        }
        match self.decode(bytes.iter().copied()) {
            Ok(Item::Integer(value)) => Some(value),
            _ => None,
        }
    }

    /// The number of this type that the bytes hold.
    fn decode(self, bytes: impl Iterator<Item = u8>) -> Result<Item<'static>, String> {
        let (mut word, mut length) = ([0; 8], 0);
        for byte in bytes {
            *word.get_mut(length).ok_or("a numpy scalar has more bytes than its dtype")? = byte;
            length += 1;
        }
        if length != self.bytes {
            return Err(format!("a numpy scalar has {length} bytes, but its dtype {}", self.bytes));
        }
        if self.big_endian {
            word[..length].reverse();
        }
        let bits = u64::from_le_bytes(word);
        let spare = 64 - 8 * length as u32;
        match self.kind {
            // Shifted up and back down, the sign of the narrow number fills the wide one.
            Kind::Signed => Ok(Item::Integer((bits << spare) as i64 >> spare)),
            Kind::Unsigned => {
                i64::try_from(bits).map(Item::Integer).map_err(|_| format!("the integer {bits} has more than 63 bits"))
            }
            Kind::Float => Ok(Item::Float(f64::from_bits(bits))),
        }
    }
}

impl<'a> Pickle<'a> {
    /// The value of a known global called with arguments.
    pub(super) fn call(&mut self, global: Global, arguments: &[Item<'a>]) -> Result<Item<'a>, String> {
        match (global, arguments) {
            (Global::Scalar, [Item::Dtype(dtype), bytes]) => {
                let dtype = self.dtypes[*dtype as usize];
                match bytes {
                    Item::Bytes(bytes) => dtype.decode(bytes.iter().copied()),
                    // Checked to be below 256 when it was made.
                    Item::Latin1(text) => dtype.decode(text.chars().map(|char| char as u8)),
                    _ => Err(format!("a numpy scalar is made of a {}", bytes.kind())),
                }
            }
            (Global::Dtype, arguments) => {
                let place = self.dtypes.len() as u32;
                self.dtypes.push(Dtype::new(arguments)?);
                Ok(Item::Dtype(place))
            }
            (Global::Encode, [Item::Text(text), Item::Text("latin1")]) => {
                if text.chars().any(|char| u32::from(char) > 255) {
                    return Err("bytes are spelled with a code point above 255".to_owned());
                }
                Ok(Item::Latin1(text))
            }
            (Global::Set, [Item::List(list)]) => Ok(Item::Set(SetId(*list))),
            (global, _) => Err(format!("the arguments of {global:?} are foreign")),
        }
    }
}
