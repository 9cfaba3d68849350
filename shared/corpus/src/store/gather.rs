//! Many counts of one row at once.

use super::{Corpus, ESCAPE};
use superposed_identity::WordId;

impl Corpus {
    /// The cells of a word and each of `columns` into `cells`, which [`Self::count_of`] makes counts of.
    ///
    /// # Panics
    /// When a word is not one of the vocabulary.
    pub(crate) fn gather(&self, word: WordId, columns: &[WordId], cells: &mut Vec<u16>) {
        let row = self.row(word);
        cells.clear();
        cells.extend(columns.iter().map(|column| row.cell(*column)));
    }

    /// The joint count of two words, whose cell is at hand.
    pub(crate) fn count_of(&self, cell: u16, a: WordId, b: WordId) -> u64 {
        if cell == ESCAPE { self.large_count(a, b) } else { u64::from(cell) }
    }
}
