//! What harvests are called: a line for each pattern, by linfa, fitted to harvests whose family is known.

use std::collections::BTreeMap;

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::{MultiFittedLogisticRegression, MultiLogisticRegression};
use ndarray::Array1;

use super::fit::{LEAST_ATTACKERS, LINE_RIDGE, drawn, rows, windows};
use super::survey::{Side, Surveyed, Window};
use super::{Labels, rounded};
use crate::finding::Pattern;
use crate::model::artifact::{Body, Named};

/// Rows of each pattern that the lines are fitted to, each tenant of it with as many.
const ROWS: usize = 2_000;

/// What a finding calls the harvests of a family; none for families of other people's labels.
pub(super) fn pattern_of(family: &str) -> Option<Pattern> {
    match family {
        // always new content through one frame, whatever the content is
        "code_harvest"
        | "evolved_instructions"
        | "single_domain"
        | "classifier_distillation"
        | "classifier_words"
        | "classifier_foreign_text"
        | "classifier_questions" => Some(Pattern::InstructionSweep),
        other => Pattern::of_label(other).filter(|pattern| *pattern != Pattern::Unknown),
    }
}

/// The lines, where there are harvests of two patterns at least.
pub(super) fn fit(body: &Body, attackers: &[&Surveyed], labels: &Labels) -> Option<Vec<Named>> {
    let mut by_pattern = BTreeMap::<Pattern, Vec<&Surveyed>>::new();
    for tenant in attackers.iter().copied() {
        if let Some(pattern) = pattern_of(labels.kind(&tenant.name)) {
            by_pattern.entry(pattern).or_default().push(tenant);
        }
    }
    let harvests: BTreeMap<Pattern, Vec<Vec<Window>>> = by_pattern
        .into_iter()
        .map(|(pattern, tenants)| (pattern, windows(&tenants, Side::Harvest)))
        .filter(|(_, tenants)| tenants.len() >= LEAST_ATTACKERS)
        .collect();
    if harvests.len() < 2 {
        return None;
    }
    let shown: Vec<(Pattern, &Window)> = harvests
        .iter()
        .flat_map(|(pattern, of)| drawn(of, ROWS).into_iter().map(|window| (*pattern, window)))
        .collect();
    // a name only: where linfa finds no lines, rules name
    lines(body, &shown).ok().map(|fitted| named(&fitted))
}

/// Lines as the model keeps them.
fn named(fitted: &MultiFittedLogisticRegression<f64, &'static str>) -> Vec<Named> {
    let one = |(k, label): (usize, &&'static str)| Named {
        pattern: (*label).to_owned(),
        weights: fitted.params().column(k).iter().map(|weight| rounded(*weight)).collect(),
        intercept: rounded(fitted.intercept()[k]),
    };
    fitted.classes().iter().enumerate().map(one).collect()
}

fn lines(
    body: &Body,
    shown: &[(Pattern, &Window)],
) -> Result<MultiFittedLogisticRegression<f64, &'static str>, String> {
    let targets: Array1<&'static str> = shown.iter().map(|(pattern, _)| pattern.label()).collect();
    let rows = rows(body, &shown.iter().map(|(_, window)| *window).collect::<Vec<_>>());
    MultiLogisticRegression::default()
        .alpha(LINE_RIDGE * rows.nrows() as f64)
        .max_iterations(200)
        .fit(&DatasetBase::from(rows).with_targets(targets))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use linfa::traits::Predict;

    use super::super::fit::tests::made;
    use super::*;
    use crate::model::reference;

    #[test]
    fn our_names_are_those_of_linfa() {
        let all = made(Side::Harvest, 900);
        // three patterns, each high in a feature of its own
        let patterns = [Pattern::Relay, Pattern::JudgeFarm, Pattern::LogitExtraction];
        let is = |window: &Window| {
            let highest = (0..3).max_by(|a, b| window.row.values[*a].total_cmp(&window.row.values[*b])).unwrap();
            patterns[highest]
        };
        let shown: Vec<(Pattern, &Window)> = all.iter().map(|window| (is(window), window)).collect();
        let mut body = reference::body(&all.iter().map(|window| (window.row, window.exchanges)).collect::<Vec<_>>());
        let fitted = lines(&body, &shown).unwrap();
        body.patterns = Some(named(&fitted));
        let model = reference::model(&body);
        let matrix = rows(&body, &all.iter().collect::<Vec<_>>());
        let theirs = fitted.predict_probabilities(&matrix);
        for (window, (shares, label)) in all.iter().zip(theirs.rows().into_iter().zip(fitted.predict(&matrix))) {
            let (pattern, share) = model.pattern(&window.row).unwrap();
            assert_eq!(pattern.label(), label);
            // weights are stored with nine digits
            assert!((share - shares.iter().copied().fold(0.0, f64::max)).abs() < 1e-6);
        }
        let right = all.iter().filter(|window| model.pattern(&window.row).unwrap().0 == is(window)).count();
        assert!(right > 700, "{right} of 900");
    }

    #[test]
    fn families_have_the_names_of_findings() {
        for family in crate::simulate::Family::ALL {
            assert!(pattern_of(family.name()).is_some(), "{}", family.name());
        }
        assert_eq!(pattern_of("classifier_words"), Some(Pattern::InstructionSweep));
        assert_eq!((pattern_of("unknown"), pattern_of("our_own_label")), (None, None));
    }
}
