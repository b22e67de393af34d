//! The state of one tenant: a unit for the whole, cells for its workloads.
//!
//! [`Tenant::observe`] is the fold: it depends on the traces of this tenant, their effective times and
//! the model, and on nothing else. Bounded at compile time ([`Tenant::MOST_BYTES`]).
//! Cost: about 1.5 µs an exchange, nearly all of it scoring.

use serde::{Deserialize, Serialize};

use super::memory::Memory;
use super::unit::Unit;
use super::workloads::{Visit, Workloads};
use crate::evidence::{self, Decision, Subject};
use crate::feature::Row;
use crate::finding::{Alarm, Kind, Seen};
use crate::model::Model;
use crate::record::native::MAX_TENANT_BYTES;
use crate::trace::Trace;

/// Everything remembered of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    name: Box<str>,
    whole: Unit,
    memory: Memory,
    workloads: Workloads,
}

/// What the fold shows of an exchange, unit by unit.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'d> {
    /// It joined the tenant's whole (0) or a workload, which now has so many exchanges: with the first it begins anew.
    Joined {
        /// Which unit.
        workload: u64,
        /// Its exchanges so far.
        exchanges: u64,
    },
    /// That unit was judged.
    Decision(&'d Decision<'d>),
}

impl Tenant {
    /// Logical bytes of a tenant at most, its name included.
    pub const MOST_BYTES: usize = size_of::<Tenant>() + MAX_TENANT_BYTES + Memory::MOST_BYTES + Workloads::MOST_BYTES;

    /// A tenant that was never seen.
    pub fn new(name: &str) -> Tenant {
        Tenant { name: name.into(), whole: Unit::default(), memory: Memory::default(), workloads: Workloads::default() }
    }

    /// The customer's id.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Exchanges so far.
    pub fn exchanges(&self) -> u64 {
        self.whole.exchanges
    }

    /// Time and offset of the newest exchange.
    pub fn last(&self) -> Seen {
        self.whole.last
    }

    /// The tenant's traffic as a whole.
    pub(crate) fn whole(&self) -> &Unit {
        &self.whole
    }

    /// Open workload cells.
    pub fn open_workloads(&self) -> usize {
        self.workloads.open_cells()
    }

    /// Bytes as a function of what is in use; the allocator is not asked.
    pub fn logical_bytes(&self) -> usize {
        size_of::<Tenant>() + self.name.len() + self.memory.logical_bytes() + self.workloads.logical_bytes()
    }

    /// Forgets the evidence and keeps the sketches: another model judges from here on.
    pub fn forget_evidence(&mut self) {
        self.whole.evidence.forget();
        for unit in self.workloads.units_mut() {
            unit.evidence.forget();
        }
    }

    /// Folds one exchange and decides. Of several alarms the one with the most evidence counts.
    pub fn observe(&mut self, trace: &Trace<'_>, at: Seen, model: &Model) -> Option<Alarm> {
        self.observe_with(trace, at, model, &mut |_| {})
    }

    /// The same, and shows every decision to `sink` (scores of `replay`).
    pub fn observe_with(
        &mut self,
        trace: &Trace<'_>,
        at: Seen,
        model: &Model,
        sink: &mut dyn FnMut(&Decision<'_>),
    ) -> Option<Alarm> {
        self.watch(trace, at, model, &mut |shown| {
            if let Shown::Decision(decision) = shown {
                sink(decision);
            }
        })
    }

    /// The same, and shows which units the exchange joins (what is harvest in the windows of `train`).
    pub fn watch(
        &mut self,
        trace: &Trace<'_>,
        at: Seen,
        model: &Model,
        sink: &mut dyn FnMut(Shown<'_>),
    ) -> Option<Alarm> {
        let told = self.memory.observe(trace, at, self.whole.exchanges);
        self.whole.fold(trace, told, at);
        let whole = Subject { kind: Kind::Tenant, workload: 0, account: None };
        let of_tenant = decide(whole, &mut self.whole, at, model, sink);

        let visit = Visit { trace, at, ordinal: self.whole.exchanges, suspicious: model.threshold() / 2.0 };
        let mut strongest = of_tenant;
        for index in self.workloads.cells_of(visit, told).into_iter().flatten() {
            let Some(cell) = self.workloads.cell_mut(index) else { continue };
            cell.unit.fold(trace, told, at);
            let part = Subject { kind: Kind::Workload, workload: cell.workload, account: cell.account.as_deref() };
            let alarm = decide(part, &mut cell.unit, at, model, sink);
            if let Some(alarm) = alarm
                && strongest.as_ref().is_none_or(|strongest| alarm.evidence > strongest.evidence)
            {
                strongest = Some(alarm);
            }
        }
        strongest
    }
}

// a tenant stays within 24 KB whatever it sends
const _: () = assert!(Tenant::MOST_BYTES <= 24 * 1024);

/// Scores the unit if its count says so, and raises the alarm if the evidence suffices.
fn decide(
    subject: Subject<'_>,
    unit: &mut Unit,
    at: Seen,
    model: &Model,
    sink: &mut dyn FnMut(Shown<'_>),
) -> Option<Alarm> {
    sink(Shown::Joined { workload: subject.workload, exchanges: unit.exchanges });
    if !evidence::is_decision(unit.exchanges) {
        return None;
    }
    let row = Row::of(unit);
    let scored = model.score_row(&row, unit.exchanges);
    let level = match model.evidence() {
        Some(params) => unit.evidence.add(scored.score, params),
        None => unit.evidence.steady(scored.score),
    };
    let decision = Decision { subject, exchanges: unit.exchanges, at, row: &row, scored: &scored, evidence: level };
    sink(Shown::Decision(&decision));
    (level >= model.threshold()).then(|| evidence::alarm(subject, unit, at, &row, &scored, model))
}
