//! How far features have moved from the calm windows that the model knows.
//!
//! The population stability index of a feature: Σ (seen − expected) · ln (seen ÷ expected) over bins whose edges are
//! the deciles of calm windows. By custom below 0.1 is little and above 0.25 much. Features of a window of eight are
//! noisier than those of a thousand, and a log that just began has more of the former: so what is expected follows the
//! exchange counts of what is seen, and only a change at equal count is drift. Both sides weigh windows alike and take
//! them at the same counts ([`crate::evidence::is_window`]).
//!
//! Watches only: nothing here reaches a score. Cost: 0.5 µs a window, which are one decision in ten at first and one
//! in 128 later.

use super::artifact::{CalmBins, STAGES};
use super::calibration::stage;
use super::{Model, ModelError, Row, TABLE, WIDTH};
use crate::feature::Feature;

/// Edges of a feature at most: nine deciles.
pub const MOST_CUTS: usize = 9;
const BINS: usize = MOST_CUTS + 1;
/// Windows with a feature before its index is told: chance alone makes it about nine in this number.
const LEAST: u64 = 500;
/// Windows after which all counts are halved: what is told speaks of the last 10,000 to 20,000.
const MOST: u64 = 20_000;
const ABSENT: u8 = u8::MAX;

/// Calm windows by bin, checked.
#[derive(Debug)]
pub struct Reference(Vec<CalmBins>);

/// A window as the bins its features fall into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binned {
    stage: u8,
    bins: [u8; WIDTH],
}

/// Windows seen, by feature, stage and bin.
#[derive(Clone, Debug)]
pub struct Counts {
    /// Whose bins they are.
    model: [u8; 32],
    seen: Vec<[[u32; BINS]; STAGES]>,
    /// Since the last halving, and what that left.
    windows: u64,
}

impl Reference {
    pub(super) fn new(model: &str, calm: &[CalmBins]) -> Result<Reference, ModelError> {
        let size = |what, found, expected| {
            if found == expected {
                Ok(())
            } else {
                Err(ModelError::WrongSize { model: model.to_owned(), what, found, expected })
            }
        };
        size("calm_bins", calm.len(), WIDTH)?;
        let mut proper = true;
        for bins in calm {
            size("calm_bins.cuts", bins.cuts.len(), bins.cuts.len().min(MOST_CUTS))?;
            size("calm_bins.shares", bins.shares.len(), STAGES)?;
            proper &= bins.cuts.iter().all(|cut| cut.is_finite()) && bins.cuts.is_sorted_by(|a, b| a < b);
            for shares in &bins.shares {
                size("calm_bins.shares", shares.len(), bins.cuts.len() + 1)?;
                let all: f64 = shares.iter().sum();
                proper &= shares.iter().all(|share| (0.0..=1.0).contains(share)) && (all - 1.0).abs() < 1e-3;
            }
        }
        if !proper {
            let expected = "ascending, or shares that are not parts of 1";
            return Err(ModelError::BadNumber { model: model.to_owned(), what: "calm_bins", expected });
        }
        Ok(Reference(calm.to_vec()))
    }

    /// The bins of a window; `compared` says whether there were tables to compare its slots with, without which the
    /// features that go by them stand in the middle and say nothing.
    pub fn bin(&self, row: &Row, exchanges: u64, compared: bool) -> Binned {
        let mut bins = [ABSENT; WIDTH];
        for (feature, (slot, calm)) in bins.iter_mut().zip(&self.0).enumerate() {
            let says = compared || !TABLE.get(feature).is_some_and(Feature::goes_by_slots);
            if let Some(value) = row.get(feature).filter(|_| says) {
                *slot = place(&calm.cuts, value) as u8;
            }
        }
        Binned { stage: stage(exchanges) as u8, bins }
    }

    /// The index of each feature, in table order; none where too little was seen or the calm windows lack it.
    pub fn indices(&self, seen: &Counts) -> [Option<f64>; WIDTH] {
        let mut indices = [None; WIDTH];
        for (slot, (calm, counts)) in indices.iter_mut().zip(self.0.iter().zip(&seen.seen)) {
            *slot = index(calm, counts);
        }
        indices
    }
}

