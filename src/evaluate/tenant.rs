//! One tenant of an evaluation: the product's own fold, the baselines beside it, and what each said.

use std::collections::BTreeMap;

use super::baselines::kernel::{Kernel, Mean, Windows};
use super::baselines::{Baselines, Step, Tracks};
use super::glimpse::{Glimpse, fields, surface};
use super::track::{Moment, Track};
use crate::feature::Row;
use crate::finding::Seen;
use crate::model::Model;
use crate::model::drift::Binned;
use crate::record::Tier;
use crate::tenant::{Shown, Tenant};
use crate::trace::Trace;
use crate::train::survey::Room;
use crate::units::Millis;

/// Exchanges of a tenant at which its features are audited: enough for means, few enough that most
/// tenants have them.
const AUDIT_AT: u64 = 64;
/// Prompts before the surface says something.
const LEAST_SURFACES: u32 = 8;

/// Mean and deviation of every surface figure.
pub const SURFACE_WIDTH: usize = 2 * surface::WIDTH;
/// The first of them are means, the others deviations.
pub const SURFACE_MEANS: usize = surface::WIDTH;

/// What one tenant showed.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Its last exchange: how many, how many harvested, since when.
    pub end: Moment,
    /// Harvested ones in each hundred of its exchanges.
    pub harvested_by_hundred: Vec<u8>,
    /// Exchanges by tier.
    pub tiers: [u64; 3],
    /// What the model said.
    pub model: Track,
    /// What the rules said.
    pub rules: Tracks,
    /// Windows for the kernel test.
    pub windows: Vec<Mean>,
    /// Surfaces at fixed counts.
    pub surfaces: Vec<Snapshot>,
    /// Features of the whole tenant at its first exchanges.
    pub row: Option<Row>,
    /// Of an innocent: windows as bins of the model's calm ones, the first of them.
    pub binned: Vec<Binned>,
    /// When each of them was.
    pub binned_at: Vec<Millis>,
    /// What of them is still to be kept.
    pub(super) room: Room,
    /// Logical bytes of its state at the end.
    pub state_bytes: u64,
    /// Sum and count of each field.
    pub fields: Vec<(f64, u32)>,
    /// The usual value of each name, and how much it leads by.
    pub names: [(u32, u32); fields::NAMES.len()],
}

/// The surface of a tenant's exchanges so far.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// When.
    pub at: Moment,
    /// Harvested share so far.
    pub share: f64,
    /// Means, then deviations.
    pub figures: [f64; SURFACE_WIDTH],
}

/// A tenant that is being folded.
#[derive(Debug)]
pub struct Fold {
    tenant: Tenant,
    baselines: Baselines,
    windows: Windows,
    surface: Figures,
    units: Units,
    seen: Observed,
}

/// What a fold depends on besides the exchanges.
#[derive(Clone, Copy)]
pub struct Rules<'r> {
    /// The model that is judged.
    pub model: &'r Model,
    /// The kernel test's kernel, once its width is known.
    pub kernel: Option<&'r Kernel>,
}

/// One exchange with the truth about it.
#[derive(Clone, Copy)]
pub struct Exchanged<'s, 'a> {
    /// Its trace.
    pub trace: &'s Trace<'a>,
    /// Its numbers; without them only the model is folded.
    pub glimpse: Option<&'s Glimpse>,
    /// Whether it was harvested.
    pub harvested: bool,
    /// Its place in the input.
    pub offset: i64,
}

#[derive(Debug, Default)]
struct Figures {
    count: u32,
    sums: [f64; surface::WIDTH],
    squares: [f64; surface::WIDTH],
}

/// Of an attacker: what of each unit was harvested since it was opened, so that a finding's harvested share is exact.
#[derive(Debug, Default)]
struct Units {
    kept: bool,
    /// All exchanges of a unit, and the harvested ones.
    harvested: BTreeMap<u64, (u64, u64)>,
}

