//! One tenant: its workloads side by side, merged by time, written as native records.

use std::collections::BTreeMap;

use super::Plan;
use super::dress::Dress;
use super::evasion::Evasion;
use super::harvest::hide_whole;
use super::history::History;
use super::line::rfc3339;
use super::population::{Label, Member, Truth};
use super::recipe::{Class, GATEWAY, PERSONAL, Recipe, attack as recipe};
use super::schedule::{Schedule, Slot};
use super::spec::{Attack, Dilution, Spec};
use super::text::World;
use super::twin;
use super::workload::{Item, Workload};
use crate::draw::{Draw, mix};
use crate::units::Millis;

/// A harvest of fewer exchanges would show nothing: hosts are made large enough for this many.
const LEAST_HARVEST: f64 = 50.0;
const MOST_PER_DAY: f64 = 8_000.0;
/// Percent of tenants that begin something new in a log.
const PILOTS: u8 = 25;
/// How small it is beside their first workload, at least.
const LEAST_PILOT: f64 = 0.01;

/// A tenant's exchanges in time order. Memory: its frames and at most 32 open conversations per workload.
#[derive(Debug)]
pub(super) struct TenantStream {
    pub(super) name: String,
    pub(super) dress: Dress,
    pub(super) works: Vec<Work>,
}

/// A workload under way.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) load: Workload,
    pub(super) harvested: bool,
    /// Accounts of its own; none: the tenant's.
    pub(super) accounts: Vec<String>,
    /// Uses one account after another.
    pub(super) replaces: bool,
    /// Comes from somebody else's network.
    pub(super) elsewhere: bool,
    /// Seed of the users it shares with the account's other use.
    pub(super) user_pool: u64,
    pub(super) schedule: Schedule,
    pub(super) next: Option<Slot>,
    span: (Millis, Millis),
    day: i64,
    of_day: u64,
    pub(super) talks: BTreeMap<u64, Talk>,
    /// The last answer, where the next request works on with it.
    pub(super) draft: Option<String>,
    /// What failed, if its program asks again.
    pub(super) failed: Option<Item>,
}

/// What a conversation's next turn needs of the last one.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    pub(super) item: Item,
    pub(super) prompt: String,
    pub(super) response: String,
    /// The response before its words were exchanged, for what is said next to take up; none: the same.
    pub(super) plain: Option<String>,
}

impl Work {
    pub(super) fn new(load: Workload, begin: Millis, end: Millis) -> Self {
        let mut schedule = Schedule::new(load.clock.clone(), begin, end);
        let next = schedule.next();
        let user_pool = load.seed;
        Self {
            load,
            harvested: false,
            accounts: Vec::new(),
            replaces: false,
            elsewhere: false,
            user_pool,
            schedule,
            next,
            span: (begin, end),
            day: 0,
            of_day: 0,
            talks: BTreeMap::new(),
            draft: None,
            failed: None,
        }
    }

    /// How many of `n` equal parts of the workload's life have passed.
    pub(super) fn so_far(&self, ts: Millis, n: usize) -> usize {
        let (begin, end) = self.span;
        (ts.since(begin) as usize * n / end.since(begin).max(1) as usize).min(n - 1)
    }

    /// The model it asks: the one that came out, once it has changed to it.
    pub(super) fn model(&self, slot: Slot, item: Item) -> &'static str {
        if self.load.upgrade.is_some_and(|at| at <= slot.ts) {
            return if self.load.reasons { "m-think-4" } else { "m-large-6" };
        }
        self.load.models[item.round as usize % self.load.models.len()]
    }

    /// The item of a conversation that opens now.
    pub(super) fn open(&mut self, slot: Slot) -> Item {
        if let Some(item) = self.failed.take() {
            return item;
        }
        let day = self.load.clock.local_day(slot.ts);
        if day != self.day {
            self.day = day;
            self.of_day = 0;
        }
        let item = self.load.item(slot.talk, self.of_day);
        self.of_day += 1;
        item
    }
}

