//! Which parts of one key belong together: a rule over the log of one partition, without a clock and without memory
//! that the log could not give back.
//!
//! ```text
//!  log time ──────────────────────────────────────────────────────────────────────────►
//!  parts of a key   F  p    p │ l   l          │           F   …
//!                   └ first   │ └ late ┘       └ the key is forgotten: far from its last part
//!                             └ far from the first: the exchange is emitted
//! ```
//!
//! - Log time is the greatest timestamp so far. A place is *far* from an earlier one when the log time between them is
//!   [`Rule::span`], or the records between them hold [`Rule::bytes`].
//! - A part is a *first* if the last part of its key before it is far from it, or there is none.
//! - An exchange is emitted when the log has moved far from its first, with the parts that came until then, in the order
//!   of firsts. What comes later, while the key is known, is late and dropped.
//! - Everything happens at a record: what is due is emitted, then the record is taken in.
//!
//! So what a record does depends on the records before it that are not far, and on those that are not far from these:
//! read from there on, the log gives the same window again. [`Window::anchor`] is that place: the start of the generation
//! before the one before, where a generation ends when the log has moved far from its start. Everything held at a place
//! has its first after the start of the generation before, and whether it is a first the generation before that tells.
//!
//! Bounded: what is held lies within one distance, so its bytes are below [`Rule::bytes`] and one record. Cost: a lookup
//! a record, and nothing that grows with what is held.

use std::collections::{HashMap, VecDeque};

/// What a record takes beyond key and value: small ones must not be free.
pub(super) const OVERHEAD: u64 = 64;

/// How far is far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// Milliseconds of log time.
    pub(super) span: i64,
    /// Bytes of records.
    pub(super) bytes: u64,
}

/// A place in the log, as far as the rule sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    time: i64,
    bytes: u64,
}

/// A record of the log, as far as the rule sees it.
#[derive(Clone, Debug)]
pub(super) struct Entry<P> {
    /// Offset.
    pub(super) offset: i64,
    /// Kafka's timestamp, if any.
    pub(super) time: Option<i64>,
    /// Bytes of key and value.
    pub(super) bytes: u64,
    /// Key and part; none of what only moves the time.
    pub(super) part: Option<(Vec<u8>, P)>,
}

/// An exchange that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Due<P> {
    /// Its parts, in the order in which they came; at least one.
    pub(super) parts: Vec<P>,
    /// Emitted for the bytes that came after it, not for the time that had passed.
    pub(super) early: bool,
}

/// What a record did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step<P> {
    /// What is emitted, in order.
    pub(super) due: Vec<Due<P>>,
    /// Its part was late, and dropped.
    pub(super) late: bool,
}

/// Where to read again from to have this window again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Anchor {
    /// Offset.
    pub(super) from: i64,
    /// Log time before it, if there was any.
    pub(super) time: Option<i64>,
}

/// What is held of one partition.
#[derive(Clone, Debug)]
pub(super) struct Window<P> {
    rule: Rule,
    /// The offset after the last record.
    next: i64,
    /// Log time.
    time: Option<i64>,
    /// Bytes read, from any beginning: differences alone count.
    bytes: u64,
    /// Exchanges not yet emitted, in the order of their firsts.
    pending: VecDeque<Pending<P>>,
    /// Exchanges emitted so far: the number of the first pending one.
    emitted: u64,
    /// Never iterated.
    keys: HashMap<Vec<u8>, Known>,
    /// Keys in the order of their parts, for forgetting them.
    seen: VecDeque<(Place, Vec<u8>)>,
    /// Starts of the last three generations; none where nothing is held and no key known.
    generations: VecDeque<(Place, Anchor)>,
}

#[derive(Clone, Debug)]
struct Pending<P> {
    first: Place,
    parts: Vec<P>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    /// Number of its exchange.
    exchange: u64,
    last: Place,
}

impl Rule {
    fn far(self, from: Place, to: Place) -> bool {
        self.late(from, to) || self.bytes <= to.bytes - from.bytes
    }

    /// Far in time.
    fn late(self, from: Place, to: Place) -> bool {
        self.span <= to.time.saturating_sub(from.time)
    }
}

