//! What the coordinator is to be told, until it acknowledged it.

use crate::outcome::Failure;
use std::{collections::BTreeMap, ops::Range};
use superposed_shared::proto::v1;
use tracing::{Span, debug_span};

/// The most entries of one Sync's lists; a coordinator takes 10,000 in each.
const MOST_ENTRIES: usize = 2000;

#[derive(Debug)]
enum Report {
    Done(v1::Completion),
    Failed(v1::JobFailure),
    Trouble(v1::Trouble),
}

/// Reports by their number, each with its span, from when it was made until it was acknowledged.
#[derive(Debug, Default)]
pub(super) struct Reports {
    last: u64,
    waiting: BTreeMap<u64, (Report, Span)>,
}

impl Reports {
    fn add(&mut self, span: Span, report: impl FnOnce(u64) -> Report) {
        self.last += 1;
        self.waiting.insert(self.last, (report(self.last), span));
    }

    /// Jobs of a lease, whose span is `lease`, are done.
    pub(super) fn done(&mut self, epoch: u64, ordinals: &[Range<u32>], lease: &Span) {
        let jobs: u32 = ordinals.iter().map(|range| range.end - range.start).sum();
        let ordinals = ordinals.iter().map(write_range).collect();
        self.add(span(lease, jobs), |report_id| Report::Done(v1::Completion { report_id, epoch, ordinals }));
    }

    /// A job of a lease, whose span is `lease`, failed.
    pub(super) fn failed(&mut self, epoch: u64, Failure { ordinal, error, lasting }: Failure, lease: &Span) {
        let ordinals = Some(write_range(&(ordinal.0..ordinal.0 + 1)));
        let failure = |report_id| Report::Failed(v1::JobFailure { report_id, epoch, ordinals, error, lasting });
        self.add(span(lease, 1), failure);
    }

    pub(super) fn trouble(&mut self, campaign_id: i64, error: String) {
        self.add(Span::none(), |report_id| Report::Trouble(v1::Trouble { report_id, campaign_id, error }));
    }

    pub(super) fn any(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn count(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn acknowledge(&mut self, ids: &[u64]) {
        for id in ids {
            if let Some((_, span)) = self.waiting.remove(id) {
                tracing::debug!(parent: &span, "acknowledged");
            }
        }
    }

    /// The oldest of what is to be told, as much as one Sync takes.
    pub(super) fn waiting(&self) -> Waiting {
        let mut waiting = Waiting::default();
        let mut entries = 0;
        for (report, _) in self.waiting.values() {
            entries += match report {
                Report::Done(done) => done.ordinals.len(),
                Report::Failed(_) | Report::Trouble(_) => 1,
            };
            // The first one is told whatever its length.
            if entries > MOST_ENTRIES && !waiting.is_empty() {
                break;
            }
            match report {
                Report::Done(done) => waiting.completions.push(done.clone()),
                Report::Failed(failed) => waiting.failures.push(failed.clone()),
                Report::Trouble(trouble) => waiting.troubles.push(trouble.clone()),
            }
        }
        waiting
    }
}

/// The span of a report; none when its lease has none.
fn span(lease: &Span, jobs: u32) -> Span {
    if lease.is_disabled() { Span::none() } else { debug_span!(parent: lease, "report", jobs) }
}

/// Reports of one Sync.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub(super) completions: Vec<v1::Completion>,
    pub(super) failures: Vec<v1::JobFailure>,
    pub(super) troubles: Vec<v1::Trouble>,
}

impl Waiting {
    const fn is_empty(&self) -> bool {
        self.completions.is_empty() && self.failures.is_empty() && self.troubles.is_empty()
    }
}

const fn write_range(range: &Range<u32>) -> v1::IndexRange {
    v1::IndexRange { lower: range.start, upper: range.end }
}

#[cfg(test)]
mod tests {
    use super::*;
    use superposed_identity::Ordinal;

    #[test]
    fn a_report_is_sent_until_it_is_acknowledged() {
        let mut reports = Reports::default();
        let lease = Span::none();
        reports.done(7, &[0..2, 3..4], &lease);
        reports.failed(7, Failure { ordinal: Ordinal(4), error: "why".to_owned(), lasting: true }, &lease);
        reports.acknowledge(&[1, 99]);
        assert!(reports.waiting().completions.is_empty());
        assert_eq!(reports.waiting().failures[0].ordinals, Some(v1::IndexRange { lower: 4, upper: 5 }));
        reports.acknowledge(&[2]);
        assert!(!reports.any());
    }

    #[test]
    fn what_is_too_much_for_one_sync_is_told_in_several_and_nothing_twice() {
        let mut reports = Reports::default();
        let all = 3 * MOST_ENTRIES as u32 / 2;
        for ordinal in (0..all).map(Ordinal) {
            reports.failed(7, Failure { ordinal, error: String::new(), lasting: false }, &Span::none());
        }
        reports.done(7, &vec![0..1; 2 * MOST_ENTRIES], &Span::none());
        let mut told = Vec::new();
        while reports.any() {
            let waiting = reports.waiting();
            assert!(
                waiting.failures.len() <= MOST_ENTRIES
                    && (waiting.completions.is_empty() || waiting.failures.is_empty())
            );
            let failures = waiting.failures.iter().map(|failure| failure.report_id);
            let ids: Vec<u64> = failures.chain(waiting.completions.iter().map(|done| done.report_id)).collect();
            reports.acknowledge(&ids);
            told.extend(ids);
        }
        assert!(told.into_iter().eq(1..=u64::from(all) + 1));
    }
}
