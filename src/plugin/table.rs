//! Columns as `kubectl get` prints them, and times as a person reads them.

use std::fmt;

use jiff::Timestamp;

use super::console::one_line;

/// Between two columns.
const GAP: usize = 3;

/// A table: a line of heads, and lines of cells.
pub struct Table {
    lines: Vec<Vec<String>>,
}

impl Table {
    /// An empty one with these heads.
    pub fn new<const N: usize>(heads: [&str; N]) -> Self {
        Self {
            lines: vec![heads.map(str::to_owned).into()],
        }
    }

    /// Adds a line.
    pub fn add<const N: usize>(&mut self, cells: [String; N]) {
        self.lines.push(cells.map(|cell| one_line(&cell)).into());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.lines.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            let cells = self.lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for line in &self.lines {
            let mut text = String::new();
            for (cell, width) in line.iter().zip(&widths) {
                text += &format!("{cell:0$}", width + GAP);
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

/// How long ago `since` was at `now`: one number, as `kubectl` rounds it.
pub fn age(now: Timestamp, since: Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A moment, with how far it is away: `2026-11-22T10:00:00Z (in 5m)`.
pub fn moment(now: Timestamp, at: Timestamp) -> String {
    if at > now {
        format!("{at:.0} (in {})", age(at, now))
    } else {
        format!("{at:.0} ({} ago)", age(now, at))
    }
}

/// `1 client`, `2 clients`.
pub fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["NAME", "AGE"]);
        table.add(["a\nb".to_owned(), "1s".to_owned()]);
        table.add(["größer".to_owned(), String::new()]);
        assert_eq!(table.to_string(), "NAME     AGE\na b      1s\ngrößer\n");
    }

    #[test]
    fn ages_have_one_number() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (seconds, expected) in [
            (-5, "0s"),
            (119, "119s"),
            (120, "2m"),
            (7_199, "119m"),
            (7_200, "2h"),
            (200_000, "2d"),
        ] {
            assert_eq!(age(at(1_000_000 + seconds), at(1_000_000)), expected);
        }
        assert_eq!(moment(at(0), at(300)), "1970-01-01T00:05:00Z (in 5m)");
        assert_eq!(moment(at(300), at(0)), "1970-01-01T00:00:00Z (5m ago)");
        assert_eq!(
            (count(1, "client"), count(0, "client")),
            ("1 client".to_owned(), "0 clients".to_owned())
        );
    }
}
