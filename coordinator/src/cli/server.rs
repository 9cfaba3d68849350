//! Which coordinator is asked, and what became of asking it.

use super::{
    exit::unanswered,
    profiles::{self, CredentialFiles},
};
use crate::client::prepared;
use anyhow::{Context, Result, anyhow};
use clap::Args;
use std::error::Error as _;
use superposed_shared::proto::v1::campaign_service_client::CampaignServiceClient;
use tonic::transport::{Channel, Endpoint};

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
}

/// A coordinator, and what it is shown.
#[derive(Debug)]
struct Target {
    url: String,
    #[expect(dead_code, reason = "coordinators ask for none of it yet")]
    credentials: CredentialFiles,
}

impl Server {
    /// What was said last counts most: a flag or the environment before the profile. What a default profile shows its
    /// coordinator is not shown to another one that is named by URL.
    fn target(&self) -> Result<Target> {
        let profile = match (&self.coordinator, &self.profile) {
            (Some(_), None) => None,
            (_, name) => profiles::chosen(name.as_deref().filter(|name| !name.is_empty()))?,
        };
        let (known, credentials) = profile.map(|profile| (profile.coordinator, profile.credentials)).unzip();
        let url = self.coordinator.clone().or(known).unwrap_or_else(|| USUAL.to_owned());
        Ok(Target { url, credentials: credentials.unwrap_or_default() })
    }

    /// A connection to the coordinator.
    pub(super) async fn client(&self) -> Result<CampaignServiceClient<Channel>> {
        let url = &self.target()?.url;
        let endpoint = Endpoint::from_shared(url.clone()).ok().filter(|endpoint| {
            let uri = endpoint.uri();
            uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https"))
        });
        let endpoint = endpoint.with_context(|| {
            format!(
                "{url:?} is not a coordinator's URL, which is like http://127.0.0.1:7117; name it with --coordinator"
            )
        })?;
        let channel = prepared(endpoint).connect().await.map_err(|error| {
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
