//! The part of Python's pickle format that `torch.save` writes a checkpoint's description in, read without executing
//! anything.
//!
//! A checkpoint is a dict from names to tensors, and a tensor is a view of a storage that lies elsewhere in the file.
//! Of globals only those that spell these are known, as labels: nothing is imported or called. All else is refused with
//! the byte where it stands. Memory is in proportion to the bytes that are there, and nothing recurses.

/// A pickle that is damaged, or does what a checkpoint has no need of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PickleError {
    /// A global that is not known. Nothing of it was imported or called.
    #[error("it calls for {0}, which no tensor needs and which was not executed")]
    Global(String),
    /// An instruction that is not known.
    #[error("pickle opcode 0x{0:02x} at byte {1}, which no tensor needs")]
    Opcode(u8, usize),
    /// The pickle breaks a rule of the format.
    #[error("damaged pickle at byte {0}: {1}")]
    Malformed(usize, &'static str),
}

/// A tensor as the checkpoint describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TensorView {
    /// Which storage its numbers are in.
    pub(super) storage: Storage,
    /// Where they begin in it, in numbers.
    pub(super) offset: usize,
    /// How many there are along each dimension.
    pub(super) shape: Vec<usize>,
    /// How far apart neighbours along each dimension are, in numbers.
    pub(super) stride: Vec<usize>,
}

/// A run of numbers of one type, in a file of its own within the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Storage {
    /// The file's name, below `data/`.
    pub(super) key: String,
    /// PyTorch's name for it, like `HalfStorage`.
    pub(super) class: String,
    /// How many numbers it has.
    pub(super) length: usize,
}

/// The tensors of a checkpoint by name, in the order of the file. Entries that are no tensors are left out.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<(String, TensorView)>, PickleError> {
    Machine { bytes, ..Machine::default() }.run()
}

/// A value on the stack. Texts are borrowed, containers and tensors are in the machine: values are copied freely.
#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    /// Something that no tensor is made of.
    Other,
    Integer(i64),
    Text(&'a str),
    /// By its first value and its length.
    Tuple(usize, usize),
    Dict(usize),
    Storage {
        key: &'a str,
        class: &'a str,
        length: usize,
    },
    Tensor(usize),
    Global(Global<'a>),
}

/// A global that is known.
#[derive(Debug, Clone, Copy)]
enum Global<'a> {
    /// `collections.OrderedDict`
    OrderedDict,
    /// `torch._utils._rebuild_tensor_v2`, and the older one without a number
    Tensor,
    /// `torch._utils._rebuild_parameter`
    Parameter,
    /// `torch.HalfStorage` and the like
    Storage(&'a str),
}

impl<'a> Global<'a> {
    fn find(module: &'a str, name: &'a str) -> Option<Self> {
        Some(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor") => Self::Tensor,
            ("torch._utils", "_rebuild_parameter") => Self::Parameter,
            (
                "torch",
                "FloatStorage"
                | "HalfStorage"
                | "BFloat16Storage"
                | "DoubleStorage"
                | "LongStorage"
                | "IntStorage"
                | "ShortStorage"
                | "CharStorage"
                | "ByteStorage"
                | "BoolStorage"
                | "ComplexFloatStorage"
                | "ComplexDoubleStorage"
                | "QInt8Storage"
                | "QUInt8Storage"
                | "QInt32Storage",
            ) => Self::Storage(name),
            _ => return None,
        })
    }
}

#[derive(Default)]
struct Machine<'a> {
    bytes: &'a [u8],
    /// The next byte.
    at: usize,
    /// Where the current instruction starts.
    start: usize,
    stack: Vec<Value<'a>>,
    /// How high the stack was at each mark.
    marks: Vec<usize>,
    memo: Vec<Option<Value<'a>>>,
    /// The values of all tuples, one tuple after the other.
    tuples: Vec<Value<'a>>,
    dicts: Vec<Vec<(Value<'a>, Value<'a>)>>,
    tensors: Vec<TensorView>,
}

