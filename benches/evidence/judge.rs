//! What a method is worth: thresholds on one half of the tenants, false ones and found ones on the other.

use rayon::prelude::*;
use serde::Serialize;
use stillwatch::evaluate::statistics::wilson;

use crate::accumulate::{Accumulator, Learned, Method, UnitSums, Weighted};
use crate::gather::{History, MOST};

/// Shares of calm tenants that may be found.
pub const NOMINAL: [f64; 3] = [0.01, 0.03, 0.10];
/// Exchanges up to which false ones are counted.
pub const HORIZONS: [u32; 3] = [100, 1_000, MOST];
/// Decisions from which a unit's mean says something.
const LEAST_DECISIONS: f64 = 16.0;

/// Hits among so many, with what chance leaves open.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    pub hits: usize,
    pub all: usize,
    pub low: f64,
    pub high: f64,
}

/// At one nominal share.
#[derive(Clone, Debug, Serialize)]
pub struct At {
    pub nominal: f64,
    pub threshold: f64,
    /// Calm tenants of the other half found within 10,000 exchanges.
    pub calm: Part,
    pub pure: Part,
    /// Harvested exchanges of the pure harvests that were found, in the middle.
    pub before: Option<u32>,
    pub in_part: Part,
    pub before_in_part: Option<u32>,
}

/// A method's rows.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    pub method: &'static str,
    pub at: Vec<At>,
    /// Calm tenants of the other half found within [`HORIZONS`] by a threshold set within the second of them.
    pub growth: Vec<Part>,
    /// What that threshold finds of pure harvests.
    pub growth_pure: Part,
}

/// A record high: exchanges, harvested ones, evidence.
type Peak = (u32, u32, f64);

/// Learns from the half that teaches.
pub fn learn(calm: &[History], harvests: &[History]) -> Learned {
    let (mut scores, mut harvested) = (Vec::<Weighted>::new(), Vec::<Weighted>::new());
    let (mut units, mut harvesting) = (Vec::new(), Vec::new());
    for history in calm.iter().filter(|history| history.teaches) {
        let weight = 1.0 / history.told.len().max(1) as f64;
        scores.extend(history.told.iter().map(|told| (told.score, weight)));
        units.extend(sums(history, false));
    }
    for history in harvests.iter().filter(|history| history.teaches) {
        let taken: Vec<f32> = history.told.iter().filter(|told| told.of_harvest).map(|told| told.score).collect();
        harvested.extend(taken.iter().map(|score| (*score, 1.0 / taken.len() as f64)));
        harvesting.extend(sums(history, true));
    }
    Learned::from(&scores, &harvested, &units, &harvesting)
}

/// Sums by unit, the units of a tenant weighing 1 together.
fn sums(history: &History, of_harvest: bool) -> Vec<UnitSums> {
    let mut units: Vec<UnitSums> = Vec::new();
    for told in history.told.iter().filter(|told| told.of_harvest || !of_harvest) {
        let place = usize::from(told.unit);
        units.resize(units.len().max(place + 1), UnitSums::default());
        units[place].add(told.score);
    }
    units.retain(|unit| unit.count >= LEAST_DECISIONS);
    let weight = 1.0 / units.len().max(1) as f64;
    for unit in &mut units {
        unit.weight = weight;
    }
    units
}

/// Judges a method.
pub fn judge(method: Method, learned: &Learned, calm: &[History], harvests: &[History]) -> Outcome {
    let peaks = |histories: &[History]| -> Vec<Vec<Peak>> {
        histories.par_iter().map(|history| peaks(method, learned, history)).collect()
    };
    let (calm_peaks, harvest_peaks) = (peaks(calm), peaks(harvests));
    let threshold = |nominal: f64, within: u32| {
        let taught = calm.iter().zip(&calm_peaks).filter(|(history, _)| history.teaches);
        let mut maxima: Vec<f64> = taught.map(|(_, peaks)| highest(peaks, within)).collect();
        maxima.sort_by(|a, b| b.total_cmp(a));
        // a new tenant passes the j-th highest of n with probability j / (n + 1)
        let rank = (nominal * (maxima.len() + 1) as f64) as usize;
        maxima[rank.clamp(1, maxima.len()) - 1]
    };
    let false_ones = |threshold: f64, within: u32| {
        let others = calm.iter().zip(&calm_peaks).filter(|(history, _)| !history.teaches);
        part(others.map(|(_, peaks)| highest(peaks, within) > threshold))
    };
    let found = |threshold: f64, pure: bool| {
        let others = harvests.iter().zip(&harvest_peaks).filter(|(history, _)| !history.teaches);
        let others = others.filter(|(history, _)| (history.share >= 1.0) == pure);
        let firsts: Vec<Option<u32>> = others.map(|(_, peaks)| first(peaks, threshold)).collect();
        let mut before: Vec<u32> = firsts.iter().flatten().copied().collect();
        before.sort_unstable();
        (part(firsts.iter().map(Option::is_some)), before.get(before.len() / 2).copied())
    };
    let at = |nominal: f64| {
        let threshold = threshold(nominal, MOST);
        let ((pure, before), (in_part, before_in_part)) = (found(threshold, true), found(threshold, false));
        At { nominal, threshold, calm: false_ones(threshold, MOST), pure, before, in_part, before_in_part }
    };
    let short = threshold(NOMINAL[1], HORIZONS[1]);
    Outcome {
        method: method.name(),
        at: NOMINAL.map(at).to_vec(),
        growth: HORIZONS.map(|within| false_ones(short, within)).to_vec(),
        growth_pure: found(short, true).0,
    }
}

/// The record highs of a tenant, whichever unit makes them; of a harvester, of units that harvest.
fn peaks(method: Method, learned: &Learned, history: &History) -> Vec<Peak> {
    let mut units: Vec<Accumulator> = Vec::new();
    let mut peaks: Vec<Peak> = Vec::new();
    for told in &history.told {
        let place = usize::from(told.unit);
        units.resize(units.len().max(place + 1), Accumulator::new(method));
        if told.anew {
            units[place] = Accumulator::new(method);
        }
        let evidence = units[place].step(told.score, learned);
        let counts = history.share == 0.0 || told.of_harvest;
        if counts && peaks.last().is_none_or(|(_, _, highest)| *highest < evidence) {
            peaks.push((told.exchanges, told.harvested, evidence));
        }
    }
    peaks
}

fn highest(peaks: &[Peak], within: u32) -> f64 {
    let count = peaks.partition_point(|(exchanges, _, _)| *exchanges <= within);
    count.checked_sub(1).map_or(f64::NEG_INFINITY, |last| peaks[last].2)
}

fn first(peaks: &[Peak], threshold: f64) -> Option<u32> {
    peaks.iter().find(|(_, _, evidence)| *evidence > threshold).map(|(_, harvested, _)| *harvested)
}

fn part(hits: impl Iterator<Item = bool>) -> Part {
    let hits: Vec<bool> = hits.collect();
    let (all, hits) = (hits.len(), hits.iter().filter(|hit| **hit).count());
    let (low, high) = wilson::share(hits, all).map_or((0.0, 1.0), |share| (share.low, share.high));
    Part { hits, all, low, high }
}
