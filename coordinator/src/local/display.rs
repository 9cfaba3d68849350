//! How far a campaign is: a bar on a terminal, a line now and then elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    collections::VecDeque,
    fmt,
    io::{self, IsTerminal},
    time::{Duration, Instant},
};
use superposed_shared::proto::v1;

/// Time between lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The rate is that of this time.
const RATE_OVER: Duration = Duration::from_secs(20);

/// Shows how far a campaign is.
#[derive(Debug)]
pub struct Display {
    bar: ProgressBar,
    terminal: bool,
    rate: Rate,
    last_line: Option<Instant>,
    /// Jobs settled when the last line was printed.
    last_settled: u64,
    /// What held the campaign up when it was last shown.
    last_trouble: String,
}

/// Jobs done at some moments of the recent past.
#[derive(Debug, Default)]
pub(crate) struct Rate(VecDeque<(Instant, u64)>);

impl Rate {
    /// Takes note of how many jobs are done now.
    pub(crate) fn note(&mut self, now: Instant, done: u64) {
        self.0.push_back((now, done));
        while self.0.len() > 2 && self.0.front().is_some_and(|(then, _)| now - *then > RATE_OVER) {
            self.0.pop_front();
        }
    }

    /// Jobs a second, once there is something to tell it from.
    pub(crate) fn per_second(&self) -> Option<f64> {
        let ((start, before), (end, after)) = (*self.0.front()?, *self.0.back()?);
        let seconds = (end - start).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "jobs are far fewer than 2^53")]
        let jobs = after.saturating_sub(before) as f64;
        (seconds > 0.5 && jobs > 0.0).then(|| jobs / seconds)
    }
}

/// A length of time in the unit that suits it.
pub(crate) struct Spell(pub(crate) Duration);

impl fmt::Display for Spell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0..100 => write!(f, "{seconds} s"),
            100..6000 => write!(f, "{} min", seconds.div_ceil(60)),
            6000..360_000 => write!(f, "{} h", seconds.div_ceil(3600)),
            _ => write!(f, "{} days", seconds.div_ceil(86_400)),
        }
    }
}

impl Display {
    /// A display on standard error.
    #[must_use]
    pub fn new() -> Self {
        let terminal = io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(
            Some(0),
            if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
        );
        let style = ProgressStyle::with_template("{bar:32} {percent:>3} %  {msg}").expect("the template is legal");
        bar.set_style(style.progress_chars("━╸─"));
        Self { bar, terminal, rate: Rate::default(), last_line: None, last_settled: 0, last_trouble: String::new() }
    }

    /// Shows the campaign as it is now.
    pub fn show(&mut self, campaign: &v1::Campaign) {
        let jobs = campaign.jobs.unwrap_or_default();
        let total = jobs.pending + jobs.leased + jobs.done + jobs.failed + jobs.cancelled;
        let settled = jobs.done + jobs.failed;
        let now = Instant::now();
        self.rate.note(now, settled);
        let mut message = format!("{settled}/{total} jobs");
        // A display that was just opened has the coordinator's word for it.
        let known = (campaign.jobs_per_second > 0.0).then_some(campaign.jobs_per_second);
        match self.rate.per_second().or(known) {
            Some(rate) if settled < total => {
                #[expect(clippy::cast_precision_loss, reason = "jobs are far fewer than 2^53")]
                let left = Duration::from_secs_f64((total - settled) as f64 / rate);
                message.push_str(&format!("  {rate:.1} jobs/s  ETA {}", Spell(left)));
            }
            Some(rate) => message.push_str(&format!("  {rate:.1} jobs/s")),
            None if settled < total => message.push_str("  starting"),
            None => {}
        }
        message.push_str(&format!("  {} failed", jobs.failed));
        if !campaign.trouble.is_empty() {
            message.push_str(&format!("  held up: {}", campaign.trouble));
        }
        self.bar.set_length(total);
        self.bar.set_position(settled);
        self.bar.set_message(message.clone());
        // The first jobs are news: they show that it works at all.
        // And what holds it up may be the last that is heard of it.
        let news = self.last_settled == 0 && settled > 0 || settled == total || campaign.trouble != self.last_trouble;
        self.last_trouble.clone_from(&campaign.trouble);
        if !self.terminal && (news || self.last_line.is_none_or(|last| now - last >= LINE_EVERY)) {
            self.last_line = Some(now);
            self.last_settled = settled;
            eprintln!("{message}");
        }
    }

    /// Leaves the last state on the screen.
    pub fn finish(&self) {
        self.bar.abandon();
    }
}

impl Default for Display {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_recent_past() {
        let start = Instant::now();
        let mut rate = Rate::default();
        rate.note(start, 5000);
        assert_eq!(rate.per_second(), None);
        rate.note(start + Duration::from_secs(10), 5100);
        assert_eq!(rate.per_second(), Some(10.0));
        rate.note(start + Duration::from_secs(40), 5700);
        assert_eq!(rate.per_second(), Some(20.0));
    }

    #[test]
    fn times_are_told_in_a_fitting_unit() {
        let told = [30, 119, 7200, 400_000].map(|seconds| Spell(Duration::from_secs(seconds)).to_string());
        assert_eq!(told, ["30 s", "2 min", "2 h", "5 days"]);
    }
}
