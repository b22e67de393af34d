//! Asks a cluster what it has and what we may do, and creates topics. Used by `check` and `topics`, never
//! by the poll loop.
//!
//! Whether we may write is asked in [`super::may_write`].

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use rdkafka::{Offset, TopicPartitionList};

use super::heard::Heard;
use super::topics::{Found, Wanted};
use crate::clock::Stopwatch;
use crate::config::KafkaConfig;

/// One request may take this long.
pub(super) const REQUEST: Duration = Duration::from_secs(10);

/// Why the cluster could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// An option that librdkafka does not take.
    #[error("kafka options: {0}")]
    Options(String),
    /// No broker answered.
    #[error("no broker at {bootstrap} answered within {seconds} s: {reason}")]
    Unreachable {
        /// What was tried.
        bootstrap: String,
        /// For how long.
        seconds: u64,
        /// What was heard.
        reason: String,
    },
    /// A broker answered and refused us.
    #[error("the broker at {bootstrap} refuses the connection: {reason}")]
    Refused {
        /// What was tried.
        bootstrap: String,
        /// What was heard.
        reason: String,
    },
    /// A request failed.
    #[error("{what}: {reason}")]
    Request {
        /// What was asked for.
        what: String,
        /// Why not.
        reason: String,
    },
}

/// A connection for questions; joins no group.
pub struct Admin {
    consumer: BaseConsumer<Heard>,
    client: AdminClient<Heard>,
    pub(super) options: ClientConfig,
    pub(super) transactional_id: String,
    group: String,
    runtime: tokio::runtime::Runtime,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").field("group", &self.group).finish_non_exhaustive()
    }
}

