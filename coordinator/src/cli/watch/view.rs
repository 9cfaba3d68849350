//! What the live view shows: the campaign, a bar for each mode and layer, and what fails.

use super::super::campaigns::{
    at_work,
    facts::{state_words, total},
};
use crate::local::display::{Rate, Spell};
use ratatui::{
    Frame,
    crossterm::event::KeyCode,
    layout::{Constraint, Layout, Rect},
    style::{Color, Style, Stylize},
    text::{Line, Span},
    widgets::Paragraph,
};
use std::time::{Duration, Instant};
use superposed_identity::Mode;
use superposed_shared::{
    proto::v1::{self, CampaignState, JobCounts},
    wire,
};

/// The least and the best width of a layer's place in the grid.
const PLACE: usize = 30;

/// Space between places.
const GAP: usize = 3;

/// Lines of a screen that are kept for layers before failures get any.
const LAYERS_FIRST: u16 = 4;

/// A campaign as it is shown.
#[derive(Debug, Default)]
pub(super) struct View {
    campaign: Option<v1::Campaign>,
    failures: Vec<(String, String)>,
    /// Why the coordinator is not heard of, while it is not.
    away: Option<String>,
    rate: Rate,
    /// How many lines of the grid lie above the screen.
    scrolled: usize,
    /// How many there may, and how many the screen has, when it was last drawn.
    scrollable: usize,
    page: usize,
}

impl View {
    /// Takes note of the campaign as it is now.
    pub(super) fn note(&mut self, now: v1::Campaign) {
        let jobs = now.jobs.unwrap_or_default();
        self.rate.note(Instant::now(), jobs.done + jobs.failed);
        self.away = None;
        self.campaign = Some(now);
    }

    /// Takes note of the first jobs that failed, and why.
    pub(super) fn note_failures(&mut self, failures: Vec<(String, String)>) {
        self.failures = failures;
    }

    /// Takes note that the coordinator is not heard of.
    pub(super) fn note_away(&mut self, reason: String) {
        self.away = Some(reason);
    }

    /// Scrolls the layers.
    pub(super) fn press(&mut self, key: KeyCode) {
        let to = match key {
            KeyCode::Up | KeyCode::Char('k') => self.scrolled.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => self.scrolled + 1,
            KeyCode::PageUp => self.scrolled.saturating_sub(self.page),
            KeyCode::PageDown => self.scrolled + self.page,
            KeyCode::Home => 0,
            KeyCode::End => usize::MAX,
            _ => self.scrolled,
        };
        self.scrolled = to.min(self.scrollable);
    }

    /// The campaign as it was last seen.
    pub(super) fn into_last(self) -> Option<v1::Campaign> {
        self.campaign
    }

    /// Draws the view on whatever room there is.
    pub(super) fn draw(&mut self, frame: &mut Frame<'_>) {
        let area = frame.area();
        let Some(campaign) = &self.campaign else {
            frame.render_widget(Paragraph::new("waiting for the coordinator; q quits"), area);
            return;
        };
        let width = usize::from(area.width);
        let head = self.head(campaign, width);
        let head_lines = u16::try_from(head.len()).unwrap_or(u16::MAX);
        let failures = self.failure_lines();
        let room = area.height.saturating_sub(head_lines + 1 + LAYERS_FIRST);
        let failure_lines = u16::try_from(failures.len()).unwrap_or(u16::MAX).min(room);
        let [top, layers, bottom, keys] = Layout::vertical([
            Constraint::Length(head_lines),
            Constraint::Min(0),
            Constraint::Length(failure_lines),
            Constraint::Length(1),
        ])
        .areas(area);
        frame.render_widget(Paragraph::new(head), top);
        let grid = grid(&campaign.layers, width);
        self.page = usize::from(layers.height);
        self.scrollable = grid.len().saturating_sub(self.page);
        self.scrolled = self.scrolled.min(self.scrollable);
        let help = match self.scrollable {
            0 => "q quits".to_owned(),
            _ => format!("q quits   ↑↓ lines {}-{} of {}", self.scrolled + 1, self.scrolled + self.page, grid.len()),
        };
        draw_lines(frame, grid.into_iter().skip(self.scrolled).collect(), layers);
        draw_lines(frame, failures, bottom);
        frame.render_widget(Paragraph::new(help.dim()), keys);
    }

