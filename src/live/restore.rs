//! Restore of assigned partitions, on a thread of its own beside the live partitions.
//!
//! For each partition, in this order: the stable committed offset (an error or a time-out means *not
//! known*, never *none*), then its control records, then its state up to the end. The poll thread then
//! seeks, resumes, and re-folds from the oldest marker to the committed offset with output off.
//!
//! Full: requests are as many as partitions; the channel holds them all.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::client::{self, Context};
use super::control::{self, ReadTopic as _};
use super::failpoint;
use super::fatal::{Fatal, hopeless};
use super::publish::Cover;
use crate::clock::Stopwatch;
use crate::config::{KafkaConfig, Start};
use crate::control::Wanted;
use crate::library::Library;
use crate::pipeline::{Core, Partition};
use crate::side_inputs::SideInputs;
use crate::tenant::checkpoint::Restorer;
use crate::units::hex;

/// A partition to restore. `epoch` tells a later assignment of the same partition from this one.
#[derive(Clone, Debug)]
pub struct Request {
    /// Input partition.
    pub partition: i32,
    /// Which assignment of it.
    pub epoch: u64,
    /// Artefacts that a re-fold may use.
    pub library: Arc<Library>,
}

/// A restored partition, or why it is not.
#[derive(Debug)]
pub struct Reply {
    /// What was asked for.
    pub request: Request,
    /// The result.
    pub result: Result<Ready, NotReady>,
}

/// Everything the poll thread needs to take a partition live.
#[derive(Debug)]
pub struct Ready {
    /// Its state as of the oldest marker.
    pub fold: Partition,
    /// Output is off below this offset.
    pub live_from: i64,
    /// The group has a committed offset, and so the state topic a full set of markers.
    pub committed: bool,
    /// Covered offsets of the shards' markers; empty if there are none yet.
    pub markers: Vec<i64>,
    /// What the control records name last.
    pub in_force: Wanted,
    /// Records of the state topic read, their bytes, and the seconds it took.
    pub records: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Seconds from request to reply.
    pub seconds: f64,
}

/// Why a partition cannot go live.
#[derive(Debug)]
pub enum NotReady {
    /// The partition stays paused and not ready, and says why; the process lives.
    Stopped(String),
    /// Kafka did not answer in time: try again.
    Later(String),
    /// The process cannot go on.
    Fatal(Fatal),
}

/// The restore thread's two ends.
pub struct Restore {
    requests: Sender<Request>,
    replies: Receiver<Reply>,
}

impl Restore {
    /// Starts the thread. It ends when this is dropped.
    pub fn start(config: &KafkaConfig, core: Core, accept_gap: bool) -> Result<Restore, Fatal> {
        let reader = client::reader(config).map_err(|e| Fatal::Kafka(format!("kafka.options: {e}")))?;
        let (requests, inbox) = channel::<Request>();
        let (outbox, replies) = channel();
        let config = config.clone();
        std::thread::Builder::new()
            .name("restore".into())
            .spawn(move || {
                let job = Job { reader, config, core, accept_gap };
                while let Ok(request) = inbox.recv() {
                    let result = job.restore(request.partition, &request.library);
                    if outbox.send(Reply { request, result }).is_err() {
                        return;
                    }
                }
            })
            .map_err(|e| Fatal::Failed(format!("cannot start the restore thread: {e}")))?;
        Ok(Restore { requests, replies })
    }

    /// Asks for a partition.
    pub fn request(&self, request: Request) -> Result<(), Fatal> {
        self.requests.send(request).map_err(|_| Fatal::Failed("the restore thread has ended".into()))
    }

    /// Takes a reply, if there is one.
    pub fn reply(&self) -> Option<Reply> {
        self.replies.try_recv().ok()
    }
}

struct Job {
    reader: BaseConsumer<Context>,
    config: KafkaConfig,
    core: Core,
    accept_gap: bool,
}

