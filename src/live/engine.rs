//! The poll thread's loop: poll, fold, publish; rebalances and restored partitions in between.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::Offset;

use super::client::{self, Context, Rebalance};
use super::control;
use super::failpoint;
use super::fatal::{Fatal, hopeless};
use super::output::Outputs;
use super::owned::{Owned, Phase};
use super::publish::{Covers, Outcome, Publisher};
use super::restore::{NotReady, Ready, Request, Restore, committed_offset};
use crate::clock::Stopwatch;
use crate::config::Config;
use crate::http::Health;
use crate::metrics::Metrics;
use crate::pipeline::{self, Arenas, Core, Partition};
use crate::source::Record;
use crate::tenant::checkpoint::Slice;
use crate::units::Position;

/// How the operator started and stops it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Go on where records that state depended on are gone.
    pub accept_gap: bool,
    /// A static member gives its partitions up when it stops.
    pub leave_on_stop: bool,
}

/// The poll thread's state.
pub struct Engine {
    config: Config,
    options: Options,
    core: Core,
    consumer: BaseConsumer<Context>,
    group: Option<ConsumerGroupMetadata>,
    publisher: Publisher,
    restore: Restore,
    owned: BTreeMap<i32, Owned>,
    epochs: u64,
    outputs: Outputs,
    since_publish: Stopwatch,
    /// Set while the brokers are out of reach: since when, and the last error.
    out_of_reach: Option<(Stopwatch, String)>,
    since_probe: Stopwatch,
    stop: Arc<AtomicBool>,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
}

impl Engine {
    /// Connects nothing yet.
    pub fn new(
        config: Config,
        options: Options,
        core: Core,
        stop: Arc<AtomicBool>,
        health: Arc<Health>,
        metrics: Arc<Metrics>,
        member: &str,
    ) -> Result<Engine, Fatal> {
        let consumer = client::consumer(&config.kafka).map_err(|e| Fatal::Kafka(format!("kafka.options: {e}")))?;
        Ok(Engine {
            publisher: Publisher::new(&config.kafka, member),
            restore: Restore::start(&config.kafka, core.clone(), options.accept_gap)?,
            outputs: Outputs::new(&config, &core),
            config,
            options,
            core,
            consumer,
            group: None,
            owned: BTreeMap::new(),
            epochs: 0,
            since_publish: Stopwatch::start(),
            out_of_reach: None,
            since_probe: Stopwatch::start(),
            stop,
            health,
            metrics,
        })
    }

    /// Runs until asked to stop or until something is fatal.
    pub fn run(mut self) -> Result<(), Fatal> {
        while !self.publisher.init()? {
            self.reachable_or_give_up("init_transactions timed out")?;
            if self.stop.load(Ordering::SeqCst) {
                return Ok(());
            }
        }
        self.reached();
        self.health.producer_ready();
        let input = self.config.kafka.input.clone();
        self.consumer.subscribe(&[&input]).map_err(|e| Fatal::Kafka(format!("topic `{input}`: {e}")))?;
        let mut arenas = Arenas::default();
        while !self.stop.load(Ordering::SeqCst) {
            self.turn(&mut arenas)?;
        }
        self.drain()
    }

    /// One turn: a batch in, folded, and a transaction if one is due.
    fn turn(&mut self, arenas: &mut Arenas) -> Result<(), Fatal> {
        self.health.tick();
        let polling = Stopwatch::start();
        let (messages, errors) = poll_batch(&self.consumer, &self.config, self.patience());
        self.metrics.stage("poll", polling.seconds());
        if !messages.is_empty() {
            fold_messages(&self.core, &mut self.owned, &mut self.outputs, &self.metrics, &messages, arenas);
        }
        drop(messages);
        for error in errors {
            self.consumer_error(&error)?;
        }
        self.rebalance()?;
        self.restored()?;
        self.trouble()?;
        if self.publish_due() {
            self.publish(false)?;
        }
        self.publisher.poll();
        Ok(())
    }