    /// The lines above the layers.
    fn head(&self, campaign: &v1::Campaign, width: usize) -> Vec<Line<'static>> {
        let jobs = campaign.jobs.unwrap_or_default();
        let mut lines = vec![Line::from(vec![
            format!("campaign {} {} ({}) is ", campaign.id, campaign.name, campaign.size).bold(),
            Span::styled(state_words(campaign.state()), state_style(campaign.state())),
        ])];
        let percent = percent(&jobs);
        let mut bar = bar(&jobs, width.saturating_sub(percent.len() + 1));
        bar.push(Span::raw(format!(" {percent}")));
        lines.push(Line::from(bar));
        let facts = self.facts(campaign, &jobs);
        lines.extend(flow(&facts, width).into_iter().map(Line::from));
        if campaign.workers_at_work > 0 {
            lines.push(Line::from(at_work(campaign)));
        } else if campaign.state() == CampaignState::Running {
            lines.push(Line::from("no worker holds jobs of it"));
        }
        if !campaign.trouble.is_empty() {
            lines.push(Line::from(format!("held up: {}", campaign.trouble).yellow()));
        }
        if let Some(reason) = &self.away {
            lines.push(Line::from(format!("the coordinator does not answer ({reason}); trying again").red()));
        }
        lines.push(Line::default());
        lines
    }

    fn facts(&self, campaign: &v1::Campaign, jobs: &JobCounts) -> Vec<String> {
        let JobCounts { pending, leased, done, failed, cancelled } = *jobs;
        let mut facts = vec![
            format!("{done} of {} jobs done", total(jobs)),
            format!("{leased} leased"),
            format!("{pending} pending"),
            format!("{failed} failed"),
        ];
        if cancelled > 0 {
            facts.push(format!("{cancelled} cancelled"));
        }
        let known = (campaign.jobs_per_second > 0.0).then_some(campaign.jobs_per_second);
        if let Some(rate) = self.rate.per_second().or(known).filter(|_| campaign.state() == CampaignState::Running) {
            #[expect(clippy::cast_precision_loss, reason = "jobs are far fewer than 2^53")]
            let left = Duration::try_from_secs_f64((pending + leased) as f64 / rate).unwrap_or(Duration::MAX);
            facts.push(format!("{rate:.1} jobs/s"));
            facts.push(format!("{} left", Spell(left)));
        }
        facts
    }

    fn failure_lines(&self) -> Vec<Line<'static>> {
        if self.failures.is_empty() {
            return Vec::new();
        }
        let title = Line::from("failed first (`superposed failures` lists all):".red());
        let line = |(job, error): &(String, String)| {
            let error: String = error.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            Line::from(format!("  {job}  {error}"))
        };
        std::iter::once(title).chain(self.failures.iter().map(line)).collect()
    }
}

fn draw_lines(frame: &mut Frame<'_>, lines: Vec<Line<'static>>, area: Rect) {
    frame.render_widget(Paragraph::new(lines), area);
}

/// Facts beside each other, on as many lines as they need.
fn flow(facts: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for fact in facts {
        match lines.last_mut() {
            Some(line) if line.chars().count() + GAP + fact.chars().count() <= width => {
                line.push_str(&" ".repeat(GAP));
                line.push_str(fact);
            }
            _ => lines.push(fact.clone()),
        }
    }
    lines
}

/// A bar for each mode and layer, in as many columns as there is room for, each read from top to bottom.
fn grid(layers: &[v1::LayerProgress], width: usize) -> Vec<Line<'static>> {
    let columns = ((width + GAP) / (PLACE + GAP)).clamp(1, layers.len().max(1));
    let place = (width + GAP) / columns - GAP.min(width);
    let lines = layers.len().div_ceil(columns);
    let name = |layer: &v1::LayerProgress| {
        let mode = wire::mode(layer.mode).as_ref().map_or_else(|_| "?".to_owned(), Mode::to_string);
        format!("{mode} {}", layer.layer)
    };
    let name_width = layers.iter().map(|layer| name(layer).len()).max().unwrap_or(0);
    let cell = |layer: &v1::LayerProgress| {
        let jobs = layer.jobs.unwrap_or_default();
        let mut spans = vec![Span::raw(format!("{:<name_width$} ", name(layer)))];
        spans.extend(bar(&jobs, place.saturating_sub(name_width + 7)));
        spans.push(Span::raw(format!(" {:>5}", percent(&jobs))));
        spans
    };
    let line = |line: usize| {
        let mut spans: Vec<Span<'static>> = Vec::new();
        for layer in layers.iter().skip(line).step_by(lines) {
            if !spans.is_empty() {
                spans.push(Span::raw(" ".repeat(GAP)));
            }
            spans.extend(cell(layer));
        }
        Line::from(spans)
    };
    (0..lines).map(line).collect()
}

/// What is done, failed, at work and left, each in a character of its own, for where there are no colours.
fn bar(jobs: &JobCounts, width: usize) -> Vec<Span<'static>> {
    let all = u128::from(total(jobs).max(1));
    let mut left = width;
    let mut part = |jobs: u64, least: usize| {
        let share = usize::try_from(u128::from(jobs) * width as u128 / all).unwrap_or(width);
        // Few are to be seen as well.
        let share = if jobs > 0 { share.max(least) } else { 0 }.min(left);
        left -= share;
        share
    };
    let (done, failed, leased) = (part(jobs.done, 0), part(jobs.failed, 1), part(jobs.leased, 1));
    let span = |sign: &str, length: usize, color: Color| Span::styled(sign.repeat(length), Style::new().fg(color));
    vec![
        span("█", done, Color::Green),
        span("x", failed, Color::Red),
        span("▒", leased, Color::Cyan),
        span("░", left, Color::DarkGray),
    ]
}

