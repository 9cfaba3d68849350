//! What can go wrong while the demo is made or judged.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why the demo could not be made or judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// A file or a directory could not be read, written or moved.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was attempted, like `write`.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The model's weights make no safetensors file.
    #[error("cannot lay out the demo's model")]
    Model(#[from] safetensors::SafeTensorError),
    /// The corpus could not be counted.
    #[error("cannot count the demo's corpus")]
    Corpus(#[from] superposed_corpus::CorpusError),
    /// A random pool could not be mined.
    #[error("cannot mine a random pool")]
    Mining(#[from] superposed_mining::MineError),
    /// The directory holds something else under a name that the demo needs.
    #[error("{} was not made by the demo: choose another directory, or remove it", path.display())]
    NotADemo {
        /// What is in the way.
        path: PathBuf,
    },
    /// A planted job has no topics file, so it was not mined.
    #[error("no topics at {}: the job was not mined", path.display())]
    NotMined {
        /// The file that is missing.
        path: PathBuf,
    },
    /// A topics file has a row that is none.
    #[error("line {line} of {} is not a row of word ids and a score", path.display())]
    MalformedTopics {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A word of a theme is not a word of the corpus, so the ground truth belongs to another corpus.
    #[error("the corpus lacks {word:?}, which the ground truth names as a word of {theme:?}")]
    UnknownWord {
        /// The theme.
        theme: String,
        /// Its word.
        word: String,
    },
}

/// Says what was being done to which path when an I/O call failed.
pub(crate) trait IoContext<T> {
    fn while_doing(self, doing: &'static str, path: &Path) -> Result<T, DemoError>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn while_doing(self, doing: &'static str, path: &Path) -> Result<T, DemoError> {
        self.map_err(|source| DemoError::Io { doing, path: path.to_path_buf(), source })
    }
}