impl TenantStream {
    pub(super) fn new(member: &Member, plan: &Plan, world: &World) -> (Self, Label) {
        let mut draw = member.draw();
        let spec = &plan.spec;
        let earlier = plan.history.filter(|_| member.past).map(|history| history.spec(spec));
        let first = presence(&mut draw, earlier.as_ref().unwrap_or(spec));
        let (begin, mut end) = first;
        if earlier.is_some() {
            end = presence(&mut Draw::new(mix(&[member.base, 55])), spec).1;
        }
        let news = plan.history.map(|_| History::news(spec));
        // A twin is built as its attacker is, then made innocent; a control without the harvest.
        let built = member.attack.or(member.twin_of().map(|beside| beside.attack));
        let attack = built.or(member.left_out().map(|beside| beside.attack));
        let dilution = attack.map(|a| a.dilution);
        let class = member.class;
        let pure = built.filter(|a| a.dilution == Dilution::Whole);

        let (mut loads, mut accounts) = workloads(class, pure, world, &mut draw);
        let days = end.since(begin) as f64 / Millis::DAY as f64;
        if let (Some(dilution), None, None) = (dilution, pure, &earlier) {
            let floor = LEAST_HARVEST * (1.0 - dilution.share()) / dilution.share() / days.max(0.01);
            // Between one and two times the least, so that the floor itself is no mark.
            let floor = (floor * (1.0 + draw.unit())).min(MOST_PER_DAY);
            let clock = &mut loads[0].clock;
            clock.per_day = clock.per_day.max(floor);
        }
        let now = (begin.max(spec.start), end);
        let before = plan.history.filter(|_| member.past).map(|history| (history.seed, first));
        for (seed, span) in before.into_iter().chain([(spec.seed, now)]) {
            let mut draw = Draw::new(mix(&[member.base, seed, 57]));
            let new = pilot(class, pure, (&loads[0], &mut accounts), span, world, &mut draw);
            loads.extend(new);
        }
        if let Some(attack) = pure {
            hide_whole(attack, &mut loads, &mut accounts, &mut Draw::new(mix(&[member.base, 53])));
            if member.twin_of().is_some() {
                let mut innocent = Draw::new(mix(&[member.base, 56]));
                for load in &mut loads {
                    load.turn_innocent(&mut innocent);
                }
            }
        }
        let work = |mut load: Workload| {
            if let Some(news) = news {
                news.reach(&mut load);
            }
            let since = load.begin.unwrap_or(begin);
            let mut work = Work::new(load, since, end);
            if let Some(news) = news {
                news.skip(&mut work);
            }
            work
        };
        let works = loads.into_iter().map(work).collect();
        let begin = now.0;
        let dress = Dress::new(member.base, member.own, accounts);
        let mut stream = Self { name: member.name.clone(), dress, works };
        let mut label = Label {
            tenant: member.name.clone(),
            account: None,
            label: if member.left_out().is_some() { Truth::Control } else { Truth::Benign },
            family: member.left_out().map(|beside| beside.attack.family),
            class: member.twin_of().map_or_else(|| class.name.to_owned(), |twin| twin::class(twin.attack.family)),
            begin: None,
            end: None,
            share: None,
            twin: member.beside.as_ref().map(|beside| beside.name.clone()),
            accounts: stream.dress.accounts.len().max(1),
            corpus: stream.works[0].load.corpus(world).to_owned(),
            evasion: attack.filter(|a| !a.evasions.is_empty()).map(|a| a.evasions.to_string()),
        };
        let span = match (built, pure) {
            (Some(attack), Some(_)) => {
                for work in &mut stream.works {
                    work.harvested = member.attack.is_some();
                    work.replaces = attack.evasions.has(Evasion::Replace);
                }
                stream.distract(attack, member.base, 0, world, (begin, end));
                if member.attack.is_some() {
                    "harvest".clone_into(&mut label.class);
                }
                Some((begin, end))
            }
            (Some(_), None) => Some(stream.harvest(member, world, (begin, end), &mut label, news)),
            (None, _) => None,
        };
        if let (Some((begin, end)), Some(attack)) = (span, member.attack) {
            label.label = Truth::Attack;
            label.family = Some(attack.family);
            label.share = Some(attack.dilution.share());
            label.begin = Some(rfc3339(begin.0));
            label.end = Some(rfc3339(end.0));
        }
        (stream, label)
    }

    /// Time of the next exchange.
    pub(super) fn peek(&self) -> Option<Millis> {
        self.works.iter().filter_map(|w| w.next.map(|s| s.ts)).min()
    }

    /// The workload whose turn it is, and its slot.
    pub(super) fn advance(&mut self) -> Option<(usize, Slot)> {
        let due = |(i, work): (usize, &Work)| work.next.map(|slot| (slot.ts, i));
        let (_, index) = self.works.iter().enumerate().filter_map(due).min()?;
        let work = &mut self.works[index];
        let slot = work.next?;
        work.next = work.schedule.next();
        Some((index, slot))
    }
}