/// The share that is done, rounded down: only all is 100 %.
fn percent(jobs: &JobCounts) -> String {
    format!("{} %", (u128::from(jobs.done) * 100).checked_div(total(jobs).into()).unwrap_or(100))
}

fn state_style(state: CampaignState) -> Style {
    match state {
        CampaignState::Running => Style::new().cyan(),
        CampaignState::Paused => Style::new().yellow(),
        CampaignState::Completed => Style::new().green(),
        CampaignState::CompletedWithFailures | CampaignState::Cancelled => Style::new().red(),
        CampaignState::Unspecified => Style::new(),
    }
    .bold()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::{Terminal, backend::TestBackend};

    fn campaign(layers: u32) -> v1::Campaign {
        let jobs = JobCounts { pending: 25, leased: 25, done: 50, ..Default::default() };
        let layer = |layer| v1::LayerProgress { mode: v1::Mode::Ii.into(), layer, jobs: Some(jobs) };
        let all = u64::from(layers);
        v1::Campaign {
            id: 7,
            name: "whole".to_owned(),
            size: "124M".to_owned(),
            state: CampaignState::Running.into(),
            jobs: Some(JobCounts { pending: 25 * all, leased: 25 * all, done: 50 * all, ..Default::default() }),
            layers: (0..layers).map(layer).collect(),
            workers_at_work: 3,
            at_work: vec![v1::WorkerAtWork { id: "a".to_owned(), jobs: 12 }],
            ..Default::default()
        }
    }

    fn drawn(view: &mut View, width: u16, height: u16) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal in memory");
        terminal.draw(|frame| view.draw(frame)).expect("a terminal in memory");
        let buffer = terminal.backend().buffer();
        let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..height).map(line).collect()
    }

    #[test]
    fn all_of_a_campaign_is_to_be_seen() {
        let mut view = View::default();
        view.note(campaign(4));
        view.note_failures(vec![("ii/0_3_pos".to_owned(), "a logit\nis NaN".to_owned())]);
        let lines = drawn(&mut view, 80, 16);
        let shown = lines.join("\n");
        assert_eq!(lines[0], "campaign 7 whole (124M) is running");
        assert!(lines[1].starts_with(&"█".repeat(37)) && lines[1].ends_with("░ 50 %"), "{shown}");
        assert!(shown.contains("200 of 400 jobs done   100 leased   100 pending   0 failed"), "{shown}");
        assert!(shown.contains("3 workers hold jobs: a 12 and 2 more"), "{shown}");
        assert!(shown.contains("ii 0 ███") && shown.contains("ii 3 ███") && shown.contains("50 %"), "{shown}");
        assert!(shown.contains("ii/0_3_pos  a logit is NaN"), "{shown}");
        assert_eq!(lines[15], "q quits");
    }

    #[test]
    fn a_narrow_or_low_terminal_shows_what_fits_and_scrolls_through_the_rest() {
        let mut view = View::default();
        view.note(campaign(40));
        for (width, height) in [(1, 1), (5, 3), (12, 2), (200, 1), (20, 60)] {
            drawn(&mut view, width, height);
        }
        let shown = drawn(&mut view, 32, 14).join("\n");
        assert!(
            shown.contains("ii 0 ") && !shown.contains("ii 39 ") && shown.contains("2000 of 4000 jobs done"),
            "{shown}"
        );
        view.press(KeyCode::End);
        let shown = drawn(&mut view, 32, 14).join("\n");
        assert!(shown.contains("ii 39 ") && !shown.contains("ii 0 "), "{shown}");
        view.press(KeyCode::Down);
        view.press(KeyCode::Up);
        assert!(!drawn(&mut view, 32, 14).join("\n").contains("ii 39 "), "it did not scroll back");
    }

    #[test]
    fn a_bar_is_full_only_when_all_is_done_and_shows_the_few_too() {
        let text = |jobs, width| bar(&jobs, width).iter().map(|span| span.content.to_string()).collect::<String>();
        let jobs = |done, failed, leased, pending| JobCounts { pending, leased, done, failed, cancelled: 0 };
        assert_eq!(text(jobs(999, 1, 0, 0), 10), "█████████x");
        assert_eq!(text(jobs(0, 0, 1, 999), 10), "▒░░░░░░░░░");
        assert_eq!(text(jobs(10, 0, 0, 0), 4), "████");
        assert_eq!(text(jobs(0, 0, 0, 0), 3), "░░░");
        assert_eq!(text(jobs(u64::MAX / 2, 0, 0, u64::MAX / 4), 0), "");
    }
}