impl Job {
    fn restore(&self, partition: i32, library: &Library) -> Result<Ready, NotReady> {
        let watch = Stopwatch::start();
        let committed = committed_offset(&self.reader, &self.config, partition, Duration::from_secs(60))?;
        let committed = committed.map(|cover| cover.next);
        let (low, high) = self.watermarks(&self.config.input, partition)?;
        let mut history = control::read(self, partition)?;
        let mut in_force = history.last();
        let mut restorer = Restorer::default();
        let mut bytes = 0;
        self.read_to_end(&self.config.state, partition, &mut |key, value| {
            bytes += (key.len() + value.map_or(0, <[u8]>::len)) as u64;
            failpoint::reached("mid_restore");
            let hash_of = |name: &str| self.core.tenant_hash(name);
            restorer.take(key, value, hash_of).map_err(|e| NotReady::Stopped(e.to_string()))
        })?;
        let records = restorer.records();
        let (close_after, forget_after) = self.core.spans();
        let restored = restorer
            .finish(self.core.identity(), close_after, forget_after)
            .map_err(|e| NotReady::Stopped(e.to_string()))?;
        let topic = &self.config.input;
        let markers = restored.as_ref().map_or_else(Vec::new, |r| r.markers.iter().map(|m| m.covered).collect());
        let (fold, live_from) = match (restored, committed) {
            (None, None) => {
                let start = match self.config.start {
                    Start::Earliest => low,
                    Start::Latest => high,
                };
                // what an earlier group was told does not hold here: all is said anew
                in_force = Wanted::default();
                (Partition::new(partition as u32, start), start)
            }
            (None, Some(offset)) => {
                return Err(stopped(format!(
                    "group `{}` has offset {offset} but topic `{}` holds no state for it: restore the state topic, or start a new group",
                    self.config.group, self.config.state
                )));
            }
            (Some(state), None) => {
                return Err(stopped(format!(
                    "topic `{}` holds state up to offset {} but group `{}` has no offset: it expired or was deleted; set it to {} to go on from there",
                    self.config.state, state.from, self.config.group, state.from
                )));
            }
            (Some(state), Some(offset)) => {
                if let Some(ahead) = state.markers.iter().find(|m| m.covered > offset) {
                    return Err(stopped(format!(
                        "state of shard {} covers offset {}, beyond the committed offset {offset}: the group's offsets were set back; set them to the state's or start a new group with a new state topic",
                        ahead.shard, ahead.covered
                    )));
                }
                if state.from < low && !self.accept_gap {
                    return Err(stopped(format!(
                        "records from {} to {} of `{topic}` partition {partition} are gone (the log starts at {low}): findings that depended on them cannot be made again; `stillwatch run --accept-gap` goes on without them",
                        state.from,
                        low - 1
                    )));
                }
                if offset > high {
                    return Err(stopped(format!(
                        "the committed offset {offset} lies beyond the end {high} of `{topic}` partition {partition}: the topic was made anew; start a new group with a new state topic"
                    )));
                }
                if let Some(oldest) = state.markers.iter().min_by_key(|marker| marker.covered) {
                    history.begin(state.from, hex(&oldest.model));
                }
                let otherwise = SideInputs::of_model(Arc::clone(&self.core.side_inputs().model));
                let timeline = history
                    .resolve(library, (state.from, offset), &otherwise, &self.core.tracer)
                    .map_err(|missing| stopped(missing.to_string()))?;
                (Partition::restored(partition as u32, state).with_timeline(timeline), offset)
            }
        };
        Ok(Ready {
            fold,
            live_from,
            committed: committed.is_some(),
            markers,
            in_force,
            records,
            bytes,
            seconds: watch.seconds(),
        })
    }

    fn watermarks(&self, topic: &str, partition: i32) -> Result<(i64, i64), NotReady> {
        retry(Duration::from_secs(60), &format!("topic `{topic}`"), || {
            self.reader.fetch_watermarks(topic, partition, Duration::from_secs(5))
        })
    }
}

impl control::ReadTopic for Job {
    fn control_topic(&self) -> &str {
        &self.config.control
    }

    /// Reads a partition of a topic from its start to its (stable) end.
    fn read_to_end(&self, topic: &str, partition: i32, take: &mut control::Take<'_>) -> Result<(), NotReady> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Beginning)
            .and_then(|()| self.reader.assign(&list))
            .map_err(|e| stopped(format!("topic `{topic}` partition {partition}: {e}")))?;
        let quiet = Stopwatch::start();
        let mut patience = Duration::from_secs(60);
        loop {
            match self.reader.poll(Duration::from_millis(100)) {
                None => {
                    if quiet.elapsed() > patience {
                        return Err(NotReady::Later(format!(
                            "topic `{topic}` partition {partition}: no answer for 60 s"
                        )));
                    }
                }
                Some(Ok(message)) => {
                    patience = quiet.elapsed() + Duration::from_secs(60);
                    take(message.key().unwrap_or_default(), message.payload())?;
                }
                // with read_committed this is the end of what is stable
                Some(Err(KafkaError::PartitionEOF(_))) => break,
                Some(Err(error)) => {
                    if let Some(fatal) = hopeless(&error, &format!("topic `{topic}`")) {
                        return Err(NotReady::Fatal(fatal));
                    }
                    tracing::debug!(%error, topic, partition, "reading to the end");
                }
            }
        }
        self.reader.unassign().map_err(|e| stopped(format!("topic `{topic}`: {e}")))
    }
}

/// The stable committed offset with its note. `Ok(None)` only if the group is known to have none.
pub fn committed_offset(
    reader: &BaseConsumer<Context>,
    config: &KafkaConfig,
    partition: i32,
    patience: Duration,
) -> Result<Option<Cover>, NotReady> {
    let list = client::list(&config.input, [partition]);
    retry(patience, &format!("group `{}`", config.group), || {
        // a crashed peer's open transaction makes this wait until it is aborted
        let list = reader.committed_offsets(list.clone(), Duration::from_secs(5))?;
        let elements = list.elements();
        let element = elements.first().ok_or(KafkaError::OffsetFetch(RDKafkaErrorCode::NoOffset))?;
        element.error()?;
        match element.offset() {
            Offset::Offset(next) => Ok(Some(Cover { next, note: element.metadata().to_owned() })),
            Offset::Invalid => Ok(None),
            _ => Err(KafkaError::OffsetFetch(RDKafkaErrorCode::NoOffset)),
        }
    })
}

fn retry<T>(patience: Duration, what: &str, mut attempt: impl FnMut() -> Result<T, KafkaError>) -> Result<T, NotReady> {
    let watch = Stopwatch::start();
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(error) => {
                if let Some(fatal) = hopeless(&error, what) {
                    return Err(NotReady::Fatal(fatal));
                }
                if watch.elapsed() > patience {
                    return Err(NotReady::Later(format!("{what}: {error}")));
                }
                tracing::debug!(%error, what, "not yet");
                std::thread::sleep(Duration::from_millis(200));
            }
        }
    }
}

fn stopped(why: String) -> NotReady {
    NotReady::Stopped(why)
}
