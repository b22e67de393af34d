//! Kafka's own tools as witnesses that nobody here wrote.

use crate::broker::tool;

/// Kafka's tools, pointed at one broker.
pub struct Witness {
    bootstrap: String,
}

/// A member of a group as `kafka-consumer-groups --describe` shows it: partition and committed offset.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Committed {
    pub partition: i32,
    pub offset: i64,
    pub end: i64,
}

impl Witness {
    pub fn new(bootstrap: &str) -> Witness {
        Witness { bootstrap: bootstrap.to_owned() }
    }

    /// What the console consumer prints of a topic, `read_committed`: (key, value), sorted.
    /// It stops when nothing came for five seconds, so records too many show as well as records too few.
    pub fn console(&self, topic: &str) -> Vec<(String, String)> {
        let args = [
            "--bootstrap-server",
            &self.bootstrap,
            "--topic",
            topic,
            "--from-beginning",
            "--isolation-level",
            "read_committed",
            "--timeout-ms",
            "5000",
            "--formatter-property",
            "print.key=true",
            "--formatter-property",
            "key.separator=\u{1}",
            "--command-property",
            "allow.auto.create.topics=false",
        ];
        let (out, err) = tool("consumer.ConsoleConsumer", &args);
        assert!(err.contains("Processed a total of"), "the console consumer did not end well: {err}");
        let split = |line: &str| {
            let (key, value) = line.split_once('\u{1}').unwrap_or_else(|| panic!("no separator in {line}"));
            (key.to_owned(), value.to_owned())
        };
        let mut all: Vec<_> = out.lines().map(split).collect();
        all.sort();
        all
    }

    /// Committed offsets and log ends of a group, by partition.
    pub fn group(&self, group: &str) -> Vec<Committed> {
        let args = ["--bootstrap-server", &self.bootstrap, "--group", group, "--describe"];
        let (out, err) = tool("consumer.group.ConsumerGroupCommand", &args);
        // GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG …
        let row = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |at: usize| words.get(at)?.parse::<i64>().ok();
            (words.first() == Some(&group))
                .then(|| Some(Committed { partition: number(2)? as i32, offset: number(3)?, end: number(4)? }))?
        };
        let mut rows: Vec<Committed> = out.lines().filter_map(row).collect();
        assert!(!rows.is_empty(), "no offsets of group {group}: {out}{err}");
        rows.sort();
        rows
    }

    /// Transactional ids with this prefix and their states, e.g. `CompleteCommit`.
    pub fn transactions(&self, prefix: &str) -> Vec<(String, String)> {
        let (out, _) = tool("TransactionsCommand", &["--bootstrap-server", &self.bootstrap, "list"]);
        // TransactionalId Coordinator ProducerId TransactionState
        let row = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let id = words.first().filter(|id| id.starts_with(prefix))?;
            Some(((*id).to_owned(), (*words.get(3)?).to_owned()))
        };
        let mut rows: Vec<_> = out.lines().filter_map(row).collect();
        rows.sort();
        rows
    }
}
