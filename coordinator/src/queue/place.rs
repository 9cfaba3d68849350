//! Where the database is, and what is told when it cannot be had. Passwords are never told.

use super::QueueError;
use sqlx::{error::DatabaseError, postgres::PgConnectOptions};
use std::{fmt, str::FromStr};

/// What the URL of a Postgres database begins with.
const SCHEMES: [&str; 2] = ["postgresql://", "postgres://"];

/// The database that a URL names.
#[derive(Debug, Clone)]
pub(super) struct Place(pub(super) PgConnectOptions);

impl FromStr for Place {
    type Err = QueueError;

    fn from_str(url: &str) -> Result<Self, QueueError> {
        if !SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
            let scheme = url.split_once("://").map_or("no scheme", |(scheme, _)| scheme);
            return Err(QueueError::NoDatabase(format!("it has {scheme}, not postgresql://")));
        }
        url.parse().map(Self).map_err(|error: sqlx::Error| QueueError::NoDatabase(innermost(&error)))
    }
}

impl Place {
    /// What is told when the first connection fails.
    pub(super) fn unreachable(&self, error: &sqlx::Error) -> QueueError {
        let reason = error.as_database_error().map(DatabaseError::message).map(str::to_owned);
        QueueError::Unreachable { place: self.to_string(), reason: reason.unwrap_or_else(|| innermost(error)) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(options) = self;
        if let Some(database) = options.get_database() {
            write!(f, "{database} ")?;
        }
        match options.get_socket() {
            Some(socket) => write!(f, "at {}", socket.display()),
            None => write!(f, "at {}:{}", options.get_host(), options.get_port()),
        }
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.last().map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_without_its_password_and_what_is_none_is_refused() {
        let told = |url: &str| url.parse::<Place>().map(|place| place.to_string()).map_err(|error| error.to_string());
        let place = told("postgresql://user:secret@db.example:6543/superposed");
        assert_eq!(place.as_deref(), Ok("superposed at db.example:6543"));
        assert_eq!(told("postgres:///jobs?host=/run/pg").as_deref(), Ok("jobs at /run/pg"));
        for url in ["mysql://user:secret@x/y", "x", "", "postgresql://user:secret@host:99999999/x"] {
            let line = told(url).expect_err(url);
            assert!(line.contains("postgresql://user@host/superposed") && !line.contains("secret"), "{line}");
        }
    }
}
