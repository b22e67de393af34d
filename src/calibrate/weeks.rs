//! Thresholds by week. A release day moves everyone at once: a threshold over all weeks is then passed in one of them
//! far more often than the budget says, and the next such week will do the same.
//!
//! Weeks are counted from the history's first exchange. One counts if it has the tenant-months that the budget needs.
//! They differ if in one of them more tenants than by chance (the exact one-sided 95 % bound) are among the highest
//! tenth of all tenants and weeks: few pass a threshold, too few to tell weeks apart by. Then the most severe of
//! the thresholds is used.

use std::collections::BTreeMap;

use super::budget::{Needed, Thresholds};
use super::spikes::MARK;
use crate::evaluate::statistics::poisson;
use crate::evidence::Decision;
use crate::model::Model;
use crate::tenant::Tenant;
use crate::train::Told;
use crate::train::by_tenant::ByTenant;
use crate::units::Millis;

const WEEK: i64 = 7 * Millis::DAY;
/// The share of tenants and weeks that is high.
const HIGH: f64 = 0.1;

/// By [`Millis::weekday`].
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Which days of the week a history holds: who works at a weekend looks unlike who works on a Monday, and a threshold
/// holds for the days that set it. Measured: one of a Monday to Thursday for 100 false findings per 1,000 tenant-months
/// let 387 pass from the Friday on, half of them on the Saturday; four of whole weeks 77 to 159 in the week after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weekdays([bool; 7]);

impl Weekdays {
    pub(super) fn take(&mut self, ts: Millis) {
        self.0[ts.weekday()] = true;
    }

    /// Those without an exchange.
    pub fn missing(self) -> Vec<&'static str> {
        DAYS.iter().zip(self.0).filter(|(_, seen)| !seen).map(|(name, _)| *name).collect()
    }

    /// In one line.
    pub fn says(self) -> String {
        match self.missing().as_slice() {
            [] => "all of the week".to_owned(),
            missing => format!(
                "no {}: what customers do then set no threshold, and the budget is not kept then; give whole weeks",
                missing.join(", ")
            ),
        }
    }
}

/// One week of the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Week {
    /// Its first moment.
    pub begins: Millis,
    /// Tenants with an exchange in it.
    pub tenants: usize,
    /// Their tenant-months within it.
    pub months: f64,
    /// Tenants whose highest evidence within it reaches the threshold of the whole history.
    pub passing: usize,
    /// Tenants whose highest evidence within it is in the highest tenth of all tenants and weeks.
    pub high: usize,
    /// Its own thresholds, if it has the tenant-months that the budget needs.
    pub thresholds: Option<Thresholds>,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weeks {
    /// In order of time.
    pub all: Vec<Week>,
    /// The first with more high tenants than by chance, from 0; none if they do not differ.
    pub beyond: Option<usize>,
    /// The most severe thresholds of weeks, and of the whole history; used if they differ.
    pub most_severe: Option<Thresholds>,
}

/// What one tenant showed.
struct Folded {
    tenant: Tenant,
    first: Millis,
    last: Millis,
    /// Its highest evidence by week; 0 of a week without a decision.
    highest: BTreeMap<i64, f32>,
}

/// Folds the history once more, for the highest evidence of each tenant and week.
pub(super) struct Weekly {
    begins: Millis,
    tenants: ByTenant<Folded>,
}

impl Weekly {
    /// Of a history from one moment to another; none if it is no longer than a week.
    pub(super) fn of(span: Option<(Millis, Millis)>) -> Option<Weekly> {
        let (begins, ends) = span?;
        (ends.since(begins) >= WEEK).then(|| Weekly { begins, tenants: ByTenant::default() })
    }