impl Default for Counts {
    fn default() -> Counts {
        Counts { model: [0; 32], seen: vec![[[0; BINS]; STAGES]; WIDTH], windows: 0 }
    }
}

impl Counts {
    /// Adds windows that were binned by this model; another one's are forgotten.
    pub fn add(&mut self, model: &Model, windows: &[Binned]) {
        if windows.is_empty() {
            return;
        }
        if self.model != model.sha256() {
            *self = Counts { model: model.sha256(), ..Counts::default() };
        }
        for window in windows {
            for (counts, bin) in self.seen.iter_mut().zip(window.bins) {
                if let Some(count) = counts[usize::from(window.stage)].get_mut(usize::from(bin)) {
                    *count += 1;
                }
            }
        }
        self.windows += windows.len() as u64;
    }

    /// Lets older windows count for less, so that what is told is of late.
    pub fn fade(&mut self) {
        if self.windows >= MOST {
            self.seen.iter_mut().flatten().flatten().for_each(|count| *count /= 2);
            self.windows /= 2;
        }
    }

    /// Windows with a feature.
    pub fn of(&self, feature: usize) -> u64 {
        self.seen.get(feature).map_or(0, |counts| counts.iter().flatten().map(|count| u64::from(*count)).sum())
    }
}

/// Which bin: one edge belongs to the bin below it.
pub(crate) fn place(cuts: &[f64], value: f64) -> usize {
    cuts.partition_point(|cut| *cut < value)
}

