//! Which campaign is meant: by its number, or by its name where that is one campaign's alone.

use super::super::server::refused;
use crate::client::{CampaignClient, soon};
use anyhow::{Result, anyhow, bail};
use std::{convert::Infallible, str::FromStr};
use superposed_shared::proto::v1::ListRequest;

/// A campaign as people name it. What is a number is taken as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum CampaignName {
    Number(i64),
    Name(String),
}

impl FromStr for CampaignName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Number))
    }
}

impl CampaignName {
    /// The campaign's number.
    ///
    /// # Errors
    /// When no campaign has the name, or several have.
    pub(in crate::cli) async fn number(self, client: &mut CampaignClient) -> Result<i64> {
        let name = match self {
            Self::Number(number) => return Ok(number),
            Self::Name(name) => name,
        };
        let all = client.list(soon(ListRequest {})).await.map_err(refused)?.into_inner().campaigns;
        let named: Vec<i64> = all.iter().filter(|campaign| campaign.name == name).map(|campaign| campaign.id).collect();
        match named[..] {
            [number] => Ok(number),
            [] => Err(anyhow!("there is no campaign named {name:?}; `superposed list` shows all")),
            _ => {
                let numbers: Vec<String> = named.iter().map(i64::to_string).collect();
                bail!("{} campaigns are named {name:?}: say which by its number: {}", named.len(), numbers.join(", "))
            }
        }
    }
}