impl<'a> Machine<'a> {
    fn run(mut self) -> Result<Vec<(String, TensorView)>, PickleError> {
        loop {
            self.start = self.at;
            match self.byte()? {
                0x80 => match self.byte()? {
                    2..=5 => {}
                    _ => return self.malformed("it is of no protocol that PyTorch writes"),
                },
                0x95 => drop(self.take(8)?),
                b'.' => return self.stop(),

                b'N' | 0x88 | 0x89 => self.stack.push(Value::Other),
                b'G' => {
                    self.take(8)?;
                    self.stack.push(Value::Other);
                }
                b'K' => self.integer(1)?,
                b'M' => self.integer(2)?,
                b'J' => self.integer(4)?,
                0x8a => {
                    let length = self.byte()?;
                    self.integer(length.into())?;
                }
                0x8c => self.text(1)?,
                b'X' => self.text(4)?,

                b'(' => self.marks.push(self.stack.len()),
                b')' => self.tuple(0)?,
                0x85 => self.tuple(1)?,
                0x86 => self.tuple(2)?,
                0x87 => self.tuple(3)?,
                b't' => {
                    let mark = self.mark()?;
                    self.tuple(self.stack.len() - mark)?;
                }
                b'}' => self.new_dict(),
                b's' => self.set_items(2)?,
                b'u' => {
                    let mark = self.mark()?;
                    self.set_items(self.stack.len() - mark)?;
                }

                b'q' => {
                    let place = self.unsigned(1)?;
                    self.memoize(place)?;
                }
                b'r' => {
                    let place = self.unsigned(4)?;
                    self.memoize(place)?;
                }
                0x94 => self.memoize(self.memo.len())?,
                b'h' => self.get(1)?,
                b'j' => self.get(4)?,

                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.global(module, name)?;
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    let (Value::Text(module), Value::Text(name)) = (module, name) else {
                        return self.malformed("the name of a global is no text");
                    };
                    self.global(module, name)?;
                }
                b'Q' => self.persistent()?,
                b'R' => self.reduce()?,
                b'b' => {
                    // What a module's state_dict remembers of versions (`_metadata`) says nothing of tensors.
                    let (state, object) = (self.pop()?, self.pop()?);
                    let (Value::Dict(_), Value::Dict(_)) = (state, object) else {
                        return self.malformed("something other than a dict is given a state");
                    };
                    self.stack.push(object);
                }
                opcode => return Err(PickleError::Opcode(opcode, self.start)),
            }
        }
    }

    fn stop(mut self) -> Result<Vec<(String, TensorView)>, PickleError> {
        let Value::Dict(root) = self.pop()? else {
            return self.malformed("it holds something other than a dict of tensors");
        };
        let named = |(key, value): &(Value<'a>, Value<'a>)| match (key, value) {
            (Value::Text(name), Value::Tensor(tensor)) => Some(((*name).to_owned(), self.tensors[*tensor].clone())),
            _ => None,
        };
        Ok(self.dicts[root].iter().filter_map(named).collect())
    }

    fn malformed<T>(&self, what: &'static str) -> Result<T, PickleError> {
        Err(PickleError::Malformed(self.start, what))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], PickleError> {
        match self.bytes[self.at..].split_at_checked(length) {
            Some((taken, _)) => {
                self.at += length;
                Ok(taken)
            }
            None => self.malformed("it ends too early"),
        }
    }

    fn byte(&mut self) -> Result<u8, PickleError> {
        Ok(self.take(1)?[0])
    }

    /// A little-endian number of up to four bytes.
    fn unsigned(&mut self, width: usize) -> Result<usize, PickleError> {
        Ok(self.take(width)?.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    /// A little-endian integer, signed when it is four bytes wide or of its own length.
    fn integer(&mut self, width: usize) -> Result<(), PickleError> {
        if width > 8 {
            return self.malformed("an integer has more than 64 bits");
        }
        let bytes = self.take(width)?;
        let signed = !matches!((self.bytes[self.start], bytes.last()), (b'K' | b'M', _) | (_, None | Some(0..0x80)));
        let mut wide = [if signed { 0xff } else { 0 }; 8];
        wide[..width].copy_from_slice(bytes);
        self.stack.push(Value::Integer(i64::from_le_bytes(wide)));
        Ok(())
    }

    fn text(&mut self, width: usize) -> Result<(), PickleError> {
        let length = self.unsigned(width)?;
        match std::str::from_utf8(self.take(length)?) {
            Ok(text) => self.stack.push(Value::Text(text)),
            Err(_) => return self.malformed("a text is not UTF-8"),
        }
        Ok(())
    }

    fn line(&mut self) -> Result<&'a str, PickleError> {
        let rest = &self.bytes[self.at..];
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return self.malformed("it ends too early");
        };
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).or_else(|_| self.malformed("a name is not UTF-8"))
    }

    fn pop(&mut self) -> Result<Value<'a>, PickleError> {
        match self.stack.pop() {
            Some(value) => Ok(value),
            None => self.malformed("a value is missing"),
        }
    }

    fn mark(&mut self) -> Result<usize, PickleError> {
        match self.marks.pop() {
            Some(mark) if mark <= self.stack.len() => Ok(mark),
            _ => self.malformed("a mark is missing"),
        }
    }

    fn tuple(&mut self, length: usize) -> Result<(), PickleError> {
        let Some(from) = self.stack.len().checked_sub(length) else {
            return self.malformed("a value of a tuple is missing");
        };
        let first = self.tuples.len();
        self.tuples.extend(self.stack.drain(from..));
        self.stack.push(Value::Tuple(first, length));
        Ok(())
    }

    fn new_dict(&mut self) {
        self.stack.push(Value::Dict(self.dicts.len()));
        self.dicts.push(Vec::new());
    }

    /// Puts the last `count` values of the stack, keys and values in turn, into the dict below them.
    fn set_items(&mut self, count: usize) -> Result<(), PickleError> {
        let Some(dict) = self.stack.len().checked_sub(count + 1) else {
            return self.malformed("a dict is missing");
        };
        let (Value::Dict(place), true) = (self.stack[dict], count.is_multiple_of(2)) else {
            return self.malformed("keys are set in something other than a dict, or one has no value");
        };
        let mut values = self.stack.drain(dict + 1..);
        while let (Some(key), Some(value)) = (values.next(), values.next()) {
            self.dicts[place].push((key, value));
        }
        Ok(())
    }

    fn memoize(&mut self, place: usize) -> Result<(), PickleError> {
        // Python numbers places without gaps, and each takes a byte at least.
        if place >= self.bytes.len() {
            return self.malformed("a memo place is more than the pickle can fill");
        }
        let Some(value) = self.stack.last().copied() else {
            return self.malformed("there is no value to memoize");
        };
        if self.memo.len() <= place {
            self.memo.resize(place + 1, None);
        }
        self.memo[place] = Some(value);
        Ok(())
    }

    fn get(&mut self, width: usize) -> Result<(), PickleError> {
        let place = self.unsigned(width)?;
        match self.memo.get(place).copied().flatten() {
            Some(value) => self.stack.push(value),
            None => return self.malformed("a memo place is empty"),
        }
        Ok(())
    }

    fn global(&mut self, module: &'a str, name: &'a str) -> Result<(), PickleError> {
        let known = Global::find(module, name).ok_or_else(|| PickleError::Global(format!("{module}.{name}")))?;
        self.stack.push(Value::Global(known));
        Ok(())
    }

    /// `('storage', class, key, device, length)`
    fn persistent(&mut self) -> Result<(), PickleError> {
        let id = self.pop()?;
        let [Value::Text("storage"), Value::Global(Global::Storage(class)), Value::Text(key), _, length] = *self.of(id)
        else {
            return self.malformed("what lies outside of the pickle is no storage");
        };
        let length = self.count(length)?;
        self.stack.push(Value::Storage { key, class, length });
        Ok(())
    }

    fn reduce(&mut self) -> Result<(), PickleError> {
        let (arguments, callable) = (self.pop()?, self.pop()?);
        let Value::Global(global) = callable else {
            return self.malformed("something other than a global is called");
        };
        match (global, self.of(arguments)) {
            (Global::OrderedDict, []) => self.new_dict(),
            // (data, requires_grad, backward_hooks)
            (Global::Parameter, &[tensor @ Value::Tensor(_), ..]) => self.stack.push(tensor),
            // (storage, offset, shape, stride), and what matters to training alone
            (Global::Tensor, &[Value::Storage { key, class, length }, offset, shape, stride, ..]) => {
                let storage = Storage { key: key.to_owned(), class: class.to_owned(), length };
                let (offset, shape, stride) = (self.count(offset)?, self.counts(shape)?, self.counts(stride)?);
                self.stack.push(Value::Tensor(self.tensors.len()));
                self.tensors.push(TensorView { storage, offset, shape, stride });
            }
            _ => return self.malformed("the arguments of a call are not as PyTorch writes them"),
        }
        Ok(())
    }

    /// The values of a tuple; none, if it is something else.
    fn of(&self, value: Value<'a>) -> &[Value<'a>] {
        match value {
            Value::Tuple(first, length) => &self.tuples[first..][..length],
            _ => &[Value::Other],
        }
    }

    fn count(&self, value: Value<'a>) -> Result<usize, PickleError> {
        match value {
            Value::Integer(number) => usize::try_from(number).or_else(|_| self.malformed("a size is negative")),
            _ => self.malformed("a size is no integer"),
        }
    }

    fn counts(&self, value: Value<'a>) -> Result<Vec<usize>, PickleError> {
        // No tensor of a language model has more dimensions; a tuple shared by many would multiply.
        match self.of(value) {
            few @ ([] | [_] | [_, _] | [_, _, _] | [_, _, _, _]) => few.iter().map(|size| self.count(*size)).collect(),
            _ => self.malformed("a tensor has more than four dimensions"),
        }
    }
}
