//! Which coordinator is asked, and what became of asking it.

use super::{
    exit::unanswered,
    profiles::{self, CredentialFiles},
};
use crate::client::{CampaignClient, dialer};
use anyhow::{Result, anyhow};
use clap::Args;
use std::{env, error::Error as _};
use superposed_shared::{
    credentials::{Credentials, TOKEN_VARIABLE},
    proto::v1::campaign_service_client::CampaignServiceClient,
};

/// Where a coordinator is when nobody says where.
const USUAL: &str = "http://127.0.0.1:7117";

/// Which coordinator is asked.
#[derive(Debug, Args)]
pub(super) struct Server {
    /// The coordinator's URL [default: the profile's, or http://127.0.0.1:7117]
    #[arg(long, value_name = "URL", env = "SUPERPOSED_COORDINATOR", hide_env_values = true, global = true)]
    coordinator: Option<String>,
    /// The profile of profiles.toml that says which coordinator it is, and what it is shown [default: the file's default]
    #[arg(long, value_name = "NAME", env = "SUPERPOSED_PROFILE", global = true)]
    profile: Option<String>,
    #[command(flatten)]
    credentials: Credentials,
}

/// A coordinator, and what it is shown.
#[derive(Debug)]
struct Target {
    url: String,
    credentials: Credentials,
}

impl Server {
    /// What was said last counts most: a flag or the environment before the profile. What a default profile shows its
    /// coordinator is not shown to another one that is named by URL.
    fn target(&self) -> Result<Target> {
        let profile = match (&self.coordinator, &self.profile) {
            (Some(_), None) => None,
            (_, name) => profiles::chosen(name.as_deref().filter(|name| !name.is_empty()))?,
        };
        let (known, files) = profile.map(|profile| (profile.coordinator, profile.credentials)).unzip();
        let url = self.coordinator.clone().or(known).unwrap_or_else(|| USUAL.to_owned());
        Ok(Target { url, credentials: shown(self.credentials.clone(), files.unwrap_or_default()) })
    }

    /// A connection to the coordinator.
    pub(super) async fn client(&self) -> Result<CampaignClient> {
        let Target { url, credentials } = self.target()?;
        let channel = dialer(&url, &credentials)?.connect().await.map_err(|error| {
            let error = anyhow::Error::from(error);
            let reason = error.root_cause();
            unanswered(format!(
                "no coordinator answers at {url} ({reason}); start one with `superposed serve`, or name it with \
                 --coordinator"
            ))
        })?;
        Ok(CampaignServiceClient::new(channel))
    }
}

/// What is shown: what was said for this command, and else the profile's. A certificate and its key stay together, and a
/// token that was said is not replaced by a file's.
fn shown(said: Credentials, profile: CredentialFiles) -> Credentials {
    let CredentialFiles { token_file, ca_file, certificate_file, key_file } = profile;
    let said_token = said.token.is_some() || env::var_os(TOKEN_VARIABLE).is_some_and(|token| !token.is_empty());
    let (certificate, key) = match (said.certificate, said.key) {
        (None, None) => (certificate_file, key_file),
        own => own,
    };
    Credentials {
        token_file: said.token_file.or(if said_token { None } else { token_file }),
        ca: said.ca.or(ca_file),
        certificate,
        key,
        ..said
    }
}

/// Whether it was the connection that failed, not the coordinator that refused. What a server says comes without a source.
pub(super) fn connection_broke(status: &tonic::Status) -> bool {
    status.source().is_some() || status.code() == tonic::Code::Unavailable
}

/// What a coordinator refuses, in its own words; or what became of the connection.
pub(super) fn refused(status: tonic::Status) -> anyhow::Error {
    if status.source().is_some() {
        let error = anyhow::Error::from(status);
        let reason = error.root_cause();
        return unanswered(format!(
            "the connection broke ({reason}); try again, or check that --coordinator names a coordinator"
        ));
    }
    let message = status.message();
    match status.code() {
        tonic::Code::Unimplemented => {
            anyhow!("what answers is no coordinator, or one of another version ({message}); check --coordinator")
        }
        code if message.is_empty() => anyhow!("{code}"),
        _ => anyhow!("{message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn what_was_said_goes_before_the_profile_and_a_certificate_stays_with_its_key() {
        let file = |name: &str| Some(PathBuf::from(name));
        let profile = CredentialFiles {
            token_file: file("profile-token"),
            ca_file: file("profile-ca"),
            certificate_file: file("profile-certificate"),
            key_file: file("profile-key"),
        };
        let none = shown(Credentials::default(), profile.clone());
        assert_eq!((none.token_file, none.ca), (file("profile-token"), file("profile-ca")));
        assert_eq!((none.certificate, none.key), (file("profile-certificate"), file("profile-key")));
        let said = Credentials {
            token: Some("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef".parse().expect("a token")),
            certificate: file("own-certificate"),
            key: file("own-key"),
            ..Credentials::default()
        };
        let own = shown(said, profile);
        assert_eq!((own.token_file, own.ca), (None, file("profile-ca")));
        assert_eq!((own.certificate, own.key), (file("own-certificate"), file("own-key")));
    }
}
