//! A reason in a sentence: the unit's value in the words of its feature, then the calm range.
//! "97 % of the prompts in its 40 exchanges follow a template; 99 % of calm workloads stay under 61 %"
//!
//! Name and kind of value come from the feature table, the words from `phrases`; this file fills them
//! in. No text of exchanges ever: a sentence is made of fixed words, numbers and the kind of unit.

use super::number::{percent, plain};
use super::phrases::Phrase;
use super::{Kind, Reason};
use crate::feature::{Feature, Says, TABLE};
use crate::sketch::mean::SPAN;

/// Where a value lies among calm units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Beyond the 99th percentile of calm units.
    Above,
    /// Not below the calm median, within the calm range.
    High,
    /// Below the calm median, within the calm range.
    Low,
    /// Beyond the 1st percentile of calm units.
    Below,
}

impl Side {
    pub(super) fn of(reason: &Reason) -> Side {
        let low_end = ends_low(reason);
        if low_end && reason.value < reason.baseline_p99 {
            Side::Below
        } else if !low_end && reason.value > reason.baseline_p99 {
            Side::Above
        } else if reason.value < reason.baseline_median {
            Side::Low
        } else {
            Side::High
        }
    }

    /// `observed_pattern` on the wire.
    pub(super) fn label(self) -> &'static str {
        match self {
            Side::Above => "ABOVE_CALM_RANGE",
            Side::High => "HIGH_IN_CALM_RANGE",
            Side::Low => "LOW_IN_CALM_RANGE",
            Side::Below => "BELOW_CALM_RANGE",
        }
    }
}

/// `observed_pattern` of the calm end that a reason carries.
pub(super) fn end_label(reason: &Reason) -> &'static str {
    if ends_low(reason) { "CALM_P01" } else { "CALM_P99" }
}

/// Whether the calm end is the low one. A feature that is constant among calm units has one point for
/// both ends: the value says which is meant.
fn ends_low(reason: &Reason) -> bool {
    let (end, median) = (reason.baseline_p99, reason.baseline_median);
    end < median || (end == median && reason.value < median)
}

/// The name of a reason's feature. A row that the table does not have is never a panic.
pub(super) fn name(reason: &Reason) -> &'static str {
    feature(reason).map_or("unnamed", |feature| feature.name)
}

/// The sentence of a reason.
pub(super) fn says(reason: &Reason, kind: Kind, exchanges: u64) -> String {
    let show = |value: f32| show(feature(reason).map(|feature| feature.says), value);
    let side = Side::of(reason);
    let phrase = Phrase::of(name(reason));
    let words = match side {
        Side::Above | Side::High => phrase.high(),
        Side::Low | Side::Below => phrase.low(),
    };
    let seen = words
        .replace("{value}", &show(reason.value))
        .replace("{lately}", &lately(exchanges))
        .replace("only 0 %", "none")
        .replace("only under", "under");
    let units = match kind {
        Kind::Workload => "workloads",
        Kind::Tenant => "tenants",
    };
    let end = show(reason.baseline_p99);
    let under = if ends_low(reason) { "over" } else { "under" };
    match side {
        Side::Above | Side::Below => format!("{seen}; 99 % of calm {units} stay {under} {end}"),
        Side::High | Side::Low => {
            let median = show(reason.baseline_median);
            format!("{seen}; the median of calm {units} is {median}, and 99 % stay {under} {end}")
        }
    }
}

fn feature(reason: &Reason) -> Option<&'static Feature> {
    TABLE.get(usize::from(reason.feature))
}

/// The exchanges that a feature's mean speaks of: all while they are few, then about the last ones.
fn lately(exchanges: u64) -> String {
    if exchanges <= u64::from(SPAN) {
        format!("its {exchanges} exchanges")
    } else {
        format!("about the last {SPAN} exchanges")
    }
}

