//! The demo's driver: simulated traffic through the real pipeline, in one process, at a pace one can
//! watch; then what was planted against what was found.
//!
//! The traffic comes from the generator that the shipped model was trained on (with another seed), so the
//! report shows how the pipeline works. It is no measurement of how well it detects.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::config::Config;
use crate::finding::render::render;
use crate::finding::{Activity, Event, Pattern};
use crate::model::Model;
use crate::pipeline::{Arenas, Core, Counts, Partition, fold_batch, trace_batch};
use crate::simulate::{Label, SimRecord, Spec, Truth, simulate};
use crate::source::{Record, placement};
use crate::units::{Millis, Position};

/// Partitions that the demo's log is spread over.
const PARTITIONS: u32 = 4;
/// Steps of the show: the log is folded in this many batches, each a slice of event time.
const STEPS: i64 = 400;
/// How long the show takes at a watchable pace.
const SHOW: Duration = Duration::from_secs(40);

/// One tenant of the report.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The truth about it.
    pub label: Label,
    /// Its exchanges in the log, and how many of them were harvested.
    pub exchanges: u64,
    /// Harvested ones.
    pub harvested: u64,
    /// The first finding on it.
    pub found: Option<Found>,
}

/// When a tenant was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Event time.
    pub at: Millis,
    /// What it looked like.
    pub pattern: Pattern,
    /// Harvested exchanges up to and including the deciding one.
    pub harvested_before: u64,
}

/// What the demo showed.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every tenant, by name.
    pub tenants: Vec<Outcome>,
    /// Records read, accepted, rejected.
    pub counts: Counts,
    /// Findings created, updated, closed.
    pub findings: [u64; 3],
    /// Seconds spent in the pipeline, without the pace.
    pub busy_seconds: f64,
}

impl Report {
    /// Planted attackers and the ones found; innocent tenants (controls among them) and the ones with a
    /// finding.
    pub fn score(&self) -> [(usize, usize); 2] {
        let count = |attack: bool| {
            let mine = self.tenants.iter().filter(|t| (t.label.label == Truth::Attack) == attack);
            (mine.clone().count(), mine.filter(|t| t.found.is_some()).count())
        };
        [count(true), count(false)]
    }
}

/// What to show, and how fast.
#[derive(Clone, Debug)]
pub struct Show {
    /// The traffic.
    pub spec: Spec,
    /// Without waiting.
    pub fast: bool,
}

/// Runs the show. `see` gets every event with its rendered finding; `step` the share done and the event
/// time reached.
pub fn demo(
    show: &Show,
    model: Model,
    see: &mut dyn FnMut(&Event, &[u8]),
    step: &mut dyn FnMut(f64, Millis),
) -> Report {
    let config = Config::public();
    let core = Core::new(&config, Arc::new(model), PARTITIONS);
    let context = core.render_context();
    let mut log = simulate(&show.spec);
    let labels = log.labels();
    let mut tenants: BTreeMap<String, Outcome> = labels
        .into_iter()
        .map(|label| (label.tenant.clone(), Outcome { label, exchanges: 0, harvested: 0, found: None }))
        .collect();
    let mut partitions: Vec<Partition> = (0..PARTITIONS).map(|index| Partition::new(index, 0)).collect();
    let mut arenas = Arenas::default();
    let mut report = Report { tenants: Vec::new(), counts: Counts::default(), findings: [0; 3], busy_seconds: 0.0 };
    let slice = ((show.spec.days * Millis::DAY as f64) as i64 / STEPS).max(1);
    let show_watch = Stopwatch::start();
    let mut waiting = log.next();
    let mut reached = 0;
    while waiting.is_some() {
        reached += 1;
        let until = show.spec.start.plus(slice * reached);
        let mut batch: Vec<SimRecord> = Vec::new();
        while let Some(record) = waiting.take_if(|record| record.ts < until) {
            batch.push(record);
            waiting = log.next();
        }
        let busy = Stopwatch::start();
        for event in fold(&core, &mut partitions, &batch, &mut arenas, &mut tenants, &mut report.counts) {
            let slot = match event.activity {
                Activity::Create => 0,
                Activity::Update => 1,
                Activity::Close(_) => 2,
            };
            if let Some(count) = report.findings.get_mut(slot) {
                *count += 1;
            }
            see(&event, &render(&event, &context).payload);
        }
        report.busy_seconds += busy.seconds();
        step((reached as f64 / STEPS as f64).min(1.0), until);
        if !show.fast {
            let due = SHOW.mul_f64(reached as f64 / STEPS as f64);
            std::thread::sleep(due.saturating_sub(show_watch.elapsed()));
        }
    }
    report.tenants = tenants.into_values().collect();
    report
}

/// One batch through the fold; keeps the truth beside the events.
fn fold(
    core: &Core,
    partitions: &mut [Partition],
    batch: &[SimRecord],
    arenas: &mut Arenas,
    tenants: &mut BTreeMap<String, Outcome>,
    counts: &mut Counts,
) -> Vec<Event> {
    let mut next: Vec<i64> = partitions.iter().map(Partition::next).collect();
    let records: Vec<Record<'_>> = batch
        .iter()
        .map(|record| {
            let partition = placement::partition(record.tenant.as_bytes(), PARTITIONS);
            let mut at = Position { partition, offset: 0 };
            if let Some(next) = next.get_mut(partition as usize) {
                at.offset = *next;
                *next += 1;
            }
            Record { at, broker_ts: None, header: None, key: None, payload: Some(record.line.as_bytes()) }
        })
        .collect();
    let traced = trace_batch(core, &records, arenas);
    let mut folds: Vec<&mut Partition> = partitions.iter_mut().collect();
    let mut events = Vec::new();
    for output in fold_batch(core, &mut folds, &records, &traced) {
        counts.merge(&output.counts);
        events.extend(output.events);
    }
    events.sort_by_key(|event| (event.time, event.at, event.uid));
    let mut created: BTreeMap<(u32, i64), &Event> = BTreeMap::new();
    for event in events.iter().filter(|event| event.activity == Activity::Create) {
        created.insert((event.at.partition, event.at.offset), event);
    }
    for (record, placed) in batch.iter().zip(&records) {
        let Some(tenant) = tenants.get_mut(&record.tenant) else { continue };
        tenant.exchanges += 1;
        tenant.harvested += u64::from(record.harvested);
        if let (Some(event), None) = (created.get(&(placed.at.partition, placed.at.offset)), &tenant.found) {
            let found = Found { at: event.time, pattern: event.alarm.pattern, harvested_before: tenant.harvested };
            tenant.found = Some(found);
        }
    }
    events
}
