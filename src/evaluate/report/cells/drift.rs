//! How far features have moved, and what that does to the realised rate.

use super::{Table, head, months, rate};
use crate::evaluate::tables::drift::DriftRow;
use crate::evaluate::tables::periods::{MUCH, PeriodRow};

/// The ten that moved most.
pub(super) fn features(rows: Option<&[DriftRow]>) -> Table {
    let mut moved: Vec<(&DriftRow, f64)> = rows.into_iter().flatten().filter_map(|row| Some((row, row.psi?))).collect();
    moved.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.feature.cmp(b.0.feature)));
    let far = moved.iter().filter(|(_, psi)| *psi > MUCH).count();
    let cells =
        |(row, psi): &(&DriftRow, f64)| vec![row.feature.to_owned(), format!("{psi:.2}"), row.windows.to_string()];
    Table {
        title: "Drift: windows of innocent tenants against the calm ones that the model knows".into(),
        head: head(&["feature", "PSI", "windows"]),
        words: 1,
        rows: moved.iter().take(10).map(cells).collect(),
        notes: vec![if rows.is_some() {
            format!(
                "population stability index at equal exchange counts: below 0.1 little, above 0.25 much, as {far} of {}; all are in the JSON",
                moved.len()
            )
        } else {
            "the model knows no calm windows, it is of an older program: train or calibrate it anew".into()
        }],
    }
}

/// Each week beside its drift; none of a log that is no longer than one.
pub(super) fn weeks(rows: &[PeriodRow]) -> Option<Table> {
    let cells = |row: &PeriodRow| {
        let count = |count: Option<usize>| count.map_or_else(|| "-".into(), |count| count.to_string());
        vec![
            format!("from day {}", row.from_day),
            row.tenants.to_string(),
            months(row.tenant_months),
            row.false_findings.to_string(),
            rate(row.per_1000),
            row.windows.to_string(),
            count(row.moved),
            count(row.features),
            row.farthest.map_or_else(|| "-".into(), |farthest| format!("{} {:.2}", farthest.feature, farthest.psi)),
        ]
    };
    (!rows.is_empty()).then(|| Table {
        title: "Drift by week: what was realised beside how far features had moved".into(),
        head: head(&[
            "week",
            "innocent tenants",
            "tenant-months",
            "false findings",
            "per 1,000 tenant-months (5 %, 95 %)",
            "windows",
            "moved",
            "of features",
            "farthest, PSI",
        ]),
        words: 1,
        rows: rows.iter().map(cells).collect(),
        notes: vec![
            format!("moved: by more than {MUCH} from the model's calm windows at equal exchange counts; features with fewer than 500 windows in a week are not told"),
            "a tenant that is found in one week is not found again within 30 days".into(),
        ],
    })
}
