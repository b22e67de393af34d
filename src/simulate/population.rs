//! Who is in a simulation: names, classes, attackers, their controls and twins.

use std::collections::BTreeSet;

use serde::Serialize;

use super::history::History;
use super::recipe::Class;
use super::spec::{Attack, Dilution, Family, Spec};
use crate::draw::{Draw, mix, seed_of};

/// The truth about a tenant, or about one of its accounts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Label {
    /// The customer.
    pub tenant: String,
    /// The account that harvests, where not the whole tenant does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Attack, benign or control.
    pub label: Truth,
    /// Attack family; of controls, the one that was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
    /// Innocent class of the tenant, or `harvest` where there is nothing else; of a twin, whose twin it is.
    pub class: String,
    /// When the harvest begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begin: Option<String>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Share of the tenant's exchanges that are meant to be harvest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Of a control: the tenant that is the same, with its harvest. Of a benign tenant: the one that harvests
    /// where this one works.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twin: Option<String>,
    /// Accounts that the tenant uses; 1 where its log does not tell them apart.
    pub accounts: usize,
    /// Text source of the harvest, or of the main workload where there is none.
    pub corpus: String,
    /// How the harvest hides, as in the attack list; absent where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evasion: Option<String>,
}

/// What a label says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Truth {
    /// It harvests.
    Attack,
    /// It does not.
    Benign,
    /// Nobody can say.
    Grey,
    /// An attacked tenant without its harvest.
    Control,
}

/// One tenant, before it is built.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    /// Seed of structure and text; a control or a twin has its attacker's.
    pub(super) base: u64,
    /// Seed of names and ids.
    pub(super) own: u64,
    /// Innocent class; of no meaning where the whole tenant harvests.
    pub(super) class: &'static Class,
    pub(super) attack: Option<Attack>,
    /// What it is to an attacker, if anything.
    pub(super) beside: Option<Beside>,
    /// It was there in the earlier log.
    pub(super) past: bool,
}

impl Member {
    /// The attack that is left out of a control.
    pub(super) fn left_out(&self) -> Option<&Beside> {
        self.beside.as_ref().filter(|beside| beside.kind == Kind::Control)
    }

    /// The attack in whose place innocent work is done.
    pub(super) fn twin_of(&self) -> Option<&Beside> {
        self.beside.as_ref().filter(|beside| beside.kind == Kind::Twin)
    }

    /// Its draws, from the first on.
    pub(super) fn draw(&self) -> Draw {
        Draw::new(mix(&[self.base, 51]))
    }
}

/// An innocent tenant made beside an attacker, so that the two differ in the harvest alone.
#[derive(Clone, Debug)]
pub(super) struct Beside {
    /// The attacker.
    pub(super) name: String,
    pub(super) attack: Attack,
    pub(super) kind: Kind,
}

/// What is in the harvest's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Control,
    /// Innocent work on the same text, in the same frame, with the same parameters.
    Twin,
}

/// All tenants, in the order of their names: position says nothing of a tenant's side.
pub(super) fn population(spec: &Spec, history: Option<History>) -> Vec<Member> {
    let mut draw = Draw::new(mix(&[spec.seed, 41]));
    let mut taken = BTreeSet::new();
    let mut members = Vec::new();
    let mut past = history.map(|h| stayers(h, spec)).unwrap_or_default();
    taken.extend(past.iter().map(|m| m.name.clone()));
    let mut hosts = 0;
    for attack in spec.attacks.tenants(spec.tenants) {
        let mut attacker = member(spec.seed, &mut draw, &mut taken, Some(attack));
        // Every second diluted harvest is in a customer of long standing.
        hosts += usize::from(attack.dilution != Dilution::Whole);
        if attack.dilution != Dilution::Whole && hosts % 2 == 1 && !past.is_empty() {
            let host = past.swap_remove(draw.below(past.len()));
            attacker = Member { attack: Some(attack), ..host };
        }
        // A control of what harvests all day would be empty.
        let kinds = if attack.dilution == Dilution::Whole { &[Kind::Twin][..] } else { &[Kind::Control, Kind::Twin] };
        for kind in kinds {
            let mut innocent = member(spec.seed, &mut draw, &mut taken, None);
            innocent.base = attacker.base;
            innocent.class = attacker.class;
            innocent.past = attacker.past;
            innocent.beside = Some(Beside { name: attacker.name.clone(), attack, kind: *kind });
            members.push(innocent);
        }
        members.push(attacker);
    }
    members.append(&mut past);
    while members.len() < spec.tenants {
        members.push(member(spec.seed, &mut draw, &mut taken, None));
    }
    members.sort_by(|a, b| a.name.cmp(&b.name));
    members
}

/// Who goes on from the earlier log.
fn stayers(history: History, spec: &Spec) -> Vec<Member> {
    let earlier = history.spec(spec);
    let mut members = population(&earlier, None);
    members.retain(|member| History::stays(member, &earlier, spec.seed));
    for member in &mut members {
        member.past = true;
    }
    members
}

fn member(seed: u64, draw: &mut Draw, taken: &mut BTreeSet<String>, attack: Option<Attack>) -> Member {
    let name = loop {
        let name = name(draw);
        if taken.insert(name.clone()) {
            break name;
        }
    };
    let own = seed_of(seed, &name);
    Member { class: Class::drawn(mix(&[own, 42])), base: mix(&[own, 43]), own, name, attack, beside: None, past: false }
}

/// 40 random bits at least, so that two seeds share no name.
fn name(draw: &mut Draw) -> String {
    const FIRST: &[&str] = &[
        "amber", "basalt", "cedar", "delta", "ember", "fjord", "garnet", "harbor", "indigo", "juniper", "kelp",
        "lumen", "marble", "nimbus", "onyx", "pewter", "quartz", "rowan", "sable", "tundra", "umber", "velvet",
        "willow", "zephyr",
    ];
    const SECOND: &[&str] =
        &["labs", "works", "soft", "data", "health", "bank", "media", "edu", "retail", "logic", "group", "studio"];
    match draw.below(3) {
        0 => format!("{}-{}-{}", draw.pick(FIRST), draw.pick(SECOND), draw.token(8)),
        1 => format!("org-{}", draw.token(12)),
        _ => format!("{}-{}", draw.pick(FIRST), draw.token(9)),
    }
}
