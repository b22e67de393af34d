//! Boosted trees: log-odds of harvest of a row of features.
//!
//! Flat nodes in the order of breadth, so that the children of a tree's k-th inner node are its nodes
//! 2k + 1 and 2k + 2: the file cannot even say a cycle, and what it can say wrong is found at load
//! (every feature below [`WIDTH`], every number finite, every tree whole and shallow). So a loaded forest
//! can't panic, loop or give NaN. Trees and nodes are summed in one fixed order: a row has the same bits
//! anywhere. An absent feature takes the branch that training found better for absent ones.
//! No allocation. Cost: a step per tree and level, so 900 for 150 trees of depth 6.

use serde::{Deserialize, Serialize};

use super::ModelError;
use crate::feature::{Row, TABLE, WIDTH};

/// Trees at most.
pub const MOST_TREES: usize = 1_024;
/// Inner nodes on any path at most.
pub const MOST_DEPTH: u32 = 8;

/// A tree as the file holds it: one entry per node, in the order of breadth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// Which feature decides; −1 in a leaf.
    pub feature: Vec<i16>,
    /// Up to here a row goes left; 0 in a leaf.
    pub threshold: Vec<f32>,
    /// 1: a row without the feature goes left.
    pub absent_left: Vec<u8>,
    /// Log-odds that a leaf adds; of an inner node the mean over the training rows that came by.
    pub value: Vec<f32>,
}

/// A checked forest.
#[derive(Debug)]
pub(crate) struct Forest {
    nodes: Vec<Node>,
    roots: Vec<u32>,
}

#[derive(Debug)]
struct Node {
    threshold: f32,
    value: f32,
    /// Place of the left child, the right one's before it; 0 in a leaf, for a root is nobody's child.
    left: u32,
    feature: u16,
    absent_left: bool,
}

/// A row as trees read it: NaN where a feature is absent.
pub(crate) type Seen = [f32; WIDTH];

/// The values that are there.
pub(crate) fn seen(row: &Row) -> Seen {
    let mut seen = [f32::NAN; WIDTH];
    for ((slot, value), feature) in seen.iter_mut().zip(row.values).zip(TABLE) {
        if feature.needs.met_by(row.present) {
            *slot = value as f32;
        }
    }
    seen
}

impl Forest {
    pub(crate) fn new(model: &str, trees: &[Tree]) -> Result<Forest, ModelError> {
        if trees.is_empty() || trees.len() > MOST_TREES {
            let (found, expected) = (trees.len(), trees.len().clamp(1, MOST_TREES));
            return Err(ModelError::WrongSize { model: model.to_owned(), what: "forest", found, expected });
        }
        let mut forest = Forest { nodes: Vec::new(), roots: Vec::new() };
        for (number, tree) in trees.iter().enumerate() {
            let bad = |why| ModelError::BadTree { model: model.to_owned(), tree: number, why };
            forest.push(tree).map_err(bad)?;
        }
        Ok(forest)
    }

