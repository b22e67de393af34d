//! Which pattern a harvest looks like: a line for each, fitted by linfa to harvests whose family is known.
//!
//! Names an alarm that others raised, and never raises one. Shares by softmax over fixed-order sums, so that a row has
//! the same name anywhere. Cost: 1 µs, only where an alarm is raised.

use super::ModelError;
use super::artifact::Named;
use crate::feature::WIDTH;
use crate::finding::Pattern;

/// The lines of all patterns that training had harvests of.
#[derive(Debug)]
pub(super) struct Naming(Vec<(Pattern, Named)>);

impl Naming {
    pub(super) fn new(model: &str, lines: &[Named]) -> Result<Naming, ModelError> {
        let expected = Pattern::ALL.len() - 1;
        if lines.is_empty() || lines.len() > expected {
            return Err(ModelError::WrongSize {
                model: model.to_owned(),
                what: "patterns",
                found: lines.len(),
                expected,
            });
        }
        let one = |line: &Named| {
            let size = |found| ModelError::WrongSize {
                model: model.to_owned(),
                what: "patterns.weights",
                found,
                expected: WIDTH,
            };
            let pattern = Pattern::of_label(&line.pattern).filter(|pattern| *pattern != Pattern::Unknown);
            let pattern = pattern
                .ok_or_else(|| ModelError::UnknownPattern { model: model.to_owned(), found: line.pattern.clone() })?;
            if line.weights.len() != WIDTH {
                return Err(size(line.weights.len()));
            }
            if !line.weights.iter().chain([&line.intercept]).all(|value| value.abs() < 1e6) {
                let expected = "finite and below 1e6";
                return Err(ModelError::BadNumber { model: model.to_owned(), what: "patterns", expected });
            }
            Ok((pattern, line.clone()))
        };
        Ok(Naming(lines.iter().map(one).collect::<Result<_, _>>()?))
    }

    /// The likeliest pattern of a standardised row, and its share.
    pub(super) fn of(&self, standard: &[f64; WIDTH]) -> (Pattern, f64) {
        let odds = |(_, line): &(Pattern, Named)| {
            line.weights.iter().zip(standard).fold(line.intercept, |sum, (weight, value)| sum + weight * value)
        };
        let all: Vec<f64> = self.0.iter().map(odds).collect();
        let most = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = all.iter().map(|odds| libm::exp(odds - most)).sum();
        // ties go to the first
        let first = all.iter().position(|odds| *odds >= most).unwrap_or(0);
        (self.0[first].0, 1.0 / sum)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn line(pattern: &str, intercept: f64) -> Named {
        Named { pattern: pattern.to_owned(), weights: vec![0.0; WIDTH], intercept }
    }

    #[test]
    fn the_likeliest_is_named_with_its_share() {
        let mut relay = line("relay", 0.0);
        relay.weights[3] = 2.0;
        let naming = Naming::new("m", &[line("judge_farm", 1.0), relay]).unwrap();
        let (pattern, share) = naming.of(&[0.0; WIDTH]);
        assert_eq!(pattern, Pattern::JudgeFarm);
        assert!((share - 1.0 / (1.0 + (-1.0f64).exp())).abs() < 1e-12);
        let mut row = [0.0; WIDTH];
        row[3] = 500.0;
        assert_eq!(naming.of(&row), (Pattern::Relay, 1.0));
    }

    #[test]
    fn every_fault_is_named() {
        let wrong = |lines: &[Named]| Naming::new("m", lines).unwrap_err().to_string();
        assert!(wrong(&[]).contains("`patterns` has 0 entries"));
        assert!(wrong(&[line("juge_farm", 0.0)]).contains("pattern `juge_farm`"));
        assert!(wrong(&[Named { weights: vec![0.0; 3], ..line("relay", 0.0) }]).contains("`patterns.weights` has 3"));
        assert!(wrong(&[line("relay", f64::INFINITY)]).contains("finite"));
    }
}
