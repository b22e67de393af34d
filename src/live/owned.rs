//! A partition this instance has been assigned, from assignment to revocation.

use std::sync::Arc;
use std::time::Duration;

use super::control;
use super::publish::Message;
use super::restore::Ready;
use crate::clock::Stopwatch;
use crate::control::Wanted;
use crate::pipeline::Partition;
use crate::side_inputs::SideInputs;
use crate::tenant::checkpoint::Slice;
use crate::tenant::shard::SHARDS;

/// Where a partition stands.
#[derive(Debug)]
pub enum Phase {
    /// Paused; the restore thread is reading its state.
    Restoring,
    /// Folding records below `live_from` again, with output off. Never in `covers`, never checkpointed.
    Refolding,
    /// Folding and publishing.
    Live,
    /// Paused for good, with the reason. The process lives.
    Stopped(String),
}

/// Shards whose checkpoint is due.
#[derive(Debug)]
pub struct Due {
    /// How far the cursor moves when all of them are written.
    pub turns: usize,
    /// Turn and shard of each that has something to write.
    pub shards: Vec<(usize, usize)>,
}

/// One assigned partition.
pub struct Owned {
    /// Tells this assignment from an earlier one of the same partition.
    pub epoch: u64,
    /// Where it stands.
    pub phase: Phase,
    /// Its fold; none while restoring.
    pub fold: Option<Partition>,
    /// Output is off below this offset.
    pub live_from: i64,
    /// The offset that the last transaction committed; none before the first ever.
    pub committed: Option<i64>,
    /// Outputs of folded records that no transaction holds yet.
    /// Full (`live.publish_bytes` over all partitions): the poll thread publishes before it polls again.
    pub outputs: Vec<Message>,
    /// Bytes of them.
    pub output_bytes: usize,
    /// A finding waits among them.
    pub finding_waits: bool,
    /// Since when the shard at the cursor waits, and the next shard to checkpoint.
    turn: Stopwatch,
    cursor: usize,
    /// Since when each shard waits for its turn, and since when the cursor goes its round.
    visited: Vec<Stopwatch>,
    round: Stopwatch,
    /// Since the assignment.
    assigned: Stopwatch,
    /// Evicted and forgotten tenants already reported.
    reported: (u64, u64),
    /// Covered offset of each shard's last committed marker.
    markers: Vec<i64>,
    /// What the control records name last, those among `outputs` included.
    in_force: Wanted,
}

impl Owned {
    /// A partition just assigned.
    pub fn new(epoch: u64) -> Owned {
        Owned {
            epoch,
            phase: Phase::Restoring,
            fold: None,
            live_from: 0,
            committed: None,
            outputs: Vec::new(),
            output_bytes: 0,
            finding_waits: false,
            turn: Stopwatch::start(),
            cursor: 0,
            visited: vec![Stopwatch::start(); SHARDS],
            round: Stopwatch::start(),
            assigned: Stopwatch::start(),
            reported: (0, 0),
            markers: vec![-1; SHARDS],
            in_force: Wanted::default(),
        }
    }

    /// The offset after the last folded record.
    pub fn next(&self) -> i64 {
        self.fold.as_ref().map_or(0, Partition::next)
    }

