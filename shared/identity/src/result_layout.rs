//! As what a campaign's results are written.

use serde::{Deserialize, Serialize};

/// As what a campaign's results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResultLayout {
    /// Three files a job, as the published code writes them.
    #[default]
    Files,
    /// Parquet files: a part for each batch, which are put together to one for each mode and layer.
    Packs,
}

impl ResultLayout {
    /// Whether it is the usual one.
    #[must_use]
    pub fn is_files(&self) -> bool {
        *self == Self::Files
    }
}
