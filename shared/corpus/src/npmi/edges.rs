//! The pairs of a pool that keep company: each decided by the formula, most of the others without it.

use super::{Npmi, sieve::Sieve};
use std::ops::RangeInclusive;
use superposed_identity::WordId;

/// The pairs of some words whose NPMI lies within bounds, row by row; made by [`Npmi::edges`].
pub struct Edges<'a> {
    npmi: &'a Npmi,
    words: &'a [WordId],
    theta: RangeInclusive<f64>,
    sieve: Sieve,
    /// What the sieve knows of each word.
    reaches: Vec<f32>,
    /// The cells of the row at hand.
    cells: Vec<u16>,
    /// Which of them passed the sieve.
    passed: Vec<u32>,
}

impl<'a> Edges<'a> {
    pub(super) fn new(npmi: &'a Npmi, words: &'a [WordId], theta: RangeInclusive<f64>) -> Self {
        let sieve = Sieve::new(npmi.corpus.windows(), npmi.min_freq, *theta.start());
        let reaches = words.iter().map(|word| sieve.reach(npmi.singles[word.index()])).collect();
        Self { npmi, words, theta, sieve, reaches, cells: Vec::new(), passed: Vec::new() }
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
        npmi.corpus.gather(a, columns, &mut self.cells);
        let reach = self.reaches[place];
        self.passed.clear();
        self.passed.resize(columns.len(), 0);
        let mut passed = 0;
        for ((at, &other), &cell) in (0..).zip(&self.reaches[first..]).zip(&self.cells) {
            // Written in any case and kept only if it passed: no branch to mispredict.
            self.passed[passed] = at;
            passed += usize::from(self.sieve.passes(reach, other, cell));
        }
        for &at in &self.passed[..passed] {
            let b = columns[at as usize];
            let count = npmi.corpus.count_of(self.cells[at as usize], a, b);
            let score = npmi.by_count(count, p_a, npmi.singles[b.index()]);
            if self.theta.contains(&score) && a != b {
                places.push(first as u32 + at);
                weights.push(score);
            }
        }
    }
}
