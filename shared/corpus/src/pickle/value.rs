//! What a pickle holds.

use super::numpy::{Dtype, Global};

/// Names a dict of a [`Pickle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DictId(pub(super) u32);

/// Names a list of a [`Pickle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListId(pub(super) u32);

/// Names a set or a frozenset of a [`Pickle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetId(pub(super) ListId);

/// Names a tuple of a [`Pickle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TupleId {
    pub(super) start: u32,
    pub(super) length: u32,
}

/// A value of a pickle. Texts and bytes are borrowed from the file, containers are looked up in the [`Pickle`]: so
/// values are copied freely, one container may be in several places, and a cycle is no problem.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Item<'a> {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// An integer, or a numpy scalar of an integer type.
    Integer(i64),
    /// A float, or a numpy float64 scalar.
    Float(f64),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Bytes as protocol 2 spells them: a text of the code points 0 to 255, each one byte.
    Latin1(&'a str),
    /// A tuple.
    Tuple(TupleId),
    /// A list.
    List(ListId),
    /// A dict.
    Dict(DictId),
    /// A set or a frozenset.
    Set(SetId),
    /// One of the globals that are known.
    #[doc(hidden)]
    Global(Global),
    /// A numpy dtype, by its place.
    #[doc(hidden)]
    Dtype(u32),
}

impl Item<'_> {
    /// What kind of value it is, as Python says.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "bool",
            Self::Integer(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "str",
            Self::Bytes(_) | Self::Latin1(_) => "bytes",
            Self::Tuple(_) => "tuple",
            Self::List(_) => "list",
            Self::Dict(_) => "dict",
            Self::Set(_) => "set",
            Self::Global(_) => "global",
            Self::Dtype(_) => "dtype",
        }
    }
}

/// A pickle that was read: its root and all containers.
#[derive(Debug)]
pub struct Pickle<'a> {
    pub(super) root: Item<'a>,
    pub(super) dicts: Vec<Vec<(Item<'a>, Item<'a>)>>,
    /// The items of all lists and sets. A set that is made of a list shares its place: a copy for each such call would
    /// let a small file fill the memory, and no pickler uses the list again.
    pub(super) lists: Vec<Vec<Item<'a>>>,
    /// The items of all tuples, one tuple after the other.
    pub(super) tuples: Vec<Item<'a>>,
    pub(super) dtypes: Vec<Dtype>,
}

impl<'a> Pickle<'a> {
    /// The value that was pickled.
    #[must_use]
    pub fn root(&self) -> Item<'a> {
        self.root
    }

    /// The entries of a dict in the order of the file. A key that the file sets twice is there twice.
    #[must_use]
    pub fn dict(&self, id: DictId) -> &[(Item<'a>, Item<'a>)] {
        &self.dicts[id.0 as usize]
    }

    /// The items of a list.
    #[must_use]
    pub fn list(&self, id: ListId) -> &[Item<'a>] {
        &self.lists[id.0 as usize]
    }

    /// The items of a set in the order of the file. An item that the file adds twice is there twice.
    #[must_use]
    pub fn set(&self, id: SetId) -> &[Item<'a>] {
        self.list(id.0)
    }

    /// The items of a tuple.
    #[must_use]
    pub fn tuple(&self, id: TupleId) -> &[Item<'a>] {
        &self.tuples[id.start as usize..][..id.length as usize]
    }
}
