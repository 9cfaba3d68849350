//! What a forward pass says about the vocabulary.

use burn::tensor::TensorData;

/// The logits of some neurons: a row for each, in the order in which they were asked for, with a column for each token
/// of the model's vocabulary (padded columns included).
///
/// The numbers are as the model computed them: if its weights or the arithmetic ran out of range, infinities and NaN
/// are among them.
#[derive(Debug, Clone)]
pub struct Logits {
    /// The whole batch: rows beyond `rows` are filling.
    data: TensorData,
    rows: usize,
    vocabulary: usize,
}

impl Logits {
    /// Takes the first `rows` rows of a batch `[batch, vocabulary]`.
    pub(crate) fn new(data: TensorData, rows: usize) -> Self {
        let vocabulary = data.shape[1];
        Self { data, rows, vocabulary }
    }

    /// How many rows there are: as many as neurons were asked for.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many logits a row has.
    #[must_use]
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// The logits of the neuron that was asked for at this place.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f32] {
        assert!(row < self.rows, "there are {} rows, not {row}", self.rows);
        let all = self.data.as_slice::<f32>().expect("forward passes compute in f32");
        &all[row * self.vocabulary..][..self.vocabulary]
    }
}
