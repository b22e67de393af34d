//! Where sealed reasoning was sent back before: the same block in another conversation is replayed, not continued.
//!
//! A block belongs to the conversation that it was sealed in. Its place is how that one begins, with account and model;
//! a block that comes to a new place while it is known from another was carried there. Most tenants send none back: what
//! is remembered takes room from the first on. Cost: about 20 ns an exchange that sends one.

use serde::{Deserialize, Serialize};

use crate::sketch::Quoted;
use crate::trace::Trace;

/// The last 128 blocks, each alone and in its place: 512 bytes.
type Blocks = Quoted<4>;

/// Sealed reasoning that the tenant sent back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sealed(Blocks);

impl Sealed {
    /// Bytes beside the struct itself, at most.
    pub(super) const MOST_BYTES: usize = Blocks::MOST_BYTES;

    /// Whether its sealed reasoning, known from another place, comes to a new one; remembers it. `ordinal` counts the
    /// tenant's exchanges.
    pub(super) fn observe(&mut self, trace: &Trace<'_>, ordinal: u64) -> bool {
        let (block, placed) = trace.sealed;
        if block == 0 {
            return false;
        }
        let carried = self.0.holds_any(&[block]) && !self.0.holds_any(&[placed]);
        self.0.remember(&[block, placed], ordinal);
        carried
    }

    /// Bytes in use beside the struct itself.
    pub(super) fn logical_bytes(&self) -> usize {
        self.0.logical_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Exchange;
    use crate::trace::Tracer;

    fn told(talks: &[(&str, &str, Option<&str>)]) -> Vec<bool> {
        let (tracer, mut sealed) = (Tracer::new(b"secret for tests"), Sealed::default());
        let exchange = |(opening, account, block)| Exchange {
            tenant: "acme",
            opening: Some(opening),
            account: Some(account),
            sealed: block,
            ..Exchange::default()
        };
        (0..).zip(talks).map(|(i, talk)| sealed.observe(&tracer.trace(&exchange(*talk)), i)).collect()
    }

    #[test]
    fn a_block_goes_on_in_its_conversation_and_is_replayed_in_another() {
        let talks = [("a", "k", Some("x")), ("a", "k", Some("x")), ("a", "k", Some("y")), ("a", "k", None)];
        assert_eq!(told(&talks), [false; 4]);
        let talks = [("a", "k", Some("x")), ("b", "k", Some("x")), ("b", "k", Some("x")), ("a", "l", Some("x"))];
        assert_eq!(told(&talks), [false, true, false, true], "another conversation, another account");
    }

    #[test]
    fn blocks_in_turn_are_known_for_what_they_are() {
        let names: Vec<String> = (0..400).map(|i| format!("talk {i}")).collect();
        let blocks: Vec<String> = (0..40).map(|i| format!("block {i}")).collect();
        let block = |i: usize| Some(blocks[i % 40].as_str());
        let carried: Vec<_> = (0..400).map(|i| (names[i].as_str(), "k", block(i))).collect();
        let kept: Vec<_> = (0..400).map(|i| (names[i % 40].as_str(), "k", block(i))).collect();
        let count = |talks: &[_]| told(talks).into_iter().filter(|carried| *carried).count();
        assert!(count(&carried) >= 320, "{} of 360", count(&carried));
        assert!(count(&kept) <= 8, "{}", count(&kept));
    }
}
