//! What the file says, before anything is checked. The field docs are the descriptions in the JSON Schema,
//! and the schema is the list of known keys: a key exists when it has a field here.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quantity::{DurationText, SizeText};
use super::{DeadLetterMode, LogFormat, Mode, Start};
use crate::record::schema::split::RouteFormat;
use crate::record::schema::{Format, marks};

/// Configuration of stillwatch.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "stillwatch configuration")]
pub struct RawConfig {
    /// Brokers, group and topics.
    pub kafka: RawKafka,
    /// How the records of the input are written. A change here is a new fold, as in `fold`.
    pub input: RawInput,
    /// What `route` re-keys.
    pub route: RawRoute,
    /// What the findings depend on. A change here is a new fold: the state of the old one is refused.
    pub fold: RawFold,
    /// Which model.
    pub model: RawModel,
    /// What the provider knows of its tenants.
    pub tenants: RawTenants,
    /// Countries that its policies exclude.
    pub policy: RawPolicy,
    /// What people have decided about findings.
    pub verdicts: RawVerdicts,
    /// How the live driver paces itself. Nothing here changes a finding.
    pub live: RawLive,
    /// Metrics and probes.
    pub http: RawHttp,
    /// Logs.
    pub log: RawLog,
}

/// Brokers, group and topics.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawKafka {
    /// First brokers to ask: `host:port[,host:port]`. Required by `run`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<String>,
    /// Consumer group; also the prefix of the transactional id.
    pub group: String,
    /// `live`, or `shadow`: the group and every topic written get `.shadow` at the end of their names, and findings are
    /// marked and no alerts. To see what another model would raise, beside the one that raises.
    pub mode: Mode,
    /// Static member id: unique per instance and stable over restarts. Without it the member is dynamic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// Where a group without offsets starts: `earliest` or `latest`. Required by `run`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
    /// How long a broker may be out of reach before the process exits with code 4.
    pub give_up_after: DurationText,
    /// How long the group waits for a silent member.
    pub session_timeout: DurationText,
    /// How long the broker keeps a transaction open; below `session_timeout`.
    pub transaction_timeout: DurationText,
    /// What a dead letter holds: `reference` (length, sha256, reason, position) or `bytes` (the record itself).
    pub dead_letters: DeadLetterMode,
    /// Names of the topics.
    pub topics: RawTopics,
    /// librdkafka options that pass through, e.g. `sasl.mechanism`. A name with `_file` at its end reads
    /// the value from that file.
    pub options: BTreeMap<String, OptionValue>,
}

/// Names of the topics.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawTopics {
    /// Input: exchanges, keyed by tenant.
    pub input: String,
    /// Output: findings.
    pub findings: String,
    /// Output: rejected records.
    pub dead_letters: String,
    /// Compacted: state of tenants.
    pub state: String,
    /// Control records.
    pub control: String,
}

/// A librdkafka option: text, number or switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OptionValue {
    /// `"SCRAM-SHA-256"`
    Text(String),
    /// `50`
    Number(i64),
    /// `true`
    Switch(bool),
}

/// How the records of the input are written.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawInput {
    /// Their schema: `native`, `openai_chat`, `anthropic_messages`, `litellm`, or `auto`: told by each record alone.
    pub format: Format,
    /// Where the tenant is, beyond the schema's own place: `field:a.b`, `header:name` or `key`, several between
    /// commas, of which the first that holds something counts. Native records name it themselves.
    pub tenant_from: String,
    /// What stands in the place of withheld text, between commas: a text that is one of them counts as none.
    pub redaction_marks: String,
}

/// What `route` re-keys: records of any schema and key become native records keyed by tenant.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawRoute {
    /// The topic that is read.
    pub input: String,
    /// The topic that is written; name it in `kafka.topics.input` for `run`.
    pub output: String,
    /// How the records are written: as `input.format`, or `otlp`.
    pub format: RouteFormat,
    /// Where their tenant is: as `input.tenant_from`. For `otlp`, `field:` names an attribute.
    pub tenant_from: String,
    /// How far apart the halves of an exchange may lie, spans here and their log events there, to be joined: `1s` to
    /// `15m`. Every exchange of a span waits that long. Without it nothing is joined beyond one record. Only for `otlp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join: Option<DurationText>,
    /// The topic of the parts that `route` cuts and `route --join` joins.
    pub parts: String,
    /// Bytes of parts in a partition after which an exchange waits no longer: the most that an instance holds of it.
    pub join_bytes: SizeText,
}

/// What the findings depend on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawFold {
    /// File with the secret that keys every hash; at least 16 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<String>,
    /// The secret itself; better in a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Larger records are rejected as `too_large`.
    pub max_record: SizeText,
    /// Records nested deeper are rejected as `too_deep`.
    #[schemars(range(min = 8, max = 512))]
    pub max_depth: u64,
    /// Logical bytes of tenant state per input partition; the longest silent tenants leave first.
    pub memory_per_partition: SizeText,
    /// A finding closes after this much event time without an alarm.
    pub close_after: DurationText,
    /// A tenant silent for this long, in event time, is forgotten.
    pub forget_after: DurationText,
}

