//! A pass with a model: what scores and evidence each tenant gets, and who is found.

use std::collections::{BTreeMap, BTreeSet};

use super::by_tenant::ByTenant;
use super::naming::pattern_of;
use super::{Feed, Labels, Role, Told, TrainError};
use crate::finding::Pattern;
use crate::model::Model;
use crate::tenant::Tenant;
use crate::units::Millis;

/// Exchanges from which a tenant counts in rates.
const LEAST_EXCHANGES: u64 = 30;
/// Decisions from which a unit's scores say something.
const LEAST_DECISIONS: f64 = 16.0;
/// Every 16th score is kept for the quantiles, up to 256 a tenant.
const SAMPLE_EVERY: u64 = 16;
const SAMPLE: usize = 256;
/// Units whose scores are kept apart, per tenant.
const MOST_UNITS: usize = 64;

/// What a tenant is for in a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// Calm, fitted to.
    Fitted,
    /// Calm, held back: calibrates.
    Holding,
    /// Calm, some attacker's twin, held back: judged only.
    Twin,
    /// Harvests, not fitted to.
    Attack,
    /// Harvests, fitted to.
    Taught,
}

/// Groups and kinds by tenant.
pub(crate) struct Roles<'l> {
    labels: &'l Labels,
    fitted: BTreeSet<String>,
}

/// Sums over the scores of one unit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UnitScores {
    count: f64,
    sum: f64,
    squares: f64,
    products: f64,
    last: f64,
}

/// What one tenant showed.
#[derive(Clone, Debug)]
pub(crate) struct Tried {
    pub(crate) group: Group,
    pub(crate) kind: String,
    /// Percent of harvest in an attacker.
    percent: u8,
    pub(crate) units: Vec<UnitScores>,
    pub(crate) sample: Vec<f32>,
    /// The highest evidence of any unit at any time.
    pub(crate) highest: f32,
    /// Exchanges of the unit at the tenant's first alarm.
    pub(crate) found_at: Option<u64>,
    /// What that alarm was called.
    named: Option<Pattern>,
    exchanges: u64,
    /// Which log it is in.
    log: u32,
    first: Millis,
    last: Millis,
}

/// What a pass keeps of one tenant.
struct Judged {
    tenant: Tenant,
    tried: Tried,
    /// Where its units are in `tried`.
    places: BTreeMap<u64, usize>,
}

/// Calm tenants held back of one log: their months, and the highest evidence of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct CalmLog {
    pub(crate) months: f64,
    pub(crate) maxima: Vec<f64>,
}

/// All tenants of a pass, by name.
pub(crate) struct Trial {
    tenants: BTreeMap<String, Tried>,
}

/// Folds all exchanges with a model.
pub(crate) fn run(model: &Model, roles: &Roles<'_>, feed: &mut Feed<'_>) -> Result<Trial, TrainError> {
    run_by(&|_| model, roles, feed)
}

/// Folds all exchanges, each tenant with its own model.
pub(crate) fn run_by<'m>(
    judge: &(dyn Fn(&str) -> &'m Model + Sync),
    roles: &Roles<'_>,
    feed: &mut Feed<'_>,
) -> Result<Trial, TrainError> {
    let mut states = ByTenant::<Judged>::default();
    let new = |told: &Told<'_>| {
        let group = roles.group(told.trace.tenant)?;
        let tried = Tried::new(group, roles.labels, told);
        Some(Judged { tenant: Tenant::new(told.trace.tenant), tried, places: BTreeMap::new() })
    };
    feed(&mut |told| states.fold(told, new, |state, told| state.take(told, judge(told.trace.tenant))))?;
    Ok(Trial { tenants: states.into_map().into_iter().map(|(name, state)| (name, state.tried)).collect() })
}

impl Judged {
    fn take(&mut self, told: &Told<'_>, model: &Model) {
        let Judged { tenant, tried, places } = self;
        tried.exchanges += 1;
        tried.last = tried.last.max(told.at.ts);
        let Tried { units, sample, highest, exchanges, .. } = tried;
        let alarm = tenant.observe_with(&told.trace, told.at, model, &mut |decision| {
            *highest = highest.max(decision.evidence);
            if exchanges.is_multiple_of(SAMPLE_EVERY) && sample.len() < SAMPLE {
                sample.push(decision.scored.score);
            }
            let place = match places.get(&decision.subject.workload) {
                Some(place) => *place,
                None if units.len() < MOST_UNITS => {
                    places.insert(decision.subject.workload, units.len());
                    units.push(UnitScores::default());
                    units.len() - 1
                }
                None => return,
            };
            units[place].add(f64::from(decision.scored.score));
        });
        if let Some(alarm) = alarm {
            tried.found_at.get_or_insert(alarm.exchanges);
            tried.named.get_or_insert(alarm.pattern);
        }
    }
}

