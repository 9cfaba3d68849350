//! Endpoints, credentials and patience, from the environment and the usual files.

use crate::profile;
use std::{env, fmt, time::Duration};

/// How stores are reached. Built once a process, from its environment.
#[derive(Clone, Default)]
pub struct Settings {
    /// By the names of the services' own variables, like `AWS_ENDPOINT_URL`; of two of a name the later holds.
    pub variables: Vec<(String, String)>,
    /// How long a store is waited for, and how often it is asked.
    pub patience: Patience,
    /// How much is written at a time.
    pub uploads: Uploads,
}

/// How long a store is waited for, and how often it is asked. What may help when it is done again (a server that is
/// throttled, overloaded or broken, a connection that is cut) is done again after a wait that doubles each time and is
/// drawn from a range, so that many clients do not come back at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts of one request.
    pub attempts: u32,
    /// What is waited after the first that failed.
    pub first_wait: Duration,
    /// What is waited at most between two.
    pub longest_wait: Duration,
    /// How long a server may send nothing.
    pub silence: Duration,
    /// After how long no further attempt is made; what is signed into a request does not last longer than five minutes.
    pub in_all: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 10,
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(15),
            silence: Duration::from_secs(30),
            in_all: Duration::from_mins(3),
        }
    }
}

/// How much is written at a time by one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uploads {
    /// Objects; a directory is written to by fewer.
    pub objects: usize,
    /// Bytes of results that are on their way.
    pub bytes: usize,
}

impl Default for Uploads {
    fn default() -> Self {
        Self { objects: 128, bytes: 64 << 20 }
    }
}

/// What the names of variables begin with that a store may need.
const PREFIXES: [&str; 4] = ["AWS_", "GOOGLE_", "AZURE_", "STORAGE_EMULATOR_HOST"];

impl Settings {
    /// The settings of this process.
    #[must_use]
    pub fn from_environment() -> Self {
        // What is not UTF-8 is no setting of a store.
        let all =
            env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::of(all.collect())
    }

    /// The settings that an environment says.
    #[must_use]
    pub fn of(environment: Vec<(String, String)>) -> Self {
        let number = |name: &str| {
            let (_, value) = environment.iter().find(|(known, _)| known == name)?;
            let number = value.parse::<u32>().ok().filter(|number| *number > 0);
            if number.is_none() {
                tracing::warn!(name, value, "not a number from 1: passed over");
            }
            number
        };
        let seconds = |name: &str| number(name).map(|seconds| Duration::from_secs(seconds.into()));
        let Patience { attempts, silence, in_all, .. } = Patience::default();
        let Uploads { objects, bytes } = Uploads::default();
        let patience = Patience {
            attempts: number("SUPERPOSED_STORAGE_ATTEMPTS").unwrap_or(attempts),
            silence: seconds("SUPERPOSED_STORAGE_SILENCE_SECONDS").unwrap_or(silence),
            in_all: seconds("SUPERPOSED_STORAGE_PATIENCE_SECONDS").unwrap_or(in_all),
            ..Patience::default()
        };
        let uploads = Uploads {
            objects: number("SUPERPOSED_UPLOADS").map_or(objects, |objects| objects as usize),
            bytes: number("SUPERPOSED_UPLOAD_MEBIBYTES").map_or(bytes, |mebibytes| (mebibytes as usize) << 20),
        };
        let variables = environment.into_iter().filter(|(name, value)| {
            !value.is_empty() && (PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || name == "HOME")
        });
        Self { variables: variables.collect(), patience, uploads }
    }

    /// The value of a variable.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The variables of AWS, with what its files say of the profile where the environment is silent; or why these cannot
    /// be used.
    pub(crate) fn aws(&self) -> Result<Vec<(String, String)>, String> {
        let named = self.variables.iter().filter(|(name, _)| name.starts_with("AWS_")).cloned();
        // Later ones hold.
        Ok(profile::variables(self)?.into_iter().chain(named).collect())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { variables, patience, uploads } = self;
        // Values may be secrets.
        let names: Vec<_> = variables.iter().map(|(name, _)| name).collect();
        let mut all = f.debug_struct("Settings");
        all.field("variables", &names).field("patience", patience).field("uploads", uploads).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        Settings::of(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_secret_is_not_printed() {
        let settings = settings(&[("AWS_SECRET_ACCESS_KEY", "hush"), ("AWS_REGION", "here"), ("PATH", "/bin")]);
        let printed = format!("{settings:?}");
        assert!(printed.contains("AWS_SECRET_ACCESS_KEY") && !printed.contains("hush"), "{printed}");
        assert!(!printed.contains("PATH"), "{printed}");
        assert_eq!(settings.variable("AWS_REGION"), Some("here"));
    }

    #[test]
    fn patience_and_uploads_can_be_said_and_nonsense_is_passed_over() {
        let said = settings(&[("SUPERPOSED_STORAGE_ATTEMPTS", "3"), ("SUPERPOSED_UPLOADS", "lots")]);
        assert_eq!((said.patience.attempts, said.uploads), (3, Uploads::default()));
        assert_eq!(settings(&[("SUPERPOSED_UPLOAD_MEBIBYTES", "2")]).uploads.bytes, 2 << 20);
    }
}
