//! Boolean sliding windows, counted without looking at any window.
//!
//! Number windows by the position of their last token. A word that is at position *p* is in the windows *p* to
//! *p* + *w* − 1. When a token of word *x* arrives at position *e*, and *x* was last at *p*, the windows from *e* that
//! *x* is newly in are those from max(*e*, *p* + *w*) to *e* + *w* − 1. A pair (*x*, *y*), with *y* last at *q*, is
//! newly in those from max(*e*, *p* + *w*) to *q* + *w* − 1: up to *p* + *w* − 1 both were together already when
//! *q* > *p*, and when *q* < *p* nothing is new. Windows before the first whole one and after the document's last token
//! do not exist, and are cut off.
//!
//! So what must be known is where each word of the last *w* tokens was last: a list in the order of positions, of at most
//! *w* words. Each token costs a look for itself in that list, and one addition for each word behind the place where it
//! was found.

/// The windows of a document of so many tokens; a window of 0 is the whole document.
pub(crate) const fn windows_of(length: u64, window: u32) -> u64 {
    if window == 0 || length <= window as u64 { 1 } else { length - window as u64 + 1 }
}

/// A token that is no word.
pub(super) const NO_WORD: u32 = u32::MAX;

/// A word and where it was last, from 1.
#[derive(Clone, Copy)]
struct Last {
    position: usize,
    word: u32,
}

/// Finds in how many windows of a document words and pairs are.
pub(super) struct Windows {
    window: u32,
    /// The words of the last tokens by their last positions, from `start` on.
    last: Vec<Last>,
    /// The words of a document that is one window.
    present: Vec<u32>,
}

impl Windows {
    pub(super) fn new(window: u32) -> Self {
        Self { window, last: Vec::new(), present: Vec::new() }
    }

    /// Calls `single` with words and `joint` with pairs of different words and in how many more windows they are found to
    /// be; returns how many windows there are.
    pub(super) fn of(&mut self, tokens: &[u32], single: impl FnMut(u32, u64), joint: impl FnMut(u32, u32, u32)) -> u64 {
        let windows = windows_of(tokens.len() as u64, self.window);
        if windows == 1 {
            self.one(tokens, single, joint);
        } else {
            self.sliding(tokens, single, joint);
        }
        windows
    }

    /// A document that is one window: each word and each pair in it counts once.
    fn one(&mut self, tokens: &[u32], mut single: impl FnMut(u32, u64), mut joint: impl FnMut(u32, u32, u32)) {
        self.present.clear();
        self.present.extend(tokens.iter().filter(|word| **word != NO_WORD));
        self.present.sort_unstable();
        self.present.dedup();
        for (number, &word) in self.present.iter().enumerate() {
            single(word, 1);
            for &smaller in &self.present[..number] {
                joint(word, smaller, 1);
            }
        }
    }

    /// A document with more tokens than a window.
    fn sliding(&mut self, tokens: &[u32], mut single: impl FnMut(u32, u64), mut joint: impl FnMut(u32, u32, u32)) {
        let (window, length) = (self.window as usize, tokens.len());
        let last = &mut self.last;
        last.clear();
        let mut start = 0;
        // Positions are from 1: windows `window` to `length` are whole.
        for (at, &word) in (1..).zip(tokens) {
            if word == NO_WORD {
                continue;
            }
            while last.get(start).is_some_and(|last| last.position + window <= at) {
                start += 1;
            }
            // Moved to the front now and then, so that the list stays short.
            if start > 2 * window.min(1 << 10) {
                last.drain(..start);
                start = 0;
            }
            let found = last[start..].iter().rposition(|last| last.word == word).map(|place| place + start);
            let covered = found.map_or(0, |place| last[place].position + window);
            let first = at.max(covered).max(window);
            single(word, (at + window).min(length + 1).saturating_sub(first) as u64);
            for other in &last[found.map_or(start, |place| place + 1)..] {
                let end = (other.position + window).min(length + 1);
                if end > first {
                    joint(word, other.word, (end - first) as u32);
                }
            }
            if let Some(place) = found {
                last.remove(place);
            }
            last.push(Last { position: at, word });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};
    use std::collections::{BTreeMap, BTreeSet};

    type Counts = (u64, BTreeMap<u32, u64>, BTreeMap<(u32, u32), u64>);

    /// The definition, window by window.
    fn slow(documents: &[Vec<u32>], window: u32) -> Counts {
        let (mut windows, mut singles, mut joint) = (0, BTreeMap::new(), BTreeMap::new());
        for document in documents {
            let size = if window == 0 { document.len() } else { document.len().min(window as usize) };
            for start in 0..=document.len() - size {
                windows += 1;
                let present: BTreeSet<u32> =
                    document[start..start + size].iter().copied().filter(|word| *word != NO_WORD).collect();
                for a in &present {
                    *singles.entry(*a).or_default() += 1;
                    for b in present.range(..a) {
                        *joint.entry((*a, *b)).or_default() += 1;
                    }
                }
            }
        }
        (windows, singles, joint)
    }

    fn fast(documents: &[Vec<u32>], window: u32) -> Counts {
        let (mut windows, mut singles, mut joint) = (0, BTreeMap::new(), BTreeMap::new());
        let mut counter = Windows::new(window);
        for document in documents {
            windows += counter.of(
                document,
                |word, count| *singles.entry(word).or_default() += count,
                |a, b, count| *joint.entry((a.max(b), a.min(b))).or_default() += u64::from(count),
            );
        }
        singles.retain(|_, count| *count > 0);
        (windows, singles, joint)
    }

    fn tokens(words: u32, longest: usize) -> impl Strategy<Value = Vec<u32>> {
        vec(prop_oneof![2 => 0..words, 1 => Just(NO_WORD)], 0..longest)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]
        #[test]
        fn counts_are_those_of_the_definition(documents in vec(tokens(6, 40), 0..4), window in 0_u32..14) {
            prop_assert_eq!(fast(&documents, window), slow(&documents, window));
        }

        #[test]
        fn counts_of_many_words_are_those_of_the_definition(documents in vec(tokens(150, 120), 1..4), window in 2_u32..50) {
            prop_assert_eq!(fast(&documents, window), slow(&documents, window));
        }
    }

    #[test]
    fn tokens_that_are_no_words_keep_their_places() {
        let apart = [vec![0, NO_WORD, NO_WORD, 1]];
        assert!(fast(&apart, 3).2.is_empty());
        assert_eq!(fast(&apart, 4).2, BTreeMap::from([((1, 0), 1)]));
    }

    #[test]
    fn empty_documents_are_one_window_each() {
        assert_eq!(fast(&[vec![], vec![], vec![0]], 10), (3, BTreeMap::from([(0, 1)]), BTreeMap::new()));
    }
}