fn index(calm: &CalmBins, counts: &[[u32; BINS]; STAGES]) -> Option<f64> {
    let bins = calm.cuts.len() + 1;
    let all: u64 = counts.iter().flatten().map(|count| u64::from(*count)).sum();
    if all < LEAST || bins == 1 {
        return None;
    }
    // half a window in every bin of both: one that is empty on a side says much and not everything
    let whole = all as f64 + bins as f64 / 2.0;
    let mut index = 0.0;
    for bin in 0..bins {
        let (mut seen, mut expected) = (0.5, 0.5);
        for (counts, shares) in counts.iter().zip(&calm.shares) {
            let of_stage: u32 = counts.iter().sum();
            seen += f64::from(counts[bin]);
            expected += f64::from(of_stage) * shares[bin];
        }
        index += (seen - expected) / whole * libm::log(seen / expected);
    }
    Some(index)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::model::reference;
    use crate::tenant::stream::scatter;

    /// Cuts at the deciles of 0 to 1; calm values are uniform, of small windows below a half.
    fn calm() -> Vec<CalmBins> {
        let cuts: Vec<f64> = (1..10).map(|i| f64::from(i) / 10.0).collect();
        let small: Vec<f64> = (0..10).map(|i| if i < 5 { 0.2 } else { 0.0 }).collect();
        let mut shares = vec![vec![0.1; 10]; STAGES];
        shares[0] = small;
        vec![CalmBins { cuts, shares }; WIDTH]
    }

    fn model() -> Model {
        let row = |seed: u64| Row { values: [(scatter(seed) % 100) as f64; WIDTH], present: 31 };
        let mut body = reference::body(&(0..50).map(|i| (row(i), 30)).collect::<Vec<_>>());
        body.calm_bins = Some(calm());
        reference::model(&body)
    }

    fn seen(model: &Model, count: u64, exchanges: u64, value: impl Fn(f64) -> f64) -> Counts {
        let mut counts = Counts::default();
        let window = |i: u64| {
            let values = [value((i * 7_919 % count) as f64 / count as f64 + 1e-9); WIDTH];
            model.calm_bins().unwrap().bin(&Row { values, present: 31 }, exchanges, true)
        };
        counts.add(model, &(0..count).map(window).collect::<Vec<_>>());
        counts
    }

    fn first(model: &Model, counts: &Counts) -> Option<f64> {
        model.calm_bins().unwrap().indices(counts)[0]
    }

    #[test]
    fn the_same_windows_have_not_moved_and_others_have() {
        let model = model();
        assert!(first(&model, &seen(&model, 2_000, 64, |share| share)).unwrap() < 1e-3);
        let moved = first(&model, &seen(&model, 2_000, 64, |share| share * 0.8)).unwrap();
        assert!(0.25 < moved && moved < 2.0, "{moved}");
        // by hand: eight bins of 1/8 instead of 1/10, two empty ones
        let textbook = 8.0 * 0.025 * (1.25f64).ln() + 2.0 * 0.1 * (200.5f64 / 0.5).ln();
        assert!((moved - textbook).abs() < 0.01, "{moved} {textbook}");
    }

    #[test]
    fn more_small_windows_are_no_drift() {
        let model = model();
        let mut counts = seen(&model, 1_000, 64, |share| share);
        counts.add(&model, &[]);
        let small = seen(&model, 4_000, 8, |share| share / 2.0);
        for (all, small) in counts.seen.iter_mut().zip(&small.seen) {
            *all = std::array::from_fn(|s| std::array::from_fn(|bin| all[s][bin] + small[s][bin]));
        }
        assert!(first(&model, &counts).unwrap() < 1e-3);
        // the same values in large windows are
        assert!(first(&model, &seen(&model, 4_000, 64, |share| share / 2.0)).unwrap() > 0.5);
    }

    #[test]
    fn too_few_windows_say_nothing_and_old_ones_fade() {
        let model = model();
        assert_eq!(first(&model, &seen(&model, 499, 64, |share| share)), None);
        let mut counts = seen(&model, MOST, 64, |_| 0.05);
        let before = first(&model, &counts).unwrap();
        for _ in 0..3 {
            counts.fade();
            let late = seen(&model, MOST / 2, 64, |share| share);
            for (all, late) in counts.seen.iter_mut().zip(&late.seen) {
                *all = std::array::from_fn(|s| std::array::from_fn(|bin| all[s][bin] + late[s][bin]));
            }
            counts.windows += MOST / 2;
        }
        assert_eq!((counts.windows, counts.of(0)), (MOST, MOST));
        assert!(first(&model, &counts).unwrap() < before / 20.0);
    }

    #[test]
    fn absent_features_and_other_models_count_for_nothing() {
        let model = model();
        let mut counts = Counts::default();
        let row = Row { values: [0.5; WIDTH], present: 0 };
        counts.add(&model, &vec![model.calm_bins().unwrap().bin(&row, 64, true); 600]);
        let tokens = crate::feature::TABLE.iter().position(|f| !f.needs.met_by(0)).unwrap();
        assert_eq!(counts.of(tokens), 0);
        let other = Model::build(Model::body(None).unwrap(), [7; 32]).unwrap();
        counts.add(&other, &[model.calm_bins().unwrap().bin(&row, 64, true)]);
        assert_eq!(counts.windows, 1);
    }

    #[test]
    fn without_tables_of_slots_what_goes_by_them_says_nothing() {
        let model = model();
        let bins = model.calm_bins().unwrap();
        let row = Row { values: [0.0; WIDTH], present: 31 };
        let absent = |compared| {
            let binned = bins.bin(&row, 64, compared);
            TABLE.iter().zip(binned.bins).filter(|(_, bin)| *bin == ABSENT).map(|(f, _)| f.name).collect::<Vec<_>>()
        };
        assert_eq!(absent(false), ["slot_typicality", "group_typicality"]);
        assert!(absent(true).is_empty());
    }

    #[test]
    fn every_fault_is_named() {
        let wrong = |change: fn(&mut Vec<CalmBins>)| {
            let mut calm = calm();
            change(&mut calm);
            Reference::new("m", &calm).unwrap_err().to_string()
        };
        assert!(wrong(|calm| drop(calm.pop())).contains("`calm_bins`"));
        assert!(wrong(|calm| calm[3].cuts.extend([2.0, 3.0])).contains("`calm_bins.cuts` has 11 entries, expected 9"));
        assert!(wrong(|calm| drop(calm[0].shares.pop())).contains("`calm_bins.shares` has 7"));
        assert!(wrong(|calm| calm[0].shares[1].truncate(9)).contains("`calm_bins.shares` has 9"));
        assert!(wrong(|calm| calm[0].cuts[1] = 0.1).contains("ascending"));
        assert!(wrong(|calm| calm[0].shares[1][0] = 0.4).contains("parts of 1"));
    }
}
