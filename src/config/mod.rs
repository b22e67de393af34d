//! What the operator configured. `RawConfig` is what the file says, [`Config`] is what the program may
//! use: `RawConfig → check() → Config`, so no range checks are needed downstream.

pub mod options;
pub mod problem;
pub mod quantity;
pub mod raw;
pub mod schema;

mod between;
mod check;
mod checker;
mod document;
mod identity;
mod load;
mod route;
mod show;

pub use document::ENV_PREFIX;
pub use load::{Loaded, Need, load, load_for_replay, parse};
pub use problem::{ConfigError, Problem};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::knowledge::Policy;
use crate::record::schema::Reading;
use crate::record::schema::split::RouteFormat;
use crate::trace::benchmarks::Benchmarks;
use crate::trace::slots::Slots;

/// The commented file that `config init` writes.
pub const TEMPLATE: &str = include_str!("../../deploy/stillwatch.toml");

/// Checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Everything about the brokers and topics.
    pub kafka: KafkaConfig,
    /// What is re-keyed.
    pub route: RouteConfig,
    /// What the findings depend on; its hash is part of the identity of state.
    pub fold: FoldConfig,
    /// Which model.
    pub model: ModelConfig,
    /// What is known of tenants.
    pub tenants: TenantsConfig,
    /// Whom policy excludes.
    pub policy: Policy,
    /// What people have decided about findings.
    pub verdicts: VerdictsConfig,
    /// How the live driver paces itself. Nothing here changes a finding.
    pub live: LiveConfig,
    /// Metrics and probes.
    pub http: HttpConfig,
    /// Logs.
    pub log: LogConfig,
}

/// Brokers, group, topics.
#[derive(Clone)]
pub struct KafkaConfig {
    /// `host:port[,host:port…]`.
    pub bootstrap: String,
    /// Consumer group; also the prefix of the transactional id.
    pub group: String,
    /// Whether findings are raised, or only compared.
    pub mode: Mode,
    /// Static member id, if any.
    pub instance_id: Option<String>,
    /// Input topic.
    pub input: String,
    /// Output topic of findings.
    pub findings: String,
    /// Output topic of rejected records.
    pub dead_letters: String,
    /// Compacted topic of state.
    pub state: String,
    /// Control records.
    pub control: String,
    /// Where a group without offsets starts.
    pub start: Start,
    /// How long a broker may be out of reach before the process exits 4.
    pub give_up_after: Duration,
    /// Group session.
    pub session_timeout: Duration,
    /// Transaction time-out.
    pub transaction_timeout: Duration,
    /// How dead letters are written.
    pub dead_letter_mode: DeadLetterMode,
    /// librdkafka options that pass through, already checked against the ones we own.
    pub options: Vec<(String, String)>,
}

/// Whether findings are raised, or only compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Findings are alerts.
    Live,
    /// Findings are marked and no alerts; group and topics written are others than those of `Live`.
    Shadow,
}

/// Where a group without offsets starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// At the log's start.
    Earliest,
    /// At its end.
    Latest,
}

/// How dead letters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeadLetterMode {
    /// Length, sha256, reason and position.
    Reference,
    /// The original bytes, or the reference where they do not fit.
    Bytes,
}

/// What `route` re-keys. No finding depends on it.
#[derive(Clone, Debug)]
pub struct RouteConfig {
    /// The topic that is read.
    pub input: String,
    /// The topic of native records keyed by tenant.
    pub output: String,
    /// How the records are written.
    pub format: RouteFormat,
    /// Where their tenant is, and the format of records that hold one exchange each.
    pub reading: Reading,
    /// How halves of exchanges in different records are joined, if they are.
    pub join: Option<JoinConfig>,
}

/// How halves of exchanges are joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinConfig {
    /// The topic between the two halves of `route`.
    pub parts: String,
    /// How far apart they may lie in time.
    pub span: Duration,
    /// And in bytes of a partition.
    pub bytes: u64,
}

/// What findings depend on.
#[derive(Clone)]
pub struct FoldConfig {
    /// Secret that keys every stored, emitted or compared hash. 16 bytes derived from the configured secret.
    pub secret: [u8; 16],
    /// Records above this are rejected as `too_large`.
    pub max_record_bytes: usize,
    /// Records nested deeper are rejected as `too_deep`.
    pub max_depth: usize,
    /// Logical bytes of tenant state per input partition.
    pub memory_per_partition: u64,
    /// A finding closes after this much event time without an alarm.
    pub close_after_ms: i64,
    /// A tenant silent for this long is forgotten.
    pub forget_after_ms: i64,
    /// How the records of the input are written, and where their tenant is.
    pub reading: Reading,
    /// Known questions of public test sets: `model.benchmarks`, or those inside the binary.
    pub benchmarks: Arc<Benchmarks>,
    /// What is usual in slots: `model.slots`, or the tables beside `model.path`.
    pub slots: Option<Arc<Slots>>,
}

/// Which model.
#[derive(Clone, Debug, Default)]
pub struct ModelConfig {
    /// A model file; none means the one inside the binary.
    pub path: Option<PathBuf>,
    /// A folder of former model files, for what was judged by them.
    pub known: Option<PathBuf>,
}

/// What is known of tenants.
#[derive(Clone, Debug, Default)]
pub struct TenantsConfig {
    /// A snapshot, one tenant a line; none means that nothing is known.
    pub path: Option<PathBuf>,
    /// A folder of former snapshots.
    pub known: Option<PathBuf>,
}

/// What people have decided about findings.
#[derive(Clone, Debug, Default)]
pub struct VerdictsConfig {
    /// A snapshot, one verdict a line; none means that nothing is decided.
    pub path: Option<PathBuf>,
    /// A folder of former snapshots.
    pub known: Option<PathBuf>,
}

/// Pace of the live driver.
#[derive(Clone, Debug)]
pub struct LiveConfig {
    /// A transaction at least this often while there is something to publish.
    pub publish_every: Duration,
    /// Pending output bytes that force a transaction.
    pub publish_bytes: usize,
    /// At most one transaction per this while findings wait.
    pub finding_every: Duration,
    /// Every shard is checkpointed within this.
    pub checkpoint_interval: Duration,
    /// Largest checkpoint slice of one transaction, in bytes.
    pub slice_bytes: usize,
    /// Records per batch.
    pub batch_records: usize,
    /// Bytes per batch.
    pub batch_bytes: usize,
    /// Longest time a stop may take; below the session time-out.
    pub drain_limit: Duration,
    /// Threads of the fold; 0 means one per core.
    pub threads: usize,
}

/// Metrics and probes.
#[derive(Clone)]
pub struct HttpConfig {
    /// Listen address; none switches HTTP off.
    pub listen: Option<std::net::SocketAddr>,
    /// Needed beyond loopback.
    pub token: Option<String>,
}

/// Logs.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// Text or JSON.
    pub format: LogFormat,
    /// A tracing filter, e.g. `info` or `stillwatch=debug`.
    pub filter: String,
}

/// Text or JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// True for keys whose value must never be shown.
pub(crate) fn is_secret(key: &str) -> bool {
    match key.strip_prefix(document::OPTIONS) {
        Some(option) => options::is_secret(option),
        None => matches!(key, "fold.secret" | "http.token"),
    }
}
