//! What the group asks: partitions come, are restored and go live, and leave.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::Offset;

use super::super::client::{self, Context, Rebalance};
use super::super::failpoint;
use super::super::fatal::Fatal;
use super::super::owned::{Owned, Phase};
use super::super::restore::{NotReady, Ready, Request};
use super::Engine;
use crate::http::Cause;

impl Engine {
    /// Acts on what the group asked, in order.
    pub(super) fn rebalance(&mut self) -> Result<(), Fatal> {
        let mut any = false;
        while let Some(event) = self.consumer.context().next_rebalance() {
            any = true;
            match event {
                Rebalance::Assign(partitions) => self.assign(partitions)?,
                Rebalance::Revoke { partitions, lost } => self.revoke(&partitions, lost)?,
            }
            self.group = self.consumer.group_metadata();
        }
        if any {
            // pauses are forgotten across a rebalance
            let held = self.owned.iter().filter(|(_, o)| matches!(o.phase, Phase::Restoring | Phase::Stopped(_)));
            let held = client::list(&self.config.kafka.input, held.map(|(p, _)| *p));
            if held.count() > 0
                && let Err(error) = self.consumer.pause(&held)
            {
                tracing::debug!(%error, "pause");
            }
            self.report.release(Cause::Assignment);
        }
        Ok(())
    }

    fn assign(&mut self, partitions: Vec<i32>) -> Result<(), Fatal> {
        tracing::info!(?partitions, "assigned");
        self.report.rebalance("assign");
        let mut list = client::list(&self.config.kafka.input, partitions.iter().copied());
        list.set_all_offsets(Offset::Beginning).map_err(|e| Fatal::Failed(format!("assign: {e}")))?;
        if let Err(error) = self.consumer.incremental_assign(&list).and_then(|()| self.consumer.pause(&list)) {
            tracing::warn!(%error, "assignment was not taken; the group will ask again");
        }
        failpoint::reached("after_assign");
        self.begin_restore(partitions)
    }

    pub(super) fn begin_restore(&mut self, partitions: Vec<i32>) -> Result<(), Fatal> {
        let list = client::list(&self.config.kafka.input, partitions.iter().copied());
        if let Err(error) = self.consumer.pause(&list) {
            tracing::debug!(%error, "pause");
        }
        for partition in partitions {
            self.epochs += 1;
            self.owned.insert(partition, Owned::new(self.epochs));
            self.report.hold(Cause::Partition(partition), "restoring");
            let library = Arc::clone(&self.library);
            self.restore.request(Request { partition, epoch: self.epochs, library })?;
        }
        Ok(())
    }

    fn revoke(&mut self, partitions: &[i32], lost: bool) -> Result<(), Fatal> {
        tracing::info!(?partitions, lost, "revoked");
        self.report.rebalance(if lost { "lost" } else { "revoke" });
        if lost {
            self.group = None;
        } else {
            // with all that is dirty: the next owner then has nothing to fold again
            self.publish(true)?;
        }
        for partition in partitions {
            self.owned.remove(partition);
            self.report.forget(*partition);
        }
        let list = client::list(&self.config.kafka.input, partitions.iter().copied());
        if let Err(error) = self.consumer.incremental_unassign(&list) {
            tracing::debug!(%error, "unassign");
        }
        Ok(())
    }

    /// Takes restored partitions live.
    pub(super) fn restored(&mut self) -> Result<(), Fatal> {
        while let Some(reply) = self.restore.reply() {
            let partition = reply.request.partition;
            if self.owned.get(&partition).is_none_or(|o| o.epoch != reply.request.epoch) {
                continue; // revoked meanwhile
            }
            match reply.result {
                Ok(ready) => self.go(partition, ready)?,
                Err(NotReady::Fatal(fatal)) => return Err(fatal),
                Err(NotReady::Stopped(_)) if !Arc::ptr_eq(&reply.request.library, &self.library) => {
                    // a reload came meanwhile, perhaps with what was missing
                    self.begin_restore(vec![partition])?;
                }
                Err(NotReady::Stopped(why)) => self.stop_partition(partition, why),
                Err(NotReady::Later(why)) => {
                    tracing::info!(partition, why, "not restored yet; trying again");
                    self.begin_restore(vec![partition])?;
                }
            }
        }
        Ok(())
    }

    fn go(&mut self, partition: i32, ready: Ready) -> Result<(), Fatal> {
        let from = ready.fold.next();
        let topic = self.config.kafka.input.clone();
        if !seek(&self.consumer, &topic, partition, from) {
            tracing::info!(partition, from, "cannot seek yet; restoring anew");
            return self.begin_restore(vec![partition]);
        }
        let list = client::list(&topic, [partition]);
        if let Err(error) = self.consumer.resume(&list) {
            tracing::info!(partition, %error, "cannot resume yet; restoring anew");
            return self.begin_restore(vec![partition]);
        }
        self.consumer.context().moved(partition);
        self.report.restored(ready.records);
        let (tenants, _) = ready.fold.size();
        tracing::info!(
            partition,
            tenants,
            records = ready.records,
            bytes = ready.bytes,
            seconds = ready.seconds,
            from,
            live_from = ready.live_from,
            "restored"
        );
        let Some(owned) = self.owned.get_mut(&partition) else { return Ok(()) };
        owned.restored(ready);
        owned.take_over(&self.config.kafka.control, self.core.side_inputs());
        if matches!(owned.phase, Phase::Refolding) {
            self.report.hold(Cause::Partition(partition), "folding again");
        } else {
            self.report.live(partition, owned.assigned_for());
        }
        Ok(())
    }

    pub(super) fn stop_partition(&mut self, partition: i32, why: String) {
        tracing::error!(partition, why, "partition stopped");
        self.report.hold(Cause::Partition(partition), &why);
        if let Some(owned) = self.owned.get_mut(&partition) {
            owned.phase = Phase::Stopped(why);
            owned.fold = None;
            owned.outputs.clear();
            owned.output_bytes = 0;
        }
        if let Err(error) = self.consumer.pause(&client::list(&self.config.kafka.input, [partition])) {
            tracing::debug!(%error, "pause");
        }
    }
}

/// A seek right after an assignment may find the partition not yet fetching.
pub(in crate::live) fn seek(consumer: &BaseConsumer<Context>, topic: &str, partition: i32, offset: i64) -> bool {
    (0..20).any(|_| {
        consumer.seek(topic, partition, Offset::Offset(offset), Duration::from_secs(1)).is_ok() || {
            std::thread::sleep(Duration::from_millis(25));
            false
        }
    })
}
