//! Logistic regression by Newton's method with a ridge: small, dense and the same to the bit.

/// Penalty on squared weights: a separable sample still has a finite answer.
const RIDGE: f64 = 1.0;
const MOST_STEPS: usize = 25;

/// A fitted line: the first weight is the constant.
#[derive(Clone, Debug)]
pub struct Logistic {
    center: Vec<f64>,
    scale: Vec<f64>,
    weights: Vec<f64>,
}

/// A row, its label and how much it counts.
pub type Sample<'r> = (&'r [f64], bool, f64);

impl Logistic {
    /// Fits standardised rows and their squares; none if a side is empty.
    pub fn fit(samples: &[Sample<'_>]) -> Option<Logistic> {
        let weight_of = |side: bool| samples.iter().filter(|s| s.1 == side).map(|s| s.2).sum::<f64>();
        let (attack, calm) = (weight_of(true), weight_of(false));
        if attack <= 0.0 || calm <= 0.0 {
            return None;
        }
        let width = samples.first()?.0.len();
        let total = attack + calm;
        let mean = |of: &dyn Fn(&[f64]) -> f64| samples.iter().map(|s| s.2 * of(s.0)).sum::<f64>() / total;
        let center: Vec<f64> = (0..width).map(|i| mean(&|row| row[i])).collect();
        let scale = (0..width).map(|i| mean(&|row| (row[i] - center[i]).powi(2)).sqrt().max(1e-9)).collect();
        let mut line = Logistic { center, scale, weights: vec![0.0; 2 * width + 1] };
        let rows: Vec<Vec<f64>> = samples.iter().map(|s| line.expand(s.0)).collect();
        // both sides weigh the same: the sample's mixture is the experimenter's choice
        let even = |side: bool| if side { total / (2.0 * attack) } else { total / (2.0 * calm) };
        for _ in 0..MOST_STEPS {
            let n = line.weights.len();
            let (mut slope, mut curve) = (vec![0.0; n], vec![0.0; n * n]);
            for (row, (_, side, weight)) in rows.iter().zip(samples) {
                let p = sigmoid(dot(&line.weights, row));
                let weight = weight * even(*side);
                let (miss, bend) = (weight * (f64::from(*side) - p), weight * p * (1.0 - p));
                for i in 0..n {
                    slope[i] += miss * row[i];
                    for j in 0..=i {
                        curve[i * n + j] += bend * row[i] * row[j];
                    }
                }
            }
            for i in 0..n {
                slope[i] -= if i > 0 { RIDGE * line.weights[i] } else { 0.0 };
                curve[i * n + i] += if i > 0 { RIDGE } else { 1e-9 };
            }
            let step = solve(&mut curve, slope);
            line.weights.iter_mut().zip(&step).for_each(|(w, s)| *w += s);
            if step.iter().all(|s| s.abs() < 1e-8) {
                break;
            }
        }
        Some(line)
    }

    /// Log-odds of a row.
    pub fn score(&self, row: &[f64]) -> f64 {
        dot(&self.weights, &self.expand(row))
    }

    /// 1, the standardised values, and their squares, cut at four deviations.
    fn expand(&self, row: &[f64]) -> Vec<f64> {
        let standard = |i: usize| ((row[i] - self.center[i]) / self.scale[i]).clamp(-4.0, 4.0);
        let width = self.center.len();
        let plain = (0..width).map(standard);
        core::iter::once(1.0).chain(plain.clone()).chain(plain.map(|z| z * z)).collect()
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// x with A x = b for a positive definite A of which the lower triangle is given (Cholesky, in place).
fn solve(a: &mut [f64], b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        for j in 0..=i {
            let inner: f64 = (0..j).map(|k| a[i * n + k] * a[j * n + k]).sum();
            let rest = a[i * n + j] - inner;
            a[i * n + j] = if i == j { rest.max(1e-12).sqrt() } else { rest / a[j * n + j] };
        }
    }
    let mut x = b;
    for i in 0..n {
        let inner: f64 = (0..i).map(|k| a[i * n + k] * x[k]).sum();
        x[i] = (x[i] - inner) / a[i * n + i];
    }
    for i in (0..n).rev() {
        let inner: f64 = (i + 1..n).map(|k| a[k * n + i] * x[k]).sum();
        x[i] = (x[i] - inner) / a[i * n + i];
    }
    x
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn solves_a_small_system() {
        // [[4, 2], [2, 3]] x = [2, 5] has the solution [-0.5, 2]
        let x = solve(&mut [4.0, 0.0, 2.0, 3.0], vec![2.0, 5.0]);
        assert!((x[0] + 0.5).abs() < 1e-12 && (x[1] - 2.0).abs() < 1e-12, "{x:?}");
    }

    #[test]
    fn learns_a_side_and_a_middle() {
        let rows: Vec<[f64; 2]> = (0..200).map(|i| [f64::from(i % 20), f64::from((i * 7) % 13)]).collect();
        let fit = |label: &dyn Fn(&[f64; 2]) -> bool| {
            let samples: Vec<Sample<'_>> = rows.iter().map(|row| (&row[..], label(row), 1.0)).collect();
            let line = Logistic::fit(&samples).unwrap();
            rows.iter().filter(|row| (line.score(*row) > 0.0) == label(row)).count()
        };
        assert_eq!(fit(&|row| row[0] > 9.0), 200);
        assert!(fit(&|row| (row[0] - 10.0).abs() < 5.0) > 190);
        let one_sided: Vec<Sample<'_>> = rows.iter().map(|row| (&row[..], true, 1.0)).collect();
        assert!(Logistic::fit(&one_sided).is_none());
    }
}
