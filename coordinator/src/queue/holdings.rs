//! What a worker holds, locked, and what becomes of it by what the worker says.
//!
//! All rows of a worker are read in one statement and written in another, whatever it says of them. They are locked in
//! the order of their ids, and before anything else is waited for: so do all that wait for rows, and nobody waits in a
//! circle.

use super::{Lease, LeaseEpoch, Ordinals, QueueError, SyncIdentity, punish::LeasedRow};
use sqlx::{PgConnection, Row, postgres::PgRow};
use std::{collections::BTreeMap, time::Duration};
use superposed_shared::description::CampaignId;

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It stays as it is.
    Kept,
    /// It lasts longer.
    Renewed,
    /// All of it is done.
    Done,
    /// It ends unfinished, and burns no attempt.
    Returned,
}

/// A row of a lease.
#[derive(Debug)]
struct Held {
    epoch: LeaseEpoch,
    boot: i64,
    granted_sequence: i64,
    row: LeasedRow,
    fate: Fate,
}

impl Held {
    fn read(row: &PgRow) -> Result<Self, QueueError> {
        Ok(Self {
            epoch: LeaseEpoch(row.try_get("epoch")?),
            boot: row.try_get("worker_boot")?,
            granted_sequence: row.try_get("granted_sequence")?,
            row: LeasedRow::read(row)?,
            fate: Fate::Kept,
        })
    }

    const fn is_leased(&self) -> bool {
        matches!(self.fate, Fate::Kept | Fate::Renewed)
    }
}

/// All rows that a worker has leased, locked by the transaction that read them.
#[derive(Debug)]
pub(super) struct Holdings {
    rows: Vec<Held>,
    /// Jobs that were done, by campaign.
    done: BTreeMap<CampaignId, u32>,
    /// Leases that wait for nothing but their files.
    mined: Vec<LeaseEpoch>,
}

impl Holdings {
    /// Those of a worker whose own row the transaction has locked: what it said before was taken in.
    pub(super) async fn of(connection: &mut PgConnection, worker: &str) -> Result<Self, QueueError> {
        let rows = sqlx::query(include_str!("sql/held_rows.sql")).bind(worker).fetch_all(connection).await?;
        let rows = rows.iter().map(Held::read).collect::<Result<_, _>>()?;
        Ok(Self { rows, done: BTreeMap::new(), mined: Vec::new() })
    }

    /// Waits until what the worker said before was taken in, and locks what it holds.
    pub(super) async fn lock(connection: &mut PgConnection, worker: &str) -> Result<Self, QueueError> {
        sqlx::query(include_str!("sql/lock_worker.sql")).bind(worker).execute(&mut *connection).await?;
        Self::of(connection, worker).await
    }

    /// The campaigns that `lease` is of; none when it is no longer the worker's.
    pub(super) fn campaign(&self, lease: &Lease) -> Option<CampaignId> {
        self.rows.iter().find(|held| held.epoch == lease.epoch() && held.is_leased()).map(|held| held.row.key.campaign)
    }

    /// Jobs are done, by the epochs of their leases. Rows that are done in part are parted at once; returns the
    /// campaigns with rows that are done altogether.
    pub(super) async fn complete(
        &mut self,
        connection: &mut PgConnection,
        done: &BTreeMap<LeaseEpoch, Vec<Ordinals>>,
    ) -> Result<Vec<CampaignId>, QueueError> {
        let mut parts = Parts::default();
        let mut ended = Vec::new();
        for held in &mut self.rows {
            let Some(ranges) = done.get(&held.epoch) else { continue };
            let (inside, outside) = intersect(&held.row.ordinals, ranges);
            let jobs: u32 = inside.iter().map(|piece| piece.end - piece.start).sum();
            if jobs == 0 {
                continue;
            }
            *self.done.entry(held.row.key.campaign).or_default() += jobs;
            if let Some((kept, siblings)) = outside.split_first() {
                held.row.ordinals = kept.clone();
                parts.add(held.row.id, kept, siblings, &inside);
            } else {
                held.fate = Fate::Done;
                if !ended.contains(&held.row.key.campaign) {
                    ended.push(held.row.key.campaign);
                }
            }
        }
        self.rows.extend(parts.write(connection).await?);
        Ok(ended)
    }

    /// The leases that are named end unfinished; so do those that an earlier answer to the same process granted, when it
    /// does not name them among those it holds: that answer never arrived.
    pub(super) fn give_back(&mut self, named: &[LeaseEpoch], answered: Option<(&SyncIdentity, &[LeaseEpoch])>) {
        for held in self.rows.iter_mut().filter(|held| held.is_leased()) {
            let lost = answered.is_some_and(|(sync, known)| {
                held.boot == sync.boot && held.granted_sequence < sync.sequence && !known.contains(&held.epoch)
            });
            if lost || named.contains(&held.epoch) {
                held.fate = Fate::Returned;
            }
        }
    }

    /// All jobs of the leases that are named were mined; they wait for their files.
    pub(super) fn note_mined(&mut self, named: &[LeaseEpoch]) {
        self.mined = named.to_vec();
    }