    /// Takes exchanges, each judged by a model that did not learn from its tenant. Spike-ins are no history.
    pub(super) fn take<'m>(&mut self, told: &[Told<'_>], judge: &(dyn Fn(&str) -> &'m Model + Sync)) {
        let begins = self.begins;
        let new = |told: &Told<'_>| {
            let new = || Folded {
                tenant: Tenant::new(told.trace.tenant),
                first: told.at.ts,
                last: told.at.ts,
                highest: BTreeMap::new(),
            };
            (!told.trace.tenant.contains(MARK)).then(new)
        };
        self.tenants.fold(told, new, |folded, Told { trace, at, .. }| {
            folded.first = folded.first.min(at.ts);
            folded.last = folded.last.max(at.ts);
            let highest = folded.highest.entry(at.ts.since(begins) / WEEK).or_default();
            let tell = &mut |decision: &Decision<'_>| *highest = highest.max(decision.evidence);
            folded.tenant.observe_with(trace, *at, judge(trace.tenant), tell);
        });
    }

    /// The weeks, beside the thresholds of the whole history.
    pub(super) fn weeks(&self, budget: f64, whole: Thresholds) -> Weeks {
        let weeks =
            self.tenants.values().filter_map(|folded| folded.highest.last_key_value()).map(|(week, _)| week + 1);
        let mut every: Vec<f32> =
            self.tenants.values().flat_map(|folded| folded.highest.values()).copied().filter(|h| *h > 0.0).collect();
        every.sort_by(|a, b| b.total_cmp(a));
        let high = every.get((every.len() as f64 * HIGH) as usize).map_or(f64::INFINITY, |level| f64::from(*level));
        let all = (0..weeks.max().unwrap_or(0)).map(|number| self.week(number, budget, (whole, high))).collect();
        Weeks::compared(all, whole)
    }

    fn week(&self, number: i64, budget: f64, (whole, high): (Thresholds, f64)) -> Week {
        let begins = self.begins.plus(number * WEEK);
        let ends = begins.plus(WEEK);
        let (mut maxima, mut span) = (Vec::new(), 0);
        for folded in self.tenants.values() {
            if let Some(highest) = folded.highest.get(&number) {
                maxima.push(f64::from(*highest));
                span += folded.last.min(ends).since(folded.first.max(begins)).max(0);
            }
        }
        let months = span as f64 / (30 * Millis::DAY) as f64;
        Week {
            begins,
            tenants: maxima.len(),
            months,
            passing: maxima.iter().filter(|highest| **highest >= whole.guaranteed).count(),
            high: maxima.iter().filter(|highest| **highest > high).count(),
            thresholds: (months >= Needed::of(budget).average as f64).then(|| Thresholds::of(&maxima, months, budget)),
        }
    }
}

impl Weeks {
    fn compared(all: Vec<Week>, whole: Thresholds) -> Weeks {
        let counted: Vec<&Thresholds> = all.iter().filter_map(|week| week.thresholds.as_ref()).collect();
        if counted.len() < 2 {
            return Weeks { all, beyond: None, most_severe: None };
        }
        let most =
            |of: fn(&Thresholds) -> f64| counted.iter().map(|thresholds| of(thresholds)).fold(of(&whole), f64::max);
        let most_severe = Thresholds { guaranteed: most(|of| of.guaranteed), modelled: most(|of| of.modelled) };
        let (high, tenants) =
            all.iter().fold((0, 0), |(high, tenants), week| (high + week.high, tenants + week.tenants));
        let usual = high as f64 / tenants.max(1) as f64;
        let beyond =
            |week: &Week| week.thresholds.is_some() && poisson::low(week.high as u64) > usual * week.tenants as f64;
        Weeks { beyond: all.iter().position(beyond), all, most_severe: Some(most_severe) }
    }

    /// The thresholds to use instead of the whole history's, where weeks differ.
    pub fn in_use(&self) -> Option<Thresholds> {
        self.beyond.and(self.most_severe)
    }

