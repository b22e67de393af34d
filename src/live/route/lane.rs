//! One partition that is read, and what its records have become.

use super::super::publish::{Cover, Message};
use super::note::Note;
use super::window::{Anchor, Window};
use crate::clock::Stopwatch;
use crate::source::Record;
use crate::units::Position;

/// A partition that is read.
#[derive(Debug)]
pub(super) struct Lane {
    /// The offset after the last record taken.
    pub(super) next: i64,
    /// Records below are taken again, with output off, to hold what was held at this offset.
    pub(super) live_from: i64,
    /// What the last transaction committed; none before the first.
    committed: Option<Cover>,
    /// Parts that wait for others; none where nothing is joined.
    pub(super) window: Option<Window<Held>>,
    /// Since log time last moved on, or was told to.
    pub(super) quiet: Stopwatch,
    /// What no transaction holds yet. Full (`live.publish_bytes` over all): nothing is polled until it is published.
    pub(super) outputs: Vec<Message>,
    /// Bytes of them.
    pub(super) bytes: usize,
}

/// A part that waits.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) at: Position,
    pub(super) time: Option<i64>,
    pub(super) key: Vec<u8>,
    pub(super) payload: Vec<u8>,
    /// What it was cut from.
    pub(super) source: Option<String>,
}

impl Held {
    pub(super) fn record(&self) -> Record<'_> {
        let (key, payload) = (Some(self.key.as_slice()), Some(self.payload.as_slice()));
        Record { at: self.at, broker_ts: self.time, header: None, key, payload }
    }
}

impl Lane {
    /// Begins at an offset.
    pub(super) fn at(next: i64, committed: Option<Cover>) -> Lane {
        let (quiet, outputs) = (Stopwatch::start(), Vec::new());
        Lane { next, live_from: next, committed, window: None, quiet, outputs, bytes: 0 }
    }

    /// Begins with parts that wait, which may be read again first.
    pub(super) fn holding(self, window: Window<Held>) -> Lane {
        Lane { next: window.anchor().from, window: Some(window), ..self }
    }

    /// The same where the log holds only what lies between.
    pub(super) fn past_gap(self, low: i64, high: i64) -> Lane {
        if high < self.live_from {
            // another log: nothing of the former is in it
            let window = self.window.map(|window| Window::at(window.rule(), Anchor { from: low, time: None }));
            return Lane { next: low, live_from: low, window, ..self };
        }
        let next = low.max(self.next);
        let mut lane = Lane { next, live_from: low.max(self.live_from), ..self };
        if let Some(window) = &mut lane.window {
            window.skip(next);
        }
        lane
    }

    /// Whether everything that it held before is held again.
    pub(super) fn is_live(&self) -> bool {
        self.live_from <= self.next
    }

    /// How far it has come, as the group is to keep it.
    pub(super) fn cover(&self) -> Cover {
        let note = |window: &Window<Held>| Note { anchor: window.anchor(), rule: window.rule() }.write();
        Cover { next: self.next, note: self.window.as_ref().map_or_else(String::new, note) }
    }

    /// Whether there is something to tell: outputs, or progress.
    pub(super) fn has_news(&self) -> bool {
        self.is_live() && (!self.outputs.is_empty() || self.committed.as_ref() != Some(&self.cover()))
    }

    pub(super) fn published(&mut self, cover: &Cover) {
        self.outputs.clear();
        self.bytes = 0;
        self.committed = Some(cover.clone());
    }

    pub(super) fn push(&mut self, message: Message) {
        self.bytes += message.bytes();
        self.outputs.push(message);
    }
}

#[cfg(test)]
mod tests {
    use super::super::window::Rule;
    use super::*;

    #[test]
    fn past_a_gap_it_reads_again_what_is_still_there() {
        let lane = || {
            let committed = Some(Cover { next: 9, note: "as it was".to_owned() });
            let rule = Rule { span: 10, bytes: 100 };
            Lane::at(9, committed).holding(Window::at(rule, Anchor { from: 5, time: Some(70) }))
        };
        let places = |lane: &Lane| (lane.next, lane.live_from, lane.is_live());
        assert_eq!(places(&lane()), (5, 9, false));
        assert_eq!(places(&lane().past_gap(7, 20)), (7, 9, false));
        let beyond = lane().past_gap(12, 20);
        assert_eq!(places(&beyond), (12, 12, true));
        assert!(beyond.has_news() && beyond.cover().note.starts_with(r#"{"v":1,"from":12,"time":70,"#));
        let anew = lane().past_gap(0, 4);
        assert_eq!(places(&anew), (0, 0, true));
        assert!(anew.cover().note.starts_with(r#"{"v":1,"from":0,"span":10,"#), "{}", anew.cover().note);
    }
}
