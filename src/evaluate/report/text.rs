//! The tables as text for a terminal: columns padded with spaces, one blank line between tables.

use super::cells::{self, Table};
use crate::evaluate::Evaluation;

/// Everything.
pub fn text(evaluation: &Evaluation, whole: bool) -> String {
    let mut out = cells::summary(evaluation).join("\n");
    out.push('\n');
    for table in cells::tables(evaluation, whole) {
        out.push('\n');
        write(&table, &mut out);
    }
    out
}

fn write(table: &Table, out: &mut String) {
    out.push_str(&table.title);
    out.push('\n');
    let width = |column: usize| {
        let cells = table.rows.iter().filter_map(|row| row.get(column)).chain(table.head.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..table.head.len()).map(width).collect();
    for row in core::iter::once(&table.head).chain(&table.rows) {
        let mut line = String::from(" ");
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width - cell.chars().count());
            // words to the left, numbers to the right
            let parts = if column < table.words { [cell, &pad] } else { [&pad, cell] };
            line.extend([" ", parts[0], parts[1], " "]);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    for note in &table.notes {
        out.extend(["  ", note, "\n"]);
    }
}
