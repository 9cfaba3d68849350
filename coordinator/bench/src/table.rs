//! What is printed.

use crate::cpu::CpuTime;
use std::time::Duration;

/// The least and the middle one of several measurements.
#[derive(Debug)]
pub(crate) struct BestAndMedian {
    sorted: Vec<f64>,
}

impl BestAndMedian {
    pub(crate) fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Self { sorted }
    }

    pub(crate) fn median(&self) -> f64 {
        self.at(0.5)
    }

    pub(crate) fn least(&self) -> f64 {
        self.at(0.0)
    }

    pub(crate) fn most(&self) -> f64 {
        self.at(1.0)
    }

    /// The number that a share of them does not exceed; 0 when there are none.
    pub(crate) fn at(&self, share: f64) -> f64 {
        let last = self.sorted.len().saturating_sub(1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index below the length")]
        let index = (share * last as f64).ceil() as usize;
        self.sorted.get(index).copied().unwrap_or(0.0)
    }
}

/// The heading of a table in Markdown.
pub(crate) fn heading(title: &str, columns: &[&str]) {
    println!("\n{title}\n\n| {} |\n|{}", columns.join(" | "), " --- |".repeat(columns.len()));
}

/// A row of it.
pub(crate) fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

/// A duration in seconds.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// Shares of the CPU time: Postgres, coordinator, clients.
pub(crate) fn shares(cpu: &CpuTime) -> String {
    let percent = |part: Duration| 100.0 * part.as_secs_f64() / cpu.all().as_secs_f64().max(1e-9);
    format!("{:.0}/{:.0}/{:.0} %", percent(cpu.postgres), percent(cpu.coordinator), percent(cpu.clients))
}

/// A number with its thousands apart.
pub(crate) fn count(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