/// Which model.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawModel {
    /// A model file; without it the model inside the binary is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Folder of former model files (`*.json`): what was judged by one of them is folded again with it after a
    /// crash. The model inside the binary is always known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
    /// Known questions of public test sets, as `model benchmark` writes them; without it those inside the binary
    /// are used. A change here is a new fold: the state of the old one is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub benchmarks: Option<String>,
    /// What is usual in slots, as `calibrate` writes it; without it `NAME.slots` beside the model is used, if it is
    /// there. A change here is a new fold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<String>,
}

/// What the provider knows of its tenants.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawTenants {
    /// A snapshot, one JSON object a line; without it nothing is known. It sets wording and severity and raises
    /// policy findings; it never silences evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Folder of former snapshots (`*.jsonl`): as `model.known`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
}

/// Countries that the provider's policies exclude, as `policy: CC CC; policy: CC`. A policy binds the tenants
/// whose `model_policies` name it, `*` binds every known one.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawPolicy {
    /// Countries where a tenant may not be, such as `openai: CN RU; *: KP`.
    pub unsupported: String,
    /// Countries where a tenant's owner may not be.
    pub excluded_owners: String,
}

/// What people have decided about findings.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawVerdicts {
    /// A snapshot, one JSON object a line; without it nothing is decided. Later events of a finding tell its verdict;
    /// it changes no evidence and no severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Folder of former snapshots (`*.jsonl`): as `model.known`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
}

/// How the live driver paces itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawLive {
    /// A transaction at least this often while there is something to publish.
    pub publish_every: DurationText,
    /// Pending output that forces a transaction.
    pub publish_bytes: SizeText,
    /// At most one transaction per this while findings wait.
    pub finding_every: DurationText,
    /// Every shard of state is checkpointed within this.
    pub checkpoint_interval: DurationText,
    /// Largest part of a checkpoint in one transaction.
    pub slice_bytes: SizeText,
    /// Most records of one batch.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub batch_records: u64,
    /// Most bytes of one batch.
    pub batch_bytes: SizeText,
    /// Longest time a stop may take; below `kafka.session_timeout`.
    pub drain_limit: DurationText,
    /// Threads of the fold; 0 means one per core.
    #[schemars(range(max = 1024))]
    pub threads: u64,
}

/// Metrics and probes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawHttp {
    /// Listen address, `ip:port`, or `off`.
    pub listen: String,
    /// File with the bearer token; needed beyond loopback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<String>,
    /// The token itself; better in a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// Logs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawLog {
    /// `text` for people, `json` for machines; always on stderr.
    pub format: LogFormat,
    /// What is logged, e.g. `info` or `stillwatch=debug,librdkafka=warn`.
    pub filter: String,
}

impl Default for RawKafka {
    fn default() -> Self {
        RawKafka {
            bootstrap: None,
            group: "stillwatch".to_owned(),
            mode: Mode::Live,
            instance_id: None,
            start: None,
            give_up_after: duration("5min"),
            session_timeout: duration("30s"),
            transaction_timeout: duration("10s"),
            dead_letters: DeadLetterMode::Reference,
            topics: RawTopics::default(),
            options: BTreeMap::new(),
        }
    }
}

impl Default for RawTopics {
    fn default() -> Self {
        RawTopics {
            input: "llm.exchanges".to_owned(),
            findings: "stillwatch.findings".to_owned(),
            dead_letters: "stillwatch.dead-letters".to_owned(),
            state: "stillwatch.state".to_owned(),
            control: "stillwatch.control".to_owned(),
        }
    }
}

impl Default for RawInput {
    fn default() -> Self {
        let redaction_marks = marks::DEFAULT.to_owned();
        RawInput { format: Format::Native, tenant_from: String::new(), redaction_marks }
    }
}

impl Default for RawRoute {
    fn default() -> Self {
        RawRoute {
            input: "llm.raw".to_owned(),
            output: "stillwatch.exchanges".to_owned(),
            format: RouteFormat::Auto,
            tenant_from: String::new(),
            join: None,
            parts: "stillwatch.parts".to_owned(),
            join_bytes: size("64MiB"),
        }
    }
}

impl Default for RawFold {
    fn default() -> Self {
        RawFold {
            secret_file: None,
            secret: None,
            max_record: size("8MiB"),
            max_depth: 64,
            memory_per_partition: size("512MiB"),
            close_after: duration("24h"),
            forget_after: duration("30d"),
        }
    }
}

impl Default for RawLive {
    fn default() -> Self {
        RawLive {
            publish_every: duration("500ms"),
            publish_bytes: size("4MiB"),
            finding_every: duration("20ms"),
            checkpoint_interval: duration("30s"),
            slice_bytes: size("8MiB"),
            batch_records: 4096,
            batch_bytes: size("16MiB"),
            drain_limit: duration("20s"),
            threads: 0,
        }
    }
}

impl Default for RawHttp {
    fn default() -> Self {
        RawHttp { listen: "127.0.0.1:9464".to_owned(), token_file: None, token: None }
    }
}

impl Default for RawLog {
    fn default() -> Self {
        RawLog { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

fn duration(text: &str) -> DurationText {
    DurationText(text.to_owned())
}

fn size(text: &str) -> SizeText {
    SizeText(text.to_owned())
}
