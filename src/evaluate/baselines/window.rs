//! The last exchanges of a tenant: a value each, and which of them were harvested.

use std::collections::VecDeque;

/// A window of bounded length.
#[derive(Debug)]
pub struct Window<T> {
    entries: VecDeque<(T, bool)>,
    most: usize,
}

impl<T> Window<T> {
    /// Holds the last `most`.
    pub fn new(most: usize) -> Window<T> {
        Window { entries: VecDeque::new(), most }
    }

    /// Adds one; the oldest goes if it is full.
    pub fn push(&mut self, value: T, harvested: bool) {
        if self.entries.len() == self.most {
            self.entries.pop_front();
        }
        self.entries.push_back((value, harvested));
    }

    /// Drops from the old end while the condition holds.
    pub fn drop_while(&mut self, old: impl Fn(&T) -> bool) {
        while self.entries.front().is_some_and(|(value, _)| old(value)) {
            self.entries.pop_front();
        }
    }

    /// How many it holds.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// The values, oldest first.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|(value, _)| value)
    }

    /// Harvested share of those that the condition holds for.
    pub fn share(&self, of: impl Fn(&T) -> bool) -> f64 {
        let (mut all, mut harvested) = (0.0, 0.0);
        for (_, is) in self.entries.iter().filter(|(value, _)| of(value)) {
            all += 1.0;
            harvested += f64::from(*is);
        }
        if all > 0.0 { harvested / all } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_the_last_and_their_share() {
        let mut window = Window::new(4);
        for i in 0..6 {
            window.push(i, i % 2 == 0);
        }
        assert_eq!(window.values().copied().collect::<Vec<_>>(), [2, 3, 4, 5]);
        assert_eq!((window.share(|_| true), window.share(|i| *i > 2)), (0.5, 1.0 / 3.0));
        window.drop_while(|i| *i < 5);
        assert_eq!((window.count(), window.share(|i| *i > 9)), (1, 0.0));
    }
}