    /// In one line.
    pub fn says(&self, budget: f64) -> String {
        let counted = self.all.iter().filter(|week| week.thresholds.is_some()).count();
        match self.beyond {
            _ if counted < 2 => format!(
                "not compared: {counted} of {} with the {} tenant-months that the budget needs",
                self.all.len(),
                Needed::of(budget).average
            ),
            None => format!("{counted} compared, they differ by no more than chance"),
            Some(place) => format!(
                "they differ: in week {} {} of {} tenants are in the highest tenth of all weeks, so the most severe \
                 week's threshold is used",
                place + 1,
                self.all.get(place).map_or(0, |week| week.high),
                self.all.get(place).map_or(0, |week| week.tenants),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// 600 tenants over three weeks, with exponential maxima, and in the second week so much more.
    fn weekly(more: f32) -> Weekly {
        let exponential = |place: u64| -libm::logf(1.0 - ((place % 600) as f32 + 0.5) / 600.0);
        let tenants = (0..600u64).map(|tenant| {
            let highest = (0..3).map(|week| {
                let shuffled = tenant * 7 + week * 211;
                (week as i64, exponential(shuffled) + if week == 1 { more } else { 0.0 })
            });
            let folded = Folded {
                tenant: Tenant::new("t"),
                first: Millis(0),
                last: Millis(3 * WEEK),
                highest: highest.collect(),
            };
            (tenant.to_string(), folded)
        });
        Weekly { begins: Millis(0), tenants: tenants.collect() }
    }

    fn whole(weekly: &Weekly, budget: f64) -> Thresholds {
        let highest = |folded: &Folded| folded.highest.values().copied().fold(0.0, f32::max);
        let maxima: Vec<f64> = weekly.tenants.values().map(|folded| f64::from(highest(folded))).collect();
        Thresholds::of(&maxima, 420.0, budget)
    }

    #[test]
    fn days_without_an_exchange_are_named() {
        let mut days = Weekdays::default();
        // a Thursday, a Friday before it, a Saturday long after, and a Monday
        let some = [0, -6 * Millis::DAY, 100 * WEEK + 2 * Millis::DAY + 5, 4 * Millis::DAY];
        for ts in some {
            days.take(Millis(ts));
        }
        assert_eq!(days.missing(), ["Tuesday", "Wednesday", "Sunday"]);
        assert!(days.says().starts_with("no Tuesday, Wednesday, Sunday: "), "{}", days.says());
        (0..7).for_each(|day| days.take(Millis(day * Millis::DAY)));
        assert_eq!(days.says(), "all of the week");
    }

    #[test]
    fn weeks_that_are_alike_leave_the_threshold_alone() {
        let weekly = weekly(0.0);
        let weeks = weekly.weeks(20.0, whole(&weekly, 20.0));
        assert_eq!((weeks.all.len(), weeks.beyond, weeks.in_use()), (3, None, None));
        assert!(weeks.all.iter().all(|week| week.tenants == 600 && (week.months - 140.0).abs() < 1e-9));
        assert_eq!(weeks.says(20.0), "3 compared, they differ by no more than chance");
    }

    #[test]
    fn a_week_that_moves_everyone_sets_the_threshold() {
        let weekly = weekly(4.0);
        let all = whole(&weekly, 20.0);
        let weeks = weekly.weeks(20.0, all);
        assert_eq!(weeks.beyond, Some(1));
        let used = weeks.in_use().unwrap();
        let own = weeks.all[1].thresholds.unwrap();
        assert!(used.guaranteed == own.guaranteed && used.guaranteed > all.guaranteed && used.modelled >= own.modelled);
        // at the week's own threshold it keeps the budget: 20 per 1,000 of 140 tenant-months are 2.8
        let passing = weekly.tenants.values().filter(|t| f64::from(t.highest[&1]) >= used.guaranteed).count();
        assert!(passing <= 2 && weeks.all[1].passing > 5, "{passing} {}", weeks.all[1].passing);
        assert!(weeks.says(20.0).starts_with("they differ: in week 2 "), "{}", weeks.says(20.0));
    }

    #[test]
    fn too_little_of_a_week_says_nothing() {
        let weekly = weekly(4.0);
        // a budget of 5 needs 199 tenant-months, a week has 140
        let weeks = weekly.weeks(5.0, whole(&weekly, 5.0));
        assert_eq!((weeks.in_use(), weeks.most_severe), (None, None));
        assert_eq!(weeks.says(5.0), "not compared: 0 of 3 with the 199 tenant-months that the budget needs");
        assert!(Weekly::of(Some((Millis(0), Millis(WEEK - 1)))).is_none() && Weekly::of(None).is_none());
        assert_eq!(Weeks::default().says(10.0), "not compared: 0 of 0 with the 99 tenant-months that the budget needs");
    }
}
