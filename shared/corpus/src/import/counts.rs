//! The pickles of published counts: a dict of words, and dicts of ids.

use crate::{
    CorpusError, Vocabulary,
    pickle::{self, Item, Pickle},
    store::Row,
    vocabulary::MAX_WORDS,
};

/// The words of `vocab.pkl`: a dict, word → count. The counts are not used.
pub(super) fn vocabulary(member: &str, bytes: &[u8]) -> Result<Vocabulary, CorpusError> {
    let pickle = parse(member, bytes)?;
    let words = entries(member, &pickle)?.iter().map(|(word, _)| match word {
        Item::Text(word) => Ok((*word).to_owned()),
        other => Err(CorpusError::member(member, format!("a word is a {}, not a str", other.kind()))),
    });
    Vocabulary::from_words(words.collect::<Result<Vec<_>, _>>()?)
}

/// The single counts: a dict, id → count. Words that are not in it have `None`; the last one has a count.
pub(super) fn singles(member: &str, bytes: &[u8]) -> Result<Vec<Option<u64>>, CorpusError> {
    let pickle = parse(member, bytes)?;
    let mut singles = Vec::new();
    for entry in entries(member, &pickle)? {
        let (id, count) = id_and_count(member, entry)?;
        if singles.len() <= id as usize {
            singles.resize(id as usize + 1, None);
        }
        if singles[id as usize].replace(count).is_some() {
            return Err(twice(member, id));
        }
    }
    Ok(singles)
}

/// The joint counts of a word: a dict, id → count, into an empty row.
pub(super) fn joint(member: &str, bytes: &[u8], row: &mut Row) -> Result<(), CorpusError> {
    let pickle = parse(member, bytes)?;
    for entry in entries(member, &pickle)? {
        let (id, count) = id_and_count(member, entry)?;
        if !row.set(id, count) {
            return Err(twice(member, id));
        }
    }
    Ok(())
}

fn parse<'a>(member: &str, bytes: &'a [u8]) -> Result<Pickle<'a>, CorpusError> {
    pickle::read(bytes).map_err(|source| CorpusError::Pickle { member: member.to_owned(), source })
}

fn entries<'p, 'a>(member: &str, pickle: &'p Pickle<'a>) -> Result<&'p [(Item<'a>, Item<'a>)], CorpusError> {
    match pickle.root() {
        Item::Dict(dict) => Ok(pickle.dict(dict)),
        other => Err(CorpusError::member(member, format!("it holds a {}, not a dict of counts", other.kind()))),
    }
}

/// An id that some vocabulary may have, and a count.
fn id_and_count(member: &str, entry: &(Item<'_>, Item<'_>)) -> Result<(u32, u64), CorpusError> {
    let (Item::Integer(id), Item::Integer(count)) = *entry else {
        let detail = format!("it counts a {} by a {}, not an int by an int", entry.0.kind(), entry.1.kind());
        return Err(CorpusError::member(member, detail));
    };
    let Some(id) = u32::try_from(id).ok().filter(|id| *id < MAX_WORDS) else {
        let detail = format!("it counts word {id}, but ids of words are from 0 to at most {}", MAX_WORDS - 1);
        return Err(CorpusError::member(member, detail));
    };
    match u64::try_from(count) {
        Ok(count) => Ok((id, count)),
        Err(_) => Err(CorpusError::member(member, format!("it counts word {id} {count} times, below 0"))),
    }
}

fn twice(member: &str, id: u32) -> CorpusError {
    CorpusError::member(member, format!("it counts word {id} twice"))
}
