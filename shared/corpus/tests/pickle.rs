//! Reading pickles: everything that counts are made of, in every spelling, and nothing else.

use proptest::{collection::vec, prelude::*};
use superposed_corpus::pickle::{Item, Pickle, PickleError, entries, read};

/// `{'a': [1, -1, 300, 70000, 1 << 40, -(1 << 40)], 'b': (None, True, False, 1.5), 'é': b'\x01\xff'}` in each protocol.
#[rustfmt::skip]
const PLAIN: [&[u8]; 4] = [
    b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xff\xff\xff\xffM,\x01Jp\x11\x01\x00\x8a\x06\x00\
      \x00\x00\x00\x00\x01\x8a\x06\x00\x00\x00\x00\x00\xffeX\x01\x00\x00\x00bq\x03(N\x88\x89G?\xf8\x00\x00\
      \x00\x00\x00\x00tq\x04X\x02\x00\x00\x00\xc3\xa9q\x05c_codecs\nencode\nq\x06X\x03\x00\x00\x00\x01\xc3\
      \xbfq\x07X\x06\x00\x00\x00latin1q\x08\x86q\x09Rq\nu.",
    b"\x80\x03}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xff\xff\xff\xffM,\x01Jp\x11\x01\x00\x8a\x06\x00\
      \x00\x00\x00\x00\x01\x8a\x06\x00\x00\x00\x00\x00\xffeX\x01\x00\x00\x00bq\x03(N\x88\x89G?\xf8\x00\x00\
      \x00\x00\x00\x00tq\x04X\x02\x00\x00\x00\xc3\xa9q\x05C\x02\x01\xffq\x06u.",
    b"\x80\x04\x95I\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94]\x94(K\x01J\xff\xff\xff\xffM,\x01Jp\x11\
      \x01\x00\x8a\x06\x00\x00\x00\x00\x00\x01\x8a\x06\x00\x00\x00\x00\x00\xffe\x8c\x01b\x94(N\x88\x89G?\xf8\
      \x00\x00\x00\x00\x00\x00t\x94\x8c\x02\xc3\xa9\x94C\x02\x01\xff\x94u.",
    b"\x80\x05\x95I\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94]\x94(K\x01J\xff\xff\xff\xffM,\x01Jp\x11\
      \x01\x00\x8a\x06\x00\x00\x00\x00\x00\x01\x8a\x06\x00\x00\x00\x00\x00\xffe\x8c\x01b\x94(N\x88\x89G?\xf8\
      \x00\x00\x00\x00\x00\x00t\x94\x8c\x02\xc3\xa9\x94C\x02\x01\xff\x94u.",
];

/// `[{3}, frozenset([4]), ()]` in protocols 2, 3 and 4.
#[rustfmt::skip]
const SETS: [&[u8]; 3] = [
    b"\x80\x02]q\x00(c__builtin__\nset\nq\x01]q\x02K\x03a\x85q\x03Rq\x04c__builtin__\nfrozenset\nq\x05]q\x06\
      K\x04a\x85q\x07Rq\x08)e.",
    b"\x80\x03]q\x00(cbuiltins\nset\nq\x01]q\x02K\x03a\x85q\x03Rq\x04cbuiltins\nfrozenset\nq\x05]q\x06K\x04a\
      \x85q\x07Rq\x08)e.",
    b"\x80\x04\x95\x11\x00\x00\x00\x00\x00\x00\x00]\x94(\x8f\x94(K\x03\x90(K\x04\x91\x94)e.",
];

/// `{7: numpy.int64(5), 8: numpy.int32(-2), 9: numpy.uint16(65535), 10: numpy.float64(0.5)}` in protocol 2, and in
/// protocol 4 as numpy 1 and numpy 2 name their modules.
#[rustfmt::skip]
const NUMPY: [&[u8]; 3] = [
    b"\x80\x02}q\x00(K\x07cnumpy._core.multiarray\nscalar\nq\x01cnumpy\ndtype\nq\x02X\x02\x00\x00\x00i8q\x03\
      \x89\x88\x87q\x04Rq\x05(K\x03X\x01\x00\x00\x00<q\x06NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x07bc\
      _codecs\nencode\nq\x08X\x08\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00q\x09X\x06\x00\x00\x00latin1q\n\
      \x86q\x0bRq\x0c\x86q\x0dRq\x0eK\x08h\x01h\x02X\x02\x00\x00\x00i4q\x0f\x89\x88\x87q\x10Rq\x11(K\x03h\
      \x06NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x12bh\x08X\x08\x00\x00\x00\xc3\xbe\xc3\xbf\xc3\xbf\
      \xc3\xbfq\x13h\n\x86q\x14Rq\x15\x86q\x16Rq\x17K\x09h\x01h\x02X\x02\x00\x00\x00u2q\x18\x89\x88\x87q\x19\
      Rq\x1a(K\x03h\x06NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x1bbh\x08X\x04\x00\x00\x00\xc3\xbf\xc3\
      \xbfq\x1ch\n\x86q\x1dRq\x1e\x86q\x1fRq K\nh\x01h\x02X\x02\x00\x00\x00f8q!\x89\x88\x87q\x22Rq#(K\x03h\
      \x06NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq$bh\x08X\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\xc3\
      \xa0?q%h\n\x86q&Rq'\x86q(Rq)u.",
    b"\x80\x04\x95\n\x01\x00\x00\x00\x00\x00\x00}\x94(K\x07\x8c\x15numpy.core.multiarray\x94\x8c\x06scalar\
      \x94\x93\x94\x8c\x05numpy\x94\x8c\x05dtype\x94\x93\x94\x8c\x02i8\x94\x89\x88\x87\x94R\x94(K\x03\x8c\
      \x01<\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94bC\x08\x05\x00\x00\x00\x00\x00\x00\x00\x94\x86\
      \x94R\x94K\x08h\x03h\x06\x8c\x02i4\x94\x89\x88\x87\x94R\x94(K\x03h\nNNNJ\xff\xff\xff\xffJ\xff\xff\xff\
      \xffK\x00t\x94bC\x04\xfe\xff\xff\xff\x94\x86\x94R\x94K\x09h\x03h\x06\x8c\x02u2\x94\x89\x88\x87\x94R\
      \x94(K\x03h\nNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94bC\x02\xff\xff\x94\x86\x94R\x94K\nh\x03h\
      \x06\x8c\x02f8\x94\x89\x88\x87\x94R\x94(K\x03h\nNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94bC\x08\
      \x00\x00\x00\x00\x00\x00\xe0?\x94\x86\x94R\x94u.",
    b"\x80\x04\x95\x0b\x01\x00\x00\x00\x00\x00\x00}\x94(K\x07\x8c\x16numpy._core.multiarray\x94\x8c\x06scala\
      r\x94\x93\x94\x8c\x05numpy\x94\x8c\x05dtype\x94\x93\x94\x8c\x02i8\x94\x89\x88\x87\x94R\x94(K\x03\x8c\
      \x01<\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94bC\x08\x05\x00\x00\x00\x00\x00\x00\x00\x94\x86\
      \x94R\x94K\x08h\x03h\x06\x8c\x02i4\x94\x89\x88\x87\x94R\x94(K\x03h\nNNNJ\xff\xff\xff\xffJ\xff\xff\xff\
      \xffK\x00t\x94bC\x04\xfe\xff\xff\xff\x94\x86\x94R\x94K\x09h\x03h\x06\x8c\x02u2\x94\x89\x88\x87\x94R\
      \x94(K\x03h\nNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94bC\x02\xff\xff\x94\x86\x94R\x94K\nh\x03h\
      \x06\x8c\x02f8\x94\x89\x88\x87\x94R\x94(K\x03h\nNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94bC\x08\
      \x00\x00\x00\x00\x00\x00\xe0?\x94\x86\x94R\x94u.",
];

fn root_dict<'p, 'a>(pickle: &'p Pickle<'a>) -> &'p [(Item<'a>, Item<'a>)] {
    let Item::Dict(dict) = pickle.root() else { panic!("{:?} is no dict", pickle.root()) };
    pickle.dict(dict)
}