impl<'l> Roles<'l> {
    pub(crate) fn new<'n>(labels: &'l Labels, fitted: impl Iterator<Item = &'n str>) -> Roles<'l> {
        Roles { labels, fitted: fitted.map(str::to_owned).collect() }
    }

    fn group(&self, tenant: &str) -> Option<Group> {
        match self.labels.role(tenant) {
            Role::Grey => None,
            Role::Attack if self.fitted.contains(tenant) => Some(Group::Taught),
            Role::Attack => Some(Group::Attack),
            Role::Calm if self.fitted.contains(tenant) => Some(Group::Fitted),
            Role::Calm if self.labels.is_twin(tenant) => Some(Group::Twin),
            Role::Calm => Some(Group::Holding),
        }
    }
}

impl UnitScores {
    fn add(&mut self, score: f64) {
        if self.count > 0.0 {
            self.products += self.last * score;
        }
        self.count += 1.0;
        self.sum += score;
        self.squares += score * score;
        self.last = score;
    }

    pub(crate) fn is_judged(&self) -> bool {
        self.count >= LEAST_DECISIONS
    }

    pub(crate) fn decisions(&self) -> f64 {
        self.count
    }

    pub(crate) fn mean(&self) -> f64 {
        self.sum / self.count.max(1.0)
    }

    pub(crate) fn variance(&self) -> f64 {
        (self.squares / self.count.max(1.0) - self.mean() * self.mean()).max(0.0)
    }

    /// Covariance of successive scores.
    pub(crate) fn covariance(&self) -> f64 {
        let pairs = (self.count - 1.0).max(1.0);
        let limit = self.variance();
        (self.products / pairs - self.mean() * self.mean()).clamp(-limit, limit)
    }
}

impl Tried {
    fn new(group: Group, labels: &Labels, told: &Told<'_>) -> Tried {
        let tenant = told.trace.tenant;
        Tried {
            group,
            kind: labels.kind(tenant).to_owned(),
            percent: labels.percent(tenant),
            units: Vec::new(),
            sample: Vec::new(),
            highest: f32::NEG_INFINITY,
            found_at: None,
            named: None,
            exchanges: 0,
            log: told.log,
            first: told.at.ts,
            last: told.at.ts,
        }
    }

    /// The unit with the highest mean score: in an attacker, the one that harvests.
    pub(crate) fn boldest(&self) -> Option<&UnitScores> {
        self.units.iter().filter(|unit| unit.is_judged()).max_by(|a, b| a.mean().total_cmp(&b.mean()))
    }

    fn months(&self) -> f64 {
        self.last.since(self.first) as f64 / (30 * Millis::DAY) as f64
    }

    fn counts(&self) -> bool {
        self.exchanges >= LEAST_EXCHANGES
    }
}

impl Trial {
    /// The highest evidence of a tenant.
    pub(crate) fn highest(&self, tenant: &str) -> Option<f64> {
        self.tenants.get(tenant).map(|tried| f64::from(tried.highest))
    }

    pub(crate) fn of(&self, group: Group) -> impl Iterator<Item = &Tried> {
        self.tenants.values().filter(move |tenant| tenant.group == group)
    }

    pub(crate) fn count(&self, group: Group) -> usize {
        self.of(group).count()
    }

    /// Tenant-months of a group: 30 days between the first and last exchange each.
    pub(crate) fn tenant_months(&self, group: Group) -> f64 {
        super::rounded(self.of(group).filter(|tenant| tenant.counts()).map(Tried::months).sum())
    }

    /// Highest evidence of each tenant held back.
    pub(crate) fn maxima(&self) -> Vec<f64> {
        self.of(Group::Holding).map(|tenant| f64::from(tenant.highest.max(0.0))).collect()
    }

    /// Calm tenants held back, log by log.
    pub(crate) fn logs(&self) -> Vec<CalmLog> {
        let mut logs = BTreeMap::<u32, CalmLog>::new();
        for tenant in self.of(Group::Holding) {
            let log = logs.entry(tenant.log).or_default();
            log.months += if tenant.counts() { tenant.months() } else { 0.0 };
            log.maxima.push(f64::from(tenant.highest.max(0.0)));
        }
        logs.into_values().collect()
    }