impl Fold {
    /// A tenant that was never seen; of attackers the harvested share of every unit is kept.
    pub fn new(trace: &Trace<'_>, attacks: bool) -> Fold {
        Fold {
            tenant: Tenant::new(trace.tenant),
            baselines: Baselines::default(),
            windows: Windows::default(),
            surface: Figures::default(),
            units: Units { kept: attacks, harvested: BTreeMap::new() },
            seen: Observed {
                end: Moment { first: trace.ts, ts: trace.ts, ..Moment::default() },
                fields: vec![(0.0, 0); fields::WIDTH],
                ..Observed::default()
            },
        }
    }

    /// Takes one exchange.
    pub fn add(&mut self, exchange: Exchanged<'_, '_>, rules: Rules<'_>) {
        let trace = exchange.trace;
        let end = &mut self.seen.end;
        end.exchanges += 1;
        end.ts = end.ts.max(trace.ts);
        end.first = end.first.min(trace.ts);
        end.harvested += u64::from(exchange.harvested);
        end.tokens += if exchange.harvested { u64::from(trace.output_tokens) } else { 0 };
        let at = Moment { ts: trace.ts, ..*end };
        self.seen.tiers[trace.tier as usize] += 1;
        if self.seen.harvested_by_hundred.len() <= at.hundred() {
            self.seen.harvested_by_hundred.push(0);
        }
        self.seen.harvested_by_hundred[at.hundred()] += u8::from(exchange.harvested);
        self.judge(exchange, &at, rules.model);
        let Some(glimpse) = exchange.glimpse else {
            return;
        };
        let step = Step { trace, glimpse, at: &at, harvested: exchange.harvested };
        self.baselines.add(step, &mut self.seen.rules);
        if let Some(kernel) = rules.kernel {
            self.windows.add(step, kernel);
        }
        self.look(glimpse, &at);
    }

    /// What it showed.
    pub fn finish(mut self) -> Observed {
        self.seen.windows = core::mem::take(&mut self.windows.closed);
        self.seen.state_bytes = self.tenant.logical_bytes() as u64;
        self.seen
    }

    /// Alarms are the product's own word: only an alarm reaches the threshold in the track.
    fn judge(&mut self, exchange: Exchanged<'_, '_>, at: &Moment, model: &Model) {
        let trace = exchange.trace;
        let mut boldest: Option<(f32, u64)> = None;
        let Observed { row, binned, binned_at, room, .. } = &mut self.seen;
        let (kept, units) = (self.units.kept, &mut self.units);
        let bins = model.calm_bins().filter(|_| !kept);
        let seen = Seen { ts: trace.ts, offset: exchange.offset };
        let alarm = self.tenant.watch(trace, seen, model, &mut |shown| {
            let decision = match shown {
                Shown::Joined { workload, exchanges } => return units.add(workload, exchanges, exchange.harvested),
                Shown::Decision(decision) => decision,
            };
            let workload = decision.subject.workload;
            if boldest.is_none_or(|(evidence, _)| decision.evidence > evidence) {
                boldest = Some((decision.evidence, workload));
            }
            if workload == 0 && decision.exchanges <= AUDIT_AT {
                *row = Some(*decision.row);
            }
            if let Some(bins) = bins
                && room.takes(decision.exchanges)
            {
                binned.push(bins.bin(decision.row, decision.exchanges, trace.typicality.all.is_some()));
                binned_at.push(seen.ts);
            }
        });
        let threshold = f64::from(model.threshold());
        let units = &self.units;
        if let Some(alarm) = alarm {
            let share = || units.share(alarm.workload);
            self.seen.model.push(f64::from(alarm.evidence).max(threshold), at, share);
        } else if let Some((evidence, workload)) = boldest {
            let share = || units.share(workload);
            self.seen.model.push(f64::from(evidence).min(threshold.next_down()), at, share);
        }
    }