    /// The leases that a process names last longer; returns those that it no longer holds.
    pub(super) fn renew(&mut self, boot: i64, named: &[LeaseEpoch]) -> Vec<LeaseEpoch> {
        let mut current = Vec::new();
        for held in self.rows.iter_mut().filter(|held| held.is_leased() && held.boot == boot) {
            if named.contains(&held.epoch) {
                held.fate = Fate::Renewed;
                current.push(held.epoch);
            }
        }
        named.iter().copied().filter(|epoch| !current.contains(epoch)).collect()
    }

    /// Writes what became of the rows.
    pub(super) async fn write(self, connection: &mut PgConnection, lease: Duration) -> Result<(), QueueError> {
        let of = |fate| self.rows.iter().filter(|held| held.fate == fate).map(|held| held.row.id).collect::<Vec<_>>();
        let (done, returned, renewed) = (of(Fate::Done), of(Fate::Returned), of(Fate::Renewed));
        if done.is_empty() && returned.is_empty() && renewed.is_empty() && self.done.is_empty() {
            return Ok(());
        }
        let (campaigns, jobs): (Vec<i64>, Vec<i32>) =
            self.done.iter().map(|(campaign, jobs)| (campaign.0, jobs.cast_signed())).unzip();
        sqlx::query(include_str!("sql/write_held.sql"))
            .bind(done)
            .bind(returned)
            .bind(renewed)
            .bind(lease.as_secs_f64() * 1e3)
            .bind(campaigns)
            .bind(jobs)
            .bind(self.mined.iter().map(|epoch| epoch.0).collect::<Vec<_>>())
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// Rows that are done in part, column by column.
#[derive(Debug, Default)]
struct Parts {
    kept: (Vec<i64>, Vec<i32>, Vec<i32>),
    pieces: (Vec<i64>, Vec<i32>, Vec<i32>, Vec<bool>),
}

impl Parts {
    /// Row `id` keeps `kept`; of what it gives up, `siblings` stay leased and `done` is done.
    fn add(&mut self, id: i64, kept: &Ordinals, siblings: &[Ordinals], done: &[Ordinals]) {
        self.kept.0.push(id);
        self.kept.1.push(kept.start.cast_signed());
        self.kept.2.push(kept.end.cast_signed());
        let pieces = siblings.iter().map(|piece| (piece, false)).chain(done.iter().map(|piece| (piece, true)));
        for (piece, done) in pieces {
            self.pieces.0.push(id);
            self.pieces.1.push(piece.start.cast_signed());
            self.pieces.2.push(piece.end.cast_signed());
            self.pieces.3.push(done);
        }
    }

    /// Parts the rows; returns what stays leased beside them.
    async fn write(self, connection: &mut PgConnection) -> Result<Vec<Held>, QueueError> {
        if self.kept.0.is_empty() {
            return Ok(Vec::new());
        }
        let ((ids, lower, upper), (of, from, to, done)) = (self.kept, self.pieces);
        let query = sqlx::query(include_str!("sql/part_rows.sql")).bind(ids).bind(lower).bind(upper);
        let rows = query.bind(of).bind(from).bind(to).bind(done).fetch_all(connection).await?;
        let mut siblings = Vec::new();
        for row in &rows {
            if row.try_get("leased")? {
                siblings.push(Held::read(row)?);
            }
        }
        Ok(siblings)
    }
}

/// The parts of `row` inside and outside of `ranges`, each ascending.
pub(super) fn intersect(row: &Ordinals, ranges: &[Ordinals]) -> (Vec<Ordinals>, Vec<Ordinals>) {
    let mut clipped: Vec<Ordinals> = ranges
        .iter()
        .map(|range| range.start.max(row.start)..range.end.min(row.end))
        .filter(|range| !range.is_empty())
        .collect();
    clipped.sort_by_key(|range| range.start);
    let (mut inside, mut outside): (Vec<Ordinals>, Vec<Ordinals>) = (Vec::new(), Vec::new());
    let mut reached = row.start;
    for range in clipped {
        if range.start > reached {
            outside.push(reached..range.start);
        }
        let start = range.start.max(reached);
        if start < range.end {
            match inside.last_mut() {
                Some(last) if last.end == start => last.end = range.end,
                _ => inside.push(start..range.end),
            }
            reached = range.end;
        }
    }
    if reached < row.end {
        outside.push(reached..row.end);
    }
    (inside, outside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "lists of ranges are meant")]
    fn a_row_is_parted_into_what_was_named_and_what_was_not() {
        let row = 10..20;
        assert_eq!(intersect(&row, &[0..30]), (vec![10..20], vec![]));
        assert_eq!(intersect(&row, &[]), (vec![], vec![10..20]));
        assert_eq!(intersect(&row, &[16..18, 12..14]), (vec![12..14, 16..18], vec![10..12, 14..16, 18..20]));
        assert_eq!(intersect(&row, &[12..14, 13..15, 15..16]), (vec![12..16], vec![10..12, 16..20]));
        assert_eq!(intersect(&row, &[0..10, 20..25]), (vec![], vec![10..20]));
    }
}
