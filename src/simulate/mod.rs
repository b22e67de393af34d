//! The built-in traffic simulator: logs of many tenants with the truth beside them.
//!
//! ```text
//!  Spec ─► population ─► tenant ─(recipe, workload)─► schedule ─Slot─► exchange ─line─► merge ─► SimRecord
//!                                                      text ───────────▲
//! ```
//!
//! Innocent classes and attack families are rows of one table type, a recipe, drawn by the same
//! code from the same texts, clocks and parameters; nothing but the row knows the side.
//! Text is the generator's own or read from a folder of corpora, again for both sides alike. Not here: campaigns.
//!
//! Invariants: same spec, same bytes, on every platform; memory is bounded per tenant; a control is its
//! attacker without the harvested exchanges, but for names and ids, and a twin the same with innocent work in
//! their place. Cost: 15-20 µs a record in a debug build, most of it text.

mod spec;
mod evasion;
mod history;
mod corpus;
mod population;
mod recipe;
mod client;
mod schedule;
mod text;
mod around;
mod workload;
mod dress;
mod thread;
mod line;
mod tenant;
mod harvest;
mod twin;
mod exchange;
mod write;
mod kafka;

use core::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::units::Millis;

pub use corpus::{Corpora, CorpusError, MOST_ROWS};
pub use evasion::{Evasion, Evasions};
pub use history::History;
pub use kafka::{KafkaSink, KafkaTarget};
pub use population::{Label, Truth};
pub use spec::{AttackEntry, AttackSpec, AttackSpecError, Dilution, Family, Spec};
use tenant::TenantStream;
use text::World;
pub use write::{Sinks, Summary, write_line, write_out};

/// One record of a simulated log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimRecord {
    /// When the exchange happened.
    pub ts: Millis,
    /// The Kafka key.
    pub tenant: String,
    /// The native record, without a line break.
    pub line: String,
    /// Truth: this exchange was harvested.
    pub harvested: bool,
    /// The record's id.
    pub id: String,
}

/// A simulated log, in the order of time, then of tenants' names.
#[derive(Debug)]
pub struct Simulation {
    world: World,
    tenants: Vec<TenantStream>,
    labels: Vec<Label>,
    due: BinaryHeap<Reverse<(Millis, usize)>>,
}

/// Draws a simulation with the built-in text.
pub fn simulate(spec: &Spec) -> Simulation {
    simulate_plan(&Plan::from(spec.clone()))
}

/// What to simulate, and out of what.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Sizes, seed and attacks.
    pub spec: Spec,
    /// Text to read; none: all text is made.
    pub corpora: Arc<Corpora>,
    /// Exchange words, digits and manners for others of the same structure.
    pub randomise: bool,
    /// The log that this one continues.
    pub history: Option<History>,
}

impl From<Spec> for Plan {
    fn from(spec: Spec) -> Self {
        Self { spec, corpora: Arc::default(), randomise: false, history: None }
    }
}

/// Draws a simulation.
pub fn simulate_plan(plan: &Plan) -> Simulation {
    let spec = &plan.spec;
    // Who goes on speaks on: a continued log's words are the first one's.
    let words = plan.history.map_or(spec.seed, |history| history.seed);
    let mut world = World::new(words, Arc::clone(&plan.corpora));
    if plan.randomise {
        world = world.randomised(words);
    }
    let population = population::population(spec, plan.history);
    let built = population.into_iter().map(|member| TenantStream::new(&member, plan, &world));
    let (tenants, labels): (Vec<TenantStream>, Vec<Label>) = built.unzip();
    let due = (0..).zip(&tenants).filter_map(|(i, t)| t.peek().map(|ts| Reverse((ts, i)))).collect();
    Simulation { world, tenants, labels, due }
}

/// What the demo shows: 300 tenants, 15 attackers, three days.
pub fn demo_spec(seed: u64) -> Spec {
    // 2026-10-05, a Monday: the demo's days are working days.
    Spec { tenants: 300, days: 3.0, attacks: AttackSpec::Default, seed, start: Millis(1_791_158_400_000) }
}

impl Simulation {
    /// The truth, one label per tenant, by name.
    pub fn labels(&self) -> Vec<Label> {
        self.labels.clone()
    }

    /// Number of tenants.
    pub fn tenants(&self) -> usize {
        self.tenants.len()
    }
}

impl Iterator for Simulation {
    type Item = SimRecord;

    fn next(&mut self) -> Option<SimRecord> {
        let Reverse((_, index)) = self.due.pop()?;
        let tenant = &mut self.tenants[index];
        let record = tenant.write(&self.world);
        if let Some(ts) = tenant.peek() {
            self.due.push(Reverse((ts, index)));
        }
        record
    }
}
