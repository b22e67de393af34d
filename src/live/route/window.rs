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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULE: Rule = Rule { span: 10, bytes: 1_000 };
    const START: Anchor = Anchor { from: 0, time: None };

    type Log = Vec<Entry<usize>>;
    /// Offset of the record at which it happens, and the parts' offsets, or the late one's.
    type Told = (i64, Result<(Vec<usize>, bool), usize>);

    /// Keys of single letters; none is a tick. Offsets have gaps, as a log's.
    fn log(records: &[(Option<u8>, Option<i64>, u64)]) -> Log {
        let entry = |(index, (key, time, bytes)): (usize, &(Option<u8>, Option<i64>, u64))| Entry {
            offset: index as i64 * 2,
            time: *time,
            bytes: *bytes,
            part: key.map(|key| (vec![key], index)),
        };
        records.iter().enumerate().map(entry).collect()
    }

    fn run(window: &mut Window<usize>, log: &[Entry<usize>]) -> Vec<Told> {
        let mut told = Vec::new();
        for entry in log {
            let Step { due, late } = window.step(entry.clone());
            told.extend(due.into_iter().map(|due| (entry.offset, Ok((due.parts, due.early)))));
            told.extend(entry.part.as_ref().filter(|_| late).map(|(_, part)| (entry.offset, Err(*part))));
        }
        told
    }

    /// The rule as it is written, looking back over the whole log each time.
    fn by_definition(log: &[Entry<usize>]) -> Vec<Told> {
        let mut places = Vec::new();
        let mut here = Place { time: 0, bytes: 0 };
        let mut any = None;
        for entry in log {
            any = any.max(entry.time);
            here = Place { time: any.unwrap_or(0), bytes: here.bytes + entry.bytes + OVERHEAD };
            places.push(here);
        }
        let far = |from: usize, to: usize| RULE.far(places[from], places[to]);
        let key = |index: usize| log[index].part.as_ref().map(|(key, _)| key);
        let mut told: Vec<(usize, Told)> = Vec::new();
        for index in (0..log.len()).filter(|index| key(*index).is_some()) {
            let before = |of: usize| (0..of).rev().find(|other| key(*other) == key(index));
            let is_first = |part: usize| before(part).is_none_or(|last| far(last, part));
            if is_first(index) {
                let of_it = (index..log.len()).filter(|part| key(*part) == key(index) && !far(index, *part)).collect();
                if let Some(at) = (index..log.len()).find(|at| far(index, *at)) {
                    let early = !RULE.late(places[index], places[at]);
                    told.push((index, (log[at].offset, Ok((of_it, early)))));
                }
                continue;
            }
            let first = (0..index).rev().find(|part| key(*part) == key(index) && is_first(*part));
            if first.is_some_and(|first| far(first, index)) {
                told.push((usize::MAX, (log[index].offset, Err(index))));
            }
        }
        told.sort_by_key(|(first, (at, _))| (*at, *first));
        told.into_iter().map(|(_, told)| told).collect()
    }

    #[test]
    fn parts_within_the_time_are_joined_and_later_ones_are_late() {
        let a = Some(b'a');
        let log = log(&[
            (a, Some(0), 1),
            (Some(b'b'), Some(3), 1),
            (a, Some(9), 1),
            (a, Some(12), 1),    // 0 and 9 are due before it comes; 9 is near, so it is late
            (None, Some(13), 1), // a tick
            (a, Some(21), 1),    // near 12
            (a, Some(31), 1),    // far from 21: a first
            (None, Some(41), 1),
        ]);
        let mut window = Window::at(RULE, START);
        let joined = |at: i64, parts: &[usize]| (at * 2, Ok((parts.to_vec(), false)));
        let expected = [joined(3, &[0, 2]), (6, Err(3)), joined(4, &[1]), (10, Err(5)), joined(7, &[6])];
        assert_eq!(run(&mut window, &log), expected);
        assert!(window.is_empty());
        assert_eq!(window.anchor(), Anchor { from: 15, time: Some(41) });
    }

    #[test]
    fn bytes_end_what_time_does_not() {
        let log = log(&[(Some(b'a'), None, 1), (None, None, 800), (Some(b'a'), None, 1), (None, None, 800)]);
        let told = run(&mut Window::at(RULE, START), &log);
        assert_eq!(told, [(6, Ok((vec![0, 2], true)))]);
    }

    #[test]
    fn what_is_flushed_is_not_known_any_more() {
        let log = log(&[(Some(b'a'), Some(5), 1), (Some(b'b'), Some(5), 1), (Some(b'a'), Some(6), 1)]);
        let mut window = Window::at(RULE, START);
        run(&mut window, &log);
        assert_eq!((window.anchor(), window.end()), (START, Some(16)));
        let parts: Vec<Vec<usize>> = window.flush().into_iter().map(|due| due.parts).collect();
        assert_eq!(parts, [vec![0, 2], vec![1]]);
        window.change(Rule { span: 20, ..RULE });
        assert_eq!(window.anchor(), Anchor { from: 5, time: Some(6) });
    }

    fn records() -> impl Strategy<Value = Vec<(Option<u8>, Option<i64>, u64)>> {
        let key = prop_oneof![4 => (b'a'..b'f').prop_map(Some), 1 => Just(None)];
        let size = prop_oneof![8 => 0..60_u64, 1 => 0..1_500_u64];
        // steps of time, sometimes back or far ahead, sometimes none
        let step = prop_oneof![8 => -2..4_i64, 1 => -30..30_i64];
        let one = (key, prop::option::weighted(0.95, step), size);
        prop::collection::vec(one, 0..120).prop_map(|mut all| {
            let mut time = 100;
            for (_, step, _) in &mut all {
                time += step.unwrap_or(0);
                *step = step.map(|_| time);
            }
            all
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_log_is_told_as_the_rule_says(records in records()) {
            let log = log(&records);
            prop_assert_eq!(run(&mut Window::at(RULE, START), &log), by_definition(&log));
        }

        #[test]
        fn wherever_it_begins_again_it_tells_the_same(
            records in records(),
            restarts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let log = log(&records);
            let mut places: Vec<usize> = restarts.iter().map(|index| index.index(log.len() + 1)).collect();
            places.sort_unstable();
            let mut window = Window::at(RULE, START);
            let (mut told, mut done) = (Vec::new(), 0);
            for place in places {
                told.extend(run(&mut window, &log[done..place]));
                done = place;
                let anchor = window.anchor();
                // all that the anchor leaves out is read no more
                prop_assert!(anchor.from <= window.next);
                window = Window::at(RULE, anchor);
                let again: Log = log[..done].iter().filter(|entry| entry.offset >= anchor.from).cloned().collect();
                run(&mut window, &again);
                // and if it dies there again, it begins no later
                prop_assert!(window.anchor().from >= anchor.from);
            }
            told.extend(run(&mut window, &log[done..]));
            prop_assert_eq!(told, by_definition(&log));
        }

        #[test]
        fn what_is_held_and_read_again_is_bounded(records in records()) {
            let mut window = Window::at(RULE, START);
            let mut read: Vec<(i64, Place)> = Vec::new();
            for entry in log(&records) {
                let largest = entry.bytes + OVERHEAD;
                window.step(entry.clone());
                let here = Place { time: window.time.unwrap_or(0), bytes: window.bytes };
                read.push((entry.offset, here));
                let held = window.pending.front().map_or(0, |p| here.bytes - p.first.bytes);
                prop_assert!(held < RULE.bytes.max(largest));
                // three generations, each one distance and a record long at most
                let anchor = window.anchor();
                let from = read.iter().find(|(offset, _)| *offset >= anchor.from).map_or(here, |(_, place)| *place);
                prop_assert!(here.bytes - from.bytes < 3 * (RULE.bytes + 1_500 + OVERHEAD));
            }
            if let Some(end) = window.end() {
                window.step(Entry { offset: 1_000, time: Some(end), bytes: 0, part: None });
                prop_assert!(window.is_empty() && window.pending.is_empty());
            }
        }
    }
}
