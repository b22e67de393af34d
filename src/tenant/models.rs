//! Since when a tenant uses which model: who goes over to a new one within its first day is told by that.
//!
//! A tenant's own first day says nothing, for then every model is new. Full: the model that was used longest ago makes
//! room. Cost: a few ns an exchange.

use serde::{Deserialize, Serialize};

use crate::units::Millis;

const MODELS: usize = 6;

/// Models by their last use, the newest first, and when the tenant began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Models {
    /// In hours, of the first exchange; 0 before it.
    began: u32,
    used: [Use; MODELS],
}

/// Times are hours from the tenant's begin, for seven years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Use {
    /// 0: none.
    model: u16,
    /// First use; 0 where it is not known, as on the first day.
    since: u16,
    last: u16,
}

impl Models {
    /// Whether the tenant, a day old at least, used the model for the first time within the last day. 0 is no model.
    pub(super) fn is_fresh(&mut self, model: u16, ts: Millis) -> bool {
        const DAY: u16 = 24;
        const WEEK: u16 = 7 * DAY;
        let hour = u32::try_from(ts.0 / Millis::HOUR).unwrap_or(0).max(1);
        if self.began == 0 {
            self.began = hour;
        }
        if model == 0 {
            return false;
        }
        let age = hour.saturating_sub(self.began).min(u32::from(u16::MAX)) as u16;
        let at = self.used.iter().position(|used| used.model == model);
        // of more models in turn than there are places, each would be new each time
        let crowded = self.used.last().is_some_and(|oldest| oldest.model != 0 && age - oldest.last.min(age) < WEEK);
        let new = Use { model, since: if crowded { 0 } else { age }, last: age };
        let known = Use { last: age, ..at.and_then(|at| self.used.get(at)).copied().unwrap_or(new) };
        self.used.copy_within(..at.unwrap_or(MODELS - 1), 1);
        if let Some(first) = self.used.first_mut() {
            *first = known;
        }
        known.since >= DAY && age.saturating_sub(known.since) < DAY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Millis {
        Millis(1_780_000_000_000 + hour * Millis::HOUR)
    }

    #[test]
    fn a_model_is_fresh_for_a_day_but_not_on_the_tenants_first() {
        let mut models = Models::default();
        assert!(!models.is_fresh(7, at(0)) && !models.is_fresh(8, at(20)), "all are new to a new tenant");
        assert!(!models.is_fresh(8, at(30)), "not from its first use on the first day either");
        assert!(models.is_fresh(9, at(48)) && models.is_fresh(9, at(71)) && !models.is_fresh(9, at(72)));
        assert!(!models.is_fresh(7, at(73)) && !models.is_fresh(0, at(73)));
    }

    #[test]
    fn a_router_over_a_few_models_is_not_always_fresh() {
        let mut models = Models::default();
        let fresh = (0..400).filter(|i| models.is_fresh(1 + (i % MODELS as i64) as u16, at(*i))).count();
        assert_eq!(fresh, 0);
        let fresh = (0..400).filter(|i| models.is_fresh(1 + (i % 19) as u16, at(400 + *i))).count();
        assert!(fresh <= 1, "more than there are places: {fresh}");
    }
}
