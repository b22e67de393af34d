//! One pass over the log: every labelled tenant's exchanges through the model and the baselines.
//!
//! ```text
//!  batch of lines ─► decode, trace, glimpse (parallel over chunks) ─► tenants by hash (parallel over shards)
//! ```
//!
//! A shard is folded by one thread in the order of the log, so the number of threads changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use bumpalo::Bump;
use rayon::prelude::*;

use super::baselines::kernel::Kernel;
use super::detector::hash;
use super::glimpse::Glimpse;
use super::tenant::{Exchanged, Fold, Observed, Rules};
use super::truth::Side;
use super::{EvaluateError, Feed, Truth};
use crate::config::Config;
use crate::model::Model;
use crate::record::{self, Limits};
use crate::source::envelope;
use crate::trace::slots::Slots;
use crate::trace::{Trace, Tracer};

/// Tenants are spread over so many slots: more than threads, so that giants do not hold others up.
const SHARDS: usize = 64;
/// Lines that one thread decodes at a time.
const CHUNK: usize = 128;
/// Prompts needed before the kernel's width is set.
const LEAST_PROMPTS: usize = 50;

/// What is to be observed.
pub struct Scope<'s> {
    /// The model that is judged.
    pub model: &'s Model,
    /// The labels.
    pub truth: &'s Truth,
    /// Only these tenants, and the model alone: counts are then of no meaning. All tenants, with
    /// baselines, if none are named.
    pub only: Option<&'s BTreeSet<String>>,
    /// What is usual in slots.
    pub slots: Option<Arc<Slots>>,
}

/// What the log held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Lines read.
    pub read: u64,
    /// Of them, not readable as a record.
    pub rejected: u64,
    /// Of tenants without a label, left out.
    pub unlabelled: u64,
    /// Of tenants labelled grey, left out.
    pub grey: u64,
    /// Judged.
    pub judged: u64,
    /// Tenants without a label.
    pub unlabelled_tenants: u64,
    /// Tenants labelled grey.
    pub grey_tenants: u64,
    /// Tenants with a label and without a record.
    pub absent_tenants: u64,
    /// Ids of harvested exchanges that no attacker in the log has.
    pub absent_harvest_ids: u64,
}

/// All tenants that were judged, by name.
#[derive(Debug, Default)]
pub struct Observation {
    /// What each showed.
    pub tenants: BTreeMap<String, Observed>,
    /// What was read.
    pub counts: Counts,
    /// Distinct ids of harvested exchanges.
    pub harvest_ids: u64,
}

struct Looked<'b> {
    trace: Trace<'b>,
    /// Not taken where the baselines are left out.
    glimpse: Option<Glimpse>,
    harvested: bool,
    /// Hash of its id, if it was harvested and has one.
    harvest_id: Option<u64>,
}

#[derive(Default)]
struct Shard {
    folds: BTreeMap<String, Fold>,
    unlabelled: BTreeSet<String>,
    grey: BTreeSet<String>,
    /// Hashes of the harvested exchanges' ids: a log may hold a record twice.
    harvest_ids: HashSet<u64>,
    counts: Counts,
}

