//! A reason in a sentence: the unit's value in the words of its feature, then the calm range.
//! "97 % of 412 prompts share one frame; 99 % of calm workloads stay under 61 %"
//!
//! The words come from the feature table; this file only fills them in. No text of exchanges ever:
//! a sentence is made of a template, numbers and the kind of unit.

use super::number::{grouped, percent, plain};
use super::{Kind, Reason, phrases};

/// How a feature's values are shown to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A share of one: `97 %`.
    Share,
    /// A count or a mean of counts: `412`.
    Count,
    /// A base-2 logarithm of a count: shown as the count.
    Log2,
    /// A quotient: `3.2 times`.
    Ratio,
    /// Anything else: 3 significant digits.
    Number,
}

/// A feature's words, from its row of the feature table.
#[derive(Clone, Copy, Debug)]
pub struct FeatureText {
    /// The feature's name.
    pub name: &'static str,
    /// How its values are shown.
    pub shown: Shown,
    /// What a high value means; `{value}`, `{n}` (exchanges of the unit) and `{name}` are filled in.
    pub high: &'static str,
    /// What a low value means, likewise.
    pub low: &'static str,
}

impl FeatureText {
    /// A feature by its name: the words are ours, name and kind of value are the table's.
    pub fn of(name: &'static str, shown: Shown) -> FeatureText {
        phrases::text(name, shown)
    }
}

/// Where a value lies in the calm range, on the side that the reason is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Above the 99th percentile of calm units.
    Above,
    /// High, yet within the calm range.
    High,
    /// Low, yet within the calm range.
    Low,
    /// Below the 1st percentile of calm units.
    Below,
}

impl Side {
    pub(crate) fn of(reason: &Reason) -> Side {
        let Reason {
            value,
            baseline_median: median,
            baseline_p99: end,
            ..
        } = *reason;
        // the calm end lies on the side of the value; a constant feature has no sides, so ask the value
        let low = end < median || (end == median && value < median);
        match (low, if low { value < end } else { value > end }) {
            (false, true) => Side::Above,
            (false, false) => Side::High,
            (true, false) => Side::Low,
            (true, true) => Side::Below,
        }
    }

    /// `observed_pattern` on the wire.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Side::Above => "ABOVE_CALM_RANGE",
            Side::High => "HIGH_IN_CALM_RANGE",
            Side::Low => "LOW_IN_CALM_RANGE",
            Side::Below => "BELOW_CALM_RANGE",
        }
    }

    /// `observed_pattern` of the baseline's end.
    pub(crate) fn end_label(self) -> &'static str {
        if self.is_low() {
            "CALM_P01"
        } else {
            "CALM_P99"
        }
    }

    fn is_low(self) -> bool {
        matches!(self, Side::Low | Side::Below)
    }
}

/// The sentence of a reason.
pub(crate) fn says(reason: &Reason, text: &FeatureText, kind: Kind, exchanges: u64) -> String {
    let side = Side::of(reason);
    let template = if side.is_low() { text.low } else { text.high };
    let seen = template
        .replace("{name}", text.name)
        .replace("{value}", &text.shown.show(reason.value))
        .replace("{n}", &grouped(exchanges))
        .replace("only 0 %", "none");
    let units = match kind {
        Kind::Workload => "workloads",
        Kind::Tenant => "tenants",
    };
    let end = text.shown.show(reason.baseline_p99);
    let under = if side.is_low() { "over" } else { "under" };
    match side {
        Side::Above | Side::Below => format!("{seen}; 99 % of calm {units} stay {under} {end}"),
        Side::High | Side::Low => {
            let median = text.shown.show(reason.baseline_median);
            format!("{seen}; the median of calm {units} is {median}, and 99 % stay {under} {end}")
        }
    }
}

/// Stands in for a row that the table does not have (a finding from a newer model): never a panic.
pub(crate) const UNNAMED: FeatureText = FeatureText {
    name: "unnamed",
    shown: Shown::Number,
    high: "the value is {value}",
    low: "the value is only {value}",
};

impl Shown {
    fn show(self, value: f32) -> String {
        let value = f64::from(value);
        match self {
            Shown::Share => percent(value),
            Shown::Count | Shown::Number => plain(value),
            // 2^60 is beyond any count of ours; the bound keeps the text short for any value
            Shown::Log2 => plain(libm::exp2(value.clamp(-60.0, 60.0))),
            Shown::Ratio => format!("{} times", plain(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: FeatureText = FeatureText {
        name: "frame_share",
        shown: Shown::Share,
        high: "{value} of {n} prompts share one frame",
        low: "only {value} of {n} prompts share one frame",
    };

    fn reason(value: f32, baseline_median: f32, baseline_p99: f32) -> Reason {
        Reason {
            feature: 0,
            value,
            baseline_median,
            baseline_p99,
            weight: 0.41,
        }
    }

    #[test]
    fn a_high_share_reads_as_the_contract_shows() {
        assert_eq!(
            says(&reason(0.97, 0.22, 0.61), &FRAME, Kind::Workload, 412),
            "97 % of 412 prompts share one frame; 99 % of calm workloads stay under 61 %"
        );
    }

    #[test]
    fn a_low_value_uses_the_other_words() {
        assert_eq!(
            says(&reason(0.01, 0.5, 0.2), &FRAME, Kind::Tenant, 1_412),
            "only 1 % of 1,412 prompts share one frame; 99 % of calm tenants stay over 20 %"
        );
    }

    #[test]
    fn nothing_at_all_reads_as_none() {
        assert_eq!(
            says(&reason(0.0, 0.5, 0.2), &FRAME, Kind::Workload, 9),
            "none of 9 prompts share one frame; 99 % of calm workloads stay over 20 %"
        );
    }

    #[test]
    fn a_value_within_the_calm_range_is_not_made_to_look_outside_it() {
        assert_eq!(
            says(&reason(0.5, 0.22, 0.61), &FRAME, Kind::Workload, 412),
            "50 % of 412 prompts share one frame; the median of calm workloads is 22 %, and 99 % stay under 61 %"
        );
    }

    #[test]
    fn a_constant_baseline_takes_its_side_from_the_value() {
        assert_eq!(Side::of(&reason(0.1, 0.0, 0.0)), Side::Above);
        assert_eq!(Side::of(&reason(-0.1, 0.0, 0.0)), Side::Below);
        assert_eq!(Side::of(&reason(0.0, 0.0, 0.0)), Side::High);
    }

    #[test]
    fn each_kind_of_value_has_its_form() {
        assert_eq!(Shown::Share.show(0.5), "50 %");
        assert_eq!(Shown::Count.show(412.0), "412");
        assert_eq!(Shown::Log2.show(10.0), "1,024");
        assert_eq!(Shown::Log2.show(f32::MAX), "1,152,921,504,606,846,976");
        assert_eq!(Shown::Ratio.show(3.21), "3.21 times");
        assert_eq!(Shown::Number.show(0.123_45), "0.123");
    }
}