    /// Attackers by kind and percent of harvest: all, and those that a threshold finds.
    pub(crate) fn recall(&self, threshold: f64) -> BTreeMap<(String, u8), (usize, usize)> {
        let mut kinds = BTreeMap::<(String, u8), (usize, usize)>::new();
        for tenant in self.of(Group::Attack).filter(|tenant| tenant.counts()) {
            let (all, found) = kinds.entry((tenant.kind.clone(), tenant.percent)).or_default();
            *all += 1;
            *found += usize::from(f64::from(tenant.highest) >= threshold);
        }
        kinds
    }

    /// Tenants of a group with enough exchanges, and how many of them were found.
    fn found(&self, group: Group) -> (usize, usize) {
        let counted = || self.of(group).filter(|tenant| tenant.counts());
        (counted().count(), counted().filter(|tenant| tenant.found_at.is_some()).count())
    }

    /// By kind and percent of harvest: tenants, found, and the median count at which they were.
    pub(crate) fn by_kind(&self, group: Group) -> BTreeMap<(&str, u8), (usize, usize, u64)> {
        let mut kinds = BTreeMap::<(&str, u8), (usize, Vec<u64>)>::new();
        for tenant in self.of(group).filter(|tenant| tenant.counts()) {
            let entry = kinds.entry((&tenant.kind, tenant.percent)).or_default();
            entry.0 += 1;
            entry.1.extend(tenant.found_at);
        }
        let median = |mut counts: Vec<u64>| {
            counts.sort_unstable();
            counts.get(counts.len() / 2).copied().unwrap_or(0)
        };
        kinds.into_iter().map(|(kind, (all, found))| (kind, (all, found.len(), median(found)))).collect()
    }

    /// Tenants of a group with a finding, by thirds of their exchanges, the smallest first.
    pub(crate) fn by_volume(&self, group: Group) -> [usize; 3] {
        let mut tenants: Vec<&Tried> = self.of(group).filter(|tenant| tenant.counts()).collect();
        tenants.sort_by_key(|tenant| tenant.exchanges);
        let mut thirds = [0; 3];
        for (i, tenant) in tenants.iter().enumerate() {
            thirds[i * 3 / tenants.len()] += usize::from(tenant.found_at.is_some());
        }
        thirds
    }

    /// Figures of the card.
    pub(crate) fn metrics(&self) -> Vec<(String, f64)> {
        let mut counts: Vec<u64> = self.of(Group::Attack).filter_map(|tenant| tenant.found_at).collect();
        counts.sort_unstable();
        let at = |share: f64| counts.get((share * counts.len() as f64) as usize).map_or(0.0, |count| *count as f64);
        let (holding, holding_found) = self.found(Group::Holding);
        let (fitted, fitted_found) = self.found(Group::Fitted);
        let (attack, attack_found) = self.found(Group::Attack);
        let names = || self.of(Group::Attack).filter_map(|tenant| Some((tenant.named?, pattern_of(&tenant.kind)?)));
        let (known, called) = (names().count(), names().filter(|(said, is)| said == is).count());
        let figure = |name: &str, value: f64| (name.to_owned(), value);
        let (pure, in_part): (Vec<&Tried>, Vec<&Tried>) =
            self.of(Group::Attack).filter(|tenant| tenant.counts()).partition(|tenant| tenant.percent == 100);
        let of = |tenants: &[&Tried]| tenants.iter().filter(|tenant| tenant.found_at.is_some()).count() as f64;
        vec![
            figure("pure_attackers", pure.len() as f64),
            figure("pure_attackers_found", of(&pure)),
            figure("attackers_in_part", in_part.len() as f64),
            figure("attackers_in_part_found", of(&in_part)),
            figure("calm_tenants_held_back", holding as f64),
            figure("calm_tenants_held_back_with_finding", holding_found as f64),
            figure("calm_tenants_fitted", fitted as f64),
            figure("calm_tenants_fitted_with_finding", fitted_found as f64),
            figure("attackers", attack as f64),
            figure("attackers_found", attack_found as f64),
            figure("attackers_found_of_a_known_pattern", known as f64),
            figure("attackers_called_by_their_pattern", called as f64),
            figure("exchanges_of_unit_at_finding_median", at(0.5)),
            figure("exchanges_of_unit_at_finding_p90", at(0.9)),
        ]
    }
}
