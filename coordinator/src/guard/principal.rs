//! Who asks.

use clap::ValueEnum;
use std::{fmt, str::FromStr};

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Everything but the work of workers.
    Operator,
    /// To take jobs and report what became of them.
    Worker,
    /// To look.
    Viewer,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 3] = [Self::Operator, Self::Worker, Self::Viewer];

    const fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Worker => "worker",
            Self::Viewer => "viewer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|role| role.word() == word).ok_or(())
    }
}

/// Who asks: an extension of every request that passed the guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The token's name in the tokens file.
    pub name: String,
    /// What they may do; nothing is refused where nobody is authenticated.
    pub role: Option<Role>,
}

impl Principal {
    /// Whoever asks where nobody is authenticated.
    pub(super) fn anybody() -> Self {
        Self { name: "anybody".to_owned(), role: None }
    }

    /// Whether they may do what operators may: those who may not need not be shown the buttons.
    #[must_use]
    pub fn operates(&self) -> bool {
        matches!(self.role, None | Some(Role::Operator))
    }
}
