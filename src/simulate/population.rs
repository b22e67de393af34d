//! Who is in a simulation: names, classes, attackers, controls.

use std::collections::BTreeSet;

use serde::Serialize;

use super::draw::{Draw, mix, seed_of};
use super::recipe::Class;
use super::spec::{Dilution, Family, Spec};

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
    /// Innocent class of the tenant, or `harvest` where there is nothing else.
    pub class: &'static str,
    /// When the harvest begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begin: Option<String>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Share of the tenant's exchanges that are meant to be harvest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Of a control: the tenant that is the same, with its harvest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub twin: Option<String>,
    /// Accounts that the tenant uses; 1 where its log does not tell them apart.
    pub accounts: usize,
    /// Text source of the harvest, or of the main workload where there is none.
    pub corpus: String,
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
    /// Seed of structure and text; a control has its twin's.
    pub(super) base: u64,
    /// Seed of names and ids.
    pub(super) own: u64,
    /// Innocent class; of no meaning where the whole tenant harvests.
    pub(super) class: &'static Class,
    pub(super) attack: Option<(Family, Dilution)>,
    pub(super) control: Option<Twin>,
}

/// What a control leaves out.
#[derive(Clone, Debug)]
pub(super) struct Twin {
    pub(super) name: String,
    pub(super) family: Family,
    pub(super) dilution: Dilution,
}

/// All tenants, in the order of their names: position says nothing of a tenant's side.
pub(super) fn population(spec: &Spec) -> Vec<Member> {
    let mut draw = Draw::new(mix(&[spec.seed, 41]));
    let mut taken = BTreeSet::new();
    let mut members = Vec::new();
    for (family, dilution) in spec.attacks.tenants(spec.tenants) {
        let attacker = member(spec.seed, &mut draw, &mut taken, Some((family, dilution)));
        if dilution != Dilution::Whole {
            let mut control = member(spec.seed, &mut draw, &mut taken, None);
            control.base = attacker.base;
            control.class = attacker.class;
            control.control = Some(Twin { name: attacker.name.clone(), family, dilution });
            members.push(control);
        }
        members.push(attacker);
    }
    while members.len() < spec.tenants {
        members.push(member(spec.seed, &mut draw, &mut taken, None));
    }
    members.sort_by(|a, b| a.name.cmp(&b.name));
    members
}

fn member(seed: u64, draw: &mut Draw, taken: &mut BTreeSet<String>, attack: Option<(Family, Dilution)>) -> Member {
    let name = loop {
        let name = name(draw);
        if taken.insert(name.clone()) {
            break name;
        }
    };
    let own = seed_of(seed, &name);
    Member { class: Class::drawn(mix(&[own, 42])), base: mix(&[own, 43]), own, name, attack, control: None }
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
