//! An isolation forest: random cuts part what is odd from calm rows sooner than what is usual.

use ndarray::Array2;

use crate::draw::{Draw, mix};
use crate::feature::WIDTH;

/// Rows of the forest; each tree sees [`OF_TREE`] of them.
pub(super) const ROWS: usize = 6_000;
const TREES: u64 = 100;
const OF_TREE: usize = 256;
/// log2 of the rows of a tree: beyond it a path is as long as chance makes it.
const DEPTH: u32 = 8;

enum Node {
    /// Expected cuts below: as many rows ended here.
    End(f64),
    Cut {
        feature: usize,
        at: f64,
        below: Box<[Node; 2]>,
    },
}

/// A forest of calm rows.
pub(super) struct Isolation {
    trees: Vec<Node>,
    /// Mean path of a tree's rows.
    usual: f64,
}

impl Isolation {
    pub(super) fn new(rows: &Array2<f64>, seed: u64) -> Isolation {
        let tree = |number: u64| {
            let mut draw = Draw::new(mix(&[seed, 61, number]));
            let drawn = (0..OF_TREE.min(rows.nrows())).map(|_| draw.below(rows.nrows())).collect();
            grow(rows, drawn, 0, &mut draw)
        };
        Isolation { trees: (0..TREES).map(tree).collect(), usual: path(OF_TREE.min(rows.nrows())) }
    }

    /// How many cuts sooner than usual it is alone.
    pub(super) fn oddness(&self, row: &[f64; WIDTH]) -> f64 {
        let mean = self.trees.iter().map(|tree| cuts(tree, row)).sum::<f64>() / TREES as f64;
        self.usual - mean
    }
}

fn grow(rows: &Array2<f64>, drawn: Vec<usize>, depth: u32, draw: &mut Draw) -> Node {
    // a feature in which these rows are all the same parts nothing: another one, and after a few the end
    let cut = (0..8).find_map(|_| {
        let feature = draw.below(WIDTH);
        let values = drawn.iter().map(|row| rows[[*row, feature]]);
        let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        (low < high).then(|| (feature, low + (high - low) * draw.unit()))
    });
    let Some((feature, at)) = cut.filter(|_| depth < DEPTH && drawn.len() > 1) else {
        return Node::End(path(drawn.len()));
    };
    let (left, right) = drawn.into_iter().partition(|row| rows[[*row, feature]] < at);
    let below = Box::new([grow(rows, left, depth + 1, draw), grow(rows, right, depth + 1, draw)]);
    Node::Cut { feature, at, below }
}

fn cuts(mut node: &Node, row: &[f64; WIDTH]) -> f64 {
    let mut passed = 0.0;
    loop {
        match node {
            Node::End(more) => return passed + more,
            Node::Cut { feature, at, below } => {
                passed += 1.0;
                node = &below[usize::from(row[*feature] >= *at)];
            }
        }
    }
}

/// Mean cuts of an unsuccessful search among so many rows.
fn path(rows: usize) -> f64 {
    const EULER: f64 = 0.577_215_664_901_532_9;
    match rows {
        0 | 1 => 0.0,
        2 => 1.0,
        _ => {
            let n = rows as f64;
            2.0 * (libm::log(n - 1.0) + EULER) - 2.0 * (n - 1.0) / n
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::stream::scatter;

    /// Every fiftieth is far off.
    fn row(seed: u64) -> [f64; WIDTH] {
        let off = if seed.is_multiple_of(50) { 5.0 } else { 0.0 };
        std::array::from_fn(|f| off + (scatter(scatter(seed) ^ f as u64) % 1_000) as f64 / 1_000.0)
    }

    #[test]
    fn what_is_far_off_is_alone_soon() {
        let rows = Array2::from_shape_fn((1_000, WIDTH), |(i, f)| row(i as u64)[f]);
        let forest = Isolation::new(&rows, 3);
        let far = forest.oddness(&row(50_000));
        let usual = (50_001..50_050).map(|seed| forest.oddness(&row(seed))).fold(f64::MIN, f64::max);
        assert!(far > usual + 1.0, "{far} and {usual}");
        assert_eq!(Isolation::new(&rows, 3).oddness(&row(50_000)), far);
    }

    #[test]
    fn rows_that_are_all_the_same_end_at_once() {
        let forest = Isolation::new(&Array2::zeros((50, WIDTH)), 3);
        assert!(forest.oddness(&[9.0; WIDTH]).is_finite());
    }
}
