//! Attackers by family, dilution and accounts: how many are found, and how much was gone by then.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use super::{LEAST_TENANTS, Spread, View};
use crate::evaluate::detector::Judged;
use crate::evaluate::statistics::bootstrap::{Resampler, interval};
use crate::evaluate::statistics::{Estimate, auc, wilson};
use crate::evaluate::track::{COUNTS, Track};
use crate::evaluate::truth::{Side, TenantTruth};
use crate::record::Tier;
use crate::trace::words::mix;

/// One row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttackRow {
    /// Family, tier, or `all`.
    pub family: String,
    /// Share of the tenant's exchanges that is harvest; none in rows over all shares.
    pub share: Option<f64>,
    /// Accounts that the tenant uses; none in rows over all of them.
    pub accounts: Option<u32>,
    /// Tenants that harvested at least once.
    pub tenants: usize,
    /// Those with a finding of which a quarter or more is harvest.
    pub found: usize,
    /// Those with findings, none of which speaks of the harvest.
    pub beside: usize,
    /// Found ÷ tenants with Wilson's interval; none if there are too few tenants for a statement.
    pub recall: Option<Estimate>,
    /// The same tenants without their harvest; 0 if there are none, and the innocent tenants stand in.
    pub controls: usize,
    /// Controls with a finding.
    pub controls_found: usize,
    /// Recall minus the rate of controls, interval by resampling tenants; none where neither has a finding.
    pub net_recall: Option<Estimate>,
    /// Harvested exchanges up to and including the deciding one.
    pub exchanges_before: Option<Spread>,
    /// Output tokens of those.
    pub tokens_before: Option<Spread>,
    /// Area under the curve against all innocent tenants at 16, 30, 64, 100, 256 exchanges and at the end.
    pub auc: [Option<f64>; COUNTS.len() + 1],
    /// The same at the end against their controls, which are as large: hosts of a thin harvest are giants,
    /// and volume alone tells giants from other tenants.
    pub auc_controls: Option<f64>,
}

/// Rows over all families by share, then each family by share.
pub fn rows(view: &View<'_>) -> Vec<AttackRow> {
    let mut rows = by(view, |truth| ("all", Some(truth.share), None));
    rows.extend(by(view, |truth| (&truth.family, Some(truth.share), None)));
    rows
}

/// Each family by share and accounts: of most there are too few for a statement.
pub fn accounts(view: &View<'_>) -> Vec<AttackRow> {
    by(view, |truth| (&truth.family, Some(truth.share), Some(truth.accounts)))
}

/// Attackers by how they evade, those that harvest in part apart.
pub fn evasions(view: &View<'_>) -> Vec<AttackRow> {
    by(view, |truth| (truth.evasion.as_deref().unwrap_or("none"), truth.is_pure().then_some(truth.share), None))
}

/// A row for each family, share and number of accounts that `of` tells of attackers, the most open share first.
fn by<'t>(view: &View<'t>, of: impl Fn(&'t TenantTruth) -> (&'t str, Option<u16>, Option<u32>)) -> Vec<AttackRow> {
    let mut groups = BTreeMap::<_, Vec<usize>>::new();
    for (place, tenant) in view.tenants.iter().enumerate().filter(|(_, tenant)| tenant.is_attacker()) {
        let (family, share, accounts) = of(tenant.truth);
        groups.entry((family, Reverse(share), accounts)).or_default().push(place);
    }
    let share = |tenths: u16| f64::from(tenths) / 1_000.0;
    let groups = groups.into_iter();
    groups
        .map(|((family, tenths, accounts), places)| row(view, (family, tenths.0.map(share), accounts), &places))
        .collect()
}

/// Attackers by what their records let us see.
pub fn tiers(view: &View<'_>) -> Vec<AttackRow> {
    let tiers = [(Tier::Content, "content"), (Tier::Tokens, "tokens"), (Tier::Metadata, "metadata")];
    let mut rows = Vec::new();
    for (tier, name) in tiers {
        let of = |tenant: &Judged<'_>| tenant.is_attacker() && tenant.seen.tier() == tier;
        let places: Vec<usize> = (0..view.tenants.len()).filter(|place| of(&view.tenants[*place])).collect();
        rows.push(row(view, (name, None, None), &places));
    }
    rows
}

