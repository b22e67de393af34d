//! From tenants' maxima to a threshold, and how much history a budget needs.
//!
//! Tenants are counted, not events: one customer's windows depend on each other, and a rate over them would
//! promise what it can't hold.

use super::CalibrateError;

/// Quantiles of the maxima between which the tail is fitted: above the body, below the harvesters that
/// nobody has found yet.
const TAIL: (f64, f64) = (0.80, 0.97);

/// Tenant-months that a budget needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needed {
    /// So that the promise holds on average.
    pub average: u64,
    /// So that it holds with 95 % confidence.
    pub confident: u64,
}

/// Evidence at which to alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// An order statistic of all tenants, suspects among them: holds the budget whoever they are, and hears
    /// nothing that is quieter than they.
    pub guaranteed: f64,
    /// From the tail of the maxima below the suspects, extrapolated as exponential.
    pub modelled: f64,
}

impl Needed {
    /// For so many false findings per 1,000 tenant-months.
    pub fn of(budget: f64) -> Needed {
        let share = budget / 1_000.0;
        let average = (1.0 / share - 1.0 - 1e-9).ceil().max(1.0);
        let confident = (libm::log(0.05) / libm::log1p(-share.min(0.999_999))).ceil().max(1.0);
        Needed { average: average as u64, confident: confident as u64 }
    }

    /// Refuses a history that can't promise the budget even on average.
    pub fn check(self, budget: f64, tenants: usize, months: f64) -> Result<(), CalibrateError> {
        let least = self.average as f64;
        if months >= least && tenants >= super::folds::FOLDS * 4 {
            return Ok(());
        }
        Err(CalibrateError::TooLittle { budget, tenants, months, needed: self, serves: 1_000.0 / (months + 1.0) })
    }
}

impl Thresholds {
    /// Of tenants' maxima over a history of so many tenant-months.
    pub fn of(maxima: &[f64], months: f64, budget: f64) -> Thresholds {
        let mut sorted = maxima.to_vec();
        sorted.sort_by(f64::total_cmp);
        let tenants = sorted.len();
        // what a tenant may do within its part of the history
        let share = budget / 1_000.0 * months / tenants.max(1) as f64;
        // a new tenant passes the j-th highest of n with probability j / (n + 1)
        let rank = ((share * (tenants + 1) as f64) as usize).clamp(1, tenants.max(1));
        let at = sorted.get(tenants.saturating_sub(rank)).copied().unwrap_or(0.0);
        // a thousandth above: the tenant that sets it stays quiet after rounding
        Thresholds { guaranteed: at * 1.001, modelled: tail(&sorted, share).max(0.0) }
    }
}

/// The value that so great a share of tenants passes, by the tail of sorted maxima.
fn tail(sorted: &[f64], share: f64) -> f64 {
    let tenants = sorted.len();
    let place = |quantile: f64| ((tenants as f64 * quantile) as usize).min(tenants.saturating_sub(1));
    let (from, to) = (place(TAIL.0), place(TAIL.1));
    let (Some(low), Some(high)) = (sorted.get(from), sorted.get(to)) else { return 0.0 };
    let inside = sorted.get(from + 1..=to).unwrap_or_default();
    // those above are known to be above and no more: so they weigh, and their size does not
    let excess: f64 = inside.iter().map(|maximum| maximum - low).sum();
    let beyond = (tenants - 1 - to) as f64 * (high - low);
    let scale = (excess + beyond) / inside.len().max(1) as f64;
    low + scale * libm::log(((1.0 - TAIL.0) / share.max(1e-12)).max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_are_those_of_the_design() {
        let of = |budget| (Needed::of(budget).average, Needed::of(budget).confident);
        assert_eq!((of(1.0), of(3.0), of(10.0)), ((999, 2_995), (333, 998), (99, 299)));
    }

    #[test]
    fn too_little_history_is_refused_with_what_it_would_serve() {
        let refused = Needed::of(10.0).check(10.0, 400, 49.0).map_err(|error| error.to_string());
        assert_eq!(
            refused,
            Err("a budget of 10 false findings per 1,000 tenant-months needs a history of 99 tenant-months (299 to \
                 hold it with 95 % confidence), this one has 49.0 of 400 tenants: give more history, or a budget of \
                 20 or more"
                .to_owned())
        );
        assert!(Needed::of(10.0).check(10.0, 400, 99.0).is_ok());
        assert!(Needed::of(10.0).check(10.0, 3, 199.0).is_err(), "three tenants");
    }

    /// Exponential maxima, by quantiles: 1,000 tenants of one month.
    fn maxima() -> Vec<f64> {
        (0..1_000).map(|i| -libm::log(1.0 - (f64::from(i) + 0.5) / 1_000.0)).collect()
    }

    #[test]
    fn the_guaranteed_threshold_lets_the_budget_pass() {
        for budget in [1.0, 3.0, 10.0, 50.0] {
            let threshold = Thresholds::of(&maxima(), 1_000.0, budget).guaranteed;
            let passing = maxima().iter().filter(|maximum| **maximum >= threshold).count();
            assert_eq!(passing, budget as usize - 1, "the one that sets it counts as passed by the next");
        }
    }

    #[test]
    fn harvesters_move_the_guaranteed_threshold_and_not_the_modelled_one() {
        let clean = Thresholds::of(&maxima(), 1_000.0, 10.0);
        let mut dirty = maxima();
        dirty.iter_mut().rev().take(20).for_each(|maximum| *maximum += 30.0);
        let dirty = Thresholds::of(&dirty, 1_000.0, 10.0);
        assert!(dirty.guaranteed > clean.guaranteed + 20.0);
        assert_eq!(dirty.modelled, clean.modelled);
        // the exponential's own share of one in a hundred is at ln 100
        assert!((clean.modelled - 100.0f64.ln()).abs() < 0.2, "{}", clean.modelled);
    }
}
