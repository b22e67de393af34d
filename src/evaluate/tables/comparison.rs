//! The model beside the baselines: found, false, early, and in which order.

use serde::Serialize;

use super::calm::{self, CalmRow};
use super::{LEAST_TENANTS, Spread, View, attacks};
use crate::evaluate::detector::{Judged, Origin};
use crate::evaluate::statistics::bootstrap::{Resampler, interval};
use crate::evaluate::statistics::{Estimate, auc, wilson};
use crate::evaluate::track::{COUNTS, Track};
use crate::evaluate::truth::PART;

/// One detector.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DetectorRow {
    /// Its name.
    pub detector: &'static str,
    /// What it measures.
    pub says: &'static str,
    /// Value at which it makes a finding.
    pub threshold: f64,
    /// Where that comes from.
    pub origin: Origin,
    /// Pure attackers, and those found.
    pub pure: (usize, usize),
    /// Their share with Wilson's interval.
    pub recall_pure: Option<Estimate>,
    /// Attackers with at most a tenth of harvest, and those found.
    pub diluted: (usize, usize),
    /// Their share.
    pub recall_diluted: Option<Estimate>,
    /// Innocent customers of the half on which no threshold was set.
    pub calm: CalmRow,
    /// Attackers' innocent twins.
    pub twins: CalmRow,
    /// Harvested exchanges before the finding, of pure attackers.
    pub exchanges_before: Option<Spread>,
    /// Area of pure attackers against all innocent tenants at fixed counts and at the end.
    pub auc_pure: [Option<f64>; COUNTS.len() + 1],
    /// The area at the end with its interval by resampling tenants.
    pub auc_pure_end: Option<Estimate>,
    /// Area of attackers with at most a tenth against their controls, at the end.
    pub auc_diluted_controls: Option<Estimate>,
    /// Attackers with a hundred exchanges of which a tenth was harvest.
    pub small_windows: usize,
    /// Area of the first such hundred of each against the middle hundred of innocent tenants.
    pub auc_small_windows: Option<Estimate>,
    /// (harvested exchanges, share of pure attackers found by then), one step a row.
    pub curve: Vec<(u64, f64)>,
    /// (share of harvest, recall), most open first.
    pub dilution: Vec<(f64, f64)>,
}

/// The row of a detector.
pub fn row(view: &View<'_>, budget: f64) -> DetectorRow {
    let detector = view.detector;
    let pure = attackers(view, |tenant| tenant.truth.is_pure());
    let diluted = attackers(view, |tenant| tenant.truth.is_diluted());
    let hit = |place: &usize| detector.tracks[*place].hit(detector.threshold);
    let found = |places: &[usize]| places.iter().filter(|place| hit(place).is_some()).count();
    let recall =
        |places: &[usize]| wilson::share(found(places), places.len()).filter(|_| places.len() >= LEAST_TENANTS);
    let mut before: Vec<u64> = pure.iter().filter_map(hit).map(|peak| peak.at.harvested).collect();
    before.sort_unstable();
    let [small, calm_small] = small_windows(view);
    let share = |rank: usize| (rank + 1) as f64 / pure.len() as f64;
    let mut shares: Vec<u16> =
        view.tenants.iter().filter(|t| t.is_attacker() && t.truth.share != PART).map(|t| t.truth.share).collect();
    shares.sort_unstable_by(|a, b| b.cmp(a));
    shares.dedup();
    let dilution = shares.into_iter().map(|share| {
        let places = attackers(view, |tenant| tenant.truth.share == share);
        (f64::from(share) / 1_000.0, found(&places) as f64 / places.len().max(1) as f64)
    });
    DetectorRow {
        detector: detector.name,
        says: detector.says,
        threshold: detector.threshold,
        origin: detector.origin,
        pure: (pure.len(), found(&pure)),
        recall_pure: recall(&pure),
        diluted: (diluted.len(), found(&diluted)),
        recall_diluted: recall(&diluted),
        calm: calm::reporting_half(view, budget),
        twins: calm::twins(view, budget),
        exchanges_before: Spread::of(&before),
        auc_pure: attacks::areas(view, &pure),
        auc_pure_end: pure_at_end(view, &pure),
        auc_diluted_controls: diluted_at_end(view, &diluted),
        small_windows: small.len(),
        auc_small_windows: area(&small, &calm_small, view.bootstrap, small.len() as u64),
        curve: before.iter().enumerate().map(|(rank, exchanges)| (*exchanges, share(rank))).collect(),
        dilution: dilution.collect(),
    }
}

fn attackers(view: &View<'_>, of: impl Fn(&Judged<'_>) -> bool) -> Vec<usize> {
    let counts = |place: &usize| view.tenants[*place].is_attacker() && of(&view.tenants[*place]);
    (0..view.tenants.len()).filter(counts).collect()
}

fn diluted_at_end(view: &View<'_>, places: &[usize]) -> Option<Estimate> {
    let highest =
        |places: &[usize]| places.iter().map(|place| view.detector.tracks[*place].highest).collect::<Vec<_>>();
    let controls = attacks::controls(view, places);
    area(&highest(places), &highest(&controls), view.bootstrap, controls.len() as u64)
}

fn pure_at_end(view: &View<'_>, places: &[usize]) -> Option<Estimate> {
    let [attack, innocent] = attacks::scores(view, places, COUNTS.len());
    area(&attack, &innocent, view.bootstrap, places.len() as u64)
}

/// About a tenth of a hundred.
const TENTH: std::ops::RangeInclusive<u8> = 8..=12;

/// The highest values within a hundred exchanges: of each attacker the first ones of which a tenth was harvest, of
/// innocents those in the middle. What was seen before them counts, as it does for the product.
fn small_windows(view: &View<'_>) -> [Vec<f64>; 2] {
    let of = |innocent: bool| {
        let value = move |(tenant, track): (&Judged<'_>, &Track)| {
            let whole = (tenant.seen.end.exchanges / 100) as usize;
            let hundred = if innocent {
                (tenant.counts_as_innocent() && whole > 0).then_some(whole / 2)
            } else {
                let harvested = &tenant.seen.harvested_by_hundred;
                let first = harvested.iter().take(whole).position(|harvested| TENTH.contains(harvested));
                first.filter(|_| tenant.is_attacker())
            };
            hundred.map(|hundred| track.by_hundred.get(hundred).copied().unwrap_or(f64::NEG_INFINITY))
        };
        view.tenants.iter().zip(&view.detector.tracks).filter_map(value).collect()
    };
    [of(false), of(true)]
}

/// An area with its interval; none for fewer than three tenants on a side.
pub fn area(attack: &[f64], innocent: &[f64], bootstrap: usize, row: u64) -> Option<Estimate> {
    if attack.len().min(innocent.len()) < LEAST_TENANTS {
        return None;
    }
    let ranked = auc::Ranked::new(attack, innocent);
    let value = auc::auc(attack, innocent)?;
    let mut resampler = Resampler::new(row);
    let resampled =
        (0..bootstrap).filter_map(|_| ranked.auc(&resampler.draw(attack.len()), &resampler.draw(innocent.len())));
    Some(interval(value, resampled.collect()))
}
