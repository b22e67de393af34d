//! What was left out of the training, in words.

use super::{Table, head, months, percent, rate};
use crate::evaluate::leave_out::{LeftOutRow, Untrained};
use crate::evaluate::statistics::Estimate;
use crate::evaluate::tables::calm::CalmRow;

/// What models find that never saw a group.
pub(super) fn groups(axis: &str, rows: &[LeftOutRow], untrained: &[Untrained]) -> Table {
    let recall = |found: usize, all: usize, recall: Option<Estimate>| {
        if all == 0 { "-".into() } else { format!("{found}/{all} {}", percent(recall)) }
    };
    let false_ones = |row: &CalmRow| {
        let months = months(row.tenant_months);
        if row.tenants == 0 {
            "-".into()
        } else {
            format!("{} in {months}: {}", row.false_findings, rate(row.per_1000))
        }
    };
    let cells = |row: &LeftOutRow| {
        vec![
            row.group.clone(),
            recall(row.found_without, row.attackers, row.recall_without),
            recall(row.found_with, row.attackers, row.recall_with),
            false_ones(&row.calm_without),
            false_ones(&row.calm_with),
            false_ones(&row.calm_half),
        ]
    };
    let mut notes =
        vec!["innocents: false findings in tenant-months, and per 1,000 with one-sided 95 % bounds".to_owned()];
    notes.extend(untrained.iter().map(|without| format!("no model without {}: {}", without.group, without.why)));
    Table {
        title: format!("Leaving one {axis} out of the training"),
        head: head(&[
            axis,
            "found, left out (95 %)",
            "found, trained on (95 %)",
            "its innocents, left out",
            "its innocents, trained on",
            "half of all innocents, left out",
        ]),
        words: 1,
        rows: rows.iter().map(cells).collect(),
        notes,
    }
}