/// What a tenant does, before its harvest has a share of it, and in how many accounts.
fn workloads(class: &Class, pure: Option<Attack>, world: &World, draw: &mut Draw) -> (Vec<Workload>, usize) {
    let mut loads: Vec<Workload> = Vec::new();
    let mut accounts = 0;
    let mut add = |recipe: &Recipe, share: f64, draw: &mut Draw| {
        let count = draw.range(recipe.accounts.0, recipe.accounts.1);
        let per_day = (draw.log_normal(recipe.per_day, 1.3) * share).clamp(1.0, MOST_PER_DAY);
        loads.push(Workload::new(recipe, world, draw.bits(), per_day, (accounts, count)));
        accounts += count;
    };
    if let Some(attack) = pure {
        add(&recipe(attack.family), 1.0, draw);
        // As often as innocents, harvesters have further workloads.
        for _ in 0..further(draw) {
            add(&recipe(attack.family), 0.4, draw);
        }
    } else if class.name == GATEWAY {
        for _ in 0..draw.range(4, 9) {
            let team = Class::drawn(draw.bits()).recipe;
            add(&team, 0.6, draw);
        }
    } else {
        add(&class.recipe, 1.0, draw);
        let more = if class.name == PERSONAL { 0 } else { further(draw) };
        for _ in 0..more {
            // A customer's uses are often of one kind, as a harvester's are.
            let same = draw.percent(65);
            let other = if same { class.recipe } else { Class::drawn(draw.bits()).recipe };
            add(&other, 0.4, draw);
        }
    }
    (loads, accounts)
}

/// Something new that the tenant tries beside its first workload, from some day in the span on: customers begin to use
/// a model for more, as harvesters do.
fn pilot(
    class: &Class,
    pure: Option<Attack>,
    (first, accounts): (&Workload, &mut usize),
    span: (Millis, Millis),
    world: &World,
    draw: &mut Draw,
) -> Option<Workload> {
    if !draw.percent(PILOTS) || (pure.is_none() && class.name == PERSONAL) {
        return None;
    }
    let late = span.1.since(span.0) as f64 * 0.7 * draw.unit();
    let begin = span.0.plus(late as i64);
    let days = span.1.since(begin) as f64 / Millis::DAY as f64;
    let own = pure.map_or(class.recipe, |attack| recipe(attack.family));
    let tries = if pure.is_some() || draw.percent(50) { own } else { Class::drawn(draw.bits()).recipe };
    let part = libm::pow(LEAST_PILOT, draw.unit());
    // as much as a harvest at least, so that size is no mark
    let per_day = (first.clock.per_day * part).max(LEAST_HARVEST / days.max(0.01)).min(MOST_PER_DAY);
    // as often in an account of its own as in one that there is
    let inside = draw.percent(50);
    let place = if inside { (first.accounts.0, 1) } else { (*accounts, 1) };
    *accounts += usize::from(!inside);
    let mut load = Workload::new(&tries, world, draw.bits(), per_day, place);
    load.begin = Some(begin);
    Some(load)
}

/// How many workloads a tenant has beside its first.
fn further(draw: &mut Draw) -> usize {
    draw.pick(&[0, 0, 0, 1, 2])
}

/// Customers come and go in mid-log, whatever they do.
pub(super) fn presence(draw: &mut Draw, spec: &Spec) -> (Millis, Millis) {
    let length = (spec.days * Millis::DAY as f64) as i64;
    let late = if draw.percent(25) { (length as f64 * 0.6 * draw.unit()) as i64 } else { 0 };
    let early = if draw.percent(12) { (length as f64 * 0.3 * draw.unit()) as i64 } else { 0 };
    (spec.start.plus(late), spec.start.plus(length - early))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::simulate::simulate;

    #[test]
    fn a_quarter_begins_something_new_in_mid_log_whatever_its_side() {
        let start = Millis(1_791_158_400_000);
        let attacks = "relay=120,code_harvest=120@10%".parse().unwrap();
        let simulation = simulate(&Spec { tenants: 900, days: 4.0, attacks, seed: 5, start });
        let percent = |of: &dyn Fn(&Label) -> bool| {
            let all = simulation.tenants.iter().zip(&simulation.labels).filter(|(_, label)| of(label));
            let begun = all.clone().filter(|(tenant, _)| tenant.works.iter().any(|work| work.load.begin.is_some()));
            100 * begun.count() / all.count()
        };
        let customers = percent(&|label| label.label == Truth::Benign && label.twin.is_none());
        let pure = percent(&|label| label.label == Truth::Attack && label.share == Some(1.0));
        let hosts = percent(&|label| label.label == Truth::Attack && label.share != Some(1.0));
        for share in [customers, pure, hosts] {
            assert!((15..35).contains(&share), "{customers} {pure} {hosts}");
        }
        for work in simulation.tenants.iter().flat_map(|tenant| &tenant.works) {
            assert!(work.next.is_none_or(|slot| Some(slot.ts) >= work.load.begin));
        }
    }
}
