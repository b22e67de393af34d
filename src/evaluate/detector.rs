//! The model and the baselines on one footing: a track per tenant and a threshold each.
//!
//! The model brings its threshold, a published rule its own. Every other baseline gets the one at which
//! it makes as many false findings per tenant-month as the model does, set on one half of the innocent
//! tenants; all false findings in the comparison are counted on the other half.

use super::baselines::{kernel, token_product, volume};
use super::statistics::logistic::{Logistic, Sample};
use super::tenant::{Observed, SURFACE_WIDTH};
use super::track::Track;
use super::truth::{TenantTruth, Truth};
use crate::model::Model;
use crate::trace::words::mix;

/// Exchanges from which a tenant counts in rates of false findings.
pub const LEAST_EXCHANGES: u64 = 30;
/// Folds of the surface classifier: each tenant is scored by a line that never saw it or its twin.
const FOLDS: u64 = 5;

/// One tenant of the comparison.
#[derive(Clone, Copy)]
pub struct Judged<'o> {
    /// Its name; stays inside.
    pub name: &'o str,
    /// What is true of it.
    pub truth: &'o TenantTruth,
    /// What it showed.
    pub seen: &'o Observed,
    /// Thresholds of baselines are set on it, if it is innocent.
    pub calibrates: bool,
}

/// Where a threshold comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The model's own.
    Model,
    /// As published.
    Published,
    /// Set on half of the innocent tenants, at the model's rate of false findings.
    Calm,
}

/// A detector, and what it says of every tenant.
pub struct Detector {
    /// Name in tables.
    pub name: &'static str,
    /// What it measures, in a few words.
    pub says: &'static str,
    /// Value at which it makes a finding.
    pub threshold: f64,
    /// Where that comes from.
    pub origin: Origin,
    /// By tenant.
    pub tracks: Vec<Track>,
}

impl Judged<'_> {
    /// An innocent customer, and large enough for rates.
    pub fn counts_as_innocent(&self) -> bool {
        self.is_large_innocent() && !self.truth.is_twin()
    }

    /// Some attacker's innocent twin, and large enough for rates: counted apart.
    pub fn counts_as_twin(&self) -> bool {
        self.is_large_innocent() && self.truth.is_twin()
    }

    /// Innocent, customer or twin, and large enough for rates.
    pub fn is_large_innocent(&self) -> bool {
        self.truth.is_innocent() && self.seen.end.exchanges >= LEAST_EXCHANGES
    }

    /// Harvested at least once.
    pub fn is_attacker(&self) -> bool {
        !self.truth.is_innocent() && self.seen.end.harvested > 0
    }
}

/// Whether a tenant is in the half that calibrates.
pub fn calibrates(name: &str) -> bool {
    hash(name) & 1 == 0
}

