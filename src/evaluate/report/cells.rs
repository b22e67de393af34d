//! The tables as titles, heads and cells: text and HTML write the same words.

mod drift;
mod left_out;

use crate::evaluate::Evaluation;
use crate::evaluate::detector::Origin;
use crate::evaluate::statistics::Estimate;
use crate::evaluate::tables::Spread;
use crate::evaluate::tables::attacks::AttackRow;
use crate::evaluate::tables::audit::AuditRow;
use crate::evaluate::tables::calm::CalmRow;
use crate::evaluate::tables::comparison::DetectorRow;
use crate::evaluate::tables::leaks::LeakRow;

/// A table in words.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Names of the columns.
    pub head: Vec<String>,
    /// How many columns are words; the rest are numbers.
    pub words: usize,
    /// Cells.
    pub rows: Vec<Vec<String>>,
    /// What must be known to read it.
    pub notes: Vec<String>,
}

/// What was measured on, line by line.
pub fn summary(e: &Evaluation) -> Vec<String> {
    let counts = &e.counts;
    let mut lines = vec![
        format!("{}: {} records read, {} judged, {} rejected", e.source, counts.read, counts.judged, counts.rejected),
        format!(
            "{} attackers that harvested, {} innocent tenants with at least 30 exchanges",
            e.attackers, e.innocents
        ),
        format!(
            "model {} (threshold {}, {}), budget {} false findings per 1,000 tenant-months",
            e.model,
            number(e.threshold),
            if e.calibrated { "calibrated" } else { "uncalibrated" },
            e.budget
        ),
    ];
    if let Some(state) = e.state_bytes {
        lines.push(format!(
            "state of a tenant at its end: {} bytes in the mean, {} in the median, {} at the 90th percentile, {} at most",
            state.mean, state.spread.median, state.spread.p90, state.most
        ));
    }
    if counts.unlabelled_tenants > 0 {
        lines.push(format!(
            "left out: {} records of {} tenants without a label",
            counts.unlabelled, counts.unlabelled_tenants
        ));
    }
    if counts.grey_tenants > 0 {
        lines.push(format!("left out: {} records of {} tenants labelled grey", counts.grey, counts.grey_tenants));
    }
    if counts.absent_tenants > 0 {
        lines.push(format!("not in the log: {} tenants that the labels name", counts.absent_tenants));
    }
    if counts.absent_harvest_ids > 0 {
        lines.push(format!("no attacker's: {} of the harvest ids", counts.absent_harvest_ids));
    }
    if e.attackers == 0 && e.labelled_attackers > 0 {
        lines.push(format!(
            "no attacker harvested: {} in the log",
            if e.harvest_ids { "none of the harvest ids is" } else { "none of their accounts and times is" }
        ));
    }
    if !e.harvest_ids {
        lines.push("no harvest ids: what was harvested is read from the labels' accounts and times".into());
    }
    lines
}

/// All tables in the order of reading; `whole`: with all rows of the audit.
pub fn tables(e: &Evaluation, whole: bool) -> Vec<Table> {
    let budget = e.budget;
    let mut tables = vec![
        detectors(&e.detectors),
        areas(&e.detectors),
        attacks("Attackers, by share of harvest and by family", &e.attacks),
        attacks("Attackers, by evasion", &e.attack_evasions),
        attacks("Attackers, by what their records let us see", &e.attack_tiers),
        calm("Innocent tenants, by class", &e.classes, budget),
        calm("Innocent tenants, by volume", &e.thirds, budget),
        calm("Innocent tenants, by what their records let us see", &e.calm_tiers, budget),
        leaks(&e.leaks),
        audit(&e.audit, whole),
        drift::features(e.drift.as_deref()),
    ];
    tables.extend(drift::weeks(&e.drift_by_week));
    tables.extend(e.left_out_axis.map(|axis| left_out::groups(axis, &e.left_out, &e.left_out_untrained)));
    tables
}

