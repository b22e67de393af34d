//! Log-odds in relation to calm tenants at the same count and tier.
//!
//! A window of ten exchanges is noisy, and one without text knows less: the same log-odds are common among
//! some calm windows and unheard of among others. So the score is −ln of the share of calm tenants whose highest
//! log-odds, of any unit with as many exchanges and of the same tier, are at least as suspicious: 3 is one in 20, 7
//! one in 1,100. A tenant with hundreds of workloads has hundreds of chances, and is compared by all of them.
//! Up to one in 20 the share is counted; beyond, the tail is taken as exponential, which a few hundred
//! tenants can tell the scale of and no more. Young units pay [`EARLY`]. Grows with the log-odds; never NaN.
//!
//! Measured as in [`ages`](super::ages), on nine logs: related to calm windows, each tenant weighing alike, 40 % found at
//! 2 % of customers, area 0.855; to the highest of each tenant 49 %, 0.872; and with what young units pay 48 %, 0.879 (at
//! 5 % 57 and 62 %). Log-odds as they are, less the calm 95th percentile or in calm spreads found no more.

use serde::{Deserialize, Serialize};

use super::ModelError;
use super::artifact::STAGES;
use super::calibration::stage;
use crate::feature::Needs;

/// Shares of calm windows above the quantiles.
pub const ABOVE: [f64; 7] = [0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05];
/// −ln of them.
const NATS: [f64; 7] = [
    0.105_360_515_657_826_3,
    0.356_674_943_938_732_4,
    core::f64::consts::LN_2,
    1.203_972_804_325_936,
    1.609_437_912_434_1,
    core::f64::consts::LN_10,
    2.995_732_273_553_991,
];
/// Prompts, token counts alone, neither.
pub const TIERS: usize = 3;

/// Nats that a unit pays for each halving of its exchanges below [`GROWN`]: every tenant has many young units and few
/// old ones, and what a few exchanges show is most often nothing.
const EARLY: f64 = 0.6;
const GROWN: u64 = 64;

/// Calm log-odds of one tier at one stage.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalmOdds {
    /// What the shares of [`ABOVE`] exceed, ascending.
    pub quantiles: [f64; ABOVE.len()],
    /// Mean excess over the last of them.
    pub tail: f64,
}

/// All of them: by tier, then by stage.
#[derive(Debug)]
pub(crate) struct Relation(Vec<Vec<CalmOdds>>);

/// The tier of a row.
pub(crate) fn tier(present: u8) -> usize {
    if Needs::Prompt.met_by(present) {
        0
    } else if Needs::Tokens.met_by(present) {
        1
    } else {
        2
    }
}

impl Relation {
    pub(crate) fn new(model: &str, calm: &[Vec<CalmOdds>]) -> Result<Relation, ModelError> {
        let size = |what, found, expected| ModelError::WrongSize { model: model.to_owned(), what, found, expected };
        if calm.len() != TIERS {
            return Err(size("boosted.calm", calm.len(), TIERS));
        }
        if let Some(wrong) = calm.iter().find(|stages| stages.len() != STAGES) {
            return Err(size("boosted.calm", wrong.len(), STAGES));
        }
        let proper = |odds: &CalmOdds| {
            let sane = |value: &f64| value.abs() < 1e6;
            odds.quantiles.iter().all(sane) && odds.quantiles.is_sorted() && 1e-3 <= odds.tail && odds.tail < 1e6
        };
        if !calm.iter().flatten().all(proper) {
            let expected = "finite, with ascending quantiles and a tail of at least 0.001";
            return Err(ModelError::BadNumber { model: model.to_owned(), what: "boosted.calm", expected });
        }
        Ok(Relation(calm.to_vec()))
    }

    /// −ln of the share of calm tenants with such log-odds, less what a young unit pays; 0 at least.
    pub(crate) fn surprise(&self, log_odds: f64, present: u8, exchanges: u64) -> f64 {
        let young = libm::log2(GROWN as f64 / exchanges.clamp(1, GROWN) as f64);
        (self.rarity(log_odds, present, exchanges) - EARLY * young).max(0.0)
    }

