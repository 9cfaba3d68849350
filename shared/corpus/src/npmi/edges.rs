//! The pairs of a pool that keep company: each decided by the formula, most of the others without it.

use super::{Npmi, sieve::Sieve};
use crate::store::Gathered;
use std::ops::RangeInclusive;
use superposed_identity::WordId;

/// How many pairs are first tried together: most such groups have none that passes.
const GROUP: usize = 8;

/// The pairs of some words whose NPMI lies within bounds, row by row; made by [`Npmi::edges`].
pub struct Edges<'a> {
    npmi: &'a Npmi,
    words: &'a [WordId],
    theta: RangeInclusive<f64>,
    sieve: Sieve,
    /// What the sieve knows of each word.
    reaches: Vec<f32>,
    /// The row at hand.
    row: Gathered,
}

impl<'a> Edges<'a> {
    pub(super) fn new(npmi: &'a Npmi, words: &'a [WordId], theta: RangeInclusive<f64>) -> Self {
        let sieve = Sieve::new(npmi.corpus.windows(), npmi.min_freq, *theta.start());
        let reaches = words.iter().map(|word| sieve.reach(npmi.singles[word.index()])).collect();
        Self { npmi, words, theta, sieve, reaches, row: Gathered::default() }
    }

    /// The edges of a word with the words after it: adds the places of those words to `places`, ascending, and their
    /// NPMI to `weights`. It has the bits that [`Npmi::score`] gives.
    ///
    /// # Panics
    /// When there is no word at `place`.
    pub fn append_row(&mut self, place: usize, places: &mut Vec<u32>, weights: &mut Vec<f64>) {
        let (npmi, first) = (self.npmi, place + 1);
        let (a, columns) = (self.words[place], &self.words[first..]);
        let p_a = npmi.singles[a.index()];
        if p_a == 0.0 && !self.theta.contains(&0.0) {
            return;
        }
        npmi.corpus.gather(a, columns, &mut self.row);
        let (sieve, reach) = (self.sieve, self.reaches[place]);
        let mut start = 0;
        for (reaches, cells) in self.reaches[first..].chunks(GROUP).zip(self.row.cells().chunks(GROUP)) {
            // All of them without a branch, so that several are compared by one instruction.
            let any = match (<&[f32; GROUP]>::try_from(reaches), <&[u16; GROUP]>::try_from(cells)) {
                (Ok(reaches), Ok(cells)) => {
                    (0..GROUP).fold(false, |any, at| any | sieve.passes(reach, reaches[at], cells[at]))
                }
                _ => true,
            };
            if any {
                for (at, (&other, &cell)) in (start..).zip(reaches.iter().zip(cells)) {
                    if sieve.passes(reach, other, cell) {
                        let b = columns[at];
                        let score = npmi.by_count(npmi.corpus.count_of(cell, a, b), p_a, npmi.singles[b.index()]);
                        if self.theta.contains(&score) && a != b {
                            places.push((first + at) as u32);
                            weights.push(score);
                        }
                    }
                }
            }
            start += GROUP;
        }
    }
}
