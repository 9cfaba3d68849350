//! The stack machine of a pickle, with few of its instructions.

use super::{
    numpy::{Dtype, Global},
    value::{DictId, Item, ListId, Pickle, SetId, TupleId},
};

/// A pickle that is damaged, or does what counts have no need of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PickleError {
    /// An instruction that is not known.
    #[error("foreign pickle opcode 0x{opcode:02x} at byte {offset}: only plain containers of plain values are read")]
    Opcode {
        /// The instruction.
        opcode: u8,
        /// Where it stands.
        offset: usize,
    },
    /// A global that is not known. Nothing of it was imported or called.
    #[error("foreign pickle global {module}.{name} at byte {offset}: only numpy scalars and sets are read")]
    Global {
        /// The Python module.
        module: String,
        /// The name in it.
        name: String,
        /// Where it is named.
        offset: usize,
    },
    /// The pickle ends too early.
    #[error("the pickle ends at byte {length}, in the middle of what starts at byte {offset}: get the file again")]
    Truncated {
        /// Where the unfinished part starts.
        offset: usize,
        /// The length of the file, in bytes.
        length: usize,
    },
    /// The pickle breaks a rule of the format.
    #[error("damaged pickle at byte {offset}: {detail}: get the file again")]
    Malformed {
        /// Where.
        offset: usize,
        /// The broken rule.
        detail: String,
    },
}

/// Reads a whole pickle.
///
/// # Errors
/// Damage, or anything that counts have no need of, with the byte where it is.
pub fn read(bytes: &[u8]) -> Result<Pickle<'_>, PickleError> {
    let mut machine = Machine::new(bytes, false)?;
    machine.run(&mut |_, _| Ok::<_, PickleError>(()))?;
    Ok(machine.pickle)
}

/// Reads a whole pickle and calls `visit` with the entries of the dict that it holds, in no particular order, without
/// keeping them; returns what it holds, which is a dict if anything was visited to some purpose.
///
/// This is [`read`] for many entries, several times as fast: a run of entries whose keys are small integers and whose
/// values are small integers or numpy integers, as protocol 4 and 5 spell them, is read without a stack. A pickle that
/// takes such a value from the stack again, to put it into something else, is damaged to this reader; no dict of
/// integers is spelled so.
///
/// # Errors
/// Damage, or anything that counts have no need of, with the byte where it is; or the first error of `visit`.
pub fn entries<'a, E: From<PickleError>>(
    bytes: &'a [u8],
    mut visit: impl FnMut(Item<'a>, Item<'a>) -> Result<(), E>,
) -> Result<Item<'a>, E> {
    let mut machine = Machine::new(bytes, true)?;
    machine.run(&mut visit)?;
    Ok(machine.pickle.root)
}

struct Machine<'a> {
    bytes: &'a [u8],
    /// The next byte.
    at: usize,
    /// Where the current instruction starts.
    start: usize,
    stack: Vec<Item<'a>>,
    /// How high the stack was at each mark.
    marks: Vec<usize>,
    memo: Memo<'a>,
    pickle: Pickle<'a>,
    /// Whether the entries of the first dict are visited and not kept. If the pickle holds a dict, it is that one: it
    /// is the lowest on the stack from its first instruction on.
    visiting: bool,
    /// The last pair of memo places that named a numpy scalar's constructor and a dtype of integers, and that dtype.
    scalar: Option<([u8; 2], u32, Dtype)>,
}

/// What was memoized.
#[derive(Default)]
struct Memo<'a> {
    items: Vec<Option<Item<'a>>>,
    /// One more than the highest place that was filled.
    length: usize,
    /// The scalars that were read without a stack, by place. Hardly any is asked for again.
    passed: Vec<Passed>,
}

/// A numpy scalar that was read without a stack. Its bytes, the arguments of its constructor, and it itself are in three
/// places of the memo from `place` on.
struct Passed {
    place: u32,
    /// Where its bytes are in the file.
    start: u32,
    length: u32,
    dtype: u32,
    value: i64,
}

type Step<T = ()> = Result<T, PickleError>;

