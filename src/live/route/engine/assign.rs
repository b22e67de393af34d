//! Partitions that come and go, and where `route` takes them up.

use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::Offset;

use super::super::super::client::{self, Rebalance};
use super::super::super::engine::seek;
use super::super::super::fatal::Fatal;
use super::super::super::restore::{NotReady, committed_offset};
use super::super::lane::Lane;
use super::{Router, Work};
use crate::config::Start;
use crate::http::Cause;

impl Router {
    /// Acts on what the group asked, in order.
    pub(super) fn rebalance(&mut self) -> Result<(), Fatal> {
        let mut any = false;
        while let Some(event) = self.consumer.context().next_rebalance() {
            any = true;
            match event {
                Rebalance::Assign(partitions) => {
                    tracing::info!(?partitions, "assigned");
                    self.report.rebalance("assign");
                    let mut list = client::list(&self.kafka.input, partitions.iter().copied());
                    list.set_all_offsets(Offset::Beginning).map_err(|e| Fatal::Failed(format!("assign: {e}")))?;
                    if let Err(error) = self.consumer.incremental_assign(&list) {
                        tracing::warn!(%error, "assignment was not taken; the group will ask again");
                    }
                    self.waiting.extend(partitions);
                }
                Rebalance::Revoke { partitions, lost } => {
                    tracing::info!(?partitions, lost, "revoked");
                    self.report.rebalance(if lost { "lost" } else { "revoke" });
                    if lost {
                        self.group = None;
                    } else {
                        self.publish()?;
                    }
                    self.forget(&partitions);
                    let list = client::list(&self.kafka.input, partitions.iter().copied());
                    if let Err(error) = self.consumer.incremental_unassign(&list) {
                        tracing::debug!(%error, "unassign");
                    }
                }
            }
            self.group = self.consumer.group_metadata();
        }
        if any {
            self.pause_waiting();
            self.report.release(Cause::Assignment);
        }
        Ok(())
    }

    fn forget(&mut self, partitions: &[i32]) {
        self.waiting.retain(|partition| !partitions.contains(partition));
        for partition in partitions {
            self.lanes.remove(partition);
            self.report.forget(*partition);
        }
    }

    /// Pauses are forgotten across a rebalance.
    pub(super) fn pause_waiting(&self) {
        let list = client::list(&self.kafka.input, self.waiting.iter().copied());
        if list.count() > 0
            && let Err(error) = self.consumer.pause(&list)
        {
            tracing::debug!(%error, "pause");
        }
    }

    /// Takes up assigned partitions at their committed offsets.
    pub(super) fn begin_waiting(&mut self) -> Result<(), Fatal> {
        for partition in std::mem::take(&mut self.waiting) {
            let input = self.kafka.input.clone();
            let lane = match self.begin(partition) {
                Ok(lane) => lane,
                Err(NotReady::Fatal(fatal)) => return Err(fatal),
                Err(NotReady::Stopped(why) | NotReady::Later(why)) => {
                    tracing::info!(partition, why, "not known yet where to go on");
                    self.report.hold(Cause::Partition(partition), &why);
                    self.waiting.push(partition);
                    continue;
                }
            };
            let list = client::list(&input, [partition]);
            if !seek(&self.consumer, &input, partition, lane.next) || self.consumer.resume(&list).is_err() {
                self.waiting.push(partition);
                continue;
            }
            self.consumer.context().moved(partition);
            tracing::info!(partition, from = lane.next, live_from = lane.live_from, "routing");
            if lane.is_live() {
                self.report.release(Cause::Partition(partition));
            } else {
                self.report.hold(Cause::Partition(partition), "reading again what waits");
            }
            self.lanes.insert(partition, lane);
        }
        Ok(())
    }

    /// Where a partition goes on: its committed offset, else where the configuration says.
    fn begin(&self, partition: i32) -> Result<Lane, NotReady> {
        let input = &self.kafka.input;
        let committed = committed_offset(&self.consumer, &self.kafka, partition, Duration::from_secs(1))?;
        let later = |error: KafkaError| NotReady::Later(format!("topic `{input}`: {error}"));
        let (low, high) = self.consumer.fetch_watermarks(input, partition, Duration::from_secs(5)).map_err(later)?;
        let next = match (&committed, self.kafka.start) {
            (Some(cover), _) => cover.next,
            (None, Start::Earliest) => low,
            (None, Start::Latest) => high,
        };
        let lane = match &self.work {
            Work::Split(_) => Lane::at(next, committed),
            Work::Join(joiner) => joiner.begin(partition, next, committed).map_err(NotReady::Fatal)?,
        };
        let from = lane.next;
        if low <= from && next <= high {
            return Ok(lane);
        }
        let why = format!("partition {partition} goes on at {from}, and the log holds {low} to {high}");
        if !self.options.accept_gap {
            return Err(NotReady::Fatal(gap(input, &why)));
        }
        tracing::warn!(why, "going on past a gap (--accept-gap)");
        Ok(lane.past_gap(low, high))
    }
}

pub(super) fn gap(input: &str, why: &str) -> Fatal {
    Fatal::Kafka(format!(
        "topic `{input}`: {why}: records were deleted before they were read; `stillwatch route --accept-gap` goes on without them"
    ))
}
