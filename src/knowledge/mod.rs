//! What the provider knows of its tenants, beside what their exchanges say: segment, countries, declared uses,
//! plan. [`Knowledge`] is one frozen snapshot of it, [`Policy`] what follows from it.
//!
//! It sets the wording and the severity of findings and raises policy findings. It never silences evidence
//! and never changes it: a declared use lowers the severity and is named.
//!
//! Not here: when a snapshot takes effect (`side_inputs`, `control`). Bounded by the file it was read from:
//! about 250 bytes a tenant.

pub mod policy;
mod read;
pub mod watch;

use std::collections::BTreeMap;

use crate::snapshot::Origin;
use crate::units::Millis;

pub use policy::{Breaches, Policy};
pub use watch::Watch;

/// Facts of tenants by name, from one file.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    origin: Origin,
    facts: BTreeMap<Box<str>, Facts>,
    unknown_fields: BTreeMap<Box<str>, u64>,
}

/// What is known of one tenant; everything may be absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// What kind of customer it is.
    pub segment: Option<Segment>,
    /// Where it is.
    pub country: Option<Country>,
    /// Where its owner is.
    pub owner_country: Option<Country>,
    /// Whether the provider supports its region, where that is said outright.
    pub supported_region: Option<bool>,
    /// Providers whose policies bind it.
    pub model_policies: Vec<Box<str>>,
    /// Uses it has declared.
    pub declared: Declared,
    /// A contract allows it to train on answers.
    pub distillation_allowed: bool,
    /// When its account was opened.
    pub created: Option<Millis>,
    /// Tokens that its plan allows in a month.
    pub plan_tokens_per_month: Option<u64>,
}

/// What kind of customer a tenant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A large company.
    Enterprise,
    /// A young one.
    Startup,
    /// A school or university.
    Education,
    /// A laboratory.
    Research,
    /// Sells access on.
    Reseller,
}

impl Segment {
    /// All of them.
    pub const ALL: [Segment; 5] =
        [Segment::Enterprise, Segment::Startup, Segment::Education, Segment::Research, Segment::Reseller];

    /// The name in the file.
    pub fn label(self) -> &'static str {
        match self {
            Segment::Enterprise => "enterprise",
            Segment::Startup => "startup",
            Segment::Education => "education",
            Segment::Research => "research",
            Segment::Reseller => "reseller",
        }
    }
}

/// Two letters of ISO 3166.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// Two capital letters, and nothing else.
    pub fn parse(text: &str) -> Option<Country> {
        let letters: [u8; 2] = text.as_bytes().try_into().ok()?;
        letters.iter().all(u8::is_ascii_uppercase).then_some(Country(letters))
    }
}

impl std::fmt::Display for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

/// Uses that look like harvest and that a tenant has declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// It evaluates models.
    pub evaluation: bool,
    /// It makes synthetic data.
    pub synthetic_data: bool,
}

impl Declared {
    /// The names in the file.
    pub fn labels(self) -> Vec<&'static str> {
        let all = [(self.evaluation, "evaluation"), (self.synthetic_data, "synthetic_data")];
        all.into_iter().filter_map(|(declared, label)| declared.then_some(label)).collect()
    }

    /// Whether anything is declared.
    pub fn any(self) -> bool {
        self.evaluation || self.synthetic_data
    }
}

impl Knowledge {
    /// The file's name, without its folder.
    pub fn name(&self) -> &str {
        self.origin.name()
    }

    /// SHA-256 of the file, in hex: what `sha256sum` prints.
    pub fn sha256_hex(&self) -> String {
        self.origin.sha256_hex()
    }

    /// Whether it was read from somewhere, if only from an empty file.
    pub fn is_loaded(&self) -> bool {
        self.origin.is_loaded()
    }

    /// Tenants it speaks of.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// What is known of a tenant.
    pub fn of(&self, tenant: &str) -> Option<&Facts> {
        self.facts.get(tenant)
    }

    /// Every tenant with what is known of it, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Facts)> {
        self.facts.iter().map(|(tenant, facts)| (&**tenant, facts))
    }

    /// Fields that nobody reads, with how often they were there; at most a few names.
    pub fn unknown_fields(&self) -> &BTreeMap<Box<str>, u64> {
        &self.unknown_fields
    }
}
