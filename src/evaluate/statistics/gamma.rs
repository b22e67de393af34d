//! The regularised incomplete gamma function, for exact Poisson bounds.

/// P(a, x): series below a + 1, continued fraction above (Lentz).
pub fn lower(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        for _ in 0..10_000 {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < sum * 1e-16 {
                break;
            }
        }
        return sum * front;
    }
    let mut base = x + 1.0 - a;
    let (mut above, mut below) = (1e300, 1.0 / base);
    let mut fraction = below;
    for i in 1..10_000 {
        let part = -f64::from(i) * (f64::from(i) - a);
        base += 2.0;
        below = 1.0 / away_from_zero(part * below + base);
        above = away_from_zero(base + part / above);
        let step = below * above;
        fraction *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    1.0 - front * fraction
}

fn away_from_zero(value: f64) -> f64 {
    if value.abs() < 1e-300 { 1e-300 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_closed_forms() {
        // P(1, x) = 1 − e^−x; P(2, x) = 1 − e^−x (1 + x)
        for x in [0.1, 0.9, 2.0, 5.0, 30.0] {
            assert!((lower(1.0, x) - (1.0 - (-x).exp())).abs() < 1e-13, "{x}");
            assert!((lower(2.0, x) - (1.0 - (-x).exp() * (1.0 + x))).abs() < 1e-13, "{x}");
        }
    }
}