    fn rarity(&self, log_odds: f64, present: u8, exchanges: u64) -> f64 {
        let calm = &self.0[tier(present)][stage(exchanges)];
        let last = ABOVE.len() - 1;
        let at = calm.quantiles.partition_point(|quantile| *quantile <= log_odds);
        if at == 0 {
            return NATS[0];
        }
        if at > last {
            return NATS[last] + (log_odds - calm.quantiles[last]) / calm.tail;
        }
        // strictly above the lower one and below the upper one: the width is not 0
        let (low, high) = (calm.quantiles[at - 1], calm.quantiles[at]);
        NATS[at - 1] + (NATS[at] - NATS[at - 1]) * (log_odds - low) / (high - low)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    const CALM: CalmOdds = CalmOdds { quantiles: [-4.0, -3.0, -2.0, -1.0, -1.0, 0.5, 1.0], tail: 0.5 };

    fn all(odds: CalmOdds) -> Vec<Vec<CalmOdds>> {
        vec![vec![odds; STAGES]; TIERS]
    }

    #[test]
    fn the_share_is_counted_and_then_extrapolated() {
        let relation = Relation::new("m", &all(CALM)).unwrap();
        let at = |odds| relation.surprise(odds, 15, 64);
        assert_eq!(at(-2.0), core::f64::consts::LN_2);
        assert!((at(1.0) - 20.0f64.ln()).abs() < 1e-12);
        // two mean excesses further: e² times rarer
        assert!((at(2.0) - (20.0f64.ln() + 2.0)).abs() < 1e-12);
        assert!(NATS.iter().zip(ABOVE).all(|(nats, share)| (nats + share.ln()).abs() < 1e-12));
    }

    #[test]
    fn tiers_and_stages_have_their_own() {
        let mut calm = all(CALM);
        calm[2][3].quantiles = [5.0; 7];
        let relation = Relation::new("m", &calm).unwrap();
        assert_eq!(relation.surprise(2.0, 0, 100), NATS[0]);
        assert!(relation.surprise(2.0, 0, 64) < 1.0 && relation.surprise(2.0, 0, 63) > 4.0);
        assert!(relation.surprise(2.0, 1, 100) > 4.0);
        assert_eq!((tier(15), tier(9), tier(8)), (0, 1, 2));
    }

    #[test]
    fn young_units_pay() {
        let relation = Relation::new("m", &all(CALM)).unwrap();
        let at = |exchanges| relation.surprise(2.0, 15, exchanges);
        assert!((at(64) - at(32) - EARLY).abs() < 1e-12 && (at(64) - at(8) - 3.0 * EARLY).abs() < 1e-12);
        assert_eq!((at(64), relation.surprise(-9.0, 15, 8)), (at(1 << 40), 0.0));
    }

    #[test]
    fn every_fault_is_named() {
        let wrong = |calm: &[Vec<CalmOdds>]| Relation::new("m", calm).unwrap_err().to_string();
        assert!(wrong(&all(CALM)[1..]).contains("`boosted.calm` has 2 entries, expected 3"));
        assert!(wrong(&all(CalmOdds { tail: 0.0, ..CALM })).contains("tail"));
        assert!(wrong(&all(CalmOdds { quantiles: [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 5.0], ..CALM })).contains("ascending"));
        assert!(wrong(&all(CalmOdds { tail: f64::NAN, ..CALM })).contains("finite"));
    }

    proptest! {
        #[test]
        fn more_odds_are_never_less_surprising(low in -9.0f64..9.0, step in 0.0f64..9.0, present in 0u8..16, n in 8u64..2_000) {
            let relation = Relation::new("m", &all(CALM)).unwrap();
            let (a, b) = (relation.surprise(low, present, n), relation.surprise(low + step, present, n));
            prop_assert!(a.is_finite() && a <= b + 1e-12);
        }
    }
}