fn detectors(rows: &[DetectorRow]) -> Table {
    let cells = |row: &DetectorRow| {
        vec![
            row.detector.to_owned(),
            threshold(row),
            format!("{}/{}", row.pure.1, row.pure.0),
            percent(row.recall_pure),
            format!("{}/{}", row.diluted.1, row.diluted.0),
            percent(row.recall_diluted),
            format!("{} in {}", row.calm.false_findings, months(row.calm.tenant_months)),
            rate(row.calm.per_1000),
            format!("{}/{}", row.twins.false_findings, row.twins.tenants),
            spread(row.exchanges_before),
        ]
    };
    Table {
        title: "Model and baselines".into(),
        head: head(&[
            "detector",
            "threshold",
            "pure found",
            "recall (95 %)",
            "<= 10 % found",
            "recall (95 %)",
            "false in months",
            "per 1,000 (5 %, 95 % bounds)",
            "on twins",
            "harvested before (median, p90)",
        ]),
        words: 2,
        rows: rows.iter().map(cells).collect(),
        notes: vec![
            "calm: set on half of the innocent customers at the model's rate of false findings; false findings of all detectors are counted on the other half".into(),
            "on twins: findings on innocents that were made to be like an attacker in all but one habit, one for every attacker; a provider has few such customers, so they are in no rate".into(),
            "harvested before: exchanges harvested up to and including the deciding one, of pure attackers that were found".into(),
        ],
    }
}

fn areas(rows: &[DetectorRow]) -> Table {
    let cells = |row: &DetectorRow| {
        let mut cells = vec![row.detector.to_owned()];
        cells.extend(row.auc_pure[..row.auc_pure.len() - 1].iter().map(|area| plain(*area)));
        cells.push(estimate(row.auc_pure_end));
        cells.push(estimate(row.auc_diluted_controls));
        cells.push(estimate(row.auc_small_windows));
        cells
    };
    Table {
        title: "Area under the curve".into(),
        head: head(&[
            "detector",
            "16",
            "30",
            "64",
            "100",
            "256",
            "pure, at the end (95 %)",
            "<= 10 %, against controls (95 %)",
            "a tenth of 100 (95 %)",
        ]),
        words: 1,
        rows: rows.iter().map(cells).collect(),
        notes: vec![
            "16 to 256: highest value within the tenant's first so many exchanges, pure attackers against all innocent tenants; a detector that says nothing yet ties".into(),
            format!(
                "a tenth of 100: highest value within the first hundred exchanges of which 8 to 12 were harvested, of {} attackers, against the middle hundred of innocent tenants",
                rows.first().map_or(0, |row| row.small_windows)
            ),
        ],
    }
}

fn attacks(title: &str, rows: &[AttackRow]) -> Table {
    let cells = |row: &AttackRow| {
        vec![
            row.family.clone(),
            row.share.map_or_else(String::new, share),
            format!("{}/{}", row.found, row.tenants),
            row.recall.map_or_else(|| no_statement(row.tenants), |recall| percent(Some(recall))),
            if row.controls > 0 { format!("{}/{}", row.controls_found, row.controls) } else { "-".into() },
            row.net_recall.map_or_else(|| "-".into(), |net| percent(Some(net))),
            row.beside.to_string(),
            spread(row.exchanges_before),
            spread(row.tokens_before),
            plain(row.auc[3]),
            plain(row.auc[row.auc.len() - 1]),
            plain(row.auc_controls),
        ]
    };
    Table {
        title: title.into(),
        head: head(&[
            "attackers",
            "share",
            "found",
            "recall (95 %)",
            "controls",
            "less controls (95 %)",
            "beside",
            "harvested before",
            "tokens before",
            "AUC 100",
            "AUC end",
            "AUC controls",
        ]),
        words: 1,
        rows: rows.iter().map(cells).collect(),
        notes: vec![
            "before: median, p90 of those found. controls: the same tenants without their harvest; where there are none, the rate of all innocent tenants is taken off".into(),
            "beside: findings on attackers of whose exchanges less than a quarter were harvested; without a share: any below 100 %".into(),
        ],
    }
}

fn calm(title: &str, rows: &[CalmRow], budget: f64) -> Table {
    let cells = |row: &CalmRow| {
        vec![
            row.class.clone(),
            row.tenants.to_string(),
            months(row.tenant_months),
            row.false_findings.to_string(),
            rate(row.per_1000),
            ratio(row.per_1000, budget),
            row.budget.text().to_owned(),
        ]
    };
    Table {
        title: title.into(),
        head: head(&[
            "tenants of",
            "number",
            "tenant-months",
            "false findings",
            "per 1,000 (5 %, 95 % bounds)",
            "realised / nominal",
            "budget",
        ]),
        words: 1,
        rows: rows.iter().map(cells).collect(),
        notes: vec!["bounds: exact Poisson, each one-sided".into()],
    }
}

