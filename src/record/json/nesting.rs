//! What is open around a value: one bit a level, so that 8 million levels cost 1 MB and no stack.

/// The bit of an object; an array is the other.
pub(super) const OBJECT: bool = true;

/// A stack of bits. The newest 64 levels are in `word`, so that no real record allocates.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    word: u64,
    depth: usize,
    spilled: Vec<u64>,
}

impl Nesting {
    pub(super) fn push(&mut self, kind: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.spilled.push(self.word);
        }
        self.word = self.word << 1 | u64::from(kind);
        self.depth += 1;
    }

    pub(super) fn pop(&mut self) {
        self.word >>= 1;
        self.depth -= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.word = self.spilled.pop().unwrap_or_default();
        }
    }

    pub(super) fn top(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.word & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::Nesting;

    #[test]
    fn remembers_every_level_across_words() {
        let kind = |level: u32| level.is_multiple_of(3) ^ level.is_multiple_of(7);
        let mut nesting = Nesting::default();
        for level in 0..1000 {
            nesting.push(kind(level));
        }
        for level in (0..1000).rev() {
            assert_eq!(nesting.top(), Some(kind(level)), "level {level}");
            nesting.pop();
            // a pop and a push across the edge of a word must not lose it
            nesting.push(!kind(level));
            assert_eq!(nesting.top(), Some(!kind(level)));
            nesting.pop();
        }
        assert_eq!(nesting.top(), None);
    }
}
