//! Campaigns that a coordinator described, so that it need not do so with every lease.

use std::{collections::HashMap, sync::Arc};
use superposed_shared::{description::CampaignDescription, proto::v1, wire::WireError};

/// So many are remembered; a description is told again when it is wanted again.
const REMEMBERED: usize = 256;

/// Campaigns by their identity. Their numbers are those of one database, and a worker may outlive that.
#[derive(Debug, Default)]
pub(super) struct Campaigns(HashMap<Vec<u8>, Arc<CampaignDescription>>);

impl Campaigns {
    pub(super) fn learn(&mut self, mut campaign: v1::CampaignDescription) -> Result<(), WireError> {
        let identity = std::mem::take(&mut campaign.identity);
        let description = CampaignDescription::try_from(campaign)?;
        self.0.insert(identity, Arc::new(description));
        Ok(())
    }

    pub(super) fn get(&self, identity: &[u8]) -> Option<Arc<CampaignDescription>> {
        self.0.get(identity).map(Arc::clone)
    }

    /// What a Sync says is known, and must be when it is answered.
    pub(super) fn known(&mut self) -> Vec<Vec<u8>> {
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.keys().cloned().collect()
    }
}
