//! One tree: the split with most gain at every node, level by level.

use rayon::prelude::*;

use super::bins::{Bins, Feature};
use super::{Sample, Settings};
use crate::model::forest::Tree;

/// A split must lower the loss by this: what gains less is chance.
const LEAST_GAIN: f64 = 1e-6;

/// First and second derivative of the loss, and weight, summed over some rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slope {
    first: f64,
    second: f64,
    weight: f64,
    /// How many rows: what is left of a difference is a rounding error where there are none.
    rows: u32,
}

/// Sums of one feature by bin.
type Histogram = [Slope; 65];

/// A node whose split is still to be found.
struct Open {
    rows: Vec<u32>,
    sum: Slope,
    /// By feature asked; none where no split may follow.
    histograms: Vec<Histogram>,
    /// What monotone features above allow its leaves.
    low: f64,
    high: f64,
    depth: u32,
}

#[derive(Clone, Copy, Debug)]
struct Split {
    gain: f64,
    feature: usize,
    /// Bins up to this one go left.
    bin: usize,
    absent_left: bool,
    left: Slope,
}

impl Slope {
    pub(super) fn second(self) -> f64 {
        self.second
    }

    pub(super) fn of(sample: &Sample, odds: f64) -> Slope {
        let probability = 1.0 / (1.0 + libm::exp(-odds));
        let truth = if sample.harvest { 1.0 } else { 0.0 };
        Slope {
            first: sample.weight * (probability - truth),
            second: sample.weight * probability * (1.0 - probability),
            weight: sample.weight,
            rows: 1,
        }
    }

    fn add(&mut self, other: &Slope) {
        self.first += other.first;
        self.second += other.second;
        self.weight += other.weight;
        self.rows += other.rows;
    }

    fn less(&self, other: &Slope) -> Slope {
        if self.rows == other.rows {
            return Slope::default();
        }
        Slope {
            first: self.first - other.first,
            second: self.second - other.second,
            weight: self.weight - other.weight,
            rows: self.rows - other.rows,
        }
    }

    /// The best value of a leaf within bounds, and what the loss falls by with it.
    fn leaf(&self, l2: f64, low: f64, high: f64) -> (f64, f64) {
        let value = (-self.first / (self.second + l2)).clamp(low, high);
        (value, -(self.first * value + 0.5 * (self.second + l2) * value * value))
    }
}

/// Grows a tree on some rows and features.
pub(super) fn grow(bins: &Bins, slopes: &[Slope], rows: Vec<u32>, features: &[usize], settings: &Settings) -> Tree {
    let mut tree = Tree::default();
    let mut weights: Vec<f64> = Vec::new();
    let sum = total(&rows, slopes);
    let mut open = std::collections::VecDeque::new();
    let histograms = summed_up(bins, slopes, &rows, features);
    open.push_back(Open { rows, sum, histograms, low: -1e3, high: 1e3, depth: 0 });
    while let Some(mut node) = open.pop_front() {
        let (value, _) = node.sum.leaf(settings.l2, node.low, node.high);
        tree.value.push((settings.rate * value) as f32);
        weights.push(node.sum.weight);
        let split = if node.depth < settings.depth { best_split(bins, &node, features, settings) } else { None };
        let Some(split) = split else {
            tree.feature.push(-1);
            tree.threshold.push(0.0);
            tree.absent_left.push(0);
            continue;
        };
        let feature = bins.of(split.feature);
        tree.feature.push(split.feature as i16);
        tree.threshold.push(feature.edges[split.bin - 1]);
        tree.absent_left.push(u8::from(split.absent_left));
        let mut parent = std::mem::take(&mut node.histograms);
        let mut children = children(node, &split, feature, settings);
        if children[0].depth < settings.depth {
            // the smaller child is summed up, the larger one is what is left
            let smaller = usize::from(children[1].rows.len() < children[0].rows.len());
            let summed = summed_up(bins, slopes, &children[smaller].rows, features);
            for (all, part) in parent.iter_mut().flatten().zip(summed.iter().flatten()) {
                *all = all.less(part);
            }
            children[smaller].histograms = summed;
            children[1 - smaller].histograms = parent;
        }
        open.extend(children);
    }
    inner_values(&mut tree, &weights);
    tree
}

fn total(rows: &[u32], slopes: &[Slope]) -> Slope {
    let mut sum = Slope::default();
    for row in rows {
        sum.add(&slopes[*row as usize]);
    }
    sum
}