fn refused(bytes: &[u8]) -> String {
    read(bytes).expect_err("the pickle was accepted").to_string()
}

#[test]
fn plain_values_are_the_same_in_all_protocols() {
    use Item::{Bool, Float, Integer, Text};
    for bytes in PLAIN {
        let pickle = read(bytes).expect("a plain pickle");
        let [(a, Item::List(list)), (b, Item::Tuple(tuple)), (e, raw)] = *root_dict(&pickle) else {
            panic!("{:?}", root_dict(&pickle));
        };
        assert_eq!([a, b, e], [Text("a"), Text("b"), Text("é")]);
        assert_eq!(pickle.list(list), [1, -1, 300, 70_000, 1 << 40, -(1 << 40)].map(Integer));
        assert_eq!(pickle.tuple(tuple), [Item::None, Bool(true), Bool(false), Float(1.5)]);
        assert!(matches!(raw, Item::Bytes(b"\x01\xff") | Item::Latin1("\x01ÿ")), "{raw:?}");
    }
}

#[test]
fn sets_are_read_in_all_their_spellings() {
    for bytes in SETS {
        let pickle = read(bytes).expect("a plain pickle");
        let Item::List(list) = pickle.root() else { panic!("{:?} is no list", pickle.root()) };
        let [Item::Set(set), Item::Set(frozen), Item::Tuple(empty)] = *pickle.list(list) else {
            panic!("{:?}", pickle.list(list));
        };
        assert_eq!(
            (pickle.set(set), pickle.set(frozen)),
            ([Item::Integer(3)].as_slice(), [Item::Integer(4)].as_slice())
        );
        assert!(pickle.tuple(empty).is_empty());
    }
}

