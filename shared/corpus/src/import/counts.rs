//! The pickles of published counts: a dict of words, and dicts of ids.

use crate::{
    CorpusError, Vocabulary,
    pickle::{self, Item, PickleError},
    store::Row,
    vocabulary::MAX_WORDS,
};

/// Why a member is refused, before its name is known.
enum Refusal {
    Pickle(PickleError),
    Content(String),
}

impl From<PickleError> for Refusal {
    fn from(error: PickleError) -> Self {
        Self::Pickle(error)
    }
}

/// The words of `vocab.pkl`: a dict, word → count. The counts are not used.
pub(super) fn vocabulary(member: &str, bytes: &[u8]) -> Result<Vocabulary, CorpusError> {
    let mut words = Vec::new();
    for_each_entry(member, bytes, |word, _| match word {
        Item::Text(word) => {
            words.push(word.to_owned());
            Ok(())
        }
        other => Err(format!("a word is a {}, not a str", other.kind())),
    })?;
    Vocabulary::from_words(words)
}

/// The single counts: a dict, id → count. Words that are not in it have `None`; the last one has a count.
pub(super) fn singles(member: &str, bytes: &[u8]) -> Result<Vec<Option<u64>>, CorpusError> {
    let mut singles = Vec::new();
    for_each_entry(member, bytes, |id, count| {
        let (id, count) = id_and_count(id, count)?;
        if singles.len() <= id as usize {
            singles.resize(id as usize + 1, None);
        }
        match singles[id as usize].replace(count) {
            None => Ok(()),
            Some(_) => Err(twice(id)),
        }
    })?;
    Ok(singles)
}

/// The joint counts of a word: a dict, id → count, into an empty row.
pub(super) fn joint(member: &str, bytes: &[u8], row: &mut Row) -> Result<(), CorpusError> {
    for_each_entry(member, bytes, |id, count| {
        let (id, count) = id_and_count(id, count)?;
        if row.set(id, count) { Ok(()) } else { Err(twice(id)) }
    })
}

/// Calls `visit` with every entry of the dict that a member holds; it says what is wrong with one.
fn for_each_entry<'a>(
    member: &str,
    bytes: &'a [u8],
    mut visit: impl FnMut(Item<'a>, Item<'a>) -> Result<(), String>,
) -> Result<(), CorpusError> {
    match pickle::entries(bytes, |key, value| visit(key, value).map_err(Refusal::Content)) {
        Ok(Item::Dict(_)) => Ok(()),
        Ok(other) => Err(CorpusError::member(member, format!("it holds a {}, not a dict of counts", other.kind()))),
        Err(Refusal::Content(detail)) => Err(CorpusError::member(member, detail)),
        Err(Refusal::Pickle(source)) => Err(CorpusError::Pickle { member: member.to_owned(), source }),
    }
}

/// An id that some vocabulary may have, and a count.
#[inline]
fn id_and_count(id: Item<'_>, count: Item<'_>) -> Result<(u32, u64), String> {
    let (Item::Integer(id), Item::Integer(count)) = (id, count) else {
        return Err(format!("it counts a {} by a {}, not an int by an int", id.kind(), count.kind()));
    };
    let Some(id) = u32::try_from(id).ok().filter(|id| *id < MAX_WORDS) else {
        return Err(format!("it counts word {id}, but ids of words are from 0 to at most {}", MAX_WORDS - 1));
    };
    match u64::try_from(count) {
        Ok(count) => Ok((id, count)),
        Err(_) => Err(format!("it counts word {id} {count} times, below 0")),
    }
}

fn twice(id: u32) -> String {
    format!("it counts word {id} twice")
}