    fn push(&mut self, tree: &Tree) -> Result<(), &'static str> {
        let count = tree.feature.len();
        if [tree.threshold.len(), tree.absent_left.len(), tree.value.len()] != [count; 3] {
            return Err("its lists differ in length");
        }
        if tree.feature.iter().filter(|feature| **feature >= 0).count() * 2 + 1 != count {
            return Err("not every inner node has two children");
        }
        // each child once, so a depth is known before it is asked for
        let mut depth = vec![0u32; count];
        let start = self.nodes.len();
        self.roots.push(start as u32);
        let mut child = 1;
        for i in 0..count {
            let (feature, threshold, value) = (tree.feature[i], tree.threshold[i], tree.value[i]);
            // sums of 1,024 of these stay far from infinity
            if !(value.abs() < 1e6 && threshold.is_finite()) {
                return Err("it holds a number that is not finite");
            }
            let mut left = 0;
            if feature >= 0 {
                if feature as usize >= WIDTH {
                    return Err("it asks for a feature that the table lacks");
                }
                if child <= i {
                    return Err("a node comes before its parent");
                }
                if depth[i] >= MOST_DEPTH {
                    return Err("it is too deep");
                }
                (depth[child], depth[child + 1]) = (depth[i] + 1, depth[i] + 1);
                left = (start + child) as u32;
                child += 2;
            }
            let feature = feature.max(0) as u16;
            self.nodes.push(Node { threshold, value, left, feature, absent_left: tree.absent_left[i] != 0 });
        }
        Ok(())
    }

    /// Trees and nodes.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.roots.len(), self.nodes.len())
    }

    /// Log-odds of harvest.
    pub(crate) fn log_odds(&self, seen: &Seen) -> f64 {
        let mut sum = 0.0;
        for root in &self.roots {
            let mut node = &self.nodes[*root as usize];
            while node.left != 0 {
                node = self.child(node, seen);
            }
            sum += f64::from(node.value);
        }
        sum
    }

    /// What each feature adds to the log-odds: on the way to its leaf a row moves from one mean to the next,
    /// and the step is put down to the feature that decided it. The steps sum to the log-odds less [`Forest::bias`].
    pub(crate) fn contributions(&self, seen: &Seen) -> [f64; WIDTH] {
        let mut steps = [0.0; WIDTH];
        for root in &self.roots {
            let mut node = &self.nodes[*root as usize];
            while node.left != 0 {
                let child = self.child(node, seen);
                steps[usize::from(node.feature)] += f64::from(child.value) - f64::from(node.value);
                node = child;
            }
        }
        steps
    }

    /// Log-odds of a row of which nothing is asked.
    #[cfg(test)]
    pub(crate) fn bias(&self) -> f64 {
        self.roots.iter().map(|root| f64::from(self.nodes[*root as usize].value)).sum()
    }

    fn child(&self, node: &Node, seen: &Seen) -> &Node {
        let value = seen[usize::from(node.feature)];
        let goes_left = if value.is_nan() { node.absent_left } else { value <= node.threshold };
        &self.nodes[node.left as usize + usize::from(!goes_left)]
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::tenant::stream::scatter;
    use proptest::prelude::*;

    /// A tree of random shape, in the order of breadth.
    fn tree(seed: u64, most_depth: u32) -> Tree {
        let mut tree = Tree::default();
        let mut open = std::collections::VecDeque::from([0u32]);
        while let Some(depth) = open.pop_front() {
            let random = scatter(seed ^ scatter(tree.feature.len() as u64));
            let inner = depth < most_depth && !random.is_multiple_of(4);
            tree.feature.push(if inner { (random >> 8) as i16 & 0x7fff } else { -1 });
            if let Some(feature) = tree.feature.last_mut().filter(|feature| **feature >= 0) {
                *feature %= WIDTH as i16;
                open.extend([depth + 1; 2]);
            }
            tree.threshold.push(if inner { (random >> 24) as u8 as f32 / 256.0 } else { 0.0 });
            tree.absent_left.push((random >> 33) as u8 & 1);
            tree.value.push(((random >> 40) as u8 as f32 - 128.0) / 64.0);
        }
        tree
    }

    /// The textbook: by recursion, on the file's own form. Returns the leaf's value and the steps.
    fn naive(tree: &Tree, node: usize, seen: &Seen, steps: &mut [f64; WIDTH]) -> f64 {
        let Ok(feature) = usize::try_from(tree.feature[node]) else { return f64::from(tree.value[node]) };
        let inner_before = tree.feature[..node].iter().filter(|feature| **feature >= 0).count();
        let left =
            if seen[feature].is_nan() { tree.absent_left[node] == 1 } else { seen[feature] <= tree.threshold[node] };
        let child = 2 * inner_before + if left { 1 } else { 2 };
        steps[feature] += f64::from(tree.value[child]) - f64::from(tree.value[node]);
        naive(tree, child, seen, steps)
    }

    fn row(seed: u64) -> Seen {
        std::array::from_fn(|i| match scatter(seed ^ scatter(i as u64)) {
            random if random.is_multiple_of(7) => f32::NAN,
            random => (random >> 20) as u8 as f32 / 256.0,
        })
    }

    proptest! {
        #[test]
        fn flat_loops_and_recursion_agree_to_the_bit(seed in any::<u64>(), count in 1usize..20) {
            let trees: Vec<Tree> = (0..count as u64).map(|i| tree(seed ^ scatter(i), 6)).collect();
            let forest = Forest::new("m", &trees).unwrap();
            for at in 0..20 {
                let seen = row(seed.wrapping_add(at));
                let (mut sum, mut steps) = (0.0, [0.0; WIDTH]);
                for tree in &trees {
                    sum += naive(tree, 0, &seen, &mut steps);
                }
                prop_assert_eq!(forest.log_odds(&seen).to_bits(), sum.to_bits());
                prop_assert_eq!(forest.contributions(&seen), steps);
                prop_assert!((steps.iter().sum::<f64>() - (sum - forest.bias())).abs() < 1e-9);
            }
        }

        /// Whatever the lists hold: an error, or a forest that answers.
        #[test]
        fn hostile_lists_are_refused_or_harmless(
            feature in prop::collection::vec(-2i16..40, 0..40),
            number in prop_oneof![Just(f32::NAN), Just(f32::INFINITY), -2.0f32..2.0],
        ) {
            let count = feature.len();
            let tree = Tree { feature, threshold: vec![number; count], absent_left: vec![1; count], value: vec![number; count] };
            if let Ok(forest) = Forest::new("m", &[tree]) {
                prop_assert!(forest.log_odds(&row(1)).is_finite());
            }
        }
    }

    #[test]
    fn every_fault_is_named() {
        let good = tree(3, 4);
        let wrong = |change: &dyn Fn(&mut Tree)| {
            let mut tree = good.clone();
            change(&mut tree);
            Forest::new("m", &[good.clone(), tree]).unwrap_err().to_string()
        };
        assert!(good.feature.len() > 4);
        assert_eq!(
            wrong(&|tree| tree.feature[0] = 30_000),
            "model `m`: tree 1: it asks for a feature that the table lacks"
        );
        assert!(wrong(&|tree| tree.value[2] = f32::NAN).contains("not finite"));
        assert!(wrong(&|tree| tree.threshold[0] = f32::INFINITY).contains("not finite"));
        assert!(wrong(&|tree| tree.value.truncate(2)).contains("differ in length"));
        assert!(wrong(&|tree| tree.feature[0] = -1).contains("two children"));
        // a leaf for a root, and then nodes that nothing leads to
        let orphan =
            Tree { feature: vec![-1, -1, 0], threshold: vec![0.0; 3], absent_left: vec![0; 3], value: vec![0.0; 3] };
        assert!(Forest::new("m", &[orphan]).unwrap_err().to_string().contains("comes before its parent"));
        // a chain of 9 inner nodes: every right child decides again
        let chain: Vec<i16> = (0..19).map(|i| if i == 0 || (i % 2 == 0 && i < 18) { 0 } else { -1 }).collect();
        let deep = Tree { threshold: vec![0.0; 19], absent_left: vec![0; 19], value: vec![0.0; 19], feature: chain };
        assert!(Forest::new("m", &[deep]).unwrap_err().to_string().contains("too deep"));
        assert!(Forest::new("m", &[]).unwrap_err().to_string().contains("`forest` has 0 entries"));
        let empty = Tree::default();
        assert!(Forest::new("m", &[empty]).unwrap_err().to_string().contains("two children"));
    }
}
