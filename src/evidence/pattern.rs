//! What an alarm looks like: what harvests of known families look like, or else the first rule that holds.
//!
//! A model that was shown families names the likeliest, if it is likely enough. The rules are for models that were
//! not: they read the unit's own values, each against the calm range, so that a pattern is never claimed for a feature
//! that is usual, most specific first. All this names a finding; it does not decide one.

use crate::feature::{Row, TABLE};
use crate::finding::Pattern;
use crate::model::Model;
use crate::tenant::unit::Unit;

/// Share of exchanges from which a habit is named.
const HABIT: f64 = 0.5;

/// Share from which the likeliest pattern is named.
const LIKELY: f64 = 0.4;

/// The pattern of a unit.
pub(super) fn of(unit: &Unit, row: &Row, model: &Model) -> Pattern {
    match model.pattern(row) {
        None => by_rules(unit, row, model),
        Some((pattern, share)) if share >= LIKELY => pattern,
        Some(_) => Pattern::Unknown,
    }
}

fn by_rules(unit: &Unit, row: &Row, model: &Model) -> Pattern {
    let feature = |name: &str| {
        let index = TABLE.iter().position(|feature| feature.name == name)?;
        Some((row.get(index)?, model.baseline(index)?))
    };
    let value = |name: &str| feature(name).map_or(0.0, |(value, _)| value);
    // high: a habit of this unit that half of the calm units do not have
    let high = |name: &str| feature(name).is_some_and(|(value, calm)| value >= HABIT && value > calm.median);
    let single = value("follow_up_share") < 0.2;

    if high("probe_share") && value("prompt_repeat") < HABIT && unit.means.output_log2.mean() < 6.0 {
        return Pattern::LogitExtraction;
    }
    if high("judge_share") {
        return Pattern::JudgeFarm;
    }
    if high("elicitation_share") || high("reasoning_ratio") && value("elicitation_share") > 0.2 {
        return Pattern::ReasoningHarvest;
    }
    if high("record_share") {
        return Pattern::InstructionSweep;
    }
    if high("prompt_repeat") && high("template_share") {
        return Pattern::BenchmarkSweep;
    }
    if unit.shares.tools.get() >= HABIT && value("slot_novelty") >= HABIT {
        return Pattern::AgentTrajectories;
    }
    if high("template_share") && value("slot_novelty") >= HABIT && single {
        return Pattern::InstructionSweep;
    }
    Pattern::Unknown
}