    /// Surface, fields and names.
    fn look(&mut self, glimpse: &Glimpse, at: &Moment) {
        for ((sum, count), value) in self.seen.fields.iter_mut().zip(glimpse.fields) {
            if !value.is_nan() {
                *sum += f64::from(value);
                *count += 1;
            }
        }
        for ((usual, lead), name) in self.seen.names.iter_mut().zip(glimpse.names) {
            // majority vote in one pass (Boyer and Moore, 1981)
            match (*usual == name, *lead) {
                (true, _) => *lead += 1,
                (false, 0) => (*usual, *lead) = (name, 1),
                (false, _) => *lead -= 1,
            }
        }
        if let Some(surface) = &glimpse.surface {
            self.surface.add(surface);
        }
        let due =
            matches!(at.exchanges, 16 | 30 | 64 | 100 | 256) || at.exchanges > 256 && at.exchanges.is_power_of_two();
        if due && self.surface.count >= LEAST_SURFACES {
            let share = at.harvested as f64 / at.exchanges as f64;
            self.seen.surfaces.push(Snapshot { at: *at, share, figures: self.surface.figures() });
        }
    }
}

impl Observed {
    /// Tenant-months: 30 days between the first and last record each.
    pub fn months(&self) -> f64 {
        self.end.ts.since(self.end.first) as f64 / (30 * Millis::DAY) as f64
    }

    /// The tier that most of its exchanges have.
    pub fn tier(&self) -> Tier {
        let [content, tokens, metadata] = self.tiers;
        if content >= tokens.max(metadata) {
            Tier::Content
        } else if tokens >= metadata {
            Tier::Tokens
        } else {
            Tier::Metadata
        }
    }
}

impl Figures {
    fn add(&mut self, surface: &surface::Surface) {
        self.count += 1;
        for ((sum, square), value) in self.sums.iter_mut().zip(&mut self.squares).zip(surface) {
            *sum += f64::from(*value);
            *square += f64::from(*value) * f64::from(*value);
        }
    }

    fn figures(&self) -> [f64; SURFACE_WIDTH] {
        let n = f64::from(self.count.max(1));
        let mut figures = [0.0; SURFACE_WIDTH];
        for (i, (sum, square)) in self.sums.iter().zip(&self.squares).enumerate() {
            let mean = sum / n;
            figures[i] = mean;
            figures[surface::WIDTH + i] = (square / n - mean * mean).max(0.0).sqrt();
        }
        figures
    }
}

impl Units {
    /// Counts an exchange that a unit was joined by as the so many-th.
    fn add(&mut self, workload: u64, exchanges: u64, harvested: bool) {
        if self.kept {
            let unit = self.harvested.entry(workload).or_default();
            let before = if exchanges == 1 { 0 } else { unit.1 };
            *unit = (exchanges, before + u64::from(harvested));
        }
    }

    /// Harvested share of a unit's exchanges.
    fn share(&self, workload: u64) -> f64 {
        self.harvested.get(&workload).map_or(0.0, |(all, harvested)| *harvested as f64 / *all as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_of_a_unit_since_it_was_opened() {
        let mut units = Units { kept: true, harvested: BTreeMap::new() };
        for (workload, exchanges, harvested) in [(7, 1, false), (0, 1, false), (7, 2, true), (7, 3, true), (0, 2, true)]
        {
            units.add(workload, exchanges, harvested);
        }
        assert_eq!((units.share(7), units.share(0), units.share(3)), (2.0 / 3.0, 0.5, 0.0));
        units.add(7, 1, false);
        assert_eq!(units.share(7), 0.0, "opened anew");
    }

    #[test]
    fn surface_figures_are_means_and_deviations() {
        let mut sums = Figures::default();
        sums.add(&[1.0; surface::WIDTH]);
        sums.add(&[3.0; surface::WIDTH]);
        let figures = sums.figures();
        assert_eq!((figures[0], figures[surface::WIDTH]), (2.0, 1.0));
    }
}
