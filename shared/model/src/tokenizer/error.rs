//! What can be wrong with a tokenizer, each in one line that says what to do.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// A tokenizer that cannot be read, or a word that it cannot cut.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The directory holds none of the layouts that are read.
    #[error(
        "{} holds no tokenizer: put tokenizer.json, vocab.json with merges.txt, encoder.json with vocab.bpe, or \
         tokenizer.model there",
        directory.display()
    )]
    Missing {
        /// Where it was looked for.
        directory: PathBuf,
    },
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not hold what its name says.
    #[error("{} is not a usable tokenizer: {reason}; fetch it again from where the model came from", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A tokenizer of a kind that no token rule is known for.
    #[error(
        "{} is a tokenizer of kind {kind}: only byte-level (GPT-2) and SentencePiece (LLaMA) tokenizers have a rule \
         from tokens to words",
        path.display()
    )]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What the file calls itself.
        kind: String,
    },
    /// A word has no tokens.
    #[error("the tokenizer cannot cut the word {word:?}: {reason}")]
    Encode {
        /// The word.
        word: String,
        /// What the tokenizer said.
        reason: String,
    },
}

impl TokenizerError {
    pub(super) fn invalid(path: &Path, reason: impl fmt::Display) -> Self {
        Self::Invalid { path: path.to_owned(), reason: reason.to_string() }
    }
}