impl<P> Window<P> {
    /// Begins where an anchor says, with nothing.
    pub(super) fn at(rule: Rule, anchor: Anchor) -> Window<P> {
        Window {
            rule,
            next: anchor.from,
            time: anchor.time,
            bytes: 0,
            pending: VecDeque::new(),
            emitted: 0,
            keys: HashMap::new(),
            seen: VecDeque::new(),
            generations: VecDeque::new(),
        }
    }

    /// Goes on by one record.
    pub(super) fn step(&mut self, entry: Entry<P>) -> Step<P> {
        let before = Anchor { from: entry.offset, time: self.time };
        self.time = self.time.max(entry.time);
        self.bytes += entry.bytes + OVERHEAD;
        self.next = entry.offset + 1;
        // a log without any timestamps stands still
        let here = Place { time: self.time.unwrap_or(0), bytes: self.bytes };
        let due = self.due(here);
        self.forget(here);
        let late = entry.part.is_some_and(|(key, part)| self.take(key, part, here));
        self.turn(here, before);
        Step { due, late }
    }

    /// Nothing is held and the log begins later than was thought.
    pub(super) fn skip(&mut self, next: i64) {
        self.next = self.next.max(next);
    }

    /// Emits all that is held, as it is, and knows nothing any more.
    pub(super) fn flush(&mut self) -> Vec<Due<P>> {
        self.keys.clear();
        self.seen.clear();
        self.generations.clear();
        let all = std::mem::take(&mut self.pending).into_iter();
        all.map(|pending| Due { parts: pending.parts, early: true }).collect()
    }

    /// Goes by another rule from here on; only where nothing is held.
    pub(super) fn change(&mut self, rule: Rule) {
        debug_assert!(self.is_empty(), "a changed rule would judge by two");
        self.rule = rule;
    }

    /// By which rule.
    pub(super) fn rule(&self) -> Rule {
        self.rule
    }

    /// Whether nothing is held and no key known: what comes does not depend on what came.
    pub(super) fn is_empty(&self) -> bool {
        // a key is known for as long as its exchange is pending, and longer
        self.keys.is_empty()
    }

    /// Where to read again from.
    pub(super) fn anchor(&self) -> Anchor {
        self.generations.front().map_or(Anchor { from: self.next, time: self.time }, |(_, anchor)| *anchor)
    }

    /// The time of a record that would empty the window.
    pub(super) fn end(&self) -> Option<i64> {
        Some(self.time?.saturating_add(self.rule.span))
    }

    /// Log time.
    pub(super) fn time(&self) -> Option<i64> {
        self.time
    }

    fn due(&mut self, here: Place) -> Vec<Due<P>> {
        let mut due = Vec::new();
        while self.pending.front().is_some_and(|pending| self.rule.far(pending.first, here)) {
            let Some(Pending { first, parts }) = self.pending.pop_front() else { break };
            self.emitted += 1;
            due.push(Due { parts, early: !self.rule.late(first, here) });
        }
        due
    }

    fn forget(&mut self, here: Place) {
        while self.seen.front().is_some_and(|(place, _)| self.rule.far(*place, here)) {
            let Some((place, key)) = self.seen.pop_front() else { break };
            // of a key that came again this is not the last place
            if self.keys.get(&key).is_some_and(|known| known.last == place) {
                self.keys.remove(&key);
            }
        }
    }

    /// Whether the part is late.
    fn take(&mut self, key: Vec<u8>, part: P, here: Place) -> bool {
        let next = self.emitted + self.pending.len() as u64;
        let known = self.keys.entry(key.clone()).or_insert(Known { exchange: next, last: here });
        known.last = here;
        self.seen.push_back((here, key));
        if known.exchange == next {
            self.pending.push_back(Pending { first: here, parts: vec![part] });
            return false;
        }
        let place = known.exchange.checked_sub(self.emitted).map(|place| place as usize);
        match place.and_then(|place| self.pending.get_mut(place)) {
            Some(pending) => {
                pending.parts.push(part);
                false
            }
            None => true,
        }
    }

    fn turn(&mut self, here: Place, before: Anchor) {
        if self.is_empty() {
            self.generations.clear();
            return;
        }
        if self.generations.back().is_none_or(|(start, _)| self.rule.far(*start, here)) {
            self.generations.push_back((here, before));
            if self.generations.len() > 3 {
                self.generations.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests;
