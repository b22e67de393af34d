//! The first pass: windows of tenants at fixed counts, what was harvested in them, and the hash of the data.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::by_tenant::ByTenant;
use super::{Feed, Labels, Role, Taken, Told, TrainError};
use crate::evidence::is_window;
use crate::feature::Row;
use crate::model::Model;
use crate::model::ages::{FROM, age};
use crate::model::calibration::stage;
use crate::sketch::Mean;
use crate::tenant::{Shown, Tenant};
use crate::trace::words::mix;
use crate::units::Millis;

/// Windows of each age kept per tenant: units × counts fit in for all but gateways.
const MOST_WINDOWS: u32 = 150;
/// From this share of harvest on a window is one of harvest, and below the other it is calm.
const MOSTLY: f64 = 0.5;
const HARDLY: f64 = 0.1;

/// Room for the windows of one tenant.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Room([u32; FROM.len()]);

impl Room {
    /// Whether a decision at this count is a window for which there is room, which it then takes.
    pub(crate) fn takes(&mut self, exchanges: u64) -> bool {
        let taken = &mut self.0[age(exchanges)];
        let takes = is_window(exchanges) && *taken < MOST_WINDOWS;
        *taken += u32::from(takes);
        takes
    }
}

/// What a window shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Innocent use, or a tenth of harvest at most.
    Calm,
    /// Too much harvest for calm and too little to learn from.
    Between,
    /// Mostly harvest.
    Harvest,
}

/// Features of one unit at one count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) row: Row,
    pub(crate) exchanges: u64,
    pub(crate) side: Side,
    /// Mean log-odds of its exchanges, each by itself; only of tenants held back, and where somebody asked.
    pub(crate) by_exchange: Option<f32>,
}

/// The windows of one tenant.
#[derive(Clone, Debug)]
pub(crate) struct Surveyed {
    pub(crate) name: String,
    pub(crate) windows: Vec<Window>,
    first: Millis,
    last: Millis,
}

/// Calm tenants and attackers, by name.
pub(crate) struct Survey {
    pub(crate) calm: Vec<Surveyed>,
    pub(crate) attackers: Vec<Surveyed>,
    pub(crate) data: [u8; 32],
}

/// The mean of something for each unit of a tenant, over as many exchanges as its features speak of.
#[derive(Default)]
pub(super) struct PerUnit(BTreeMap<u64, Mean>);

/// How much of each unit of an attacker is harvest.
struct Harvested {
    units: PerUnit,
    /// All is, if nobody says what is not.
    unsaid: f32,
}

struct Observed {
    tenant: Tenant,
    first: Millis,
    last: Millis,
    harvested: Option<Harvested>,
    windows: Vec<Window>,
    room: Room,
}

/// Folds all exchanges once.
pub(crate) fn survey(blank: &Model, labels: &Labels, feed: &mut Feed<'_>) -> Result<Survey, TrainError> {
    let mut tenants = ByTenant::<Observed>::default();
    let mut data = Sha256::new();
    feed(&mut |told| {
        let hash = || told.iter().for_each(|told| hash_trace(&mut data, told));
        let fold = || {
            let new =
                |told: &Told<'_>| is_seen(labels, told).then(|| Observed::new(told.trace.tenant, labels, told.at.ts));
            tenants.fold(told, new, |observed, told| {
                if is_seen(labels, told) {
                    observed.take(told, blank);
                }
            });
        };
        rayon::join(hash, fold);
    })?;
    for (tenant, role, kind) in labels.iter() {
        data.update(tenant.as_bytes());
        data.update([0, role as u8]);
        data.update(kind.as_bytes());
    }
    let all = tenants.into_map().into_iter().map(|(name, observed)| {
        let Observed { windows, first, last, .. } = observed;
        Surveyed { name, windows, first, last }
    });
    let seen = all.filter(|tenant| !tenant.windows.is_empty());
    let (calm, attackers) = seen.partition(|tenant| labels.role(&tenant.name) == Role::Calm);
    Ok(Survey { calm, attackers, data: data.finalize().into() })
}

/// Whether anybody knows what an exchange is.
pub(super) fn is_seen(labels: &Labels, told: &Told<'_>) -> bool {
    let (tenant, role) = (told.trace.tenant, labels.role(told.trace.tenant));
    // in part, and nobody says which part
    let dark = role == Role::Attack && !labels.is_pure(tenant) && told.taken == Taken::Unsaid;
    role != Role::Grey && !dark
}

