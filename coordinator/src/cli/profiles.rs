//! Profiles: which coordinator is asked, and what it is shown, so that nobody types it again.
//!
//! `$XDG_CONFIG_HOME/superposed/profiles.toml` (`~/.config/…` where that is not set) may hold any number of them:
//!
//! ```toml
//! default = "lab"
//!
//! [profile.lab]
//! coordinator = "https://lab.example:7117"
//! token_file = "lab.token"
//! ca_file = "lab-ca.pem"
//! ```
//!
//! Only names of files are written there, never secrets. Relative ones are seen from the directory of the profiles.

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

/// The file's name below the directory of configurations.
const FILE: &str = "superposed/profiles.toml";

/// What the file says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profiles {
    default: Option<String>,
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

/// One coordinator, and what it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WrittenProfile")]
pub(super) struct Profile {
    /// The coordinator's URL.
    pub(super) coordinator: String,
    /// The files it is shown.
    pub(super) credentials: CredentialFiles,
}

/// A profile as it is written, in one table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenProfile {
    coordinator: String,
    token_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    certificate_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
}

impl From<WrittenProfile> for Profile {
    fn from(written: WrittenProfile) -> Self {
        let WrittenProfile { coordinator, token_file, ca_file, certificate_file, key_file } = written;
        Self { coordinator, credentials: CredentialFiles { token_file, ca_file, certificate_file, key_file } }
    }
}

/// The files that a client proves with who it is, and knows the coordinator by. Names of files only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CredentialFiles {
    /// Holds the bearer token.
    pub(super) token_file: Option<PathBuf>,
    /// Holds the certificates of the authorities that the coordinator's certificate may be of, instead of the system's.
    pub(super) ca_file: Option<PathBuf>,
    /// Holds the client's certificate.
    pub(super) certificate_file: Option<PathBuf>,
    /// Holds the key of that certificate.
    pub(super) key_file: Option<PathBuf>,
}

impl CredentialFiles {
    fn by_key(&mut self) -> [(&'static str, &mut Option<PathBuf>); 4] {
        [
            ("token_file", &mut self.token_file),
            ("ca_file", &mut self.ca_file),
            ("certificate_file", &mut self.certificate_file),
            ("key_file", &mut self.key_file),
        ]
    }
}

/// The profile of a name, or the file's default when none is named; nothing when none is named and there is no default.
///
/// # Errors
/// When the file cannot be read or makes no sense, the profile is not in it, or a file it names is not there.
pub(super) fn chosen(name: Option<&str>) -> Result<Option<Profile>> {
    let Some(file) = place() else {
        return match name {
            Some(name) => Err(anyhow!("there is no profile {name:?}: neither XDG_CONFIG_HOME nor HOME is set")),
            None => Ok(None),
        };
    };
    of_file(&file, name)
}

/// Where profiles are.
fn place() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let directory = set("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    directory.or_else(|| set("HOME").map(|home| home.join(".config"))).map(|directory| directory.join(FILE))
}

fn of_file(file: &Path, name: Option<&str>) -> Result<Option<Profile>> {
    let place = file.display();
    let content = match fs::read_to_string(file) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => match name {
            None => return Ok(None),
            Some(name) => bail!("there is no profile {name:?}: {place} is not there; write it, or leave --profile out"),
        },
        Err(error) => return Err(error).with_context(|| format!("cannot read {place}")),
    };
    let mut profiles = read(&content).map_err(|error| anyhow!("{place}: {error}"))?;
    let Some(name) = name.or(profiles.default.as_deref()).map(str::to_owned) else { return Ok(None) };
    let Some(mut profile) = profiles.profile.remove(&name) else {
        let known: Vec<String> = profiles.profile.into_keys().collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        bail!("{place} has no profile {name:?}; it has {known}");
    };
    let directory = file.parent().unwrap_or(Path::new("/"));
    for (key, path) in profile.credentials.by_key() {
        let Some(path) = path else { continue };
        *path = directory.join(&*path);
        // Opened, so that one without permission is told here as well; never shown.
        let opened = fs::File::open(&*path).and_then(|file| file.metadata());
        let is_file =
            opened.with_context(|| format!("{place}: {key} of profile {name:?}: cannot read {}", path.display()))?;
        ensure!(is_file.is_file(), "{place}: {key} of profile {name:?}: {} is no file", path.display());
    }
    let CredentialFiles { certificate_file, key_file, .. } = &profile.credentials;
    ensure!(
        certificate_file.is_some() == key_file.is_some(),
        "{place}: profile {name:?} needs both certificate_file and key_file, or neither"
    );
    Ok(Some(profile))
}

/// Reads the file; what is wrong is told with its line.
fn read(content: &str) -> Result<Profiles> {
    toml::from_str(content).map_err(|error| {
        let line = error.span().map_or(0, |span| content[..span.start].matches('\n').count()) + 1;
        anyhow!("line {line}: {}", error.message())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a file of this content, its place cut off.
    fn refused(content: &str, name: Option<&str>) -> String {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("profiles.toml");
        fs::write(&file, content).expect("a writable file");
        fs::write(directory.path().join("token"), "very secret").expect("a writable file");
        let error = of_file(&file, name).expect_err("it was accepted");
        let told = format!("{error:#}").replace(&format!("{}/", directory.path().display()), "");
        assert!(!told.contains("secret"), "{told}");
        told
    }

    #[test]
    fn the_profile_that_is_named_is_taken_and_else_the_default() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("profiles.toml");
        assert_eq!(of_file(&file, None).expect("no file is no error"), None);
        let content = "default = 'a'\n[profile.a]\ncoordinator = 'http://a'\n[profile.b]\ncoordinator = 'http://b'\n\
                       token_file = 'token'\n";
        fs::write(&file, content).expect("a writable file");
        fs::write(directory.path().join("token"), "very secret").expect("a writable file");
        let url = |name| of_file(&file, name).expect("a legal file").map(|profile| profile.coordinator);
        assert_eq!((url(None).as_deref(), url(Some("b")).as_deref()), (Some("http://a"), Some("http://b")));
        let b = of_file(&file, Some("b")).expect("a legal file").expect("a profile");
        assert_eq!(b.credentials.token_file, Some(directory.path().join("token")));
        fs::write(&file, "[profile.a]\ncoordinator = 'http://a'\n").expect("a writable file");
        assert_eq!(url(None), None, "a profile that nobody chose was taken");
    }

    #[test]
    fn what_is_wrong_with_profiles_is_one_clear_line() {
        let lab = "[profile.lab]\ncoordinator = 'http://a'\n";
        assert_eq!(refused(lab, Some("home")), "profiles.toml has no profile \"home\"; it has lab");
        assert_eq!(refused("default = 'lab'", None), "profiles.toml has no profile \"lab\"; it has none");
        let unknown = refused(&format!("{lab}tokenfile = 'token'\n"), Some("lab"));
        assert!(
            unknown.starts_with("profiles.toml: line ") && unknown.contains("unknown field `tokenfile`"),
            "{unknown}"
        );
        let missing = refused(&format!("{lab}ca_file = 'nowhere.pem'\n"), Some("lab"));
        assert!(
            missing.starts_with("profiles.toml: ca_file of profile \"lab\": cannot read nowhere.pem: "),
            "{missing}"
        );
        assert_eq!(
            refused(&format!("{lab}certificate_file = 'token'\n"), Some("lab")),
            "profiles.toml: profile \"lab\" needs both certificate_file and key_file, or neither"
        );
        let no_toml = refused("[profile.lab\n", Some("lab"));
        assert!(no_toml.starts_with("profiles.toml: line 1: "), "{no_toml}");
    }
}