/// Makes the pass. `progress` hears what is done and what there is in all.
pub fn observe(
    feed: &Feed,
    scope: &Scope<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Observation, EvaluateError> {
    // the key that `replay` has without a config: both then see the same chance collisions
    let tracer = Tracer::new(&Config::public().fold.secret).comparing(scope.slots.clone());
    let mut shards: Vec<Shard> = (0..SHARDS).map(|_| Shard::default()).collect();
    let mut kernel: Option<Kernel> = None;
    let mut arenas: Vec<Bump> = Vec::new();
    let mut counts = Counts::default();
    feed.pass(&mut |batch, done, total| {
        let lines = batch.lines();
        let base = counts.read as i64;
        counts.read += lines.len() as u64 + batch.too_long;
        counts.rejected += batch.too_long;
        let looked = look(&lines, scope, &tracer, &mut arenas);
        if scope.only.is_none() && kernel.is_none() {
            let prompts = || looked.iter().flatten().filter_map(|looked| looked.glimpse.as_ref()?.embedding.as_ref());
            kernel = (prompts().count() >= LEAST_PROMPTS).then(|| Kernel::new(prompts()));
        }
        let mut places: Vec<Vec<usize>> = vec![Vec::new(); SHARDS];
        for (place, looked) in looked.iter().enumerate() {
            match looked {
                Some(looked) => places[looked.trace.tenant_hash.0 as usize % SHARDS].push(place),
                None => counts.rejected += 1,
            }
        }
        let rules = Rules { model: scope.model, kernel: kernel.as_ref() };
        shards.par_iter_mut().zip(&places).for_each(|(shard, places)| {
            for place in places {
                if let Some(looked) = &looked[*place] {
                    shard.add(looked, base + *place as i64, scope, rules);
                }
            }
        });
        progress(done, total);
        Ok(())
    })?;
    let (mut tenants, mut harvest_ids) = (BTreeMap::new(), 0);
    for shard in shards {
        harvest_ids += shard.harvest_ids.len() as u64;
        counts.unlabelled += shard.counts.unlabelled;
        counts.grey += shard.counts.grey;
        counts.judged += shard.counts.judged;
        counts.unlabelled_tenants += shard.unlabelled.len() as u64;
        counts.grey_tenants += shard.grey.len() as u64;
        tenants.extend(shard.folds.into_iter().map(|(name, fold)| (name, fold.finish())));
    }
    Ok(Observation { tenants, counts, harvest_ids })
}

fn look<'b>(
    lines: &[&'b [u8]],
    scope: &Scope<'_>,
    tracer: &Tracer,
    arenas: &'b mut Vec<Bump>,
) -> Vec<Option<Looked<'b>>> {
    let chunks = lines.len().div_ceil(CHUNK);
    arenas.resize_with(arenas.len().max(chunks), Bump::new);
    arenas.iter_mut().for_each(Bump::reset);
    let arenas: &'b mut [Bump] = arenas;
    let mut looked: Vec<Option<Looked<'b>>> = Vec::new();
    looked.resize_with(lines.len(), || None);
    looked.par_chunks_mut(CHUNK).zip(lines.par_chunks(CHUNK)).zip(arenas.par_iter_mut()).for_each(
        |((out, lines), arena)| {
            let arena: &'b Bump = arena;
            for (out, line) in out.iter_mut().zip(lines) {
                let payload = envelope::parse(line, arena).map_or(Some(*line), |envelope| envelope.record.payload);
                let Ok(exchange) = record::decode(payload, &Limits::default(), arena) else {
                    continue;
                };
                if scope.only.is_some_and(|only| !only.contains(exchange.tenant)) {
                    continue;
                }
                let truth = scope.truth.of(exchange.tenant);
                let harvested = truth.is_some_and(|truth| scope.truth.is_harvested(truth, &exchange));
                *out = Some(Looked {
                    trace: tracer.trace(&exchange),
                    glimpse: scope.only.is_none().then(|| Glimpse::of(&exchange)),
                    harvested,
                    harvest_id: exchange.id.filter(|_| harvested).map(hash),
                });
            }
        },
    );
    looked
}

impl Shard {
    fn add(&mut self, looked: &Looked<'_>, offset: i64, scope: &Scope<'_>, rules: Rules<'_>) {
        let name = looked.trace.tenant;
        let Some(truth) = scope.truth.of(name) else {
            self.counts.unlabelled += 1;
            remember(&mut self.unlabelled, name);
            return;
        };
        if truth.side == Side::Grey {
            self.counts.grey += 1;
            remember(&mut self.grey, name);
            return;
        }
        self.counts.judged += 1;
        if !self.folds.contains_key(name) {
            self.folds.insert(name.to_owned(), Fold::new(&looked.trace, truth.side == Side::Attack));
        }
        let Some(fold) = self.folds.get_mut(name) else {
            return;
        };
        let Looked { trace, glimpse, harvested, harvest_id } = looked;
        self.harvest_ids.extend(harvest_id);
        fold.add(Exchanged { trace, glimpse: glimpse.as_ref(), harvested: *harvested, offset }, rules);
    }
}

fn remember(names: &mut BTreeSet<String>, name: &str) {
    if !names.contains(name) {
        names.insert(name.to_owned());
    }
}