impl<'a> Machine<'a> {
    fn new(bytes: &'a [u8], visiting: bool) -> Step<Self> {
        // Places are numbered with u32; each takes at least one byte of the file.
        if u32::try_from(bytes.len()).is_err() {
            let detail = "4 GiB and more are too long for counts".to_owned();
            return Err(PickleError::Malformed { offset: 0, detail });
        }
        let pickle =
            Pickle { root: Item::None, dicts: Vec::new(), lists: Vec::new(), tuples: Vec::new(), dtypes: Vec::new() };
        let (stack, marks, memo) = (Vec::new(), Vec::new(), Memo::default());
        Ok(Self { bytes, at: 0, start: 0, stack, marks, memo, pickle, visiting, scalar: None })
    }

    /// Runs to the end. Of a dict whose entries are visited, none are kept.
    fn run<E: From<PickleError>>(
        &mut self,
        visit: &mut impl FnMut(Item<'a>, Item<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.byte()? != 0x80 {
            return Ok(self.malformed("it does not start as a pickle of protocol 2 or later")?);
        }
        self.protocol()?;
        loop {
            if self.visiting && self.marks == [1] {
                self.plain_entries(visit)?;
            }
            self.start = self.at;
            match self.byte()? {
                0x80 => self.protocol()?,
                0x95 => self.frame()?,
                b'.' => return Ok(self.stop()?),

                b'N' => self.stack.push(Item::None),
                0x88 => self.stack.push(Item::Bool(true)),
                0x89 => self.stack.push(Item::Bool(false)),
                b'K' => self.integer(1)?,
                b'M' => self.integer(2)?,
                b'J' => {
                    let value = i32::from_le_bytes(self.array()?);
                    self.stack.push(Item::Integer(value.into()));
                }
                0x8a => self.long()?,
                b'G' => {
                    let value = f64::from_be_bytes(self.array()?);
                    self.stack.push(Item::Float(value));
                }
                0x8c => self.text(1)?,
                b'X' => self.text(4)?,
                0x8d => self.text(8)?,
                b'C' => self.raw(1)?,
                b'B' => self.raw(4)?,
                0x8e => self.raw(8)?,

                b'(' => self.marks.push(self.stack.len()),
                b')' => self.tuple(0)?,
                0x85 => self.tuple(1)?,
                0x86 => self.tuple(2)?,
                0x87 => self.tuple(3)?,
                b't' => {
                    let mark = self.mark()?;
                    self.tuple(self.stack.len() - mark)?;
                }
                b']' => {
                    let list = self.pickle.new_list(Vec::new());
                    self.stack.push(Item::List(list));
                }
                b'a' => self.append(1)?,
                b'e' => {
                    let mark = self.mark()?;
                    self.append(self.stack.len() - mark)?;
                }
                b'}' => {
                    let dict = self.pickle.new_dict();
                    self.stack.push(dict);
                }
                b's' => self.set_items(2, visit)?,
                b'u' => {
                    let mark = self.mark()?;
                    self.set_items(self.stack.len() - mark, visit)?;
                }
                0x8f => {
                    let items = self.pickle.new_list(Vec::new());
                    self.stack.push(Item::Set(SetId(items)));
                }
                0x90 => self.add_items()?,
                0x91 => {
                    let mark = self.mark()?;
                    let items = self.stack.split_off(mark);
                    let items = self.pickle.new_list(items);
                    self.stack.push(Item::Set(SetId(items)));
                }

                b'q' => self.put(1)?,
                b'r' => self.put(4)?,
                0x94 => self.memoize(self.memo.length)?,
                b'h' => self.get(1)?,
                b'j' => self.get(4)?,

                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.global(module, name)?;
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    let (Item::Text(module), Item::Text(name)) = (module, name) else {
                        return Ok(self.malformed("the name of a global is no text")?);
                    };
                    self.global(module, name)?;
                }
                b'R' => self.reduce()?,
                b'b' => self.build()?,
                opcode => {
                    return Err(PickleError::Opcode { opcode, offset: self.start }.into());
                }
            }
        }
    }

    fn malformed<T>(&self, detail: impl Into<String>) -> Step<T> {
        Err(PickleError::Malformed { offset: self.start, detail: detail.into() })
    }

    fn take(&mut self, length: usize) -> Step<&'a [u8]> {
        let bytes = self.bytes[self.at..].get(..length);
        let bytes = bytes.ok_or(PickleError::Truncated { offset: self.start, length: self.bytes.len() })?;
        self.at += length;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Step<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn byte(&mut self) -> Step<u8> {
        Ok(self.array::<1>()?[0])
    }

    /// An unsigned little-endian integer of `width` bytes, at most 8.
    fn unsigned(&mut self, width: usize) -> Step<u64> {
        let mut word = [0; 8];
        word[..width].copy_from_slice(self.take(width)?);
        Ok(u64::from_le_bytes(word))
    }

    /// A length of `width` bytes and as many bytes as it says.
    fn counted(&mut self, width: usize) -> Step<&'a [u8]> {
        let length = self.unsigned(width)?;
        // A length beyond the address space is beyond the file too.
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn line(&mut self) -> Step<&'a str> {
        let rest = &self.bytes[self.at..];
        let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
            return Err(PickleError::Truncated { offset: self.start, length: self.bytes.len() });
        };
        self.at += length + 1;
        match std::str::from_utf8(&rest[..length]) {
            Ok(line) => Ok(line),
            Err(_) => self.malformed("the name of a global is no UTF-8"),
        }
    }

    fn protocol(&mut self) -> Step {
        match self.byte()? {
            2..=5 => Ok(()),
            other => self.malformed(format!("protocol {other} is foreign: only 2 to 5 are read")),
        }
    }

    fn frame(&mut self) -> Step {
        let length = self.unsigned(8)?;
        if length > (self.bytes.len() - self.at) as u64 {
            return Err(PickleError::Truncated { offset: self.start, length: self.bytes.len() });
        }
        Ok(())
    }

    fn stop(&mut self) -> Step {
        self.pickle.root = self.pop()?;
        if !self.stack.is_empty() || !self.marks.is_empty() || self.at != self.bytes.len() {
            return self.malformed("something is left behind when it stops");
        }
        Ok(())
    }

    /// Takes a value off the stack, above the last mark.
    fn pop(&mut self) -> Step<Item<'a>> {
        if self.stack.len() <= self.marks.last().copied().unwrap_or(0) {
            return self.malformed("a value is missing");
        }
        match self.stack.pop() {
            Some(item) => Ok(item),
            None => self.malformed("a value is missing"),
        }
    }

    /// Takes the last mark and returns how high the stack was then.
    fn mark(&mut self) -> Step<usize> {
        match self.marks.pop() {
            Some(mark) => Ok(mark),
            None => self.malformed("a mark is missing"),
        }
    }

    /// Where the highest `count` values start, when there are that many and a container below them.
    fn above_container(&self, count: usize) -> Step<(usize, Item<'a>)> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.len().checked_sub(count) {
            Some(from) if from > floor => Ok((from, self.stack[from - 1])),
            _ => self.malformed("a container is missing"),
        }
    }

    fn integer(&mut self, width: usize) -> Step {
        let value = self.unsigned(width)?;
        self.stack.push(Item::Integer(value as i64));
        Ok(())
    }

    fn long(&mut self) -> Step {
        let bytes = self.counted(1)?;
        if bytes.len() > 8 {
            return self.malformed(format!("an integer of {} bytes is too large for a count", bytes.len()));
        }
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut word = [if negative { 0xff } else { 0 }; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        self.stack.push(Item::Integer(i64::from_le_bytes(word)));
        Ok(())
    }

    fn text(&mut self, width: usize) -> Step {
        match std::str::from_utf8(self.counted(width)?) {
            Ok(text) => self.stack.push(Item::Text(text)),
            Err(_) => return self.malformed("a text is no UTF-8"),
        }
        Ok(())
    }

    fn raw(&mut self, width: usize) -> Step {
        let bytes = self.counted(width)?;
        self.stack.push(Item::Bytes(bytes));
        Ok(())
    }

    fn tuple(&mut self, length: usize) -> Step {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.len().checked_sub(length) {
            Some(from) if from >= floor => {
                let start = self.pickle.tuples.len() as u32;
                self.pickle.tuples.extend(self.stack.drain(from..));
                self.stack.push(Item::Tuple(TupleId { start, length: length as u32 }));
                Ok(())
            }
            _ => self.malformed("a value of a tuple is missing"),
        }
    }

    fn append(&mut self, count: usize) -> Step {
        match self.above_container(count)? {
            (from, Item::List(ListId(list))) => {
                self.pickle.lists[list as usize].extend(self.stack.drain(from..));
                Ok(())
            }
            (_, other) => self.malformed(format!("values are appended to a {}", other.kind())),
        }
    }

    fn set_items<E: From<PickleError>>(
        &mut self,
        count: usize,
        visit: &mut impl FnMut(Item<'a>, Item<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self.above_container(count)? {
            (from, Item::Dict(DictId(dict))) => {
                let (pairs, rest) = self.stack[from..].as_chunks();
                if !rest.is_empty() {
                    return Ok(self.malformed("a key has no value")?);
                }
                if self.visiting && dict == 0 {
                    pairs.iter().try_for_each(|[key, value]| visit(*key, *value))?;
                } else {
                    self.pickle.dicts[dict as usize].extend(pairs.iter().map(|[key, value]| (*key, *value)));
                }
                self.stack.truncate(from);
                Ok(())
            }
            (_, other) => Ok(self.malformed(format!("keys are set in a {}", other.kind()))?),
        }
    }

    /// Visits entries of the dict as long as their keys are small integers and their values small or numpy integers,
    /// when the next thing is a key. What else comes is left to the stack.
    fn plain_entries<E>(&mut self, visit: &mut impl FnMut(Item<'a>, Item<'a>) -> Result<(), E>) -> Result<(), E> {
        // An entry that took the stack is visited as soon as it is whole, so that the stack shows where entries end.
        if let [Item::Dict(DictId(0)), key @ Item::Integer(_), value @ Item::Integer(_)] = *self.stack
            && !self.may_memoize(self.at)
        {
            visit(key, value)?;
            self.stack.truncate(1);
        }
        if *self.stack != [Item::Dict(DictId(0))] {
            return Ok(());
        }
        while let Some((key, at)) = small_integer(self.bytes, self.at) {
            let (value, at) = match small_integer(self.bytes, at) {
                Some((_, at)) if self.may_memoize(at) => break,
                Some(plain) => plain,
                None => match self.numpy_integer(at) {
                    Some(scalar) => scalar,
                    None => break,
                },
            };
            self.at = at;
            visit(Item::Integer(key), Item::Integer(value))?;
        }
        Ok(())
    }

    /// Whether what starts at a byte may memoize the value before it, which then must be on the stack. A frame may come
    /// between both.
    fn may_memoize(&self, at: usize) -> bool {
        matches!(self.bytes.get(at), Some(0x94 | 0x95 | b'q' | b'r'))
    }

    /// The numpy integer that is spelled from a byte on, in the usual way and with its constructor and dtype memoized,
    /// and where it ends. Its three parts are memoized.
    #[inline]
    fn numpy_integer(&mut self, at: usize) -> Option<(i64, usize)> {
        let [b'h', constructor, b'h', dtype, b'C', length] = *self.bytes[at..].first_chunk()? else { return None };
        let start = at + 6;
        let (value, rest) = self.bytes[start..].split_at_checked(length.into())?;
        let end = start + usize::from(length) + 5;
        if !rest.starts_with(b"\x94\x86\x94R\x94") || self.may_memoize(end) {
            return None;
        }
        let (number, known) = match self.scalar {
            Some((places, number, known)) if places == [constructor, dtype] => (number, known),
            _ => {
                let (Item::Global(Global::Scalar), Item::Dtype(number)) =
                    (self.memo.kept(constructor.into())?, self.memo.kept(dtype.into())?)
                else {
                    return None;
                };
                let known = self.pickle.dtypes[number as usize];
                self.scalar = Some(([constructor, dtype], number, known));
                (number, known)
            }
        };
        let value = known.integer(value)?;
        let place = self.memo.length as u32;
        self.memo.passed.push(Passed { place, start: start as u32, length: length.into(), dtype: number, value });
        self.memo.length += 3;
        Some((value, end))
    }

    fn add_items(&mut self) -> Step {
        let mark = self.mark()?;
        match self.above_container(self.stack.len() - mark)? {
            (from, Item::Set(SetId(ListId(set)))) => {
                self.pickle.lists[set as usize].extend(self.stack.drain(from..));
                Ok(())
            }
            (_, other) => self.malformed(format!("items are added to a {}", other.kind())),
        }
    }

    fn put(&mut self, width: usize) -> Step {
        let place = self.unsigned(width)? as usize;
        self.memoize(place)
    }

    fn memoize(&mut self, place: usize) -> Step {
        // Python numbers places without gaps, and each takes a byte at least: more is no pickle, but an attempt to
        // make us allocate.
        if place >= self.bytes.len() {
            return self.malformed(format!("memo place {place} is more than the pickle can fill"));
        }
        let Some(item) = self.stack.last().copied() else {
            return self.malformed("there is no value to memoize");
        };
        if self.memo.items.len() <= place {
            self.memo.items.resize(place + 1, None);
        }
        self.memo.items[place] = Some(item);
        self.memo.length = self.memo.length.max(place + 1);
        self.scalar = None;
        Ok(())
    }

    fn get(&mut self, width: usize) -> Step {
        let place = self.unsigned(width)? as usize;
        match self.memo.kept(place).or_else(|| self.passed(place)) {
            Some(item) => self.stack.push(item),
            None => return self.malformed(format!("memo place {place} is empty")),
        }
        Ok(())
    }

    /// A part of a scalar that was read without a stack.
    #[cold]
    fn passed(&mut self, place: usize) -> Option<Item<'a>> {
        let after = self.memo.passed.partition_point(|passed| passed.place as usize <= place);
        let passed = &self.memo.passed[after.checked_sub(1)?];
        let bytes = Item::Bytes(&self.bytes[passed.start as usize..][..passed.length as usize]);
        match place - passed.place as usize {
            0 => Some(bytes),
            1 => {
                let start = self.pickle.tuples.len() as u32;
                self.pickle.tuples.extend([Item::Dtype(passed.dtype), bytes]);
                Some(Item::Tuple(TupleId { start, length: 2 }))
            }
            2 => Some(Item::Integer(passed.value)),
            _ => None,
        }
    }

    fn global(&mut self, module: &str, name: &str) -> Step {
        match Global::find(module, name) {
            Some(global) => self.stack.push(Item::Global(global)),
            None => {
                let (module, name) = (module.to_owned(), name.to_owned());
                return Err(PickleError::Global { module, name, offset: self.start });
            }
        }
        Ok(())
    }

    fn reduce(&mut self) -> Step {
        let (arguments, callable) = (self.pop()?, self.pop()?);
        let (Item::Tuple(TupleId { start, length }), Item::Global(global)) = (arguments, callable) else {
            return self.malformed(format!("a {} is called with a {}", callable.kind(), arguments.kind()));
        };
        // No known global takes more than three arguments; further ones make the call foreign.
        let mut few = [Item::None; 4];
        let length = few.len().min(length as usize);
        few[..length].copy_from_slice(&self.pickle.tuples[start as usize..][..length]);
        match self.pickle.call(global, &few[..length]) {
            Ok(item) => self.stack.push(item),
            Err(detail) => return self.malformed(detail),
        }
        Ok(())
    }

    fn build(&mut self) -> Step {
        let (state, object) = (self.pop()?, self.pop()?);
        let (Item::Tuple(TupleId { start, length }), Item::Dtype(place)) = (state, object) else {
            return self.malformed(format!("a {} is given a state, which only a numpy dtype has", object.kind()));
        };
        let Pickle { tuples, dtypes, .. } = &mut self.pickle;
        match dtypes[place as usize].set_state(&tuples[start as usize..][..length as usize]) {
            Ok(()) => {
                self.scalar = None;
                self.stack.push(object);
            }
            Err(detail) => return self.malformed(detail),
        }
        Ok(())
    }
}

impl<'a> Pickle<'a> {
    fn new_list(&mut self, items: Vec<Item<'a>>) -> ListId {
        self.lists.push(items);
        ListId(self.lists.len() as u32 - 1)
    }

    fn new_dict(&mut self) -> Item<'a> {
        self.dicts.push(Vec::new());
        Item::Dict(DictId(self.dicts.len() as u32 - 1))
    }
}

impl<'a> Memo<'a> {
    /// What was memoized at a place, unless it was part of a scalar that was read without a stack.
    fn kept(&self, place: usize) -> Option<Item<'a>> {
        self.items.get(place).copied().flatten()
    }
}

/// The integer that one of the three short instructions at a byte spells, and where it ends.
#[inline]
fn small_integer(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    match *bytes.get(at..)? {
        [b'K', byte, ..] => Some((byte.into(), at + 2)),
        [b'M', low, high, ..] => Some((u16::from_le_bytes([low, high]).into(), at + 3)),
        [b'J', a, b, c, d, ..] => Some((i32::from_le_bytes([a, b, c, d]).into(), at + 5)),
        _ => None,
    }
}
