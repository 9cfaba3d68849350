//! Where the database is, which may be a secret.

use anyhow::{Context, Result, ensure};
use clap::Args;
use std::{convert::Infallible, fmt, fs, path::PathBuf, str::FromStr};

#[derive(Debug, Args)]
pub(super) struct Database {
    /// The URL of the Postgres database, like postgresql://user@host/superposed. A password in it can be seen in the list
    /// of processes: rather set DATABASE_URL, or name a file
    #[arg(
        long,
        value_name = "URL",
        env = "DATABASE_URL",
        hide_env_values = true,
        required_unless_present = "database_file"
    )]
    database: Option<DatabaseUrl>,
    /// A file with that URL; it goes before --database
    #[arg(long, value_name = "FILE")]
    database_file: Option<PathBuf>,
}

impl Database {
    pub(super) fn url(&self) -> Result<DatabaseUrl> {
        if let Some(path) = &self.database_file {
            let text = fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read as a file with the database's URL", path.display()))?;
            let url = text.trim();
            ensure!(!url.is_empty(), "{} holds no URL of a database", path.display());
            return Ok(DatabaseUrl(url.to_owned()));
        }
        self.database.clone().context("name the database with --database or --database-file")
    }
}

/// The URL of a database. Its password is not printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The URL with its password, to connect with.
    pub(super) fn secret(&self) -> &str {
        &self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for DatabaseUrl {
    /// The scheme and what lies behind the last `@`, without the query: a password may also stand in that.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self
            .0
            .rsplit_once('@')
            .map_or_else(|| self.0.split_once("://").map_or("", |(_, place)| place), |(_, place)| place);
        write!(f, "DatabaseUrl(…{})", place.split('?').next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Example {
        #[command(flatten)]
        database: Database,
    }

    #[test]
    fn the_password_of_the_database_is_not_printed() {
        for url in [
            "postgresql://user:hunter2@host/superposed",
            "postgresql://user:hun@ter2@host/superposed",
            "postgresql:///superposed?host=/sock&password=hunter2",
            "postgresql://host/superposed?password=hun@ter2",
        ] {
            let parsed = Example::try_parse_from(["x", "--database", url]).expect("a URL");
            let printed = format!("{parsed:?}");
            assert!(!printed.contains("hunter2") && !printed.contains("user:"), "{printed}");
            assert_eq!(parsed.database.url().expect("a URL").secret(), url);
        }
    }

    #[test]
    fn a_file_with_the_url_goes_first_and_an_empty_one_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("url");
        let asked = || {
            let arguments = ["x", "--database", "postgresql:///other", "--database-file"];
            let path = path.to_str().expect("UTF-8");
            Example::try_parse_from(arguments.into_iter().chain([path])).expect("both are taken").database.url()
        };
        fs::write(&path, "postgresql:///this\n").expect("a file");
        assert_eq!(asked().expect("a URL").secret(), "postgresql:///this");
        fs::write(&path, "\n").expect("a file");
        assert!(asked().expect_err("nothing is there").to_string().ends_with("url holds no URL of a database"));
    }
}
