//! What the provider knows of a tenant, in the words and the severity of its findings. Nothing here hides or
//! changes what was seen.

use std::borrow::Cow;

use super::number::grouped;
use crate::knowledge::{Facts, Knowledge};
use crate::units::Millis;

/// What is known of the tenant of a finding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a>(Option<&'a Facts>);

impl<'a> Known<'a> {
    pub(super) fn of(knowledge: &'a Knowledge, tenant: &str) -> Known<'a> {
        Known(knowledge.of(tenant))
    }

    /// Steps by which a declared use and a contract that allows training lower the severity.
    pub(super) fn lowers(self) -> u8 {
        self.0.map_or(0, |facts| u8::from(facts.declared.any()) + u8::from(facts.distillation_allowed))
    }

    /// Labels of declared uses.
    pub(super) fn declared(self) -> Vec<&'static str> {
        self.0.map_or_else(Vec::new, |facts| facts.declared.labels())
    }

    /// That a contract allows training; none where it does not.
    pub(super) fn distillation_allowed(self) -> Option<bool> {
        self.0.filter(|facts| facts.distillation_allowed).map(|_| true)
    }

    /// What was declared goes before the innocent use that looks the same.
    pub(super) fn benign(self, reading: &'static str) -> Cow<'static, str> {
        match self.excuse() {
            Some(excuse) => format!("{excuse}: compare what is done with what was declared; {reading}").into(),
            None => reading.into(),
        }
    }

    /// The end of the message.
    pub(super) fn message(self) -> String {
        self.excuse().map(|excuse| format!("; {excuse}")).unwrap_or_default()
    }

    /// Further sentences of the description; `at` is when the finding was made. A policy finding's severity is not lowered.
    pub(super) fn sentences(self, at: Millis, lowered: bool) -> String {
        let Some(facts) = self.0 else { return String::new() };
        let mut sentences = Vec::new();
        if let Some(excuse) = self.excuse() {
            let counted = if lowered { "; the severity takes that into account" } else { "" };
            sentences.push(format!(" By the provider's records {excuse}{counted}."));
        }
        if let Some(created) = facts.created {
            let days = at.since(created) / Millis::DAY;
            let plural = if days == 1 { "" } else { "s" };
            sentences.push(format!(" The account was {} day{plural} old.", grouped(days as u64)));
        }
        if let Some(tokens) = facts.plan_tokens_per_month {
            sentences.push(format!(" Its plan allows {} tokens a month.", grouped(tokens)));
        }
        sentences.concat()
    }

    /// Where the tenant and its owner are, for a policy finding.
    pub(super) fn places(self) -> String {
        let Some(facts) = self.0 else { return String::new() };
        let country = facts.country.map(|country| format!("country {country}"));
        let owner = facts.owner_country.map(|country| format!("owner's country {country}"));
        let segment = facts.segment.map(|segment| format!("segment {}", segment.label()));
        let all: Vec<String> = country.into_iter().chain(owner).chain(segment).collect();
        if all.is_empty() { String::new() } else { format!(" On record: {}.", all.join(", ")) }
    }

    fn excuse(self) -> Option<String> {
        let facts = self.0?;
        let uses = facts.declared.labels().join(" and ").replace('_', " ");
        match (facts.declared.any(), facts.distillation_allowed) {
            (true, true) => Some(format!("the tenant has declared {uses}, and its contract allows distillation")),
            (true, false) => Some(format!("the tenant has declared {uses}")),
            (false, true) => Some("the tenant's contract allows distillation".to_owned()),
            (false, false) => None,
        }
    }
}
