//! A forest for each age of a unit.
//!
//! What gives a harvest away changes with how much of it was seen: after ten exchanges it is a manner of asking, after
//! five hundred that nothing comes back and nothing is used. Trees for all counts at once learn mostly from the many
//! young units and judge old ones by the same signs. Measured on an operator of texts that training lacked (168 pure
//! attackers, 202 customers, windows of a week, trees of another boosting library on six logs): at the score that 2 % of
//! customers pass, one forest for all found 31 %, four ages 42 %; area of tenants' highest scores 0.82 and 0.84.

use super::ModelError;
use super::forest::{Forest, Seen, Tree};
use crate::feature::WIDTH;

/// Exchanges from which each forest judges.
pub const FROM: [u64; 4] = [8, 20, 100, 400];

/// The forest that judges a unit of so many exchanges.
pub fn age(exchanges: u64) -> usize {
    FROM.iter().rposition(|from| *from <= exchanges).unwrap_or(0)
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Forests(Vec<Forest>);

impl Forests {
    pub(crate) fn new(model: &str, trees: &[Vec<Tree>]) -> Result<Forests, ModelError> {
        if trees.len() != FROM.len() {
            let (found, expected) = (trees.len(), FROM.len());
            return Err(ModelError::WrongSize { model: model.to_owned(), what: "boosted.trees", found, expected });
        }
        Ok(Forests(trees.iter().map(|trees| Forest::new(model, trees)).collect::<Result<_, _>>()?))
    }

    /// Trees and nodes.
    pub(crate) fn size(&self) -> (usize, usize) {
        self.0.iter().map(Forest::size).fold((0, 0), |(trees, nodes), (more, of)| (trees + more, nodes + of))
    }

    /// Log-odds of harvest of a unit with so many exchanges.
    pub(crate) fn log_odds(&self, seen: &Seen, exchanges: u64) -> f64 {
        self.0[age(exchanges)].log_odds(seen)
    }

    /// What each feature adds to them.
    pub(crate) fn contributions(&self, seen: &Seen, exchanges: u64) -> [f64; WIDTH] {
        self.0[age(exchanges)].contributions(seen)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn leaf(value: f32) -> Vec<Tree> {
        vec![Tree { feature: vec![-1], threshold: vec![0.0], absent_left: vec![0], value: vec![value] }]
    }

    #[test]
    fn each_age_has_its_forest() {
        let all: Vec<Vec<Tree>> = (0..FROM.len()).map(|i| leaf(i as f32)).collect();
        let forests = Forests::new("m", &all).unwrap();
        let of = |exchanges| forests.log_odds(&[0.0; WIDTH], exchanges);
        assert_eq!([0, 8, 19, 20, 99, 100, 399, 400, 1 << 40].map(of), [0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
        assert_eq!(forests.size(), (FROM.len(), FROM.len()));
        let refused = Forests::new("m", &all[1..]).unwrap_err().to_string();
        assert!(refused.contains("`boosted.trees` has 3 entries, expected 4"), "{refused}");
    }
}
