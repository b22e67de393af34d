//! Puts a harvest into an innocent tenant, or hides one that is all of it.

use super::evasion::Evasion;
use super::history::News;
use super::population::{Label, Member};
use super::recipe::{Class, attack as recipe};
use super::spec::{Attack, Dilution};
use super::tenant::{TenantStream, Work};
use super::text::World;
use super::workload::Workload;
use crate::draw::{Draw, mix};
use crate::units::Millis;

/// Accounts of a harvest that is split or that replaces them: one of these.
const MANY_ACCOUNTS: [usize; 4] = [6, 12, 30, 100];

/// Hides a harvest that is a whole tenant.
pub(super) fn hide_whole(attack: Attack, loads: &mut [Workload], accounts: &mut usize, draw: &mut Draw) {
    for load in loads.iter_mut() {
        attack.evasions.hide(load, None, draw);
    }
    if attack.evasions.has(Evasion::Split) || attack.evasions.has(Evasion::Replace) {
        *accounts = draw.pick(&MANY_ACCOUNTS);
        for load in loads {
            load.accounts = (0, *accounts);
        }
    }
}

impl TenantStream {
    /// Adds a harvest of the wanted share to an innocent tenant, or to a twin the work that is in its place.
    /// Draws from a seed of its own, so that the innocent part stays the control's.
    pub(super) fn harvest(
        &mut self,
        member: &Member,
        world: &World,
        present: (Millis, Millis),
        label: &mut Label,
        news: Option<News>,
    ) -> (Millis, Millis) {
        let Some(attack) = member.attack.or(member.twin_of().map(|twin| twin.attack)) else {
            return present;
        };
        let (Attack { family, dilution, evasions }, base) = (attack, member.base);
        let mut draw = Draw::new(mix(&[base, 52]));
        let days = present.1.since(present.0) as f64;
        let late = (days * 0.35 * draw.unit()) as i64;
        // A drift begins with the tenant: it wants to be part of the first baseline.
        let begin = present.0.plus(if evasions.has(Evasion::Drift) { 0 } else { late });
        let end = if draw.percent(70) { present.1 } else { present.1.plus(-((days * 0.2 * draw.unit()) as i64)) };
        let host: usize = self.works.iter().map(|w| w.next.iter().count() + w.schedule.clone().count()).sum();
        let wanted = (dilution.share() / (1.0 - dilution.share()) * host as f64).max(1.0);

        let seed = draw.bits();
        let mut load = Workload::new(&recipe(family), world, seed, 1.0, self.works[0].load.accounts);
        let mut elsewhere = Draw::new(mix(&[base, 53]));
        evasions.hide(&mut load, Some(&self.works[0].load), &mut elsewhere);
        if let Some(news) = news {
            news.reach(&mut load);
        }
        load.corpus(world).clone_into(&mut label.corpus);
        let many = evasions.has(Evasion::Split) || evasions.has(Evasion::Replace);
        let mut user_pool = seed;
        let mut accounts = Vec::new();
        match dilution {
            _ if many => accounts = self.dress.further_accounts(elsewhere.pick(&MANY_ACCOUNTS)),
            Dilution::Own(_) | Dilution::Whole => {
                accounts = self.dress.further_accounts(1);
                label.account = member.attack.and_then(|_| accounts.first().cloned());
            }
            Dilution::Hidden(_) => {
                let host = &self.works[0];
                load.accounts.1 = 1;
                label.account = member.attack.and_then(|_| self.dress.accounts.get(load.accounts.0).cloned());
                if !evasions.has(Evasion::RotateIds) {
                    // Half of the hidden harvests look like their host's users, half come as bare calls.
                    let alike = draw.percent(50);
                    load.users = if alike { host.load.users } else { 0 };
                    load.sessions = alike && host.load.sessions;
                    user_pool = host.load.seed;
                }
            }
        }
        if member.twin_of().is_some() {
            load.turn_innocent(&mut Draw::new(mix(&[base, 56])));
        }
        load.clock.meet(wanted, begin, end);
        label.accounts += accounts.len();
        let mut work = Work::new(load, begin, end);
        work.harvested = member.attack.is_some();
        work.accounts = accounts;
        work.replaces = evasions.has(Evasion::Replace);
        work.elsewhere = evasions.has(Evasion::Stolen);
        work.user_pool = user_pool;
        self.works.push(work);
        self.distract(attack, base, self.works.len() - 1, world, (begin, end));
        (begin, end)
    }

    /// Adds what is said beside a harvest to draw attention from it: half as much as the harvest, each.
    pub(super) fn distract(&mut self, attack: Attack, base: u64, beside: usize, world: &World, span: (Millis, Millis)) {
        let mut draw = Draw::new(mix(&[base, 54]));
        for evasion in [Evasion::Decoys, Evasion::Chaff].into_iter().filter(|e| attack.evasions.has(*e)) {
            let drawn = Class::drawn(draw.bits()).recipe;
            let recipe = if evasion == Evasion::Chaff { Class::CHAFF } else { drawn };
            let harvest = &self.works[beside];
            let per_day = (harvest.load.clock.per_day * 0.5).max(1.0);
            let load = Workload::new(&recipe, world, draw.bits(), per_day, harvest.load.accounts);
            let mut work = Work::new(load, span.0, span.1);
            work.accounts.clone_from(&harvest.accounts);
            work.replaces = harvest.replaces;
            work.elsewhere = harvest.elsewhere;
            work.user_pool = harvest.user_pool;
            self.works.push(work);
        }
    }
}
