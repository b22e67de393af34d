//! When a transaction is due, what goes into it, and what follows from its outcome.

use std::collections::BTreeMap;

use rdkafka::consumer::Consumer;

use super::super::fatal::Fatal;
use super::super::owned::{Owned, Phase};
use super::super::publish::{Cover, Covers, Outcome};
use super::super::restore::{NotReady, committed_offset};
use super::Engine;
use crate::clock::Stopwatch;
use crate::http::Cause;
use crate::metrics::Stage;
use crate::tenant::checkpoint::Slice;

impl Engine {
    pub(super) fn publish_due(&self) -> bool {
        let live = &self.config.live;
        let waited = self.since_publish.elapsed();
        if !self.owned.values().any(Owned::has_news) {
            // a log that fell silent is checkpointed to its end, or a restart would fold it again
            let interval = live.checkpoint_interval;
            return waited >= live.publish_every
                && self.owned.values().any(|o| o.is_live() && !o.shards_due(interval, false).shards.is_empty());
        }
        let bytes: usize = self.owned.values().map(|o| o.output_bytes).sum();
        waited >= live.publish_every
            || bytes >= live.publish_bytes
            || (waited >= live.finding_every && self.owned.values().any(|o| o.finding_waits))
    }

    /// Publishes everything live partitions have to tell. `all`: with every dirty shard, as far as one
    /// slice's bytes allow. Returns whether all of it is committed and nothing was left out.
    pub(super) fn publish(&mut self, all: bool) -> Result<bool, Fatal> {
        self.since_publish = Stopwatch::start();
        if self.group.is_none() || (!self.publisher.ready() && !self.renew()?) {
            return Ok(false);
        }
        let Some(group) = &self.group else { return Ok(false) };
        self.report.spent(Stage::Control, self.pace.lap());
        let mut covers = Covers::new();
        let mut slices: BTreeMap<i32, (Vec<Slice>, usize)> = BTreeMap::new();
        let mut room = self.config.live.slice_bytes;
        let mut left_out = false;
        for (&partition, owned) in self.owned.iter().filter(|(_, o)| matches!(o.phase, Phase::Live)) {
            let due = owned.shards_due(self.config.live.checkpoint_interval, all);
            if !owned.has_news() && due.shards.is_empty() {
                continue;
            }
            covers.insert(partition, Cover::at(owned.next()));
            // a partition's first checkpoint is whole: its markers must all exist
            let whole = owned.committed.is_none();
            let mut taken = Vec::new();
            let mut turned = due.turns;
            for (turn, shard) in due.shards {
                if room == 0 && !whole {
                    left_out = true;
                    turned = turn;
                    break;
                }
                let Some(slice) = owned.fold.as_ref().and_then(|fold| fold.slice(&self.core, shard)) else { continue };
                room = room.saturating_sub(slice.bytes);
                taken.push(slice);
            }
            slices.insert(partition, (taken, turned));
        }
        if covers.is_empty() {
            return Ok(!left_out);
        }
        let state: Vec<_> = slices
            .iter()
            .flat_map(|(&partition, (taken, _))| taken.iter().map(move |slice| (partition, slice)))
            .flat_map(|(partition, slice)| self.outputs.state(partition, slice))
            .collect();
        self.report.spent(Stage::Checkpoint, self.pace.lap());
        let messages = covers.keys().filter_map(|p| self.owned.get(p)).flat_map(|o| &o.outputs).chain(&state);
        let outcome = self.publisher.publish(&covers, messages, group)?;
        let seconds = self.pace.lap();
        match outcome {
            Outcome::Committed(timings) => {
                self.report.transaction(seconds, &timings);
                self.committed(&covers, &slices);
                self.reach.found();
                Ok(!left_out)
            }
            Outcome::Aborted(why) => {
                self.report.transaction_failed("aborted", seconds);
                tracing::info!(why, "transaction aborted; its outputs stay in memory");
                // a generation that no rebalance event told us of: an empty assignment changes nothing
                self.group = self.consumer.group_metadata().filter(|_| !self.consumer.assignment_lost());
                Ok(false)
            }
            Outcome::TooLarge(topic) => {
                self.report.transaction_failed("aborted", seconds);
                if !self.outputs.shrink(&topic, self.owned.values_mut()) {
                    let why =
                        format!("topic `{topic}` refuses a message for its size: raise its max.message.bytes to 1 MiB");
                    tracing::error!("{why}; nothing is lost, but nothing goes on until then");
                    self.report.hold(Cause::Producer, &why);
                }
                Ok(false)
            }
            Outcome::Unknown(why) => {
                self.report.transaction_failed("unknown", seconds);
                self.report.hold(Cause::Producer, &why);
                if self.renew()? && self.settled(&covers)? {
                    self.committed(&covers, &slices);
                    return Ok(!left_out);
                }
                Ok(false)
            }
        }
    }

    fn committed(&mut self, covers: &Covers, slices: &BTreeMap<i32, (Vec<Slice>, usize)>) {
        for (partition, Cover { next, .. }) in covers {
            let Some(owned) = self.owned.get_mut(partition) else { continue };
            self.report.committed(&owned.outputs);
            let (taken, turned) = slices.get(partition).map_or((&[][..], 0), |(taken, turned)| (taken, *turned));
            self.report.checkpoint(taken.iter().map(|slice| slice.bytes as u64).sum());
            if let Some(seconds) = owned.published(*next, taken, turned) {
                self.report.checkpoint_round(seconds);
            }
        }
    }

    /// A new producer; it fences the old one, so what is open of it ends.
    pub(super) fn renew(&mut self) -> Result<bool, Fatal> {
        self.reach.producer(self.publisher.init()?)
    }

    /// After an unknown outcome: do the stable committed offsets say that the transaction happened?
    fn settled(&mut self, covers: &Covers) -> Result<bool, Fatal> {
        let before_of = |partition: &i32| self.owned.get(partition).and_then(|o| o.committed);
        // all partitions of a transaction commit together, so one whose offset moved tells for all. None
        // moved: only state or a control record was in it, and sending those twice changes nothing.
        let moved = |(p, cover): &(&i32, &Cover)| before_of(p) != Some(cover.next);
        let Some((&partition, &Cover { next, .. })) = covers.iter().find(moved) else {
            return Ok(false);
        };
        let (before, patience) = (before_of(&partition), self.config.kafka.transaction_timeout);
        let found = match committed_offset(&self.consumer, &self.config.kafka, partition, patience) {
            Ok(found) => found,
            Err(NotReady::Fatal(fatal)) => return Err(fatal),
            Err(NotReady::Stopped(why) | NotReady::Later(why)) => {
                // not known: give everything up and let restore find out
                tracing::warn!(why, "committed offsets unknown; restoring the partitions anew");
                self.restore_again(covers)?;
                return Ok(false);
            }
        };
        let found = found.map(|cover| cover.next);
        if found == Some(next) {
            return Ok(true);
        }
        if found != before {
            tracing::warn!(partition, ?found, ?before, "somebody else moved the offset; restoring the partitions anew");
            self.restore_again(covers)?;
        }
        Ok(false)
    }

    fn restore_again(&mut self, covers: &Covers) -> Result<(), Fatal> {
        self.begin_restore(covers.keys().copied().collect())
    }
}