fn show(says: Option<Says>, value: f32) -> String {
    let value = f64::from(value);
    match says {
        Some(Says::Share) => percent(value),
        // 2^60 is beyond any count of ours; the bound keeps the text short for any value
        Some(Says::Log2) => plain(libm::exp2(value.clamp(-60.0, 60.0))),
        Some(Says::Count | Says::Ratio | Says::Number) | None => plain(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(feature: &str, value: f32, baseline_median: f32, baseline_p99: f32) -> Reason {
        let feature = TABLE.iter().position(|row| row.name == feature).unwrap_or(usize::from(u16::MAX)) as u16;
        Reason { feature, value, baseline_median, baseline_p99, weight: 0.41 }
    }

    #[test]
    fn a_high_share_is_set_against_the_calm_end() {
        assert_eq!(
            says(&reason("template_share", 0.97, 0.22, 0.61), Kind::Workload, 40),
            "97 % of the prompts in its 40 exchanges follow a template; 99 % of calm workloads stay under 61 %"
        );
    }

    #[test]
    fn a_sentence_claims_no_more_exchanges_than_its_mean_remembers() {
        let text = says(&reason("template_share", 0.97, 0.22, 0.61), Kind::Workload, 412);
        assert!(text.starts_with("97 % of the prompts in about the last 64 exchanges follow"), "{text}");
    }

    #[test]
    fn a_low_value_uses_the_other_words() {
        assert_eq!(
            says(&reason("user_share", 0.01, 0.5, 0.2), Kind::Tenant, 64),
            "only 1 % of its 64 exchanges name a user; 99 % of calm tenants stay over 20 %"
        );
    }

    #[test]
    fn nothing_at_all_reads_as_none() {
        assert_eq!(
            says(&reason("user_share", 0.0, 0.5, 0.2), Kind::Workload, 9),
            "none of its 9 exchanges name a user; 99 % of calm workloads stay over 20 %"
        );
        let text = says(&reason("user_share", 0.000_1, 0.5, 0.2), Kind::Workload, 9);
        assert!(text.starts_with("under 0.1 % of its 9 exchanges name a user;"), "{text}");
    }

    #[test]
    fn a_value_within_the_calm_range_is_not_made_to_look_outside_it() {
        assert_eq!(
            says(&reason("user_share", 0.5, 0.22, 0.61), Kind::Workload, 9),
            "50 % of its 9 exchanges name a user; the median of calm workloads is 22 %, and 99 % stay under 61 %"
        );
    }

    #[test]
    fn each_kind_of_value_has_its_form() {
        assert_eq!(show(Some(Says::Share), 0.5), "50 %");
        assert_eq!(show(Some(Says::Count), 412.0), "412");
        assert_eq!(show(Some(Says::Log2), 10.0), "1,024");
        assert_eq!(show(Some(Says::Log2), f32::MAX), "1,152,921,504,606,846,976");
        assert_eq!(show(Some(Says::Ratio), 3.21), "3.21");
        assert_eq!(show(None, 0.123_45), "0.123");
    }

    #[test]
    fn a_row_beyond_the_table_still_reads() {
        let reason = reason("of another table", 2.0, 0.5, 1.0);
        assert_eq!(name(&reason), "unnamed");
        assert_eq!(
            says(&reason, Kind::Tenant, 9),
            "the value is 2 in its 9 exchanges; 99 % of calm tenants stay under 1"
        );
    }

    #[test]
    fn sides_follow_the_calm_end() {
        let side = |value, median, end| Side::of(&reason("user_share", value, median, end));
        assert_eq!(side(0.7, 0.2, 0.6), Side::Above);
        assert_eq!(side(0.6, 0.2, 0.6), Side::High);
        assert_eq!(side(0.1, 0.2, 0.6), Side::Low);
        assert_eq!(side(0.1, 0.5, 0.2), Side::Below);
        assert_eq!(side(0.7, 0.5, 0.2), Side::High);
        // constant among calm units
        assert_eq!(side(0.1, 0.0, 0.0), Side::Above);
        assert_eq!(side(-0.1, 0.0, 0.0), Side::Below);
        assert_eq!(side(0.0, 0.0, 0.0), Side::High);
    }
}
