//! The files of credentials that the tools of AWS write: `~/.aws/credentials` and `~/.aws/config`.

use crate::Settings;
use ini::{Ini, ParseOption, Properties};
use std::path::{Path, PathBuf};

/// What a profile may say, and the variable that says the same.
const KEYS: [(&str, &str); 5] = [
    ("aws_access_key_id", "AWS_ACCESS_KEY_ID"),
    ("aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"),
    ("aws_session_token", "AWS_SESSION_TOKEN"),
    ("region", "AWS_REGION"),
    ("endpoint_url", "AWS_ENDPOINT_URL"),
];

/// How else a profile may come to credentials, which this does not follow.
const INDIRECT: [&str; 5] = ["credential_process", "sso_session", "sso_start_url", "role_arn", "source_profile"];

/// What a key is half of.
const PAIR: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// What the files say of the profile that `AWS_PROFILE` names, as variables; or why they cannot be used.
pub(crate) fn variables(settings: &Settings) -> Result<Vec<(String, String)>, String> {
    let named = settings.variable("AWS_PROFILE");
    let profile = named.unwrap_or("default");
    let file = |variable: &str, name: &str| {
        let there = settings.variable(variable).map(PathBuf::from);
        there.or_else(|| Some(Path::new(settings.variable("HOME")?).join(".aws").join(name)))
    };
    let of_config = if profile == "default" { "default".to_owned() } else { format!("profile {profile}") };
    let files = [
        (file("AWS_CONFIG_FILE", "config"), of_config),
        (file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), profile.to_owned()),
    ];
    let (mut found, mut indirect, mut known) = (Vec::new(), None, false);
    for (path, section) in files {
        let Some(path) = path.filter(|path| path.is_file()) else { continue };
        let content = read(&path)?;
        let Some(section) = content.section(Some(&section)) else { continue };
        known = true;
        found.extend(said(section));
        let how = INDIRECT.into_iter().find(|key| section.contains_key(key));
        indirect = indirect.or_else(|| Some(format!("{} of profile {profile} in {}", how?, path.display())));
    }
    // Two halves of different pairs are no credentials.
    if PAIR.iter().any(|name| settings.variable(name).is_some()) {
        found.retain(|(name, _)| !PAIR.contains(&name.as_str()));
        return Ok(found);
    }
    let has_key = found.iter().any(|(name, _)| name == "AWS_ACCESS_KEY_ID");
    match (named, indirect) {
        (Some(name), _) if !known => Err(format!(
            "AWS_PROFILE names {name}, and neither ~/.aws/credentials nor ~/.aws/config has such a profile"
        )),
        (_, Some(indirect)) if !has_key && settings.variable("AWS_WEB_IDENTITY_TOKEN_FILE").is_none() => Err(format!(
            "{indirect} is not followed: run `aws configure export-credentials --format env` and set what it prints"
        )),
        _ => Ok(found),
    }
}

fn said(section: &Properties) -> Vec<(String, String)> {
    let value = |(key, variable): (&str, &str)| {
        let value = section.get(key).map(str::trim).filter(|value| !value.is_empty())?;
        Some((variable.to_owned(), value.to_owned()))
    };
    KEYS.into_iter().filter_map(value).collect()
}

fn read(path: &Path) -> Result<Ini, String> {
    // A secret may have a backslash or a quote in it.
    let option = ParseOption { enabled_escape: false, enabled_quote: false, ..ParseOption::default() };
    // What the library says of a line may quote it.
    Ini::load_from_file_opt(path, option).map_err(|error| match error {
        ini::Error::Io(error) => format!("{} cannot be read: {error}", path.display()),
        ini::Error::Parse(error) => {
            format!("{} is no file of profiles: line {} is odd", path.display(), error.line + 1)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A home with these files, and what comes of it with these variables.
    fn of(credentials: &str, config: &str, variables: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        let home = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir(home.path().join(".aws")).expect("a writable directory");
        fs::write(home.path().join(".aws/credentials"), credentials).expect("a writable directory");
        fs::write(home.path().join(".aws/config"), config).expect("a writable directory");
        let home = home.path().display().to_string();
        let home = ("HOME", home.as_str());
        let all = std::iter::once(&home).chain(variables).copied();
        let all = all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        self::variables(&Settings::of(all))
    }

    fn pairs(found: &[(String, String)]) -> Vec<(&str, &str)> {
        found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    const TWO: &str = "[default]\naws_access_key_id = A\naws_secret_access_key = a/b+c\\n\"d\n\
                       [lab]\naws_access_key_id=B\naws_secret_access_key=b\naws_session_token=t\n";

    #[test]
    fn a_profile_is_found_by_its_name_in_both_files() {
        let config = "[default]\nregion = here\ns3 =\n  max_concurrent_requests = 20\n[profile lab]\nregion = there\n";
        let found = of(TWO, config, &[]).expect("a profile");
        assert_eq!(
            pairs(&found),
            [("AWS_REGION", "here"), ("AWS_ACCESS_KEY_ID", "A"), ("AWS_SECRET_ACCESS_KEY", "a/b+c\\n\"d")]
        );
        let found = of(TWO, config, &[("AWS_PROFILE", "lab")]).expect("a profile");
        assert_eq!(pairs(&found)[..2], [("AWS_REGION", "there"), ("AWS_ACCESS_KEY_ID", "B")]);
        assert_eq!(pairs(&found)[3], ("AWS_SESSION_TOKEN", "t"));
    }

    #[test]
    fn keys_of_the_environment_are_not_mixed_with_those_of_a_file() {
        let config = "[default]\nregion = here\n";
        let found = of(TWO, config, &[("AWS_ACCESS_KEY_ID", "X"), ("AWS_SECRET_ACCESS_KEY", "x")]).expect("no need");
        assert_eq!(pairs(&found), [("AWS_REGION", "here")]);
    }

    #[test]
    fn what_cannot_be_followed_is_told_and_no_secret_is() {
        let line = of(TWO, "", &[("AWS_PROFILE", "none")]).expect_err("a profile");
        assert!(line.starts_with("AWS_PROFILE names none"), "{line}");
        let line = of("", "[default]\nsso_session = lab\n", &[]).expect_err("credentials");
        assert!(line.starts_with("sso_session of profile default in "), "{line}");
        assert!(line.contains("aws configure export-credentials"), "{line}");
        let line = of("[default]\nhush\n", "", &[]).expect_err("a profile");
        assert!(line.ends_with("is odd") && !line.contains("hush"), "{line}");
        assert!(of("", "", &[]).expect("nothing to say").is_empty());
    }
}
