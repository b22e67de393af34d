//! One tenant: its workloads side by side, merged by time, written as native records.

use std::collections::BTreeMap;

use super::draw::{Draw, mix};
use super::dress::Dress;
use super::line::rfc3339;
use super::population::{Label, Member, Truth};
use super::recipe::{Class, GATEWAY, Recipe, attack};
use super::schedule::{Schedule, Slot};
use super::spec::{Dilution, Spec};
use super::text::World;
use super::workload::{Item, Workload};
use crate::units::Millis;

/// A harvest of fewer exchanges would show nothing: hosts are made large enough for this many.
const LEAST_HARVEST: f64 = 50.0;
const MOST_PER_DAY: f64 = 8_000.0;

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
    /// An account of its own.
    pub(super) account: Option<String>,
    /// Seed of the users it shares with the account's other use.
    pub(super) user_pool: u64,
    schedule: Schedule,
    next: Option<Slot>,
    day: i64,
    of_day: u64,
    pub(super) talks: BTreeMap<u64, Talk>,
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
    fn new(load: Workload, begin: Millis, end: Millis) -> Self {
        let mut schedule = Schedule::new(load.clock.clone(), begin, end);
        let next = schedule.next();
        let user_pool = load.seed;
        Self {
            load,
            harvested: false,
            account: None,
            user_pool,
            schedule,
            next,
            day: 0,
            of_day: 0,
            talks: BTreeMap::new(),
        }
    }

    /// The item of a conversation that opens now.
    pub(super) fn open(&mut self, slot: Slot) -> Item {
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
    pub(super) fn new(member: &Member, spec: &Spec, world: &World) -> (Self, Label) {
        let mut draw = Draw::new(mix(&[member.base, 51]));
        let (begin, end) = presence(&mut draw, spec);
        let dilution = member.attack.map(|(_, d)| d).or(member.control.as_ref().map(|t| t.dilution));
        let class = member.class;
        let pure = member.attack.filter(|(_, d)| *d == Dilution::Whole);

        let mut loads: Vec<Workload> = Vec::new();
        let mut accounts = 0;
        let mut add = |recipe: &Recipe, share: f64, draw: &mut Draw| {
            let count = draw.range(recipe.accounts.0, recipe.accounts.1);
            let per_day = (draw.log_normal(recipe.per_day, 1.3) * share).clamp(1.0, MOST_PER_DAY);
            loads.push(Workload::new(recipe, world, draw.bits(), per_day, (accounts, count)));
            accounts += count;
        };
        if let Some((family, _)) = pure {
            add(&attack(family), 1.0, &mut draw);
            // As often as innocents, harvesters have further workloads.
            for _ in 0..further(&mut draw) {
                add(&attack(family), 0.4, &mut draw);
            }
        } else if class.name == GATEWAY {
            for _ in 0..draw.range(4, 9) {
                let team = Class::drawn(draw.bits()).recipe;
                add(&team, 0.6, &mut draw);
            }
        } else {
            add(&class.recipe, 1.0, &mut draw);
            let more = if class.name == "personal" { 0 } else { further(&mut draw) };
            for _ in 0..more {
                // A customer's uses are often of one kind, as a harvester's are.
                let same = draw.percent(65);
                let other = if same { class.recipe } else { Class::drawn(draw.bits()).recipe };
                add(&other, 0.4, &mut draw);
            }
        }

        let days = end.since(begin) as f64 / Millis::DAY as f64;
        if let (Some(dilution), None) = (dilution, pure) {
            let floor = LEAST_HARVEST * (1.0 - dilution.share()) / dilution.share() / days.max(0.01);
            // Between one and two times the least, so that the floor itself is no mark.
            let floor = (floor * (1.0 + draw.unit())).min(MOST_PER_DAY);
            let clock = &mut loads[0].clock;
            clock.per_day = clock.per_day.max(floor);
        }
        let works = loads.into_iter().map(|load| Work::new(load, begin, end)).collect();
        let dress = Dress::new(member.base, member.own, accounts);
        let mut stream = Self { name: member.name.clone(), dress, works };
        let mut label = Label {
            tenant: member.name.clone(),
            account: None,
            label: if member.control.is_some() { Truth::Control } else { Truth::Benign },
            family: member.control.as_ref().map(|t| t.family),
            class: class.name,
            begin: None,
            end: None,
            share: None,
            twin: member.control.as_ref().map(|t| t.name.clone()),
            accounts: stream.dress.accounts.len().max(1),
            corpus: stream.works[0].load.corpus(world).to_owned(),
        };
        let span = match (member.attack, pure) {
            (Some(_), Some(_)) => {
                stream.works.iter_mut().for_each(|work| work.harvested = true);
                label.class = "harvest";
                Some((begin, end))
            }
            (Some(_), None) => Some(stream.harvest(member, world, (begin, end), &mut label)),
            (None, _) => None,
        };
        if let (Some((begin, end)), Some((family, dilution))) = (span, member.attack) {
            label.label = Truth::Attack;
            label.family = Some(family);
            label.share = Some(dilution.share());
            label.begin = Some(rfc3339(begin.0));
            label.end = Some(rfc3339(end.0));
        }
        (stream, label)
    }

    /// Adds a harvest of the wanted share to an innocent tenant. Draws from a seed of its own, so that the
    /// innocent part stays the control's.
    fn harvest(
        &mut self,
        member: &Member,
        world: &World,
        present: (Millis, Millis),
        label: &mut Label,
    ) -> (Millis, Millis) {
        let Some((family, dilution)) = member.attack else { return present };
        let mut draw = Draw::new(mix(&[member.base, 52]));
        let days = present.1.since(present.0) as f64;
        let begin = present.0.plus((days * 0.35 * draw.unit()) as i64);
        let end = if draw.percent(70) { present.1 } else { present.1.plus(-((days * 0.2 * draw.unit()) as i64)) };
        let host: usize = self.works.iter().map(|w| w.next.iter().count() + w.schedule.clone().count()).sum();
        let wanted = (dilution.share() / (1.0 - dilution.share()) * host as f64).max(1.0);

        let seed = draw.bits();
        let mut load = Workload::new(&attack(family), world, seed, 1.0, self.works[0].load.accounts);
        load.clock.per_day = wanted / (end.since(begin) as f64 / Millis::DAY as f64);
        for _ in 0..5 {
            // Bursts and windows make the count uneven; the same draws at another rate meet the share.
            let count = Schedule::new(load.clock.clone(), begin, end).count().max(1) as f64;
            load.clock.per_day *= (wanted / count).clamp(0.2, 5.0);
        }
        load.corpus(world).clone_into(&mut label.corpus);
        let mut user_pool = seed;
        let mut account = None;
        match dilution {
            Dilution::Own(_) | Dilution::Whole => {
                account = Some(self.dress.further_account());
                label.account.clone_from(&account);
                label.accounts += 1;
            }
            Dilution::Hidden(_) => {
                let host = &self.works[0];
                load.accounts.1 = 1;
                label.account = self.dress.accounts.get(load.accounts.0).cloned();
                // Half of the hidden harvests look like their host's users, half come as bare calls.
                let alike = draw.percent(50);
                load.users = if alike { host.load.users } else { 0 };
                load.sessions = alike && host.load.sessions;
                user_pool = host.load.seed;
            }
        }
        let mut work = Work::new(load, begin, end);
        work.harvested = true;
        work.account = account;
        work.user_pool = user_pool;
        self.works.push(work);
        (begin, end)
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

/// How many workloads a tenant has beside its first.
fn further(draw: &mut Draw) -> usize {
    draw.pick(&[0, 0, 0, 1, 2])
}

/// Customers come and go in mid-log, whatever they do.
fn presence(draw: &mut Draw, spec: &Spec) -> (Millis, Millis) {
    let length = (spec.days * Millis::DAY as f64) as i64;
    let late = if draw.percent(25) { (length as f64 * 0.6 * draw.unit()) as i64 } else { 0 };
    let early = if draw.percent(12) { (length as f64 * 0.3 * draw.unit()) as i64 } else { 0 };
    (spec.start.plus(late), spec.start.plus(length - early))
}