#[test]
fn numpy_scalars_are_numbers_whatever_numpy_and_protocol_wrote_them() {
    use Item::{Float, Integer};
    let expected =
        [(Integer(7), Integer(5)), (Integer(8), Integer(-2)), (Integer(9), Integer(65_535)), (Integer(10), Float(0.5))];
    for bytes in NUMPY {
        assert_eq!(root_dict(&read(bytes).expect("numpy's pickle")), expected);
    }
    // The same scalar with its bytes the other way round.
    let little = b"\x8c\x01<\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94bC\x08\x05\x00\x00\x00\x00\x00\x00\x00";
    let big = b"\x8c\x01>\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t\x94bC\x08\x00\x00\x00\x00\x00\x00\x00\x05";
    let at = NUMPY[2].windows(little.len()).position(|part| part == little).expect("the state is there");
    let mut swapped = NUMPY[2].to_vec();
    swapped[at..at + big.len()].copy_from_slice(big);
    assert_eq!(root_dict(&read(&swapped).expect("numpy's pickle"))[0], expected[0]);
}

#[test]
fn globals_that_could_do_something_are_refused_by_name_and_place() {
    // What `os.system("x")` pickles to, in both spellings.
    let stacked = b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x01x\x94\x85\x94R\x94.";
    assert!(refused(stacked).starts_with("foreign pickle global posix.system at byte 19:"), "{}", refused(stacked));
    let named = b"\x80\x02cposix\nsystem\nX\x01\x00\x00\x00x\x85R.";
    assert!(refused(named).starts_with("foreign pickle global posix.system at byte 2:"), "{}", refused(named));
    // A known global as what it is not: `numpy.dtype` called with something else, `set` of a text.
    assert!(refused(b"\x80\x02cnumpy\ndtype\nX\x01\x00\x00\x00O\x89\x88\x87R.").contains("\"O\" is foreign"));
    assert!(refused(b"\x80\x02cbuiltins\nset\nX\x01\x00\x00\x00x\x85R.").contains("arguments of Set are foreign"));
}

#[test]
fn foreign_opcodes_are_refused_by_name_and_place() {
    for opcode in *b"0 12\"ISVUFiodPQ\x81\x82\x92\x96\x97\x8b" {
        let error = refused(&[0x80, 4, b'N', opcode]);
        assert!(error.starts_with(&format!("foreign pickle opcode 0x{opcode:02x} at byte 3:")), "{error}");
    }
    assert!(refused(b"(dp0\n.").contains("protocol 2 or later"));
    assert!(refused(b"\x80\x06N.").contains("protocol 6"));
}

