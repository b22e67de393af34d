//! Rows against figures worked out by hand.

use super::calm::{classes, thirds};
use super::*;
use crate::evaluate::detector::Origin;
use crate::evaluate::tenant::{Observed, SURFACE_MEANS, SURFACE_WIDTH, Snapshot};
use crate::evaluate::track::Moment;
use crate::evaluate::{EvaluateError, Truth};
use crate::units::Millis;

/// Labels of so many innocents `t000…` and pure attackers after them.
fn labels(innocents: usize, attackers: usize) -> String {
    let side = |i| if i < innocents { "benign" } else { "attack" };
    let line = |i| format!("{{\"tenant\":\"t{i:03}\",\"label\":\"{}\"}}", side(i));
    (0..innocents + attackers).map(line).collect::<Vec<_>>().join("\n")
}

/// A tenant of so many exchanges over 15 days; the model's values at (exchanges, harvested, value).
fn seen(exchanges: u64, values: &[(u64, u64, f64)]) -> Observed {
    let at = |exchanges, harvested| Moment {
        ts: Millis(15 * Millis::DAY),
        first: Millis(0),
        exchanges,
        harvested,
        tokens: harvested * 100,
    };
    let mut seen = Observed { end: at(exchanges, values.last().map_or(0, |last| last.1)), ..Observed::default() };
    for (exchanges, harvested, value) in values {
        seen.model.push(*value, &at(*exchanges, *harvested), || *harvested as f64 / *exchanges as f64);
    }
    seen
}

fn tenants<'t>(truth: &'t Truth, observed: &'t [Observed]) -> Vec<Judged<'t>> {
    let pairs = truth.iter().zip(observed);
    pairs.map(|((name, truth), seen)| Judged { name, truth, seen, calibrates: false }).collect()
}

fn detector(observed: &[Observed]) -> Detector {
    let tracks = observed.iter().map(|seen| seen.model.clone()).collect();
    Detector { name: "model", says: "", threshold: 5.0, origin: Origin::Model, tracks }
}

#[test]
fn attackers_are_counted_less_their_controls() -> Result<(), EvaluateError> {
    let half = |name: &str, label: &str, twin: &str| {
        format!(
            "{{\"tenant\":\"{name}\",\"label\":\"{label}\",\"family\":\"relay\",\"class\":\"rag\",\"share\":0.5{twin}}}\n"
        )
    };
    let mut text: String = ["a", "b", "c", "d"].map(|name| half(name, "attack", "")).concat();
    text += &["a", "b", "c", "d"]
        .map(|twin| half(&format!("z{twin}"), "control", &format!(",\"twin\":\"{twin}\"")))
        .concat();
    let truth = Truth::read(text.as_bytes())?;
    let observed = [
        seen(90, &[(10, 4, 1.0), (20, 9, 6.0), (90, 40, 9.0)]),
        seen(90, &[(40, 30, 5.0)]),
        // a finding of which a tenth is harvest is none of the harvest
        seen(90, &[(40, 4, 7.0)]),
        seen(90, &[(90, 45, 4.9)]),
        seen(45, &[(40, 0, 5.5)]),
        seen(45, &[]),
        seen(45, &[(40, 0, 1.0)]),
        seen(45, &[(40, 0, 2.0)]),
    ];
    let (tenants, detector) = (tenants(&truth, &observed), detector(&observed));
    let rows = attacks::rows(&View { tenants: &tenants, detector: &detector, bootstrap: 200 });
    let row = &rows[0];
    assert_eq!((row.tenants, row.found, row.beside, row.controls, row.controls_found), (4, 2, 1, 4, 1));
    assert_eq!(row.net_recall.map(|net| net.value), Some(0.25));
    // the deciding exchange counts: 9 and 30 harvested, 100 tokens each
    assert_eq!(row.exchanges_before, Some(Spread { median: 9, p90: 30 }));
    assert_eq!(row.tokens_before, Some(Spread { median: 900, p90: 3_000 }));
    // highest values 9, 5, 7, 4.9 against 5.5, none, 1, 2: 14 of 16 pairs
    assert_eq!(row.auc_controls, Some(0.875));
    assert_eq!((rows.len(), rows[1].family.as_str(), rows[1].share), (2, "relay", Some(0.5)));
    Ok(())
}

#[test]
fn twins_with_another_surface_leak_and_equal_ones_do_not() -> Result<(), EvaluateError> {
    let pair = |i: u32| {
        format!(
            "{{\"tenant\":\"a{i:02}\",\"label\":\"attack\"}}\n{{\"tenant\":\"b{i:02}\",\"label\":\"control\",\"twin\":\"a{i:02}\"}}\n"
        )
    };
    let truth = Truth::read((0..30).map(pair).collect::<Vec<_>>().concat().as_bytes())?;
    let verdict = |leak: f64, figure: usize| {
        let tenant = |i: u32| {
            let mut seen = seen(100, &[(100, if i < 30 { 100 } else { 0 }, 0.0)]);
            let mut figures = [0.0; SURFACE_WIDTH];
            figures[figure] = f64::from(i % 30 % 7) + if i < 30 { leak } else { 0.0 };
            seen.surfaces.push(Snapshot { at: seen.end, share: 0.0, figures });
            seen
        };
        let observed: Vec<Observed> = (0..60).map(tenant).collect();
        let (tenants, detector) = (tenants(&truth, &observed), detector(&observed));
        let rows = leaks::rows(&View { tenants: &tenants, detector: &detector, bootstrap: 200 });
        (rows[0].twins, rows[0].verdict, rows[0].by_means.is_some_and(|area| area.low > 0.5))
    };
    assert_eq!(verdict(0.0, 0), (30, leaks::Leak::NotShown, false));
    assert_eq!(verdict(5.0, 0), (30, leaks::Leak::ToldApart, true));
    assert_eq!(verdict(5.0, SURFACE_MEANS), (30, leaks::Leak::ToldApart, false), "in the spread alone");
    Ok(())
}

