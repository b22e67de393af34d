//! The second opinions of a finding on the wire: what the parts of the model say that did not decide.

use super::number::{finite, percent, plain};
use super::unmapped::OpinionOut;
use super::{Alarm, Kind};
use crate::model::opinion::{Opinion, probability};

/// In fixed order; empty where the model has none.
pub(super) fn told(alarm: &Alarm) -> Vec<OpinionOut> {
    let units = match alarm.kind {
        Kind::Workload => "workloads",
        Kind::Tenant => "tenants",
    };
    let logistic = |opinion: Opinion| {
        let [value, calm] = [opinion.log_odds, opinion.calm_p99].map(|odds| probability(f64::from(finite(odds))));
        OpinionOut {
            by: "logistic",
            value: value as f32,
            baseline_p99: calm as f32,
            says: format!(
                "a line through the features puts harvest at {}; 99 % of calm {units} stay under {}",
                percent(value),
                percent(calm)
            ),
        }
    };
    let density = |opinion: Opinion| {
        let (value, calm) = (finite(opinion.log_odds), finite(opinion.calm_p99));
        OpinionOut {
            by: "density",
            value,
            baseline_p99: calm,
            says: format!(
                "log-odds of {} between the densities of harvesting and of calm {units}; 99 % of calm {units} stay \
                 under {}",
                plain(f64::from(value)),
                plain(f64::from(calm))
            ),
        }
    };
    let opinions = &alarm.opinions;
    opinions.logistic.map(logistic).into_iter().chain(opinions.density.map(density)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Pattern, Seen};
    use crate::model::opinion::Opinions;

    #[test]
    fn each_opinion_stands_beside_its_calm_end() {
        let of = |log_odds, calm_p99| Some(Opinion { log_odds, calm_p99 });
        let alarm = Alarm {
            kind: Kind::Workload,
            workload: 1,
            account: None,
            pattern: Pattern::Unknown,
            exchanges: 40,
            output_tokens: 0,
            first: Seen::default(),
            last: Seen::default(),
            score: 0.9,
            evidence: 7.0,
            threshold: 5.0,
            p_value: 0.1,
            reasons: Vec::new(),
            opinions: Opinions { logistic: of(2.586_689, -0.363_965), density: of(12.34, -4.5) },
        };
        let told = told(&alarm);
        let says: Vec<&str> = told.iter().map(|opinion| opinion.says.as_str()).collect();
        assert_eq!(
            says,
            [
                "a line through the features puts harvest at 93 %; 99 % of calm workloads stay under 41 %",
                "log-odds of 12.3 between the densities of harvesting and of calm workloads; 99 % of calm workloads \
                 stay under -4.5",
            ]
        );
        assert!((told[0].value - 0.93).abs() < 1e-4 && (told[0].baseline_p99 - 0.41).abs() < 1e-4);
        assert!(super::told(&Alarm { opinions: Opinions::default(), ..alarm }).is_empty());
    }
}
