//! Simulated tenants through the product's fold, and what is kept of each: the score of every decision.

use std::collections::{BTreeMap, BTreeSet};

use bumpalo::Bump;
use rayon::prelude::*;
use stillwatch::config::Config;
use stillwatch::finding::Seen;
use stillwatch::model::Model;
use stillwatch::pipeline::Core;
use stillwatch::record::{self, Limits};
use stillwatch::simulate::{self, AttackSpec, Spec, Truth};
use stillwatch::tenant::{Shown, Tenant};
use stillwatch::trace::Tracer;
use stillwatch::units::Millis;

/// Exchanges of a tenant that are folded.
pub const MOST: u32 = 10_000;
/// A unit speaks of the harvest if so much of it is, as in `evaluate`.
const LEAST_SHARE: f64 = 0.25;

/// One decision.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// Which of the tenant's units.
    pub unit: u16,
    /// The unit was opened again: nothing of it is remembered.
    pub anew: bool,
    /// A quarter or more of the unit was harvested.
    pub of_harvest: bool,
    /// Exchanges of the tenant, and those of them that were harvested.
    pub exchanges: u32,
    pub harvested: u32,
    pub score: f32,
}

/// One tenant.
#[derive(Clone, Debug)]
pub struct History {
    /// Learnt from and set on; the others are reported.
    pub teaches: bool,
    /// Meant share of harvest; 0 of the innocent.
    pub share: f64,
    pub exchanges: u32,
    pub told: Vec<Told>,
}

/// How many exchanges of each unit were harvested.
type Units = BTreeMap<u64, (u32, u32)>;

struct Fold {
    tenant: Tenant,
    history: History,
    /// Number of each unit, and its exchanges at its last decision.
    numbers: BTreeMap<u64, (u16, u64)>,
    units: Units,
    harvested: u32,
}

/// Innocent tenants of some operators, long enough that a quarter of them reach [`MOST`].
pub fn calm(operators: u64, tenants: usize, days: f64) -> Vec<History> {
    let spec = |seed| Spec { tenants, days, attacks: AttackSpec::None, seed, start: Millis(1_791_158_400_000) };
    let all: Vec<Vec<History>> = (0..operators).into_par_iter().map(|n| fold(&spec(9_000 + n), false)).collect();
    all.into_iter().flatten().filter(|history| history.exchanges >= MOST).collect()
}

/// Harvests of every family, whole tenants and parts of others.
pub fn harvests(operators: u64) -> Vec<History> {
    let list: Vec<String> = simulate::Family::ALL
        .iter()
        .flat_map(|family| ["", "@10%", "@10%+own", "@5%"].map(|how| (family.name(), how)))
        .map(|(name, how)| format!("{name}={}{how}", if how.is_empty() { 3 } else { 1 }))
        .collect();
    let attacks: AttackSpec = list.join(",").parse().expect("a list of attacks");
    let start = Millis(1_791_158_400_000);
    let spec = |seed| Spec { tenants: 1, days: 14.0, attacks: attacks.clone(), seed, start };
    let all: Vec<Vec<History>> = (0..operators).into_par_iter().map(|n| fold(&spec(9_500 + n), true)).collect();
    all.into_iter().flatten().collect()
}

fn fold(spec: &Spec, attackers: bool) -> Vec<History> {
    let model = Model::embedded().expect("the shipped model loads");
    let tracer = Core::tracer(&Config::public().fold);
    let simulation = simulate::simulate(spec);
    let labels = simulation.labels();
    let wanted: BTreeMap<&str, f64> = labels
        .iter()
        .filter(|label| (label.label == Truth::Attack) == attackers)
        .map(|label| (label.tenant.as_str(), if attackers { label.share.unwrap_or(1.0) } else { 0.0 }))
        .collect();
    let mut folds = BTreeMap::<String, Fold>::new();
    let mut full = BTreeSet::new();
    let mut arena = Bump::new();
    for (offset, record) in (0..).zip(simulation) {
        if full.contains(&record.tenant) {
            continue;
        }
        let Some(share) = wanted.get(record.tenant.as_str()) else { continue };
        let number = folds.len();
        let fold = folds.entry(record.tenant.clone()).or_insert_with(|| {
            let history = History { teaches: number.is_multiple_of(2), share: *share, exchanges: 0, told: Vec::new() };
            Fold::new(&record.tenant, history)
        });
        arena.reset();
        fold.add(record.line.as_bytes(), offset, record.harvested, &model, &tracer, &arena);
        if fold.history.exchanges == MOST {
            full.insert(record.tenant);
        }
    }
    folds.into_values().map(|fold| fold.history).collect()
}

impl Fold {
    fn new(name: &str, history: History) -> Fold {
        let (numbers, units) = (BTreeMap::new(), Units::new());
        Fold { tenant: Tenant::new(name), history, numbers, units, harvested: 0 }
    }

    fn add(&mut self, line: &[u8], offset: i64, harvested: bool, model: &Model, tracer: &Tracer, arena: &Bump) {
        let exchange = record::decode(Some(line), &Limits::default(), arena).expect("the simulator's records decode");
        let trace = tracer.trace(&exchange);
        let Fold { tenant, history, numbers, units, .. } = self;
        history.exchanges += 1;
        self.harvested += u32::from(harvested);
        let (exchanges, so_far) = (history.exchanges, self.harvested);
        let at = Seen { ts: trace.ts, offset };
        tenant.watch(&trace, at, model, &mut |shown| {
            let decision = match shown {
                Shown::Joined { workload, exchanges } => {
                    let (all, taken) = units.entry(workload).or_default();
                    let before = if exchanges == 1 { 0 } else { *taken };
                    (*all, *taken) = (exchanges as u32, before + u32::from(harvested));
                    return;
                }
                Shown::Decision(decision) => decision,
            };
            let workload = decision.subject.workload;
            let next = numbers.len() as u16;
            let (unit, before) = numbers.entry(workload).or_insert((next, 0));
            let anew = decision.exchanges < *before;
            *before = decision.exchanges;
            let (all, taken) = units.get(&workload).copied().unwrap_or((1, 0));
            history.told.push(Told {
                unit: *unit,
                anew,
                of_harvest: taken > 0 && f64::from(taken) >= LEAST_SHARE * f64::from(all),
                exchanges,
                harvested: so_far,
                score: decision.scored.score,
            });
        });
    }
}