#[test]
fn false_findings_by_volume_and_class() -> Result<(), EvaluateError> {
    let truth = Truth::read(labels(7, 0).as_bytes())?;
    // the first is too small for rates, whatever it does
    let sizes = [(29, 9.0), (300, 9.0), (30, 0.0), (40, 5.0), (31, 0.0), (200, 9.0), (100, 0.0)];
    let observed = sizes.map(|(exchanges, value)| seen(exchanges, &[(exchanges, 0, value)]));
    let (tenants, detector) = (tenants(&truth, &observed), detector(&observed));
    let view = View { tenants: &tenants, detector: &detector, bootstrap: 10 };
    let thirds = thirds(&view, 1.0).iter().map(|row| (row.tenants, row.false_findings)).collect::<Vec<_>>();
    assert_eq!(thirds, [(2, 0), (2, 1), (2, 2)]);
    let all = &classes(&view, 1.0)[0];
    // six tenants of half a month each
    assert_eq!((all.tenants, all.false_findings, all.tenant_months), (6, 3, 3.0));
    assert_eq!(all.per_1000.map(|rate| rate.value), Some(1_000.0));
    assert_eq!(all.budget, calm::Verdict::Above);
    Ok(())
}

#[test]
fn small_windows_are_the_first_with_a_tenth_of_harvest_against_middle_ones() -> Result<(), EvaluateError> {
    let truth = Truth::read(labels(3, 4).as_bytes())?;
    // values at the exchanges 50, 150 and 250; harvested in each hundred
    let tenant = |values: [f64; 3], harvested: [u8; 3]| {
        let at = [(50, 1, values[0]), (150, 1, values[1]), (250, 1, values[2])];
        Observed { harvested_by_hundred: harvested.to_vec(), ..seen(320, &at) }
    };
    let observed = [
        tenant([9.0, 1.0, 9.0], [0; 3]),
        tenant([9.0, 2.0, 9.0], [0; 3]),
        tenant([0.0, 4.0, 0.0], [0; 3]),
        tenant([0.0, 3.0, 9.0], [0, 10, 10]),
        tenant([5.0, 0.0, 0.0], [8, 12, 0]),
        tenant([9.0, 9.0, 1.5], [7, 13, 12]),
        tenant([9.0, 9.0, 9.0], [50, 50, 50]),
    ];
    let (tenants, detector) = (tenants(&truth, &observed), detector(&observed));
    let row = comparison::row(&View { tenants: &tenants, detector: &detector, bootstrap: 100 }, 1.0);
    // 3, 5 and 1.5 against 1, 2 and 4: six of nine pairs
    assert_eq!((row.small_windows, row.auc_small_windows.map(|area| area.value)), (3, Some(6.0 / 9.0)));
    Ok(())
}

#[test]
fn attackers_are_told_apart_by_how_they_evade() -> Result<(), EvaluateError> {
    let one = |name: &str, share: f64, evasion: &str| {
        format!("{{\"tenant\":\"{name}\",\"label\":\"attack\",\"share\":{share},\"accounts\":2{evasion}}}\n")
    };
    let human = ",\"evasion\":\"human\"";
    let text = [one("a", 1.0, ""), one("b", 1.0, human), one("c", 0.1, human), one("d", 0.5, human)].concat();
    let truth = Truth::read(text.as_bytes())?;
    let observed = [9.0, 9.0, 1.0, 9.0].map(|value| seen(90, &[(40, 40, value)]));
    let (tenants, detector) = (tenants(&truth, &observed), detector(&observed));
    let view = View { tenants: &tenants, detector: &detector, bootstrap: 10 };
    let told = |rows: Vec<attacks::AttackRow>| -> Vec<(String, Option<f64>, usize, usize)> {
        rows.into_iter().map(|row| (row.family, row.share, row.found, row.tenants)).collect()
    };
    let evasions = told(attacks::evasions(&view));
    let row = |name: &str, share, found, tenants| (name.to_owned(), share, found, tenants);
    assert_eq!(evasions, [row("human", Some(1.0), 1, 1), row("human", None, 1, 2), row("none", Some(1.0), 1, 1)]);
    let families = told(attacks::rows(&view));
    assert_eq!(
        families[3..],
        [row("other", Some(1.0), 2, 2), row("other", Some(0.5), 1, 1), row("other", Some(0.1), 0, 1)]
    );
    assert!(attacks::accounts(&view).iter().all(|row| row.accounts == Some(2)));
    Ok(())
}
