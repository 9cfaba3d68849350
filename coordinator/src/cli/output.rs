//! How commands tell what they found: tables for people, lines of JSON for programs.

use clap::{Args, ValueEnum};
use console::{Alignment, Style, Term, measure_text_width, pad_str, truncate_str};
use serde_json::Value;

/// How a command tells what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Output {
    /// For people
    #[default]
    Table,
    /// A line of JSON each
    Json,
}

/// The option of the commands that tell facts.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct OutputOption {
    /// How it is told; docs/command-line.md has the fields of the JSON
    #[arg(long, value_enum, default_value_t, global = true)]
    output: Output,
}

impl OutputOption {
    /// Whether programs read it.
    pub(super) fn is_json(self) -> bool {
        self.output == Output::Json
    }

    /// Prints a fact: as a line of JSON, or in words.
    pub(super) fn tell(self, json: impl FnOnce() -> Value, words: impl FnOnce() -> String) {
        if self.is_json() {
            say!("{}", json());
        } else {
            say!("{}", words());
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    title: &'static str,
    /// Numbers end below each other.
    right: bool,
    /// What is long may be cut where a terminal is too narrow.
    gives: bool,
}

impl Column {
    /// A column of words, which are never cut.
    pub(super) const fn words(title: &'static str) -> Self {
        Self { title, right: false, gives: false }
    }

    /// A column of numbers.
    pub(super) const fn numbers(title: &'static str) -> Self {
        Self { title, right: true, gives: false }
    }

    /// A column of texts, which are cut where a terminal is too narrow for them.
    pub(super) const fn texts(title: &'static str) -> Self {
        Self { title, right: false, gives: true }
    }
}

/// What is to be seen in a place of a table.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A text in a colour, where there are colours.
    pub(super) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

impl<T: ToString> From<T> for Cell {
    fn from(text: T) -> Self {
        Self { text: text.to_string(), style: Style::new() }
    }
}

/// The least width to which a text is cut.
const LEAST: usize = 8;

/// Rows below a line of titles.
#[derive(Debug)]
pub(super) struct Table {
    columns: &'static [Column],
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    pub(super) const fn new(columns: &'static [Column]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub(super) fn row<const CELLS: usize>(&mut self, cells: [Cell; CELLS]) {
        self.rows.push(cells.into());
    }

    /// Prints the table, with nothing cut where no terminal shows it; prints nothing when it has no rows.
    pub(super) fn print(&self) {
        let room = Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
        self.lines(room).iter().for_each(|line| say!("{line}"));
    }

    fn lines(&self, room: Option<usize>) -> Vec<String> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let widths = self.widths(room);
        let titles: Vec<Cell> = self.columns.iter().map(|it| Cell::styled(it.title, Style::new().bold())).collect();
        let line = |row: &Vec<Cell>| {
            let cells = self.columns.iter().zip(row).zip(&widths).map(|((column, cell), width)| {
                let side = if column.right { Alignment::Right } else { Alignment::Left };
                let shown = pad_str(&truncate_str(&cell.text, *width, "…"), *width, side, None).into_owned();
                cell.style.apply_to(shown).to_string()
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            line.trim_end().to_owned()
        };
        std::iter::once(&titles).chain(&self.rows).map(line).collect()
    }

    /// As wide as what is widest; where that is more than the room, the texts give way.
    fn widths(&self, room: Option<usize>) -> Vec<usize> {
        let widest = |(at, column): (usize, &Column)| {
            let cells = self.rows.iter().map(|row| measure_text_width(&row[at].text));
            cells.max().unwrap_or(0).max(measure_text_width(column.title))
        };
        let mut widths: Vec<usize> = self.columns.iter().enumerate().map(widest).collect();
        let Some(room) = room else { return widths };
        let all = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        let mut missing = all.saturating_sub(room);
        for (width, _) in widths.iter_mut().zip(self.columns).rev().filter(|(_, column)| column.gives) {
            let given = missing.min(width.saturating_sub(LEAST));
            *width -= given;
            missing -= given;
        }
        widths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[Column::numbers("id"), Column::texts("name"), Column::words("state")];

    fn table() -> Table {
        let mut table = Table::new(COLUMNS);
        table.row([7.into(), "a-campaign-of-many-words".into(), "running".into()]);
        table.row([12.into(), "b".into(), "paused".into()]);
        table
    }

    #[test]
    fn columns_are_aligned_and_whole_where_no_terminal_cuts_them() {
        let plain: Vec<String> =
            table().lines(None).iter().map(|line| console::strip_ansi_codes(line).into_owned()).collect();
        assert_eq!(
            plain,
            [
                "id  name                      state",
                " 7  a-campaign-of-many-words  running",
                "12  b                         paused"
            ]
        );
    }

    #[test]
    fn a_narrow_terminal_cuts_texts_and_nothing_else() {
        for room in [30, 20] {
            let lines = table().lines(Some(room));
            assert!(lines.iter().all(|line| measure_text_width(line) <= room.max(25)), "{lines:#?}");
            assert!(
                lines[1].contains("a-campa") && lines[1].contains('…') && lines[1].ends_with("running"),
                "{lines:#?}"
            );
        }
    }
}
