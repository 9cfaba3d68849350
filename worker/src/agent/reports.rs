//! What the coordinator is to be told, until it acknowledged it.

use std::{collections::BTreeMap, ops::Range};
use superposed_identity::Ordinal;
use superposed_shared::proto::v1;

#[derive(Debug)]
enum Report {
    Done(v1::Completion),
    Failed(v1::JobFailure),
    Trouble(v1::Trouble),
}

/// Reports by their number.
#[derive(Debug, Default)]
pub(super) struct Reports {
    last: u64,
    waiting: BTreeMap<u64, Report>,
}

impl Reports {
    fn add(&mut self, report: impl FnOnce(u64) -> Report) {
        self.last += 1;
        self.waiting.insert(self.last, report(self.last));
    }

    pub(super) fn done(&mut self, epoch: u64, ordinals: &[Range<u32>]) {
        let ordinals = ordinals.iter().map(write_range).collect();
        self.add(|report_id| Report::Done(v1::Completion { report_id, epoch, ordinals }));
    }

    pub(super) fn failed(&mut self, epoch: u64, ordinal: Ordinal, error: String) {
        let ordinals = Some(write_range(&(ordinal.0..ordinal.0 + 1)));
        self.add(|report_id| Report::Failed(v1::JobFailure { report_id, epoch, ordinals, error }));
    }

    pub(super) fn trouble(&mut self, campaign_id: i64, error: String) {
        self.add(|report_id| Report::Trouble(v1::Trouble { report_id, campaign_id, error }));
    }

    pub(super) fn any(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn acknowledge(&mut self, ids: &[u64]) {
        for id in ids {
            self.waiting.remove(id);
        }
    }

    pub(super) fn completions(&self) -> Vec<v1::Completion> {
        let done = |report: &Report| if let Report::Done(done) = report { Some(done.clone()) } else { None };
        self.waiting.values().filter_map(done).collect()
    }

    pub(super) fn failures(&self) -> Vec<v1::JobFailure> {
        let failed = |report: &Report| if let Report::Failed(failed) = report { Some(failed.clone()) } else { None };
        self.waiting.values().filter_map(failed).collect()
    }

    pub(super) fn troubles(&self) -> Vec<v1::Trouble> {
        let trouble = |report: &Report| if let Report::Trouble(it) = report { Some(it.clone()) } else { None };
        self.waiting.values().filter_map(trouble).collect()
    }
}

const fn write_range(range: &Range<u32>) -> v1::IndexRange {
    v1::IndexRange { lower: range.start, upper: range.end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_sent_until_it_is_acknowledged() {
        let mut reports = Reports::default();
        reports.done(7, &[0..2, 3..4]);
        reports.failed(7, Ordinal(4), "why".to_owned());
        reports.acknowledge(&[1, 99]);
        assert!(reports.completions().is_empty());
        assert_eq!(reports.failures()[0].ordinals, Some(v1::IndexRange { lower: 4, upper: 5 }));
        reports.acknowledge(&[2]);
        assert!(!reports.any());
    }
}
