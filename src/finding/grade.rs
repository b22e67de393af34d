//! How bad, how sure, how urgent: the graded fields of a finding, as rules that a reader can check.
//!
//! | field | rule |
//! |---|---|
//! | `confidence_score` | 100 × (1 − `p_value`), rounded down; at most 99; at most 98 while uncalibrated |
//! | `confidence_id` | 3 high from 99, 2 medium from 90, else 1 low |
//! | `severity_id` | 3 medium; 4 high from 250 exchanges taken; 5 critical from 17,000. One less where no pattern stands out, and one less at low confidence |
//! | `risk_score` | what the severity weighs (10, 30, 50, 75, 100) × `confidence_score` / 100 |
//!
//! A declared use lowers the severity by one, and so does a contract that allows distillation. A policy finding is 3
//! medium for a region or an owner, 2 low for an undeclared reseller (with a confidence of 50), else 1 informational.
//!
//! 250 and 17,000 are set sizes that students are published to have been trained on: from the first
//! on, harm may have been done; from the second on, it has. Integer arithmetic after one floor.

use super::{Alarm, Pattern};
use crate::knowledge::Breaches;

/// Exchanges from which a student can have been trained.
const SMALL_TRAINING_SET: u64 = 250;
/// Exchanges of a full published reasoning set.
const FULL_TRAINING_SET: u64 = 17_000;

/// The graded fields of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grade {
    /// 1 informational to 5 critical.
    pub severity_id: u8,
    /// 1 low, 2 medium, 3 high.
    pub confidence_id: u8,
    /// 0 to 99.
    pub confidence_score: u8,
    /// 0 to 100.
    pub risk_score: u8,
}

impl Grade {
    /// Grades an alarm whose threshold was calibrated on the provider's own traffic, or was not.
    pub fn of(alarm: &Alarm, calibrated: bool) -> Grade {
        let confidence_score = confidence_score(alarm.p_value, calibrated);
        let confidence_id = confidence_id(confidence_score);
        let severity_id = severity_id(alarm.pattern, alarm.exchanges, confidence_id);
        Grade { severity_id, confidence_id, confidence_score, risk_score: risk_score(severity_id, confidence_score) }
    }
}

impl Grade {
    /// Grades a policy finding: it rests on records, not on chance, and grows with nothing that was taken.
    pub fn of_breaches(breaches: Breaches) -> Grade {
        let (severity_id, confidence_score) = match breaches.each().next() {
            Some(Breaches::REGION | Breaches::OWNER) => (3, 99),
            Some(Breaches::UNDECLARED_RESELLER) => (2, 50), // a pattern that is not fitted to anything
            _ => (1, 99),
        };
        let confidence_id = confidence_id(confidence_score);
        Grade { severity_id, confidence_id, confidence_score, risk_score: risk_score(severity_id, confidence_score) }
    }

    /// The same, so many steps less severe; informational at least.
    #[must_use]
    pub fn lowered(self, steps: u8) -> Grade {
        let severity_id = self.severity_id.saturating_sub(steps).max(1);
        Grade { severity_id, risk_score: risk_score(severity_id, self.confidence_score), ..self }
    }
}

/// The published caption of a severity.
pub(crate) fn severity_caption(severity_id: u64) -> &'static str {
    match severity_id {
        1 => "informational",
        2 => "low",
        3 => "medium",
        4 => "high",
        5 => "critical",
        6 => "fatal",
        _ => "unknown",
    }
}

/// The published caption of a confidence.
pub(crate) fn confidence_caption(confidence_id: u64) -> &'static str {
    match confidence_id {
        1 => "low",
        2 => "medium",
        3 => "high",
        _ => "unknown",
    }
}

fn confidence_score(p_value: f32, calibrated: bool) -> u8 {
    // A p-value from reference tenants says less about this provider's: never "high" on it alone.
    let most = if calibrated { 99 } else { 98 };
    let p_value = if p_value.is_nan() { 1.0 } else { p_value.clamp(0.0, 1.0) };
    ((100.0 * (1.0 - f64::from(p_value))) as u8).min(most)
}

fn confidence_id(score: u8) -> u8 {
    match score {
        99.. => 3,
        90.. => 2,
        _ => 1,
    }
}

fn severity_id(pattern: Pattern, exchanges: u64, confidence_id: u8) -> u8 {
    let by_harm = match exchanges {
        FULL_TRAINING_SET.. => 5,
        SMALL_TRAINING_SET.. => 4,
        _ => 3,
    };
    by_harm - u8::from(pattern == Pattern::Unknown) - u8::from(confidence_id == 1)
}

fn risk_score(severity_id: u8, confidence_score: u8) -> u8 {
    let weight: u16 = match severity_id {
        5.. => 100,
        4 => 75,
        3 => 50,
        2 => 30,
        _ => 10,
    };
    (weight * u16::from(confidence_score) / 100) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_follows_harm_pattern_and_confidence() {
        let known = Pattern::ReasoningHarvest;
        assert_eq!(severity_id(known, 0, 3), 3);
        assert_eq!(severity_id(known, 249, 2), 3);
        assert_eq!(severity_id(known, 250, 2), 4);
        assert_eq!(severity_id(known, 16_999, 2), 4);
        assert_eq!(severity_id(known, 17_000, 2), 5);
        assert_eq!(severity_id(Pattern::Unknown, 17_000, 2), 4);
        assert_eq!(severity_id(known, 17_000, 1), 4);
        assert_eq!(severity_id(Pattern::Unknown, 8, 1), 1);
    }

    #[test]
    fn confidence_is_the_p_value_read_backwards_and_never_certain() {
        assert_eq!(confidence_score(0.000_4, true), 99);
        assert_eq!(confidence_score(0.0, true), 99);
        assert_eq!(confidence_score(0.0, false), 98);
        assert_eq!(confidence_score(0.1, true), 89); // rounded down: 0.1f32 is a little above 0.1
        assert_eq!(confidence_score(0.5, true), 50);
        assert_eq!(confidence_score(1.0, true), 0);
        assert_eq!(confidence_score(f32::NAN, true), 0);
        assert_eq!([0, 89, 90, 98, 99].map(confidence_id), [1, 1, 2, 2, 3]);
    }

    #[test]
    fn risk_weighs_severity_by_confidence() {
        assert_eq!(risk_score(5, 99), 99);
        assert_eq!(risk_score(4, 98), 73);
        assert_eq!(risk_score(3, 50), 25);
        assert_eq!(risk_score(1, 0), 0);
    }
}