#[test]
fn lengths_that_the_file_merely_claims_are_refused_without_allocating() {
    let huge = [0xff; 8];
    for start in [b"\x80\x04\x95".as_slice(), b"\x80\x04\x8d", b"\x80\x04\x8e", b"\x80\x04X", b"\x80\x04B"] {
        let error = refused(&[start, &huge].concat());
        assert!(error.starts_with("the pickle ends at byte"), "{error}");
    }
    assert!(refused(b"\x80\x04Nr\xff\xff\xff\xff.").contains("memo place 4294967295"));
    assert!(refused(b"\x80\x04\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00@.").contains("9 bytes is too large"));
}

#[test]
fn broken_stacks_are_refused() {
    for (bytes, complaint) in [
        (b"\x80\x04.".as_slice(), "a value is missing"),
        (b"\x80\x04NN.", "left behind"),
        (b"\x80\x04N.N", "left behind"),
        (b"\x80\x04(N.", "left behind"),
        (b"\x80\x04t.", "a mark is missing"),
        (b"\x80\x04N(\x85.", "a value of a tuple is missing"),
        (b"\x80\x04]Ns.", "a container is missing"),
        (b"\x80\x04}(Nu.", "a key has no value"),
        (b"\x80\x04](NNu.", "keys are set in a list"),
        (b"\x80\x04}Na.", "appended to a dict"),
        (b"\x80\x04]Na(Ne.", ""),
        (b"\x80\x04h\x00.", "memo place 0 is empty"),
        (b"\x80\x04\x94.", "no value to memoize"),
        (b"\x80\x04\x8c\x01\xff.", "no UTF-8"),
        (b"\x80\x04N)R.", "a None is called with a tuple"),
        (b"\x80\x04N)b.", "only a numpy dtype has"),
        (b"\x80\x04N", "the pickle ends at byte 3"),
    ] {
        match read(bytes) {
            Ok(_) => assert_eq!(complaint, "", "{} was accepted", bytes.escape_ascii()),
            Err(error) => {
                let error = error.to_string();
                assert!(!complaint.is_empty() && error.contains(complaint), "{}: {error}", bytes.escape_ascii());
            }
        }
    }
}

#[test]
fn cycles_and_deep_nesting_are_only_values() {
    let pickle = read(b"\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00]\x94h\x00a.").expect("a list in itself");
    let Item::List(list) = pickle.root() else { panic!("{:?} is no list", pickle.root()) };
    assert_eq!(pickle.list(list), [Item::List(list)]);
    let deep = [b"\x80\x04N".as_slice(), &vec![0x85; 1_000_000], b"."].concat();
    assert_eq!(read(&deep).expect("nested tuples").root().kind(), "tuple");
}

