//! Rows as aligned columns under bold headings.

use std::fmt::Write as _;

use anstyle::Style;

const BOLD: Style = Style::new().bold();

/// The widest column; a longer cell moves the columns after it.
const WIDEST: usize = 40;

/// The rows under their headings, and an empty line after them; nothing without a row.
pub fn columns<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let headings = headings.map(str::to_owned);
    let widths: [usize; N] = std::array::from_fn(|column| {
        let lengths = rows.iter().chain([&headings]).map(|row| row[column].chars().count());
        lengths.filter(|length| *length <= WIDEST).max().unwrap_or(0)
    });
    let mut out = format!("{BOLD}{}{BOLD:#}\n", line(&headings, &widths));
    for row in rows {
        let _ = writeln!(out, "{}", line(row, &widths));
    }
    out.push('\n');
    out
}

/// The cells in their columns.
fn line<const N: usize>(cells: &[String; N], widths: &[usize; N]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}
