//! Area under the curve: how often a random attacker scores above a random innocent, a tie counting half.

/// Rank form with mid-ranks; none if either side is empty.
pub fn auc(attack: &[f64], innocent: &[f64]) -> Option<f64> {
    let ones = |values: &[f64]| vec![1; values.len()];
    Ranked::new(attack, innocent).auc(&ones(attack), &ones(innocent))
}

/// Both sides sorted together once, so that a resampled area costs one pass.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// (attacks, place in its own list), ascending; groups of equal values end where `last` says.
    order: Vec<(bool, usize)>,
    last: Vec<bool>,
}

impl Ranked {
    /// Sorts.
    pub fn new(attack: &[f64], innocent: &[f64]) -> Ranked {
        let side = |values: &[f64], attacks: bool| -> Vec<(f64, bool, usize)> {
            values.iter().enumerate().map(|(place, value)| (*value, attacks, place)).collect()
        };
        let mut all = side(attack, true);
        all.extend(side(innocent, false));
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.2.cmp(&b.2)));
        let last = (0..all.len()).map(|i| all.get(i + 1).is_none_or(|next| next.0 != all[i].0)).collect();
        Ranked { order: all.into_iter().map(|(_, attacks, place)| (attacks, place)).collect(), last }
    }

    /// The area with each value counted so many times.
    pub fn auc(&self, attack: &[u32], innocent: &[u32]) -> Option<f64> {
        let (mut below, mut won) = (0.0, 0.0);
        let (mut attacks_here, mut innocents_here) = (0.0, 0.0);
        for ((attacks, place), last) in self.order.iter().zip(&self.last) {
            let weights = if *attacks { attack } else { innocent };
            let weight = f64::from(weights.get(*place).copied().unwrap_or(0));
            if *attacks {
                attacks_here += weight;
            } else {
                innocents_here += weight;
            }
            if *last {
                won += attacks_here * (below + innocents_here / 2.0);
                below += innocents_here;
                (attacks_here, innocents_here) = (0.0, 0.0);
            }
        }
        let attacks: f64 = attack.iter().copied().map(f64::from).sum();
        (attacks > 0.0 && below > 0.0).then(|| won / (attacks * below))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_pairs_with_ties_as_halves() {
        // pairs (2,1) won, (2,2) tied, (3,1) won, (3,2) won: 3.5 of 4
        assert_eq!(auc(&[2.0, 3.0], &[1.0, 2.0]), Some(0.875));
        assert_eq!(auc(&[1.0], &[1.0]), Some(0.5));
        assert_eq!(auc(&[0.0], &[1.0, 2.0]), Some(0.0));
        assert_eq!(auc(&[f64::NEG_INFINITY, 5.0], &[f64::NEG_INFINITY]), Some(0.75));
        assert_eq!(auc(&[], &[1.0]), None);
    }

    #[test]
    fn weights_are_repeats() {
        let ranked = Ranked::new(&[2.0, 3.0], &[1.0, 2.0, 4.0]);
        assert_eq!(ranked.auc(&[2, 1], &[1, 3, 0]), auc(&[2.0, 2.0, 3.0], &[1.0, 2.0, 2.0, 2.0]));
        assert_eq!(ranked.auc(&[0, 0], &[1, 1, 1]), None);
    }
}