impl Admin {
    /// Connects, or says within `patience` why not; at once when the broker refuses us.
    pub fn connect(kafka: &KafkaConfig, patience: Duration) -> Result<Admin, AdminError> {
        let mut options = ClientConfig::new();
        for (name, value) in &kafka.options {
            options.set(name, value);
        }
        options.set("bootstrap.servers", &kafka.bootstrap);
        let heard = Heard::default();
        let wrong = |error: KafkaError| AdminError::Options(error.to_string());
        let mut reader = options.clone();
        // end-of-partition events are how a fetch that was allowed is told from one that never came
        reader.set("group.id", &kafka.group).set("enable.auto.commit", "false").set("enable.partition.eof", "true");
        reader.set("allow.auto.create.topics", "false");
        let consumer: BaseConsumer<Heard> = reader.create_with_context(heard.clone()).map_err(wrong)?;
        wait_for_broker(&consumer, &heard, &kafka.bootstrap, patience)?;
        let client = options.create_with_context(heard).map_err(wrong)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| AdminError::Options(format!("no runtime: {error}")))?;
        // an id of its own, for an instance's would fence it; and not the same for two checks at a time
        let instance = kafka.instance_id.clone().unwrap_or_else(|| std::process::id().to_string());
        let transactional_id = format!("{}-check-{instance}", kafka.group);
        let group = kafka.group.clone();
        Ok(Admin { consumer, client, options, transactional_id, group, runtime })
    }

    /// Number of brokers in the cluster.
    pub fn brokers(&self) -> Result<usize, AdminError> {
        let metadata = self.consumer.fetch_metadata(None, REQUEST);
        metadata.map(|metadata| metadata.brokers().len()).map_err(|error| request("cluster", &error))
    }

    /// A topic with its settings; none when it does not exist. No right to describe it is an error.
    pub fn topic(&self, name: &str) -> Result<Option<Found>, AdminError> {
        let what = format!("topic `{name}`");
        let metadata = self.consumer.fetch_metadata(Some(name), REQUEST).map_err(|error| request(&what, &error))?;
        let Some(mut found) =
            found(&metadata, name).map_err(|reason| AdminError::Request { what: what.clone(), reason })?
        else {
            return Ok(None);
        };
        found.settings = self.settings(name).unwrap_or_default();
        Ok(Some(found))
    }

    /// Settings of a topic; needs the right to describe its configuration.
    pub fn settings(&self, name: &str) -> Result<BTreeMap<String, String>, AdminError> {
        let what = format!("settings of topic `{name}`");
        let resources = [ResourceSpecifier::Topic(name)];
        let asked = self.runtime.block_on(self.client.describe_configs(&resources, &admin_options()));
        let answers = asked.map_err(|error| request(&what, &error))?;
        let mut settings = BTreeMap::new();
        for answer in answers {
            let resource =
                answer.map_err(|code| AdminError::Request { what: what.clone(), reason: code.to_string() })?;
            settings.extend(resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?))));
        }
        Ok(settings)
    }

    /// Creates a topic; the cluster's default replication unless a factor is given. Returns when it can be used.
    pub fn create(&self, topic: &Wanted, replication: Option<i32>) -> Result<(), AdminError> {
        let what = format!("creating topic `{}`", topic.name);
        let replicas = TopicReplication::Fixed(replication.unwrap_or(-1));
        let mut new = NewTopic::new(&topic.name, topic.partitions as i32, replicas);
        for (name, value) in &topic.settings {
            new = new.set(name, value);
        }
        let asked = self.runtime.block_on(self.client.create_topics([&new], &admin_options()));
        for answer in asked.map_err(|error| request(&what, &error))? {
            answer.map_err(|(_, code)| AdminError::Request { what: what.clone(), reason: code.to_string() })?;
        }
        self.wait_for_leaders(topic)
    }

    /// The controller answers before the brokers know of the topic: a run that starts at once would find it missing.
    fn wait_for_leaders(&self, topic: &Wanted) -> Result<(), AdminError> {
        use RDKafkaErrorCode::{
            LeaderNotAvailable, NotLeaderForPartition, UnknownPartition, UnknownTopic, UnknownTopicOrPartition,
        };
        let watch = Stopwatch::start();
        for partition in 0..topic.partitions as i32 {
            // a leader that answers: metadata can name one that does not know of it yet
            while let Err(error) = self.consumer.fetch_watermarks(&topic.name, partition, REQUEST) {
                let is_early = matches!(
                    error.rdkafka_error_code(),
                    Some(
                        LeaderNotAvailable
                            | NotLeaderForPartition
                            | UnknownPartition
                            | UnknownTopic
                            | UnknownTopicOrPartition
                    )
                );
                if !is_early || watch.passed(REQUEST) {
                    return Err(request(&format!("the new topic `{}` partition {partition}", topic.name), &error));
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(())
    }

    /// Whether the group's offsets can be seen.
    pub fn may_use_group(&self, topic: &str) -> Result<(), AdminError> {
        let mut partitions = TopicPartitionList::new();
        partitions.add_partition(topic, 0);
        let what = format!("group `{}`", self.group);
        let Err(error) = self.consumer.committed_offsets(partitions, REQUEST) else {
            return Ok(());
        };
        // a refusal is retried until the request times out; the reason waits in the consumer's queue
        while let Some(answer) = self.consumer.poll(Duration::from_millis(10)) {
            if let Err(reason) = answer {
                return Err(request(&what, &reason));
            }
        }
        Err(request(&what, &error))
    }

    /// Whether a fetch from the topic is allowed. Reads nothing: it starts at the end.
    pub fn may_read(&self, topic: &str) -> Result<(), AdminError> {
        let what = format!("reading topic `{topic}`");
        let mut partitions = TopicPartitionList::new();
        let assigned =
            partitions.add_partition_offset(topic, 0, Offset::End).and_then(|()| self.consumer.assign(&partitions));
        assigned.map_err(|error| request(&what, &error))?;
        let watch = Stopwatch::start();
        let mut answer = Err(AdminError::Request { what: what.clone(), reason: "no answer to a fetch".to_owned() });
        while !watch.passed(REQUEST) {
            match self.consumer.poll(Duration::from_millis(100)) {
                None => {}
                Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => {
                    answer = Ok(());
                    break;
                }
                Some(Err(error)) => {
                    answer = Err(request(&what, &error));
                    break;
                }
            }
        }
        self.consumer.unassign().map_err(|error| request(&what, &error))?;
        answer
    }
}

fn admin_options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(REQUEST)).operation_timeout(Some(REQUEST))
}

fn wait_for_broker(
    consumer: &BaseConsumer<Heard>,
    heard: &Heard,
    bootstrap: &str,
    patience: Duration,
) -> Result<(), AdminError> {
    let watch = Stopwatch::start();
    loop {
        let Err(error) = consumer.fetch_metadata(None, Duration::from_millis(500)) else {
            return Ok(());
        };
        // errors reach the callback only through poll
        while consumer.poll(Duration::from_millis(10)).is_some() {}
        let reason = heard.reason().unwrap_or_else(|| error.to_string());
        if heard.refused() {
            return Err(AdminError::Refused { bootstrap: bootstrap.to_owned(), reason });
        }
        if watch.passed(patience) {
            return Err(AdminError::Unreachable {
                bootstrap: bootstrap.to_owned(),
                seconds: patience.as_secs(),
                reason,
            });
        }
    }
}

fn found(metadata: &Metadata, name: &str) -> Result<Option<Found>, String> {
    let Some(topic) = metadata.topics().iter().find(|topic| topic.name() == name) else {
        return Ok(None);
    };
    if let Some(error) = topic.error() {
        return match RDKafkaErrorCode::from(error) {
            RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic => Ok(None),
            code => Err(code.to_string()),
        };
    }
    let replicas = topic.partitions().first().map_or(0, |partition| partition.replicas().len());
    Ok(Some(Found { partitions: topic.partitions().len(), replicas, settings: BTreeMap::new() }))
}

pub(super) fn request(what: &str, error: &KafkaError) -> AdminError {
    let reason = error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| code.to_string());
    AdminError::Request { what: what.to_owned(), reason }
}
