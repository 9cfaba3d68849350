//! Where Postgres is installed.

use super::PostgresError;
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// An installation: its `bin` directory and major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The directory of `initdb` and `pg_ctl`.
    pub directory: PathBuf,
    /// The major version, like `15`.
    pub major: String,
}

impl Binaries {
    /// All installations, best first: `PGBIN` alone if it is set, else what `pg_config` names, Debian's directories
    /// (newest first) and Homebrew's.
    ///
    /// # Errors
    /// When there is none, or `PGBIN` is wrong.
    pub fn find_all() -> Result<Vec<Self>, PostgresError> {
        if let Some(directory) = env::var_os("PGBIN").map(PathBuf::from) {
            let found = Self::at(&directory).ok_or(PostgresError::NotThere(directory))?;
            return Ok(vec![found]);
        }
        Self::among(&Self::places())
    }

    /// Where it is looked for, the best place first.
    fn places() -> Vec<PathBuf> {
        let mut places: Vec<PathBuf> = Vec::new();
        if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
            places.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
        }
        let mut debian: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
            .collect();
        debian.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
        places.extend(debian.into_iter().map(|(_, path)| path));
        places.extend(["/opt/homebrew/bin", "/usr/local/bin", "/usr/bin"].map(PathBuf::from));
        places
    }

    fn among(places: &[PathBuf]) -> Result<Vec<Self>, PostgresError> {
        let found: Vec<Self> = places.iter().filter_map(|place| Self::at(place)).collect();
        if found.is_empty() {
            return Err(PostgresError::NotFound {
                looked_at: "$PGBIN, pg_config, /usr/lib/postgresql, /opt/homebrew/bin, /usr/local/bin and /usr/bin"
                    .to_owned(),
            });
        }
        Ok(found)
    }

    /// The installation in a directory, when its server is there too: a client-only package has no `initdb`.
    fn at(directory: &Path) -> Option<Self> {
        if !directory.join("initdb").exists() || !directory.join("pg_ctl").exists() {
            return None;
        }
        // Like "initdb (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)".
        let output = Command::new(directory.join("initdb")).arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.split_once("(PostgreSQL)")?.1.split_whitespace().next()?;
        let major = version.split(|c: char| !c.is_ascii_digit()).next()?.to_owned();
        Some(Self { directory: directory.to_owned(), major })
    }

    /// A program of the installation.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt};

    #[test]
    fn where_only_clients_are_installed_postgres_is_not_found() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let program = |name: &str| {
            let path = place.path().join(name);
            fs::write(&path, "#!/bin/sh\necho 'initdb (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)'\n")
                .expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("own file");
        };
        let places = [place.path().join("nowhere"), place.path().to_owned()];
        program("psql");
        let line = Binaries::among(&places).expect_err("it was found").to_string();
        assert!(line.starts_with("Postgres was not found (looked at $PGBIN, pg_config, /usr/lib/postgresql"), "{line}");
        assert!(line.contains("run deploy/setup/postgres.sh") && line.contains("or set PGBIN"), "{line}");
        program("pg_ctl");
        program("initdb");
        let found = Binaries::among(&places).expect("an installation");
        assert_eq!(found, [Binaries { directory: place.path().to_owned(), major: "15".to_owned() }]);
    }
}