    /// How long a poll may wait for the first record of a batch.
    fn patience(&self) -> Duration {
        let live = &self.config.live;
        let until = if self.owned.values().any(|o| o.finding_waits) { live.finding_every } else { live.publish_every };
        until.saturating_sub(self.since_publish.elapsed()).clamp(Duration::from_millis(1), Duration::from_millis(50))
    }

    fn publish_due(&self) -> bool {
        if !self.owned.values().any(Owned::has_news) {
            return false;
        }
        let live = &self.config.live;
        let waited = self.since_publish.elapsed();
        let bytes: usize = self.owned.values().map(|o| o.output_bytes).sum();
        waited >= live.publish_every
            || bytes >= live.publish_bytes
            || (waited >= live.finding_every && self.owned.values().any(|o| o.finding_waits))
    }

    /// Publishes everything live partitions have to tell. `all`: with every dirty shard, as far as one
    /// slice's bytes allow. Returns whether all of it is committed and nothing was left out.
    fn publish(&mut self, all: bool) -> Result<bool, Fatal> {
        self.since_publish = Stopwatch::start();
        let Some(group) = &self.group else { return Ok(false) };
        if !self.publisher.ready() && !self.renew()? {
            return Ok(false);
        }
        let watch = Stopwatch::start();
        let mut covers = Covers::new();
        let mut slices: BTreeMap<i32, (Vec<Slice>, usize)> = BTreeMap::new();
        let mut room = self.config.live.slice_bytes;
        let mut left_out = false;
        for (&partition, owned) in self.owned.iter().filter(|(_, o)| matches!(o.phase, Phase::Live)) {
            let due = owned.shards_due(self.config.live.checkpoint_interval, all);
            if !owned.has_news() && due.shards.is_empty() {
                continue;
            }
            covers.insert(partition, owned.next());
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
        let checkpoint_seconds = watch.seconds();
        let messages = covers.keys().filter_map(|p| self.owned.get(p)).flat_map(|o| &o.outputs).chain(&state);
        let outcome = self.publisher.publish(&covers, messages, group)?;
        let bytes: usize = slices.values().flat_map(|(taken, _)| taken).map(|s| s.bytes).sum();
        self.metrics.checkpoint(checkpoint_seconds, bytes as u64);
        match outcome {
            Outcome::Committed(timings) => {
                self.metrics.transaction("committed", watch.seconds(), &timings);
                self.committed(&covers, &slices);
                self.reached();
                Ok(!left_out)
            }
            Outcome::Aborted(why) => {
                self.metrics.transaction_failed("aborted");
                tracing::info!(why, "transaction aborted; its outputs stay in memory");
                // a generation that no rebalance event told us of: an empty assignment changes nothing
                self.group = self.consumer.group_metadata().filter(|_| !self.consumer.assignment_lost());
                Ok(false)
            }
            Outcome::TooLarge(topic) => {
                self.metrics.transaction_failed("aborted");
                if !self.outputs.shrink(&topic, self.owned.values_mut()) {
                    let why = format!("topic `{topic}` refuses a message for its size: raise its max.message.bytes to 1 MiB");
                    tracing::error!("{why}; nothing is lost, but nothing goes on until then");
                    self.health.not_ready("producer", &why);
                }
                Ok(false)
            }
            Outcome::Unknown(why) => {
                self.metrics.transaction_failed("unknown");
                self.health.not_ready("producer", &why);
                if self.renew()? && self.settled(&covers)? {
                    self.committed(&covers, &slices);
                    return Ok(!left_out);
                }
                Ok(false)
            }
        }
    }

    fn committed(&mut self, covers: &Covers, slices: &BTreeMap<i32, (Vec<Slice>, usize)>) {
        for (partition, next) in covers {
            let Some(owned) = self.owned.get_mut(partition) else { continue };
            self.metrics.committed(&owned.outputs);
            match slices.get(partition) {
                Some((taken, turned)) => owned.published(*next, taken, *turned),
                None => owned.published(*next, &[], 0),
            }
        }
    }

    /// A new producer; it fences the old one, so what is open of it ends.
    fn renew(&mut self) -> Result<bool, Fatal> {
        if self.publisher.init()? {
            self.health.producer_ready();
            return Ok(true);
        }
        self.reachable_or_give_up("init_transactions timed out")?;
        Ok(false)
    }

    /// After an unknown outcome: do the stable committed offsets say that the transaction happened?
    fn settled(&mut self, covers: &Covers) -> Result<bool, Fatal> {
        let before_of = |partition: &i32| self.owned.get(partition).and_then(|o| o.committed);
        // all partitions of a transaction commit together, so one whose offset moved tells for all. None
        // moved: only state or a control record was in it, and sending those twice changes nothing.
        let Some((&partition, &next)) = covers.iter().find(|(p, next)| before_of(p) != Some(**next)) else {
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

    /// Acts on what the group asked, in order.
    fn rebalance(&mut self) -> Result<(), Fatal> {
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
            if held.count() > 0 && let Err(error) = self.consumer.pause(&held) {
                tracing::debug!(%error, "pause");
            }
            self.metrics.assigned(self.owned.len());
        }
        Ok(())
    }

    fn assign(&mut self, partitions: Vec<i32>) -> Result<(), Fatal> {
        tracing::info!(?partitions, "assigned");
        self.metrics.rebalance("assign");
        let mut list = client::list(&self.config.kafka.input, partitions.iter().copied());
        list.set_all_offsets(Offset::Beginning).map_err(|e| Fatal::Failed(format!("assign: {e}")))?;
        if let Err(error) = self.consumer.incremental_assign(&list).and_then(|()| self.consumer.pause(&list)) {
            tracing::warn!(%error, "assignment was not taken; the group will ask again");
        }
        failpoint::reached("after_assign");
        self.begin_restore(partitions)
    }

    fn begin_restore(&mut self, partitions: Vec<i32>) -> Result<(), Fatal> {
        let list = client::list(&self.config.kafka.input, partitions.iter().copied());
        if let Err(error) = self.consumer.pause(&list) {
            tracing::debug!(%error, "pause");
        }
        for partition in partitions {
            self.epochs += 1;
            self.owned.insert(partition, Owned::new(self.epochs));
            self.health.partition(partition, Some("restoring"));
            self.restore.request(Request { partition, epoch: self.epochs })?;
        }
        Ok(())
    }

    fn revoke(&mut self, partitions: &[i32], lost: bool) -> Result<(), Fatal> {
        tracing::info!(?partitions, lost, "revoked");
        self.metrics.rebalance(if lost { "lost" } else { "revoke" });
        if lost {
            self.group = None;
        } else {
            // with all that is dirty: the next owner then has nothing to fold again
            self.publish(true)?;
        }
        for partition in partitions {
            self.owned.remove(partition);
            self.health.forget_partition(*partition);
        }
        let list = client::list(&self.config.kafka.input, partitions.iter().copied());
        if let Err(error) = self.consumer.incremental_unassign(&list) {
            tracing::debug!(%error, "unassign");
        }
        Ok(())
    }

    /// Takes restored partitions live.
    fn restored(&mut self) -> Result<(), Fatal> {
        while let Some(reply) = self.restore.reply() {
            let partition = reply.request.partition;
            if self.owned.get(&partition).is_none_or(|o| o.epoch != reply.request.epoch) {
                continue; // revoked meanwhile
            }
            match reply.result {
                Ok(ready) => self.go(partition, ready)?,
                Err(NotReady::Fatal(fatal)) => return Err(fatal),
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
        self.metrics.restored(ready.records, ready.bytes, ready.seconds);
        let (tenants, _) = ready.fold.size();
        tracing::info!(
            partition, tenants, records = ready.records, bytes = ready.bytes, seconds = ready.seconds,
            from, live_from = ready.live_from, "restored"
        );
        let Some(owned) = self.owned.get_mut(&partition) else { return Ok(()) };
        let control = control::announce(&self.config.kafka.control, partition as u32, ready.live_from, &self.core.model, ready.in_force.as_ref());
        owned.restored(ready.fold, ready.live_from, ready.committed, ready.markers);
        if let Some(record) = control {
            owned.push(record, false);
        }
        let waits = matches!(owned.phase, Phase::Refolding).then_some("folding again");
        self.health.partition(partition, waits);
        Ok(())
    }

    fn stop_partition(&mut self, partition: i32, why: String) {
        tracing::error!(partition, why, "partition stopped");
        self.health.partition(partition, Some(&why));
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

    fn consumer_error(&mut self, error: &rdkafka::error::KafkaError) -> Result<(), Fatal> {
        let input = &self.config.kafka.input;
        let code = error.rdkafka_error_code();
        if code == Some(RDKafkaErrorCode::FencedInstanceId) {
            return Err(Fatal::Fenced(self.config.kafka.instance_id.clone().unwrap_or_default()));
        }
        if let Some(fatal) = hopeless(error, &format!("topic `{input}`, group `{}`:", self.config.kafka.group)) {
            return Err(fatal);
        }
        if code == Some(RDKafkaErrorCode::AutoOffsetReset) {
            let gone: Vec<i32> = self.gone_from_log();
            for partition in gone {
                let why = format!("`{input}` partition {partition} no longer holds the next offset to read: the log was cut while we read it; `stillwatch run --accept-gap` goes on without the missing records");
                self.stop_partition(partition, why);
            }
            return Ok(());
        }
        if matches!(error, rdkafka::error::KafkaError::MessageConsumptionFatal(_)) {
            return Err(Fatal::Kafka(format!("consumer: {error}")));
        }
        tracing::debug!(%error, "consumer");
        Ok(())
    }

    /// Partitions whose next record the log no longer holds.
    fn gone_from_log(&self) -> Vec<i32> {
        let input = &self.config.kafka.input;
        let reading = self.owned.iter().filter(|(_, o)| o.fold.is_some());
        reading
            .filter(|&(&partition, owned)| {
                self.consumer
                    .fetch_watermarks(input, partition, Duration::from_secs(5))
                    .is_ok_and(|(low, high)| owned.next() < low || owned.next() > high)
            })
            .map(|(&partition, _)| partition)
            .collect()
    }

    /// Looks at what the callbacks reported, and whether the brokers are still there.
    fn trouble(&mut self) -> Result<(), Fatal> {
        let trouble = self.consumer.context().take_trouble();
        if let Some(reason) = trouble.authentication {
            return Err(Fatal::Kafka(format!("wrong credentials for {}: {reason}", self.config.kafka.bootstrap)));
        }
        if trouble.brokers_down {
            let last = trouble.last.unwrap_or_else(|| "all brokers are down".into());
            self.reachable_or_give_up(&last)?;
        } else if self.out_of_reach.is_some() && self.since_probe.elapsed() > Duration::from_secs(1) {
            self.since_probe = Stopwatch::start();
            match self.consumer.fetch_metadata(Some(&self.config.kafka.input), Duration::from_millis(500)) {
                Ok(_) => self.reached(),
                Err(error) => self.reachable_or_give_up(&error.to_string())?,
            }
        }
        Ok(())
    }

    fn reached(&mut self) {
        if self.out_of_reach.take().is_some() {
            tracing::info!("brokers within reach again");
        }
        self.health.ready_again("kafka");
    }

    fn reachable_or_give_up(&mut self, last: &str) -> Result<(), Fatal> {
        self.health.tick();
        self.health.not_ready("kafka", last);
        let (since, last) = self.out_of_reach.get_or_insert_with(|| {
            tracing::warn!(last, "brokers out of reach");
            (Stopwatch::start(), last.to_owned())
        });
        let patience = self.config.kafka.give_up_after;
        if since.elapsed() > patience {
            return Err(Fatal::OutOfReach {
                bootstrap: self.config.kafka.bootstrap.clone(),
                seconds: patience.as_secs(),
                last: last.clone(),
            });
        }
        Ok(())
    }

    /// SIGTERM: checkpoint everything dirty, leave the group if asked or if dynamic, within the limit.
    fn drain(mut self) -> Result<(), Fatal> {
        let watch = Stopwatch::start();
        let limit = self.config.live.drain_limit;
        tracing::info!("stopping");
        while !self.publish(true)? && watch.elapsed() < limit {
            self.leave_room_for_rebalances();
            self.rebalance()?;
            if !self.owned.values().any(|o| matches!(o.phase, Phase::Live)) {
                break;
            }
        }
        if self.config.kafka.instance_id.is_none() || self.options.leave_on_stop {
            self.consumer.unsubscribe();
            while !self.owned.is_empty() && watch.elapsed() < limit {
                self.leave_room_for_rebalances();
                self.rebalance()?;
            }
        }
        self.consumer.context().closing();
        tracing::info!(seconds = watch.seconds(), "stopped");
        Ok(())
    }

    /// A poll while stopping: its records are not folded, and no offset covers them.
    fn leave_room_for_rebalances(&self) {
        if let Some(Err(error)) = self.consumer.poll(Duration::from_millis(20)) {
            tracing::debug!(%error, "stopping");
        }
    }
}

/// Takes records until the batch is full or nothing more is at hand.
fn poll_batch<'c>(
    consumer: &'c BaseConsumer<Context>,
    config: &Config,
    patience: Duration,
) -> (Vec<BorrowedMessage<'c>>, Vec<rdkafka::error::KafkaError>) {
    let (mut messages, mut errors, mut bytes) = (Vec::new(), Vec::new(), 0);
    let mut wait = patience;
    while messages.len() < config.live.batch_records && bytes < config.live.batch_bytes {
        match consumer.poll(wait) {
            Some(Ok(message)) => {
                bytes += message.payload_len();
                messages.push(message);
                wait = Duration::ZERO;
            }
            Some(Err(error)) => {
                errors.push(error);
                break;
            }
            None => break,
        }
    }
    (messages, errors)
}

/// Folds a polled batch into the partitions that take records now, and keeps their outputs.
fn fold_messages(
    core: &Core,
    owned: &mut BTreeMap<i32, Owned>,
    outputs: &mut Outputs,
    metrics: &Metrics,
    messages: &[BorrowedMessage<'_>],
    arenas: &mut Arenas,
) {
    let mut next: BTreeMap<i32, i64> =
        owned.iter().filter(|(_, o)| o.fold.is_some()).map(|(p, o)| (*p, o.next())).collect();
    let records: Vec<Record<'_>> = messages
        .iter()
        .filter(|message| {
            // fetched before a pause or a seek took hold, or of a partition that is not ours now
            let Some(expected) = next.get_mut(&message.partition()) else { return false };
            let in_order = message.offset() >= *expected;
            if in_order {
                *expected = message.offset() + 1;
            }
            in_order
        })
        .map(|message| Record {
            at: Position { partition: message.partition() as u32, offset: message.offset() },
            broker_ts: message.timestamp().to_millis(),
            key: message.key(),
            payload: message.payload(),
        })
        .collect();
    let watch = Stopwatch::start();
    let traced = pipeline::trace_batch(core, &records, arenas);
    metrics.stage("trace", watch.seconds());
    let watch = Stopwatch::start();
    let mut folds: Vec<&mut Partition> = owned.values_mut().filter_map(|o| o.fold.as_mut()).collect();
    let folded = pipeline::fold_batch(core, &mut folds, &records, &traced);
    metrics.stage("fold", watch.seconds());
    let watch = Stopwatch::start();
    for (owned, output) in owned.values_mut().filter(|o| o.fold.is_some()).zip(folded) {
        metrics.folded(&output.counts);
        outputs.render(owned, &output, &records);
        if matches!(owned.phase, Phase::Refolding) && owned.next() >= owned.live_from {
            owned.phase = Phase::Live;
        }
    }
    metrics.stage("render", watch.seconds());
}

/// A seek right after an assignment may find the partition not yet fetching.
fn seek(consumer: &BaseConsumer<Context>, topic: &str, partition: i32, offset: i64) -> bool {
    (0..20).any(|_| {
        consumer.seek(topic, partition, Offset::Offset(offset), Duration::from_secs(1)).is_ok() || {
            std::thread::sleep(Duration::from_millis(25));
            false
        }
    })
}
