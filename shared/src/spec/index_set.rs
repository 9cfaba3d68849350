//! Sets of layers or neurons, kept as ranges: a whole model is one range, whatever its size.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, iter, ops::Range, str::FromStr};

/// A set of indices as ascending half-open ranges that neither overlap nor touch.
///
/// Written as text like `0-99,304` (bounds included), or in a campaign file as a list of numbers and such texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndexSet(Vec<Range<u32>>);

/// The largest index a set can hold: the queue stores them as signed integers.
pub const MAX_INDEX: u32 = (i32::MAX - 1) as u32;

impl IndexSet {
    /// The set `0 … n − 1`.
    #[must_use]
    pub fn below(n: u32) -> Self {
        iter::once(0..n).collect()
    }

    /// The ranges, ascending.
    #[must_use]
    pub fn ranges(&self) -> &[Range<u32>] {
        &self.0
    }

    /// How many indices the set has.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The greatest index.
    #[must_use]
    pub fn last(&self) -> Option<u32> {
        self.0.last().map(|range| range.end - 1)
    }

    /// All indices, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().cloned().flatten()
    }

    /// Whether the set has this index.
    #[must_use]
    pub fn contains(&self, index: u32) -> bool {
        let place = self.0.partition_point(|range| range.end <= index);
        self.0.get(place).is_some_and(|range| range.contains(&index))
    }

    /// The indices of either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.0.iter().chain(&other.0).cloned().collect()
    }
}

impl FromIterator<Range<u32>> for IndexSet {
    fn from_iter<I: IntoIterator<Item = Range<u32>>>(ranges: I) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().filter(|range| !range.is_empty()).collect();
        ranges.sort_by_key(|range| range.start);
        let mut merged: Vec<Range<u32>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        Self(merged)
    }
}

/// A text that is not a set of indices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a list of numbers and ranges like 0-99,304")]
pub struct IndexSetError(String);

impl FromStr for IndexSet {
    type Err = IndexSetError;

    fn from_str(text: &str) -> Result<Self, IndexSetError> {
        let bad = || IndexSetError(text.to_owned());
        let index = |digits: &str| digits.trim().parse::<u32>().ok().filter(|i| *i <= MAX_INDEX).ok_or_else(bad);
        text.split(',')
            .map(|part| match part.split_once('-') {
                Some((first, last)) => {
                    let (first, last) = (index(first)?, index(last)?);
                    if first <= last { Ok(first..last + 1) } else { Err(bad()) }
                }
                None => index(part).map(|i| i..i + 1),
            })
            .collect()
    }
}

impl fmt::Display for IndexSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, range) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            match range.end - range.start {
                1 => write!(f, "{comma}{}", range.start)?,
                _ => write!(f, "{comma}{}-{}", range.start, range.end - 1)?,
            }
        }
        Ok(())
    }
}

impl Serialize for IndexSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IndexSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a number or a text like \"0-99,304\"")]
        enum Item {
            Index(u32),
            Ranges(String),
        }
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a number, a text like \"0-99,304\", or a list of these")]
        enum Written {
            One(Item),
            Many(Vec<Item>),
        }
        let items = match Written::deserialize(deserializer)? {
            Written::One(item) => vec![item],
            Written::Many(items) => items,
        };
        let mut set = Self::default();
        for item in items {
            let part = match item {
                Item::Index(index) if index <= MAX_INDEX => iter::once(index..index + 1).collect(),
                Item::Index(index) => return Err(de::Error::custom(IndexSetError(index.to_string()))),
                Item::Ranges(text) => text.parse().map_err(de::Error::custom)?,
            };
            set = set.union(&part);
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_merged_and_written_back_in_their_shortest_form() {
        let set: IndexSet = "7,0-3, 4 ,304-305,305".parse().expect("a legal set");
        assert_eq!(set.to_string(), "0-4,7,304-305");
        assert_eq!((set.len(), set.last(), set.contains(7), set.contains(5)), (8, Some(305), true, false));
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 7, 304, 305]);
    }

    #[test]
    fn what_is_not_a_set_is_refused() {
        for text in ["", "a", "3-1", "1,,2", "-5", "1-2-3", "4294967295"] {
            assert!(text.parse::<IndexSet>().is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn a_campaign_file_may_mix_numbers_and_ranges() {
        #[derive(Deserialize)]
        struct File {
            neurons: IndexSet,
        }
        for (toml, expected) in [("3", "3"), ("\"0-3\"", "0-3"), ("[9, \"0-3\", 4]", "0-4,9")] {
            let file: File = toml::from_str(&format!("neurons = {toml}")).expect("a legal file");
            assert_eq!(file.neurons.to_string(), expected);
        }
    }
}
