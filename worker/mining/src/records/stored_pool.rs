//! A pool read back from its pickle, whoever wrote it.

use crate::pool::{Pool, PoolForm};
use superposed_corpus::pickle::{self, Item, PickleError};
use superposed_identity::WordId;

/// A file that holds no pool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadPoolError {
    /// Not a pickle, damaged, or one that would execute something.
    #[error(transparent)]
    Pickle(#[from] PickleError),
    /// Not a set or a list.
    #[error("a pool is a pickled set or list of word ids, not a {0}")]
    Kind(&'static str),
    /// Something in it is no word id.
    #[error("a pool holds word ids, but this one has {0}")]
    NoId(String),
}

/// Reads a pool: a set or a list of ints, which are sorted, each kept once. Nothing in the file is executed.
///
/// # Errors
/// When the file is no such pickle.
pub fn read_pool(bytes: &[u8]) -> Result<Pool, ReadPoolError> {
    let pickle = pickle::read(bytes)?;
    let (items, form) = match pickle.root() {
        Item::Set(set) => (pickle.set(set), PoolForm::Set),
        Item::List(list) => (pickle.list(list), PoolForm::List),
        other => return Err(ReadPoolError::Kind(other.kind())),
    };
    let id = |item: &Item<'_>| match item {
        Item::Integer(id) => {
            u32::try_from(*id).map(WordId).map_err(|_| ReadPoolError::NoId(format!("the number {id}")))
        }
        other => Err(ReadPoolError::NoId(format!("a {}", other.kind()))),
    };
    let mut words = items.iter().map(id).collect::<Result<Vec<_>, _>>()?;
    words.sort_unstable();
    words.dedup();
    Ok(Pool { words, form })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::pickle::pool as write_pool;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            ids in prop::collection::btree_set(any::<u32>(), 0..1100),
            form in prop_oneof![Just(PoolForm::Set), Just(PoolForm::List)],
        ) {
            let pool = Pool { words: ids.into_iter().map(WordId).collect(), form };
            prop_assert_eq!(read_pool(&write_pool(&pool)), Ok(pool));
        }
    }

    #[test]
    fn sets_of_older_protocols_and_in_any_order_are_read() {
        // CPython's `pickle.dumps({3, 1}, protocol=2)`, which adds 3 first where hashes say so.
        let set = b"\x80\x02c__builtin__\nset\nq\x00]q\x01(K\x03K\x01e\x85q\x02Rq\x03.";
        let words = vec![WordId(1), WordId(3)];
        assert_eq!(read_pool(set), Ok(Pool { words, form: PoolForm::Set }));
    }

    #[test]
    fn what_is_no_pool_is_told() {
        let refused = |bytes: &[u8]| read_pool(bytes).expect_err("it was read").to_string();
        assert_eq!(refused(b"\x80\x04}\x94."), "a pool is a pickled set or list of word ids, not a dict");
        assert_eq!(
            refused(b"\x80\x04]\x94J\xff\xff\xff\xffa."),
            "a pool holds word ids, but this one has the number -1"
        );
        assert_eq!(refused(b"\x80\x04]\x94Na."), "a pool holds word ids, but this one has a None");
        assert!(refused(b"1 2 3\n").contains("does not start as a pickle"));
        assert!(refused(b"\x80\x04\x95\x07\0\0\0\0\0\0\0\x8f\x94(K").contains("ends at byte"));
    }
}
