//! The table of a run.

use crate::{campaign::Mined, faults::Felt};
use std::{collections::BTreeMap, time::Duration};

/// What all campaigns of a run came to.
#[derive(Debug, Default)]
pub(crate) struct Report {
    mined: Vec<Mined>,
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

impl Report {
    pub(crate) fn add(&mut self, mined: Mined) {
        self.mined.push(mined);
    }

    pub(crate) fn print(&self, seed: u64, undisturbed: &Mined) {
        let faults: Vec<&Felt> = self.mined.iter().flat_map(|mined| &mined.faults).collect();
        let mut kinds: BTreeMap<_, Vec<&Felt>> = BTreeMap::new();
        for felt in &faults {
            kinds.entry(felt.fault).or_default().push(felt);
        }
        eprintln!("| fault | times | timed until | median | worst | jobs leased again | went on meanwhile |");
        eprintln!("| --- | --- | --- | --- | --- | --- | --- |");
        for (fault, felt) in kinds {
            let mut times: Vec<_> = felt.iter().map(|felt| felt.recovery).collect();
            times.sort();
            let (what, until) = fault.words();
            let again: usize = felt.iter().map(|felt| felt.handed_back).sum();
            let lasting = felt.iter().filter_map(|felt| felt.went_on).collect::<Vec<_>>();
            let went_on = match lasting.len() {
                0 => "–".to_owned(),
                all => format!("{} of {all}", lasting.iter().filter(|went_on| **went_on).count()),
            };
            let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
            let (median, worst) = (seconds(median), seconds(worst));
            eprintln!("| {what} | {} | {until} | {median} | {worst} | {again} | {went_on} |", felt.len());
        }
        let sum = |of: fn(&Mined) -> usize| self.mined.iter().map(of).sum::<usize>();
        let took: Duration = self.mined.iter().map(|mined| mined.took).sum();
        eprintln!(
            "seed {seed}: {} faults in {} campaigns of {} jobs, {} in all (undisturbed, one takes {})",
            faults.len(),
            self.mined.len(),
            undisturbed.jobs,
            seconds(took),
            seconds(undisturbed.took),
        );
        let (jobs, handed_out) = (sum(|mined| mined.jobs), sum(|mined| mined.handed_out));
        eprintln!(
            "{jobs} jobs, each done once in the queue and none failed; {handed_out} handed out, {} written; \
             {} jobs handed out more than once, {} written more than once; {} that stood alone used up attempts",
            sum(|mined| mined.written),
            sum(|mined| mined.twice_handed_out),
            sum(|mined| mined.twice_written),
            self.mined.iter().map(|mined| mined.burnt).sum::<i64>(),
        );
        let mut causes: BTreeMap<&str, usize> = BTreeMap::new();
        for (cause, jobs) in self.mined.iter().flat_map(|mined| &mined.returned) {
            *causes.entry(cause).or_default() += jobs;
        }
        // Each job is handed out once anyway.
        eprintln!("double_dispatch_total {}, by what ended the lease before:", handed_out - jobs);
        for (cause, jobs) in causes {
            eprintln!("  {jobs}: {cause}");
        }
    }
}
