//! How long a worker stays with a campaign while others of the same priority wait: beginning with one costs the time in
//! which its model is read, so a turn is a multiple of that.

use std::time::Duration;
use superposed_shared::{clock::Instant, proto::v1};

/// A turn is so many times as long as it took to get to the first result.
const TIMES: u32 = 10;

/// The shortest turn.
const SHORTEST: Duration = Duration::from_secs(5);

/// The longest turn, and how long a first result is waited for before others come first.
const LONGEST: Duration = Duration::from_secs(600);

/// A worker's turn at a campaign.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// The layer of the last lease, and the campaign's identity.
    at: Option<(v1::Affinity, Vec<u8>)>,
    began: Option<Instant>,
    /// How long it took to get to the first result of this turn.
    first_result: Option<Duration>,
}

impl Turn {
    /// A lease was taken.
    pub(super) fn note_lease(&mut self, grant: &v1::Grant, now: Instant) {
        if self.at.as_ref().is_none_or(|(_, campaign)| *campaign != grant.campaign) || self.is_over(now) {
            (self.began, self.first_result) = (Some(now), None);
        }
        let v1::Grant { campaign_id, mode, layer, .. } = *grant;
        self.at = Some((v1::Affinity { campaign_id, mode, layer, stays: false }, grant.campaign.clone()));
    }

    /// A job was done, or failed.
    pub(super) fn note_result(&mut self, now: Instant) {
        if let Some(began) = self.began {
            self.first_result.get_or_insert(now.duration_since(began));
        }
    }

    /// Where the worker would rather go on.
    pub(super) fn affinity(&self, now: Instant) -> Option<v1::Affinity> {
        let (affinity, _) = self.at.as_ref()?;
        Some(v1::Affinity { stays: !self.is_over(now), ..*affinity })
    }

    fn is_over(&self, now: Instant) -> bool {
        let length = self.first_result.map_or(LONGEST, |first| (first * TIMES).clamp(SHORTEST, LONGEST));
        self.began.is_none_or(|began| now.duration_since(began) >= length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use superposed_shared::clock::Clock;

    fn grant(campaign: u8) -> v1::Grant {
        v1::Grant { campaign: vec![campaign], campaign_id: campaign.into(), ..v1::Grant::default() }
    }

    #[test]
    fn a_turn_lasts_ten_times_as_long_as_its_first_result_took() {
        let (start, second) = (Clock.now(), Duration::from_secs(1));
        let stays = |turn: &Turn, seconds| turn.affinity(start + second * seconds).expect("a lease was taken").stays;
        let mut turn = Turn::default();
        assert_eq!(turn.affinity(start), None);
        turn.note_lease(&grant(1), start);
        assert!(stays(&turn, 599) && !stays(&turn, 600), "a first result is waited for");
        turn.note_result(start + second * 3);
        turn.note_lease(&grant(1), start + second * 20);
        turn.note_result(start + second * 20);
        assert!(stays(&turn, 29) && !stays(&turn, 30));
        // Another campaign, or the same one again after that: a new turn.
        turn.note_lease(&grant(2), start + second * 10);
        turn.note_result(start + second * 10);
        assert!(stays(&turn, 14) && !stays(&turn, 15));
        turn.note_lease(&grant(2), start + second * 40);
        turn.note_result(start + second * 40);
        assert!(stays(&turn, 44) && !stays(&turn, 45));
    }
}
