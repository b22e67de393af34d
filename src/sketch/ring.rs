//! The last few values of a stream, for "was this among the last 16?".
//!
//! Not a set: a value that returns takes another place. Cost: one pass over at most 16 words.

use serde::{Deserialize, Serialize};

/// The last `A::len()` values. `A` is an array, so that the size is part of the type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring<A> {
    slots: A,
    next: u8,
    used: u8,
}

impl<T: Copy + PartialEq, const N: usize> Ring<[T; N]> {
    /// Whether the value is among the last ones.
    pub fn contains(&self, value: T) -> bool {
        self.recent().contains(&value)
    }

    /// The values held, in no useful order.
    pub fn recent(&self) -> &[T] {
        // a damaged state record must not be able to bring the process down
        self.slots.get(..usize::from(self.used)).unwrap_or(&self.slots)
    }

    /// The newest value.
    pub fn newest(&self) -> Option<T> {
        let used = usize::from(self.used);
        if used == 0 {
            return None;
        }
        Some(self.slots[(usize::from(self.next) + N - 1) % N])
    }

    /// Adds a value. Full: the oldest goes.
    pub fn push(&mut self, value: T) {
        let at = usize::from(self.next) % N;
        self.slots[at] = value;
        self.next = ((at + 1) % N) as u8;
        self.used = (usize::from(self.used) + 1).min(N) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn holds_the_last_eight(values in prop::collection::vec(0u32..40, 0..60)) {
            let mut ring = Ring::<[u32; 8]>::default();
            for value in &values {
                ring.push(*value);
            }
            let last = &values[values.len().saturating_sub(8)..];
            for value in 0..40 {
                prop_assert_eq!(ring.contains(value), last.contains(&value));
            }
            prop_assert_eq!(ring.newest(), last.last().copied());
            prop_assert_eq!(ring.recent().len(), last.len());
        }
    }
}