/// The model and all baselines.
pub fn all(tenants: &[Judged<'_>], truth: &Truth, model: &Model) -> Vec<Detector> {
    let rule = |of: &dyn Fn(&Observed) -> &Track| tenants.iter().map(|tenant| of(tenant.seen).clone()).collect();
    let fixed = |name, says, threshold, origin, tracks| Detector { name, says, threshold, origin, tracks };
    let model_threshold = f64::from(model.threshold());
    let mut detectors = vec![
        fixed("model", "evidence of the model", model_threshold, Origin::Model, rule(&|seen| &seen.model)),
        fixed(
            "volume",
            "calls within 60 minutes",
            volume::THRESHOLD,
            Origin::Published,
            rule(&|seen| &seen.rules.volume),
        ),
        fixed(
            "token product",
            "prompt > 5,000 tokens, > 10 calls, mean completion > 500, in an hour",
            token_product::THRESHOLD,
            Origin::Published,
            rule(&|seen| &seen.rules.token_product),
        ),
    ];
    let allowed = Allowed::of(tenants, &detectors[0]);
    let calm: [(&'static str, &'static str, Vec<Track>); 5] = [
        ("phrases", "suspicious prompts among the last 100", rule(&|seen| &seen.rules.phrases)),
        ("fixed prefix", "different prompts under one beginning", rule(&|seen| &seen.rules.prefix)),
        ("PRADA", "1 - Shapiro-Wilk W of distances between queries", rule(&|seen| &seen.rules.prada)),
        ("kernel test", "MMD of 100 prompts against calm ones", kernel_tracks(tenants)),
        ("surface only", "length, case, digits, punctuation; 5 folds", surface_tracks(tenants, truth)),
    ];
    for (name, says, tracks) in calm {
        let threshold = allowed.threshold(tenants, &tracks);
        detectors.push(Detector { name, says, threshold, origin: Origin::Calm, tracks });
    }
    detectors
}

/// False findings that a baseline may make on the calibrating half.
struct Allowed(usize);

impl Allowed {
    /// The model's rate over all innocent tenants, times the half's tenant-months.
    fn of(tenants: &[Judged<'_>], model: &Detector) -> Allowed {
        let (mut findings, mut months, mut half) = (0, 0.0, 0.0);
        for (tenant, track) in tenants.iter().zip(&model.tracks).filter(|(tenant, _)| tenant.counts_as_innocent()) {
            findings += track.findings(model.threshold).count();
            months += tenant.seen.months();
            half += if tenant.calibrates { tenant.seen.months() } else { 0.0 };
        }
        Allowed(if months > 0.0 { (findings as f64 / months * half).round() as usize } else { 0 })
    }

    /// Just above the first value that would make one finding too many.
    fn threshold(&self, tenants: &[Judged<'_>], tracks: &[Track]) -> f64 {
        let calm = tenants.iter().zip(tracks).filter(|(tenant, _)| tenant.calibrates && tenant.counts_as_innocent());
        let mut maxima: Vec<f64> = calm.flat_map(|(_, track)| track.maxima()).collect();
        maxima.sort_by(|a, b| b.total_cmp(a));
        maxima.get(self.0).map_or(f64::NEG_INFINITY, |value| value.next_up())
    }
}

fn kernel_tracks(tenants: &[Judged<'_>]) -> Vec<Track> {
    let calm = tenants.iter().filter(|tenant| tenant.calibrates && tenant.truth.is_innocent());
    let reference = kernel::reference(calm.map(|tenant| tenant.seen.windows.as_slice()));
    let of = |tenant: &Judged<'_>| {
        let mut track = Track::default();
        for window in &tenant.seen.windows {
            track.push(kernel::discrepancy(window, &reference), &window.at, || window.share);
        }
        track
    };
    tenants.iter().map(of).collect()
}

/// Out of fold: a line is fitted to the pure attackers and the innocents of the other folds.
fn surface_tracks(tenants: &[Judged<'_>], truth: &Truth) -> Vec<Track> {
    let folds: Vec<u64> = tenants.iter().map(|tenant| hash(pair(tenant, truth)) / 2 % FOLDS).collect();
    let lines: Vec<Option<Logistic>> = (0..FOLDS)
        .map(|fold| {
            let mut samples: Vec<Sample<'_>> = Vec::new();
            for (tenant, _) in tenants.iter().zip(&folds).filter(|(_, other)| **other != fold) {
                let snapshots = &tenant.seen.surfaces;
                if tenant.truth.is_innocent() || tenant.truth.is_pure() {
                    let weight = 1.0 / snapshots.len().max(1) as f64;
                    let attacks = tenant.truth.is_pure();
                    samples
                        .extend(snapshots.iter().map(|snapshot| (&snapshot.figures[..SURFACE_WIDTH], attacks, weight)));
                }
            }
            Logistic::fit(&samples)
        })
        .collect();
    let of = |(tenant, fold): (&Judged<'_>, &u64)| {
        let mut track = Track::default();
        if let Some(line) = &lines[*fold as usize] {
            for snapshot in &tenant.seen.surfaces {
                track.push(line.score(&snapshot.figures), &snapshot.at, || snapshot.share);
            }
        }
        track
    };
    tenants.iter().zip(&folds).map(of).collect()
}

/// One name for a tenant and its twin.
fn pair<'o>(tenant: &Judged<'o>, truth: &Truth) -> &'o str {
    let Some(twin) = &tenant.truth.twin else {
        return tenant.name;
    };
    let mutual = truth.of(twin).is_some_and(|other| other.twin.as_deref() == Some(tenant.name));
    if mutual && tenant.name < twin.as_str() { tenant.name } else { twin }
}

/// Of a name or an id. Shuffles: which half or fold a tenant is in has nothing to do with its name.
pub(super) fn hash(name: &str) -> u64 {
    name.bytes().fold(0x2545_f491_4f6c_dd1d, |hash, byte| mix(hash ^ u64::from(byte), 0x9e6c_63d0_876a_68ab))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::track::Moment;
    use super::*;
    use crate::units::Millis;

    fn seen(values: &[f64]) -> Observed {
        let mut seen = Observed::default();
        let first = Millis(0);
        for (day, value) in (0..).zip(values) {
            let at = Moment { first, ts: Millis(day * 30 * Millis::DAY), exchanges: 40, ..Moment::default() };
            seen.model.push(*value, &at, || 0.0);
            seen.end = at;
        }
        seen
    }

    #[test]
    fn a_baseline_is_allowed_what_the_model_does() {
        let labels = ["a", "b", "c", "d"].map(|t| format!(r#"{{"tenant":"{t}","label":"benign"}}"#)).join("\n");
        let truth = Truth::read(labels.as_bytes()).unwrap();
        // two months each; the model's findings at 5.0: one in a, two in d
        let observed = [seen(&[5.0, 1.0, 0.0]), seen(&[1.0, 2.0, 0.0]), seen(&[0.5, 4.0, 0.0]), seen(&[9.0, 0.0, 6.0])];
        let tenants: Vec<Judged<'_>> = ["a", "b", "c", "d"]
            .iter()
            .zip(&observed)
            .map(|(name, seen)| Judged { name, truth: truth.of(name).unwrap(), seen, calibrates: *name < "c" })
            .collect();
        let tracks: Vec<Track> = observed.iter().map(|seen| seen.model.clone()).collect();
        let model = Detector { name: "m", says: "", threshold: 5.0, origin: Origin::Model, tracks: tracks.clone() };
        let allowed = Allowed::of(&tenants, &model);
        // 3 findings in 8 tenant-months, of which the half has 4: 1.5, rounded
        assert_eq!(allowed.0, 2);
        // maxima of the half, one per period: 5, 2, 1, 1, 0, 0; the third makes it too many
        let threshold = allowed.threshold(&tenants, &tracks);
        assert_eq!(threshold, 1.0_f64.next_up());
        let findings: usize = tracks[..2].iter().map(|track| track.findings(threshold).count()).sum();
        assert_eq!(findings, 2);
    }

    #[test]
    fn twins_share_a_fold() {
        let labels = concat!(
            r#"{"tenant":"a","label":"attack","twin":"b"}"#,
            "\n",
            r#"{"tenant":"b","label":"benign","twin":"a"}"#,
            "\n",
            r#"{"tenant":"c","label":"attack"}"#,
            "\n",
            r#"{"tenant":"d","label":"control","twin":"c"}"#
        );
        let truth = Truth::read(labels.as_bytes()).unwrap();
        let seen = Observed::default();
        let of = |name| {
            pair(&Judged { name, truth: truth.of(name).unwrap(), seen: &seen, calibrates: false }, &truth).to_owned()
        };
        assert_eq!((of("a"), of("b"), of("c"), of("d")), ("a".into(), "a".into(), "c".into(), "c".into()));
    }
}
