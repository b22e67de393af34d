//! The kernel two-sample test: the maximum mean discrepancy between a window of 100 prompts and the
//! prompts of calm tenants.
//!
//! The kernel is Gaussian, its width the median distance of the log's first prompts. It is taken
//! through 64 random Fourier features (Rahimi and Recht, 2007), so a window is 64 means, the statistic
//! is the squared distance of two such means, and one pass over the log is enough: the reference, the
//! mean over the windows of calm tenants, is known only at its end. Windows do not overlap.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

use super::Step;
use crate::evaluate::glimpse::embedding::{self, Embedding, squared_distance};
use crate::evaluate::track::Moment;

/// Fourier features.
pub const WIDTH: usize = 64;
/// Prompts of a window.
const WINDOW: u32 = 100;
const SEED: u64 = 0x6b65_726e_656c;
/// Prompts that the width is taken from: their pairs are enough for a median.
const FOR_WIDTH: usize = 400;

/// The kernel.
#[derive(Clone, Debug)]
pub struct Kernel {
    directions: Vec<(Embedding, f32)>,
}

/// A closed window.
#[derive(Clone, Debug)]
pub struct Mean {
    /// Of the features.
    pub features: [f32; WIDTH],
    /// When it closed.
    pub at: Moment,
    /// Harvested share of its prompts.
    pub share: f64,
}

/// The window that is open, and those that are closed.
#[derive(Debug)]
pub struct Windows {
    sums: [f32; WIDTH],
    count: u32,
    harvested: u32,
    /// Closed windows.
    pub closed: Vec<Mean>,
}

impl Default for Windows {
    fn default() -> Windows {
        Windows { sums: [0.0; WIDTH], count: 0, harvested: 0, closed: Vec::new() }
    }
}

impl Kernel {
    /// A kernel as wide as the median distance of these prompts.
    pub fn new<'e>(prompts: impl Iterator<Item = &'e Embedding>) -> Kernel {
        let prompts: Vec<&Embedding> = prompts.take(FOR_WIDTH).collect();
        let mut distances: Vec<f32> = Vec::new();
        for (i, a) in prompts.iter().enumerate() {
            distances.extend(prompts[..i].iter().map(|b| squared_distance(a, b).sqrt()));
        }
        distances.sort_by(f32::total_cmp);
        let width = distances.get(distances.len() / 2).copied().unwrap_or(1.0).max(0.05);
        let mut random = Random(Xoshiro256PlusPlus::seed_from_u64(SEED));
        let directions = (0..WIDTH).map(|_| {
            let mut direction = [0.0; embedding::WIDTH];
            for x in &mut direction {
                *x = (random.normal() / f64::from(width)) as f32;
            }
            (direction, (random.unit() * core::f64::consts::TAU) as f32)
        });
        Kernel { directions: directions.collect() }
    }

    fn features(&self, prompt: &Embedding) -> [f32; WIDTH] {
        let mut features = [0.0; WIDTH];
        for (slot, (direction, phase)) in features.iter_mut().zip(&self.directions) {
            let along: f32 = direction.iter().zip(prompt).map(|(d, x)| d * x).sum();
            *slot = libm::cosf(along + phase);
        }
        features
    }
}

impl Windows {
    /// Takes one exchange.
    pub fn add(&mut self, step: Step<'_, '_>, kernel: &Kernel) {
        let Some(prompt) = &step.glimpse.embedding else {
            return;
        };
        for (sum, feature) in self.sums.iter_mut().zip(kernel.features(prompt)) {
            *sum += feature;
        }
        self.count += 1;
        self.harvested += u32::from(step.harvested);
        if self.count == WINDOW {
            let features = self.sums.map(|sum| sum / WINDOW as f32);
            let share = f64::from(self.harvested) / f64::from(WINDOW);
            self.closed.push(Mean { features, at: *step.at, share });
            (self.sums, self.count, self.harvested) = ([0.0; WIDTH], 0, 0);
        }
    }
}

/// The mean of windows, each tenant weighing the same.
pub fn reference<'m>(tenants: impl Iterator<Item = &'m [Mean]>) -> [f64; WIDTH] {
    let (mut sums, mut count) = ([0.0; WIDTH], 0.0);
    for windows in tenants.filter(|windows| !windows.is_empty()) {
        count += 1.0;
        for window in windows {
            for (sum, feature) in sums.iter_mut().zip(&window.features) {
                *sum += f64::from(*feature) / windows.len() as f64;
            }
        }
    }
    sums.map(|sum| if count > 0.0 { sum / count } else { 0.0 })
}

/// Squared discrepancy of a window and the reference; the 2 makes cosines with phases a kernel.
pub fn discrepancy(window: &Mean, reference: &[f64; WIDTH]) -> f64 {
    let squares = window.features.iter().zip(reference).map(|(x, r)| (f64::from(*x) - r).powi(2));
    2.0 / WIDTH as f64 * squares.sum::<f64>()
}

struct Random(Xoshiro256PlusPlus);

impl Random {
    fn unit(&mut self) -> f64 {
        // 53 bits, never 0
        ((self.0.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Box and Muller.
    fn normal(&mut self) -> f64 {
        (-2.0 * libm::log(self.unit())).sqrt() * libm::cos(core::f64::consts::TAU * self.unit())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn prompt(text: &str) -> Embedding {
        embedding::of(text).unwrap()
    }

    #[test]
    fn features_make_the_gaussian_kernel() {
        let (a, b) = (prompt("one two three four five"), prompt("one two three six seven"));
        let kernel = Kernel::new([a, b].iter());
        // the width is the distance of the two, so the kernel of the pair is e^(-1/2) = 0.61; 64 features
        // are within about 0.1 of it
        let product: f32 = kernel.features(&a).iter().zip(kernel.features(&b)).map(|(x, y)| x * y).sum();
        let value = 2.0 / WIDTH as f32 * product;
        assert!((value - 0.606).abs() < 0.15, "{value}");
    }

    #[test]
    fn another_distribution_is_farther() {
        let texts =
            |word: &str| (0..100).map(|i| prompt(&format!("{word} about item {i} of {word}"))).collect::<Vec<_>>();
        let (calm, odd) = (texts("weather"), texts("tokens"));
        let kernel = Kernel::new(calm.iter().chain(&odd));
        let window = |prompts: &[Embedding]| {
            let mut features = [0.0f32; WIDTH];
            for prompt in prompts {
                features.iter_mut().zip(kernel.features(prompt)).for_each(|(f, x)| *f += x / prompts.len() as f32);
            }
            Mean { features, at: Moment::default(), share: 0.0 }
        };
        let reference = reference([&[window(&calm[..50])][..]].into_iter());
        assert!(discrepancy(&window(&odd), &reference) > 3.0 * discrepancy(&window(&calm[50..]), &reference));
    }
}