fn leaks(rows: &[LeakRow]) -> Table {
    let cells = |row: &LeakRow| {
        vec![
            row.family.clone(),
            row.twins.to_string(),
            estimate(row.against_twins),
            estimate(row.by_means),
            row.verdict.text().to_owned(),
            row.pure.to_string(),
            estimate(row.against_innocents),
        ]
    };
    Table {
        title: "Leak: area under the curve of the surface alone".into(),
        head: head(&["family", "twins", "against twins (95 %)", "by means alone (95 %)", "between twins", "pure", "against all innocents (95 %)"]),
        words: 1,
        rows: rows.iter().map(cells).collect(),
        notes: vec!["against twins: by a line fitted to the other pairs; a half is chance. Where a log has no twins their controls stand in, which have nothing in the harvest's place: an upper bound".into(),
            "against innocents: by the baseline's line; the mix of classes is in it too".into()],
    }
}

/// The strongest first: flagged rows, or five where none is, or all.
fn audit(rows: &[AuditRow], whole: bool) -> Table {
    let strength = |row: &AuditRow| {
        let away = |area: Option<f64>| area.map_or(0.0, |area| (area - 0.5).abs());
        away(row.pure).max(away(row.twins))
    };
    let mut strongest: Vec<&AuditRow> = rows.iter().collect();
    strongest.sort_by(|a, b| strength(b).total_cmp(&strength(a)).then(a.name.cmp(b.name)));
    let flagged = rows.iter().filter(|row| row.flagged).count();
    let cells = |row: &&AuditRow| {
        let flag = if row.flagged { "flagged" } else { "" };
        vec![row.kind.to_owned(), row.name.to_owned(), plain(row.pure), plain(row.twins), flag.to_owned()]
    };
    Table {
        title: "Audit: one feature or field alone, area under the curve".into(),
        head: head(&["kind", "name", "pure against innocents", "against twins", ""]),
        words: 2,
        rows: strongest.iter().take(if whole { rows.len() } else { flagged.max(5) }).map(cells).collect(),
        notes: vec![format!(
            "{flagged} of {} features and fields are beyond 0.8 or 0.2{}",
            rows.len(),
            if whole { "" } else { "; the strongest are shown, --audit and the HTML page show all" }
        )],
    }
}

fn head(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn threshold(row: &DetectorRow) -> String {
    let origin = match row.origin {
        Origin::Model => "model",
        Origin::Published => "published",
        Origin::Calm => "calm",
    };
    format!("{} ({origin})", number(row.threshold))
}

fn share(share: f64) -> String {
    if share > 0.0 { format!("{} %", share * 100.0) } else { "part".into() }
}

fn no_statement(tenants: usize) -> String {
    format!("no statement possible ({tenants})")
}

fn percent(estimate: Option<Estimate>) -> String {
    estimate.map_or_else(
        || "no statement possible".into(),
        |e| format!("{:.0} % [{:.0}, {:.0}]", e.value * 100.0, e.low * 100.0, e.high * 100.0),
    )
}

fn rate(rate: Option<Estimate>) -> String {
    rate.map_or_else(
        || "no exposure".into(),
        |r| format!("{} [{}, {}]", number(r.value), number(r.low), number(r.high)),
    )
}

fn ratio(rate: Option<Estimate>, budget: f64) -> String {
    let by = |value: f64| value / budget;
    self::rate(rate.map(|r| Estimate { value: by(r.value), low: by(r.low), high: by(r.high) }))
}

fn estimate(estimate: Option<Estimate>) -> String {
    estimate.map_or_else(|| "-".into(), |e| format!("{:.2} [{:.2}, {:.2}]", e.value, e.low, e.high))
}

fn plain(area: Option<f64>) -> String {
    area.map_or_else(|| "-".into(), |area| format!("{area:.2}"))
}

fn spread(spread: Option<Spread>) -> String {
    spread.map_or_else(|| "-".into(), |s| format!("{}, {}", s.median, s.p90))
}

fn months(months: f64) -> String {
    format!("{months:.1}")
}

/// Three digits for a reader.
fn number(value: f64) -> String {
    if value.abs() >= 100.0 || value == 0.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else if value.abs() >= 0.1 {
        format!("{value:.2}")
    } else {
        format!("{value:.4}")
    }
}
