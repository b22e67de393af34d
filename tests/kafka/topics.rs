//! Topics, one set per test, with names that no other test or run uses.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;

use crate::wait;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// The topics and the group of one test.
#[derive(Clone, Debug)]
pub struct Names {
    pub input: String,
    pub findings: String,
    pub dead_letters: String,
    pub state: String,
    pub control: String,
    pub group: String,
}

impl Names {
    /// Names for one test; nothing is created yet.
    pub fn unique(test: &str) -> Names {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = |what: &str| format!("{test}-{}-{n}-{what}", std::process::id());
        Names {
            input: name("exchanges"),
            findings: name("findings"),
            dead_letters: name("dead-letters"),
            state: name("state"),
            control: name("control"),
            group: name("group"),
        }
    }

    /// Creates all five.
    pub fn create(&self, bootstrap: &str, partitions: i32) {
        // 16 MiB: records over stillwatch's own limit must get in.
        create(bootstrap, &[Topic::new(&self.input, partitions).with("max.message.bytes", "16777216")]);
        self.create_outputs(bootstrap, partitions);
    }

    /// All but the input.
    pub fn create_outputs(&self, bootstrap: &str, partitions: i32) {
        let (findings, dead_letters) = (&self.findings, &self.dead_letters);
        create(bootstrap, &[Topic::new(findings, partitions), Topic::new(dead_letters, partitions)]);
        self.create_state(bootstrap, partitions);
        self.create_control(bootstrap, partitions);
    }

    /// It rolls and compacts so eagerly that a short test sees it.
    pub fn create_state(&self, bootstrap: &str, partitions: i32) {
        let state = Topic::new(&self.state, partitions)
            .with("cleanup.policy", "compact")
            .with("segment.ms", "1000")
            .with("segment.bytes", "1048576")
            .with("min.cleanable.dirty.ratio", "0.01")
            .with("max.compaction.lag.ms", "2000")
            .with("delete.retention.ms", "60000");
        create(bootstrap, &[state]);
    }

    /// The control topic.
    pub fn create_control(&self, bootstrap: &str, partitions: i32) {
        create(bootstrap, &[Topic::new(&self.control, partitions)]);
    }

    /// Deletes them.
    pub fn delete(&self, bootstrap: &str) {
        delete(bootstrap, &[&self.input, &self.state, &self.findings, &self.dead_letters, &self.control]);
    }
}

/// A topic to be.
pub struct Topic<'a> {
    name: &'a str,
    partitions: i32,
    config: Vec<(&'a str, &'a str)>,
}

impl<'a> Topic<'a> {
    pub fn new(name: &'a str, partitions: i32) -> Topic<'a> {
        Topic { name, partitions, config: Vec::new() }
    }

    pub fn with(mut self, key: &'a str, value: &'a str) -> Topic<'a> {
        self.config.push((key, value));
        self
    }
}

/// Creates topics and waits until each partition has a leader.
pub fn create(bootstrap: &str, topics: &[Topic<'_>]) {
    let admin = admin(bootstrap);
    let new = topics.iter().map(|topic| {
        let new = NewTopic::new(topic.name, topic.partitions, TopicReplication::Fixed(1));
        topic.config.iter().fold(new, |new, (key, value)| new.set(key, value))
    });
    let new: Vec<NewTopic<'_>> = new.collect();
    for outcome in block_on(admin.create_topics(&new, &AdminOptions::new())).expect("create topics") {
        outcome.expect("create topic");
    }
    for topic in topics {
        let what = format!("leaders of {}", topic.name);
        wait::until(&what, Duration::from_secs(20), String::new, || {
            let all = admin.inner().fetch_metadata(Some(topic.name), Duration::from_secs(5)).ok()?;
            let partitions = all.topics().first()?.partitions();
            let led = partitions.iter().filter(|p| p.leader() >= 0 && p.error().is_none()).count();
            (led == topic.partitions as usize).then_some(())
        });
    }
}

/// Deletes topics.
pub fn delete(bootstrap: &str, names: &[&str]) {
    for outcome in block_on(admin(bootstrap).delete_topics(names, &AdminOptions::new())).expect("delete topics") {
        outcome.expect("delete topic");
    }
}

/// Deletes a group and its offsets, as soon as its last member has gone.
pub fn forget_group(bootstrap: &str, group: &str) {
    wait::until("the group's end", Duration::from_secs(30), String::new, || {
        let outcomes = block_on(admin(bootstrap).delete_groups(&[group], &AdminOptions::new())).expect("delete groups");
        outcomes.into_iter().all(|outcome| outcome.is_ok()).then_some(())
    });
}

fn admin(bootstrap: &str) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", bootstrap).create().expect("admin client")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("runtime").block_on(future)
}
