//! The tables and plots as one page: no script, no font, no picture from elsewhere.

use super::cells::{self, Table};
use super::plot::{self, Axis, Series, Whisker};
use crate::evaluate::Evaluation;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5a6472;--paper:#fff;--grid:#d9dee5;--band:#f4f6f8;\
--s0:#0b63ce;--s1:#c2410c;--s2:#15803d;--s3:#7e22ce;--s4:#a16207;--s5:#0e7490;--s6:#be185d;--s7:#4b5563}\
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa4b2;--paper:#14171c;--grid:#333a44;--band:#1c2128;\
--s0:#6cb0ff;--s1:#ff9d5c;--s2:#5fd38a;--s3:#c79bff;--s4:#e3c04d;--s5:#5cd0e6;--s6:#ff8fc0;--s7:#aab2bd}}\
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1180px;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2.2rem}p,li,.note{color:var(--soft)}\
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px}\
th,td{padding:.25rem .6rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--grid)}th{color:var(--soft);font-weight:600}\
.w{text-align:left}tr:nth-child(even) td{background:var(--band)}\
svg{width:100%;max-width:760px;display:block}svg text{fill:var(--soft);font-size:11px}.grid{stroke:var(--grid)}\
.line{fill:none;stroke-width:2}.dot{fill:var(--s0)}\
.s0{stroke:var(--s0)}.s1{stroke:var(--s1)}.s2{stroke:var(--s2)}.s3{stroke:var(--s3)}.s4{stroke:var(--s4)}.s5{stroke:var(--s5)}\
.s6{stroke:var(--s6)}.s7{stroke:var(--s7)}";

/// The page.
pub fn page(evaluation: &Evaluation) -> String {
    let mut body = String::from("<h1>How well it detects</h1>\n<ul>\n");
    for line in cells::summary(evaluation) {
        body.extend(["<li>", &escape(&line), "</li>\n"]);
    }
    body.push_str("</ul>\n");
    for (title, note, svg) in plots(evaluation) {
        body.extend(["<h2>", title, "</h2>\n<p class=\"note\">", note, "</p>\n", &svg, "\n"]);
    }
    for table in cells::tables(evaluation, true) {
        body.push_str(&html_of(&table));
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <title>stillwatch evaluate</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

/// Text as text, also in attributes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn html_of(table: &Table) -> String {
    let mut html = String::from("<h2>");
    html.extend([&escape(&table.title), "</h2>\n<div class=\"wide\"><table>\n<thead>"]);
    row(&table.head, "th", table.words, &mut html);
    html.push_str("</thead>\n<tbody>\n");
    for cells in &table.rows {
        row(cells, "td", table.words, &mut html);
    }
    html.push_str("</tbody>\n</table></div>\n");
    for note in &table.notes {
        html.extend(["<p class=\"note\">", &escape(note), "</p>\n"]);
    }
    html
}

fn row(cells: &[String], tag: &str, words: usize, html: &mut String) {
    html.push_str("<tr>");
    for (column, cell) in cells.iter().enumerate() {
        let class = if column < words { " class=\"w\"" } else { "" };
        html.extend(["<", tag, class, ">", &escape(cell), "</", tag, ">"]);
    }
    html.push_str("</tr>\n");
}

/// Title, what to look for, and the plot.
fn plots(e: &Evaluation) -> Vec<(&'static str, &'static str, String)> {
    vec![
        (
            "Found, against what was gone by then",
            "Share of pure attackers found by the time so many of their exchanges were harvested.",
            taken(e),
        ),
        ("Found, by share of harvest", "All families; one detector a line.", dilution(e)),
        (
            "False findings by class",
            "Per 1,000 tenant-months, with exact one-sided 95 % bounds: small exposures reach far.",
            classes(e),
        ),
        (
            "Promised and realised",
            "Share of innocent tenants that reach a level of evidence, against what the model's calibration says; on the dashed line both are one.",
            calibration(e),
        ),
    ]
}

fn taken(e: &Evaluation) -> String {
    let most = e.detectors.iter().filter_map(|row| row.curve.last()).map(|(n, _)| *n).max().unwrap_or(10).max(10);
    let series = e.detectors.iter().map(|row| {
        let mut points = vec![(1.0, 0.0)];
        points.extend(row.curve.iter().map(|(n, share)| (*n as f64, *share)));
        points.extend(row.curve.last().map(|(_, share)| (most as f64, *share)));
        Series { name: row.detector.into(), points, steps: true }
    });
    let x = Axis { label: "harvested exchanges", ends: (1.0, most as f64), log: true };
    plot::lines(&x, &share_axis("share of pure attackers found"), &series.collect::<Vec<_>>(), false)
}

fn dilution(e: &Evaluation) -> String {
    let least = e.attacks.iter().filter_map(|row| row.share).fold(1.0, f64::min).min(0.5);
    let series = e.detectors.iter().map(|row| {
        let points = row.dilution.iter().rev().copied().collect();
        Series { name: row.detector.into(), points, steps: false }
    });
    let x = Axis { label: "share of the tenant's exchanges that is harvest", ends: (least.max(0.001), 1.0), log: true };
    plot::lines(&x, &share_axis("recall"), &series.collect::<Vec<_>>(), false)
}

fn classes(e: &Evaluation) -> String {
    let rows: Vec<Whisker> = e
        .classes
        .iter()
        .filter_map(|row| {
            let rate = row.per_1000?;
            Some(Whisker { name: row.class.clone(), value: (rate.value, rate.low, rate.high) })
        })
        .collect();
    let most = rows.iter().map(|row| row.value.2).fold(10.0, f64::max);
    let x = Axis { label: "false findings per 1,000 tenant-months", ends: (1.0, most), log: true };
    plot::whiskers(&x, &rows)
}

fn calibration(e: &Evaluation) -> String {
    let points: Vec<(f64, f64)> = e.calibration.iter().map(|point| (point.nominal, point.realised)).collect();
    let least = points.iter().map(|(x, y)| x.min(*y)).filter(|v| *v > 0.0).fold(0.1, f64::min);
    let axis = |label| Axis { label, ends: (least, 1.0), log: true };
    let series = [Series { name: "innocent tenants".into(), points, steps: false }];
    plot::lines(&axis("nominal share"), &axis("realised share"), &series, true)
}

fn share_axis(label: &'static str) -> Axis {
    Axis { label, ends: (0.0, 1.0), log: false }
}