    /// Restored, and its output on.
    pub fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live)
    }

    /// Live, and with something to tell: outputs, or progress.
    pub fn has_news(&self) -> bool {
        self.is_live() && (!self.outputs.is_empty() || self.committed != Some(self.next()))
    }

    /// Adds an output.
    pub fn push(&mut self, message: Message, is_finding: bool) {
        self.output_bytes += message.bytes();
        self.finding_waits |= is_finding;
        self.outputs.push(message);
    }

    /// From the next offset whose output is on, these side inputs judge; control records say so.
    pub fn take_over(&mut self, control_topic: &str, side: &Arc<SideInputs>) {
        let Some(fold) = &mut self.fold else { return };
        let (partition, offset) = (fold.index() as i32, fold.next().max(self.live_from));
        fold.change(offset, Arc::clone(side));
        let now = Wanted::of(side);
        for message in control::announce(control_topic, partition, offset, &self.in_force, &now) {
            self.push(message, false);
        }
        self.in_force = now;
    }

    /// Writes down again what is in force, for who restores after the control topic has forgotten it.
    pub fn restate(&mut self, control_topic: &str) {
        if let (true, Some(fold)) = (self.is_live(), &self.fold) {
            let (partition, offset) = (fold.index() as i32, fold.next());
            for message in control::announce(control_topic, partition, offset, &Wanted::default(), &self.in_force) {
                self.push(message, false);
            }
        }
    }

    /// Shards to checkpoint now: all of a partition that has never been checkpointed, else as many as
    /// keep every shard within the interval. Shards whose marker is up to date are passed over.
    pub fn shards_due(&self, interval: Duration, all: bool) -> Due {
        let turns = if all || self.committed.is_none() {
            SHARDS
        } else {
            let share = self.turn.seconds() / interval.as_secs_f64().max(0.001);
            ((share * SHARDS as f64) as usize).min(SHARDS)
        };
        let next = self.next();
        let shards = (0..turns)
            .map(|turn| (turn, (self.cursor + turn) % SHARDS))
            .filter(|(_, shard)| self.markers.get(*shard).is_none_or(|covered| *covered != next))
            .collect();
        Due { turns, shards }
    }

    /// A transaction that covered `next` and held these slices has committed. The seconds of the round, if every
    /// shard has had its turn once more.
    pub fn published(&mut self, next: i64, slices: &[Slice], turned: usize) -> Option<f64> {
        self.outputs.clear();
        self.output_bytes = 0;
        self.finding_waits = false;
        self.committed = Some(next);
        for slice in slices {
            if let Some(fold) = &mut self.fold {
                fold.written(slice);
            }
            if let Some(covered) = self.markers.get_mut(slice.shard) {
                *covered = next;
            }
        }
        if turned == 0 {
            return None;
        }
        for turn in 0..turned {
            if let Some(since) = self.visited.get_mut((self.cursor + turn) % SHARDS) {
                *since = Stopwatch::start();
            }
        }
        let round = SHARDS <= self.cursor + turned;
        self.cursor = (self.cursor + turned) % SHARDS;
        self.turn = Stopwatch::start();
        round.then(|| self.round.lap())
    }

    /// How long the longest-waiting shard has waited for its checkpoint.
    pub fn checkpoint_age(&mut self) -> f64 {
        let next = self.next();
        if !self.is_live() || self.markers.iter().all(|covered| *covered == next) {
            // nothing to write: nobody waits
            self.visited.fill(Stopwatch::start());
            self.round = Stopwatch::start();
        }
        self.visited.get(self.cursor).map_or(0.0, Stopwatch::seconds)
    }

    /// Seconds since the assignment.
    pub fn assigned_for(&self) -> f64 {
        self.assigned.seconds()
    }

    /// Tenants evicted and forgotten since the last call.
    pub fn departures(&mut self) -> (u64, u64) {
        let now = self.fold.as_ref().map_or((0, 0), Partition::departures);
        let before = std::mem::replace(&mut self.reported, now);
        (now.0.saturating_sub(before.0), now.1.saturating_sub(before.1))
    }

    /// Takes over what the restore thread read.
    pub fn restored(&mut self, ready: Ready) {
        let Ready { fold, live_from, committed, markers, in_force, .. } = ready;
        self.in_force = in_force;
        self.phase = if fold.next() < live_from { Phase::Refolding } else { Phase::Live };
        self.committed = committed.then_some(live_from);
        if !markers.is_empty() {
            self.markers = markers;
        }
        self.live_from = live_from;
        self.fold = Some(fold);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_partition_checkpoints_every_shard_at_once() {
        let owned = Owned::new(1);
        assert_eq!(owned.shards_due(Duration::from_secs(30), false).shards.len(), SHARDS);
    }

    #[test]
    fn a_round_ends_when_every_shard_had_its_turn() {
        let mut owned = Owned::new(1);
        assert_eq!(owned.published(10, &[], 0), None);
        assert_eq!(owned.published(10, &[], SHARDS - 1), None);
        assert!(owned.published(11, &[], 2).is_some());
        assert_eq!(owned.published(12, &[], SHARDS - 2), None);
        assert!(owned.published(13, &[], SHARDS).is_some());
    }

    #[test]
    fn only_shards_with_something_to_write_wait() {
        let mut owned = Owned::new(1);
        owned.phase = Phase::Live;
        owned.markers.fill(0);
        std::thread::sleep(Duration::from_millis(20));
        assert!(owned.checkpoint_age() < 0.02);
        owned.markers[SHARDS - 1] = -1;
        std::thread::sleep(Duration::from_millis(20));
        assert!(owned.checkpoint_age() >= 0.02);
    }
}
