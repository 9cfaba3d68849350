//! Integers that name things: tokens, words, layers, neurons.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The id as an index into a slice.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A token of the model: a column of its logits.
    TokenId
}
id! {
    /// A word of the corpus: its rank in the code-point-sorted list of corpus words.
    WordId
}
id! {
    /// A transformer block, counted from 0.
    LayerIndex
}
id! {
    /// A neuron of a layer: a position of the one-hot, below d_ff (modes i, ii) or d_model (iii, iiii).
    NeuronId
}