fn children(node: Open, split: &Split, feature: &Feature, settings: &Settings) -> [Open; 2] {
    let goes_left = |row: &u32| match usize::from(feature.rows[*row as usize]) {
        0 => split.absent_left,
        bin => bin <= split.bin,
    };
    let (left, right): (Vec<u32>, Vec<u32>) = node.rows.into_iter().partition(goes_left);
    let (left_sum, right_sum) = (split.left, node.sum.less(&split.left));
    let (mut bounds_left, mut bounds_right) = ((node.low, node.high), (node.low, node.high));
    let direction = settings.monotone[split.feature];
    if direction != 0 {
        // whatever grows below, no leaf of one side passes one of the other
        let value = |sum: &Slope| sum.leaf(settings.l2, node.low, node.high).0;
        let middle = f64::midpoint(value(&left_sum), value(&right_sum));
        if direction > 0 {
            (bounds_left.1, bounds_right.0) = (middle, middle);
        } else {
            (bounds_left.0, bounds_right.1) = (middle, middle);
        }
    }
    let child = |rows, sum, (low, high)| Open { rows, sum, histograms: Vec::new(), low, high, depth: node.depth + 1 };
    [child(left, left_sum, bounds_left), child(right, right_sum, bounds_right)]
}

/// Sums of each feature over some rows, in their order.
fn summed_up(bins: &Bins, slopes: &[Slope], rows: &[u32], features: &[usize]) -> Vec<Histogram> {
    // once from all over the memory, then for every feature in order
    let slopes: Vec<Slope> = rows.iter().map(|row| slopes[*row as usize]).collect();
    let of = |feature: &usize| {
        let mut sums = [Slope::default(); 65];
        let feature = bins.of(*feature);
        if !feature.edges.is_empty() {
            for (row, slope) in rows.iter().zip(&slopes) {
                sums[usize::from(feature.rows[*row as usize])].add(slope);
            }
        }
        sums
    };
    features.par_iter().map(of).collect()
}

fn best_split(bins: &Bins, node: &Open, features: &[usize], settings: &Settings) -> Option<Split> {
    let found = features.iter().zip(&node.histograms);
    let found = found.map(|(feature, sums)| best_of(*feature, bins.of(*feature), sums, node, settings));
    // ties go to the first feature
    found.flatten().reduce(|best, other| if other.gain > best.gain { other } else { best })
}

fn best_of(index: usize, feature: &Feature, sums: &Histogram, node: &Open, settings: &Settings) -> Option<Split> {
    if feature.edges.is_empty() {
        return None;
    }
    let (_, before) = node.sum.leaf(settings.l2, node.low, node.high);
    let absent = sums[0];
    let mut best: Option<Split> = None;
    let mut below = Slope::default();
    for (bin, sum) in sums.iter().enumerate().take(feature.edges.len() + 1).skip(1) {
        below.add(sum);
        for absent_left in [false, true] {
            // nobody lacks it: then both sides are one split, and what lacks it later goes with the most
            if absent.rows == 0 && absent_left != (below.weight > node.sum.weight / 2.0) {
                continue;
            }
            let mut left = below;
            if absent_left {
                left.add(&absent);
            }
            let right = node.sum.less(&left);
            if left.second < settings.least || right.second < settings.least {
                continue;
            }
            let (value_left, gain_left) = left.leaf(settings.l2, node.low, node.high);
            let (value_right, gain_right) = right.leaf(settings.l2, node.low, node.high);
            if f64::from(settings.monotone[index]) * (value_right - value_left) < 0.0 {
                continue;
            }
            let gain = gain_left + gain_right - before;
            if gain > best.map_or(LEAST_GAIN, |best| best.gain) {
                best = Some(Split { gain, feature: index, bin, absent_left, left });
            }
        }
    }
    best
}

/// An inner node's value is the mean of the leaves below over the rows that came by.
fn inner_values(tree: &mut Tree, weights: &[f64]) {
    let mut inner = tree.feature.iter().filter(|feature| **feature >= 0).count();
    for place in (0..tree.feature.len()).rev() {
        if tree.feature[place] >= 0 {
            inner -= 1;
            let (left, right) = (2 * inner + 1, 2 * inner + 2);
            let sum = weights[left] * f64::from(tree.value[left]) + weights[right] * f64::from(tree.value[right]);
            tree.value[place] = (sum / (weights[left] + weights[right]).max(1e-12)) as f32;
        }
    }
}