/// What both readers say of a dict: its entries sorted by their spelling, or why there is none.
fn by_both(bytes: &[u8]) -> [Result<Vec<String>, String>; 2] {
    let sorted = |mut entries: Vec<String>| {
        entries.sort_unstable();
        entries
    };
    // Where a container is kept is the reader's own affair.
    let spelled = |item: &Item<'_>| match item {
        Item::Tuple(_) | Item::List(_) | Item::Dict(_) | Item::Set(_) | Item::Dtype(_) => item.kind().to_owned(),
        other => format!("{other:?}"),
    };
    let mut visited = Vec::new();
    let streamed = entries(bytes, |key, value| {
        visited.push(format!("{}: {}", spelled(&key), spelled(&value)));
        Ok::<_, PickleError>(())
    });
    let streamed = match streamed {
        Ok(Item::Dict(_)) => Ok(sorted(visited)),
        Ok(other) => Err(other.kind().to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let whole = read(bytes).map_err(|error| error.to_string()).and_then(|pickle| match pickle.root() {
        Item::Dict(dict) => Ok(sorted(
            pickle.dict(dict).iter().map(|(key, value)| format!("{}: {}", spelled(key), spelled(value))).collect(),
        )),
        other => Err(other.kind().to_owned()),
    });
    [streamed, whole]
}

/// `{7: a, 8: b, 300: 9, 70000: a, 9: c}` with numpy integers a = 5, b = 6 and c = 6, as protocol 4 writes it: a is
/// there twice, and c is made of the arguments of b.
fn shared_scalars() -> Vec<u8> {
    let first = b"\x80\x04}\x94(K\x07\x8c\x16numpy._core.multiarray\x94\x8c\x06scalar\x94\x93\x94\x8c\x05numpy\x94\
        \x8c\x05dtype\x94\x93\x94\x8c\x02i8\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01<\x94NNNJ\xff\xff\xff\xff\
        J\xff\xff\xff\xffK\x00t\x94bC\x08\x05\0\0\0\0\0\0\0\x94\x86\x94R\x94";
    // The first scalar ends in place 14 of the memo; the second one fills 15, 16 and 17.
    let second = b"K\x08h\x03h\x09C\x08\x06\0\0\0\0\0\0\0\x94\x86\x94R\x94";
    let rest = b"M\x2c\x01K\x09J\x70\x11\x01\0h\x0eK\x09h\x03h\x10Ru.";
    [first.as_slice(), second, rest].concat()
}

#[test]
fn scalars_that_are_shared_or_whose_parts_are_used_again_are_read_all_the_same() {
    // The arguments of the second scalar, its bytes, and itself.
    let call = shared_scalars();
    let end = call.len() - b"h\x03h\x10Ru.".len();
    for (reference, value) in [(b"h\x03h\x10R".as_slice(), 6), (b"h\x11", 6), (b"h\x03h\x09h\x0f\x86R", 6)] {
        let bytes = [&call[..end], reference, b"u."].concat();
        let [streamed, whole] = by_both(&bytes);
        assert_eq!(streamed, whole, "{}", reference.escape_ascii());
        let entries = whole.expect("a dict");
        assert_eq!(entries.len(), 5);
        assert!(entries.contains(&format!("Integer(9): Integer({value})")), "{entries:?}");
        assert!(entries.contains(&"Integer(70000): Integer(5)".to_owned()), "{entries:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn both_readers_say_the_same_of_every_dict_and_of_every_damaged_one(
        entries in vec((0_u32..100_000, 0_i64..1 << 40, 0_usize..4), 0..50),
        damage in vec((0_usize..4000, any::<u8>()), 0..3),
    ) {
        let mut bytes = shared_scalars();
        bytes.truncate(bytes.len() - b"K\x09h\x03h\x10Ru.".len());
        for (key, value, spelling) in entries {
            bytes.push(b'J');
            bytes.extend(key.to_le_bytes());
            match spelling {
                0 => bytes.extend([b'K', value as u8]),
                1 => bytes.extend([&[0x8a, 8], value.to_le_bytes().as_slice()].concat()),
                2 => bytes.extend([b"h\x03h\x09C\x08", value.to_le_bytes().as_slice(), b"\x94\x86\x94R\x94"].concat()),
                _ => bytes.extend([b"M", (value as u16).to_le_bytes().as_slice()].concat()),
            }
            if key % 7 == 0 {
                bytes.extend(b"\x95\0\0\0\0\0\0\0\0");
            }
            if spelling == 3 && key % 3 == 0 {
                bytes.push(0x94);
            }
            if key % 5 == 0 {
                bytes.extend(b"u(");
            }
            if value % 11 == 0 {
                bytes.extend([b'K', 1, b'h', (key % 40) as u8]);
            }
        }
        bytes.extend(b"u.");
        for (at, byte) in damage {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let [streamed, whole] = by_both(&bytes);
        // Damage may make something else of the dict than a dict of integers: then the one that streams may refuse it.
        let integers = |entry: &String| entry.starts_with("Integer") && entry.contains(": Integer");
        let whole_is_counts = whole.as_ref().is_ok_and(|entries| entries.iter().all(integers));
        if streamed.is_ok() || whole_is_counts {
            prop_assert_eq!(streamed, whole);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..60)) {
        let _ = read(&[&[0x80, 4], bytes.as_slice()].concat());
    }

    #[test]
    fn no_change_of_a_byte_makes_the_reader_panic(which in 0_usize..10, at in 0_usize..400, byte: u8) {
        let mut bytes = PLAIN.iter().chain(&SETS).chain(&NUMPY).nth(which).unwrap().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = read(&bytes);
        prop_assert!(read(&bytes[..at]).is_err());
    }
}