/// The row of these attackers.
pub fn row(
    view: &View<'_>,
    (family, share, accounts): (&str, Option<f64>, Option<u32>),
    places: &[usize],
) -> AttackRow {
    let detector = view.detector;
    let hits: Vec<_> = places.iter().map(|place| detector.tracks[*place].hit(detector.threshold)).collect();
    let has_finding = |place: &usize| detector.tracks[*place].findings(detector.threshold).next().is_some();
    let found = hits.iter().flatten().count();
    let with_finding = places.iter().filter(|place| has_finding(place)).count();
    let controls = controls(view, places);
    let controls_found = controls.iter().filter(|place| has_finding(place)).count();
    let before: Vec<u64> = hits.iter().flatten().map(|peak| peak.at.harvested).collect();
    let tokens: Vec<u64> = hits.iter().flatten().map(|peak| peak.at.tokens).collect();
    let enough = places.len() >= LEAST_TENANTS;
    AttackRow {
        family: family.to_owned(),
        share,
        accounts,
        tenants: places.len(),
        found,
        beside: with_finding - found,
        recall: wilson::share(found, places.len()).filter(|_| enough),
        controls: controls.len(),
        controls_found,
        // resampling nothing gives nothing, and no interval of it
        net_recall: (enough && found + controls_found > 0).then(|| net(view, places, &controls)),
        exchanges_before: Spread::of(&before),
        tokens_before: Spread::of(&tokens),
        auc: areas(view, places),
        auc_controls: against(view, places, &controls),
    }
}

/// Area of the highest values of these attackers against those of their controls.
fn against(view: &View<'_>, places: &[usize], controls: &[usize]) -> Option<f64> {
    let highest =
        |places: &[usize]| places.iter().map(|place| view.detector.tracks[*place].highest).collect::<Vec<_>>();
    auc::auc(&highest(places), &highest(controls)).filter(|_| places.len().min(controls.len()) >= LEAST_TENANTS)
}

/// Controls whose twin is among these attackers.
pub fn controls(view: &View<'_>, places: &[usize]) -> Vec<usize> {
    let names: Vec<&str> = places.iter().map(|place| view.tenants[*place].name).collect();
    let is_twin = |tenant: &Judged<'_>| {
        tenant.truth.side == Side::Control && tenant.truth.twin.as_deref().is_some_and(|twin| names.contains(&twin))
    };
    (0..view.tenants.len()).filter(|place| is_twin(&view.tenants[*place])).collect()
}

/// Recall minus the rate of controls, or of all innocent tenants where there are none.
fn net(view: &View<'_>, places: &[usize], controls: &[usize]) -> Estimate {
    let detector = view.detector;
    let mut calm = controls.to_vec();
    if calm.is_empty() {
        calm.extend((0..view.tenants.len()).filter(|place| view.tenants[*place].counts_as_innocent()));
    }
    let ones = |places: &[usize], of: &dyn Fn(&Track) -> bool| -> Vec<f64> {
        places.iter().map(|place| f64::from(of(&detector.tracks[*place]))).collect()
    };
    let found = ones(places, &|track| track.hit(detector.threshold).is_some());
    let false_ones = ones(&calm, &|track| track.findings(detector.threshold).next().is_some());
    let mean = |values: &[f64], weights: &[u32]| {
        let sum: f64 = values.iter().zip(weights).map(|(value, weight)| value * f64::from(*weight)).sum();
        sum / values.len().max(1) as f64
    };
    let value = mean(&found, &vec![1; found.len()]) - mean(&false_ones, &vec![1; false_ones.len()]);
    let mut resampler =
        Resampler::new(places.iter().fold(1, |seed, place| mix(seed ^ *place as u64, 0x9e37_79b9_7f4a_7c15)));
    let resampled = (0..view.bootstrap).map(|_| {
        let recall = mean(&found, &resampler.draw(found.len()));
        recall - mean(&false_ones, &resampler.draw(false_ones.len()))
    });
    interval(value, resampled.collect())
}

/// Areas at each count, among tenants that got so far, and at the end.
pub fn areas(view: &View<'_>, places: &[usize]) -> [Option<f64>; COUNTS.len() + 1] {
    let mut areas = [None; COUNTS.len() + 1];
    for (slot, area) in areas.iter_mut().enumerate() {
        let [attack, calm] = scores(view, places, slot);
        *area = auc::auc(&attack, &calm).filter(|_| attack.len() >= LEAST_TENANTS);
    }
    areas
}

/// Scores of these attackers and of all innocent tenants at a count; past the last count, at the end.
pub fn scores(view: &View<'_>, places: &[usize], slot: usize) -> [Vec<f64>; 2] {
    let of = |place: usize| {
        let track = &view.detector.tracks[place];
        let reached = COUNTS.get(slot).is_none_or(|count| view.tenants[place].seen.end.exchanges >= *count);
        reached.then(|| track.at_counts.get(slot).copied().unwrap_or(track.highest))
    };
    let calm = (0..view.tenants.len()).filter(|place| view.tenants[*place].counts_as_innocent());
    [places.iter().copied().filter_map(of).collect(), calm.filter_map(of).collect()]
}
