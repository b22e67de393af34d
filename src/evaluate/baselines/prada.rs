//! PRADA (Juuti et al., 2019): the smallest distances between a client's queries are normally
//! distributed for natural ones, and not for made ones.
//!
//! As published, but for three things: the distance is that of the shipped embedding, since there is no
//! image; a query is compared with the last 500, so that cost stays bounded; and W is looked at over the
//! last 100 distances, after outliers beyond three deviations are taken out. The threshold comes from
//! calm tenants, as there.

use super::Step;
use super::window::Window;
use crate::evaluate::glimpse::embedding::{Embedding, squared_distance};
use crate::evaluate::statistics::shapiro;
use crate::evaluate::track::Track;

const QUERIES: usize = 500;
const DISTANCES: usize = 100;
/// W is computed this often: neighbouring windows share nearly all of their distances.
const EVERY: u64 = 20;

/// Queries and their distances.
#[derive(Debug)]
pub struct Prada {
    queries: Window<Embedding>,
    distances: Window<f64>,
    count: u64,
}

impl Default for Prada {
    fn default() -> Prada {
        Prada { queries: Window::new(QUERIES), distances: Window::new(DISTANCES), count: 0 }
    }
}

impl Prada {
    /// Says 1 − W, from 100 distances on.
    pub fn add(&mut self, step: Step<'_, '_>, track: &mut Track) {
        let Some(query) = &step.glimpse.embedding else {
            return;
        };
        let nearest = self.queries.values().map(|past| squared_distance(past, query)).min_by(f32::total_cmp);
        self.queries.push(*query, step.harvested);
        let Some(nearest) = nearest else {
            return;
        };
        self.distances.push(f64::from(nearest).max(0.0).sqrt(), step.harvested);
        self.count += 1;
        if self.distances.count() < DISTANCES || !self.count.is_multiple_of(EVERY) {
            return;
        }
        let all: Vec<f64> = self.distances.values().copied().collect();
        if let Some(w) = shapiro::w(&without_outliers(&all)) {
            track.push(1.0 - w, step.at, || self.distances.share(|_| true));
        }
    }
}

/// Those within three deviations of the mean.
fn without_outliers(values: &[f64]) -> Vec<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let spread = (values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n).sqrt();
    values.iter().copied().filter(|x| (x - mean).abs() <= 3.0 * spread).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outliers_go() {
        let mut values = vec![1.0; 50];
        values.extend([1.1; 49]);
        values.push(9.0);
        assert_eq!(without_outliers(&values).len(), 99);
        assert_eq!(without_outliers(&[2.0; 20]).len(), 20);
    }
}
