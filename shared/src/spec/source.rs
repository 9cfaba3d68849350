//! What a campaign starts from.

use super::SpecError;

/// What a campaign starts from: a model, or what was kept of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A model, by its [`Place`](crate::place::Place): logits are computed.
    Model(String),
    /// A tree of pools: a directory or a `file://` URL, its size included.
    Pools(String),
    /// A tree of logits: a directory or a `file://` URL, its size included.
    Logits {
        /// The tree.
        logits: String,
        /// The [`Place`](crate::place::Place) of the tokenizer whose tokens the logits are of.
        tokenizer: String,
    },
}

impl Source {
    /// The source that the fields of a campaign file name.
    ///
    /// # Errors
    /// When none or several are named, or a tokenizer is there for nothing or is not there.
    pub(super) fn of_fields(
        model: Option<String>,
        pools: Option<String>,
        logits: Option<String>,
        tokenizer: Option<String>,
    ) -> Result<Self, SpecError> {
        match (model, pools, logits, tokenizer) {
            (Some(model), None, None, None) => Ok(Self::Model(model)),
            (None, Some(pools), None, None) => Ok(Self::Pools(pools)),
            (None, None, Some(logits), Some(tokenizer)) => Ok(Self::Logits { logits, tokenizer }),
            (None, None, Some(_), None) => Err(SpecError::NoTokenizer),
            (None, None, None, _) => Err(SpecError::NoSource),
            (Some(_), None, None, Some(_)) => Err(SpecError::IdleTokenizer("a model has its own")),
            (None, Some(_), None, Some(_)) => Err(SpecError::IdleTokenizer("pools need none")),
            _ => Err(SpecError::Sources),
        }
    }

    /// All places it names.
    pub(super) fn places_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let (first, second) = match self {
            Self::Model(place) | Self::Pools(place) => (place, None),
            Self::Logits { logits, tokenizer } => (logits, Some(tokenizer)),
        };
        std::iter::once(first).chain(second)
    }

    /// The same kind of source, nowhere in particular.
    #[must_use]
    pub fn anywhere(&self) -> Self {
        let nowhere = String::new;
        match self {
            Self::Model(_) => Self::Model(nowhere()),
            Self::Pools(_) => Self::Pools(nowhere()),
            Self::Logits { .. } => Self::Logits { logits: nowhere(), tokenizer: nowhere() },
        }
    }
}