/// Two disjoint parts: one of so many percent, and the rest.
pub(crate) fn split<'t>(
    tenants: impl IntoIterator<Item = &'t Surveyed>,
    percent: usize,
    seed: u64,
) -> (Vec<&'t Surveyed>, Vec<&'t Surveyed>) {
    let mut order: Vec<&Surveyed> = tenants.into_iter().collect();
    order.sort_by_key(|tenant| (place(&tenant.name, seed), &tenant.name));
    let rest = order.split_off(order.len() * percent / 100);
    (order, rest)
}

impl Window {
    /// Which calm windows it is compared with.
    pub(crate) fn stage(&self) -> usize {
        stage(self.exchanges)
    }
}

impl Surveyed {
    /// Windows that were kept, of which no times are known.
    pub(crate) fn of_windows(name: String, windows: Vec<Window>) -> Surveyed {
        Surveyed { name, windows, first: Millis(0), last: Millis(0) }
    }

    /// 30 days each, between its first and last exchange.
    pub(crate) fn months(&self) -> f64 {
        self.last.since(self.first) as f64 / (30 * Millis::DAY) as f64
    }

    /// Windows of one side.
    pub(crate) fn of(&self, side: Side) -> impl Iterator<Item = &Window> {
        self.windows.iter().filter(move |window| window.side == side)
    }
}

impl Observed {
    fn new(name: &str, labels: &Labels, at: Millis) -> Observed {
        let unsaid = f32::from(u8::from(labels.is_pure(name)));
        let harvested = (labels.role(name) == Role::Attack).then(|| Harvested { units: PerUnit::default(), unsaid });
        Observed {
            tenant: Tenant::new(name),
            harvested,
            windows: Vec::new(),
            room: Room::default(),
            first: at,
            last: at,
        }
    }

    fn take(&mut self, told: &Told<'_>, blank: &Model) {
        let Told { trace, at, taken, .. } = told;
        let (at, taken) = (*at, *taken);
        self.last = self.last.max(at.ts);
        let Observed { tenant, harvested, windows, room, .. } = self;
        tenant.watch(trace, at, blank, &mut |shown| match shown {
            Shown::Joined { workload, exchanges } => {
                if let Some(harvested) = harvested {
                    let share = match taken {
                        Taken::Unsaid => harvested.unsaid,
                        Taken::No => 0.0,
                        Taken::Yes => 1.0,
                    };
                    harvested.units.add(workload, exchanges, share);
                }
            }
            Shown::Decision(decision) if room.takes(decision.exchanges) => {
                let side = harvested.as_ref().map_or(Side::Calm, |harvested| harvested.side(decision.subject.workload));
                windows.push(Window { row: *decision.row, exchanges: decision.exchanges, side, by_exchange: None });
            }
            Shown::Decision(_) => {}
        });
    }
}

impl PerUnit {
    /// Adds what an exchange shows to the mean of a unit that it joined as the so many-th.
    pub(super) fn add(&mut self, unit: u64, exchanges: u64, value: f32) {
        let mean = self.0.entry(unit).or_default();
        if exchanges == 1 {
            *mean = Mean::default();
        }
        mean.add(u32::try_from(exchanges).unwrap_or(u32::MAX), value);
    }

    /// None of a unit that has none.
    pub(super) fn mean(&self, unit: u64) -> Option<f64> {
        self.0.get(&unit).map(|mean| mean.get())
    }
}

impl Harvested {
    fn side(&self, unit: u64) -> Side {
        match self.units.mean(unit) {
            Some(share) if share >= MOSTLY => Side::Harvest,
            Some(share) if share < HARDLY => Side::Calm,
            _ => Side::Between,
        }
    }
}

/// A place in the shuffled order.
pub(crate) fn place(name: &str, seed: u64) -> u64 {
    name.bytes().fold(seed ^ 0x6a09_e667_f3bc_c909, |hash, byte| mix(hash ^ u64::from(byte), 0xbb67_ae85_84ca_a73b))
}

fn hash_trace(data: &mut Sha256, told: &Told<'_>) {
    let Told { trace, at, taken, .. } = told;
    data.update(trace.tenant.as_bytes());
    data.update([0, *taken as u8]);
    data.update(at.ts.0.to_le_bytes());
    for hash in [trace.account_hash.0, trace.frame.0, trace.prompt, trace.session, trace.user] {
        data.update(hash.to_le_bytes());
    }
    for tokens in [trace.input_tokens, trace.output_tokens, trace.reasoning_tokens] {
        data.update(tokens.to_le_bytes());
    }
}
