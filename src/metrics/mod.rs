//! What the process says about itself in Prometheus' words: prefix `stillwatch_`, base units, `_total` on
//! counters, no tenant label: cardinality is bounded by partitions and closed sets.
//!
//! Handles are updated once per batch or transaction, never per record. Series of closed sets exist from
//! the start with 0, so that a rate over a first reject is not lost.

mod register;

use prometheus::{
    CounterVec, Encoder, Gauge, GaugeVec, Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry,
    TextEncoder,
};

use crate::feature::TABLE;
use crate::finding::{Activity, Kind, Pattern};
use crate::http::{Cause, Health};
use crate::record::reject::{Reject, RejectCounts};
use crate::record::schema::Schema;
use crate::verdicts::Verdict;

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Where the time of the poll thread goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Taking records that are there.
    Poll,
    /// Decoding: records to exchanges to traces.
    Trace,
    /// Features and scores: traces into tenants, models, evidence.
    Fold,
    /// Events to bytes.
    Render,
    /// State to bytes.
    Checkpoint,
    /// Transactions: producing, flushing, offsets, commit.
    Publish,
    /// Rebalances, restored partitions, reloads, gauges.
    Control,
    /// Waiting for records that are not there.
    Wait,
}

/// Every metric; cheap to clone and to share.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    rows: Vec<Row>,
    /// Records by outcome (`accepted`, `rejected`) and schema.
    pub records: IntCounterVec,
    /// Rejects by reason.
    pub rejects: IntCounterVec,
    /// Dead letters committed.
    pub dead_letters: IntCounter,
    /// Exchanges and parts of `route --join`: `joined`, `alone`, `early`, `late`.
    pub joins: IntCounterVec,
    /// Bytes of record values read.
    pub bytes: IntCounter,
    /// Distinct names of unknown fields seen.
    pub unknown_fields: IntGauge,
    /// Records per batch.
    pub batch_records: Histogram,
    /// Seconds by stage.
    pub stage_seconds: CounterVec,
    /// Seconds from the deciding record's time to its committed finding.
    pub end_to_end_latency_seconds: Histogram,
    /// Wall clock less watermark, the oldest partition's.
    pub event_time_lag_seconds: Gauge,
    /// Records behind the end, by partition.
    pub consumer_lag: IntGaugeVec,
    /// Partitions this instance owns.
    pub assigned_partitions: IntGauge,
    /// Of those, the ones that are restored and live.
    pub partitions_ready: IntGauge,
    /// Of those, the ones that stopped for good.
    pub partitions_stopped: IntGauge,
    /// 1 when `/readyz` says yes.
    pub ready: IntGauge,
    /// What stands in the way of that, by cause.
    pub not_ready_reasons: IntGaugeVec,
    /// Seconds since the poll loop last went round.
    pub loop_age_seconds: Gauge,
    /// Rebalances: `assign`, `revoke`, `lost`.
    pub rebalances: IntCounterVec,
    /// Seconds from assignment to ready.
    pub restore_seconds: Histogram,
    /// State records read while restoring.
    pub restore_records: IntCounter,
    /// Transactions: `committed`, `aborted`, `unknown`.
    pub transactions: IntCounterVec,
    /// Seconds from begin to the end of commit.
    pub transaction_seconds: Histogram,
    /// Seconds to write all shards of a partition once.
    pub checkpoint_seconds: Histogram,
    /// Seconds that the longest-waiting shard has waited for its checkpoint.
    pub checkpoint_age_seconds: Gauge,
    /// Bytes of state written.
    pub checkpoint_bytes: IntCounter,
    /// Tenants in memory.
    pub tenants: IntGauge,
    /// Workloads in memory.
    pub workloads: IntGauge,
    /// Logical bytes of state in memory.
    pub state_bytes: IntGauge,
    /// Tenants that left memory: `memory`, `silent`.
    pub evictions: IntCounterVec,
    /// Scores of decisions, 0 to 1, to the middle of their tenth.
    pub score: Histogram,
    /// How far each feature has moved from the model's calm windows.
    pub feature_drift: GaugeVec,
    /// Finding events committed, by kind, pattern and activity.
    pub findings: IntCounterVec,
    /// Finding events told as suppressed, by the verdict that dismisses them.
    pub suppressed: IntCounterVec,
    /// Reloads by outcome: `applied`, `unchanged`, `refused`.
    pub reloads: IntCounterVec,
    /// 1 in shadow mode.
    pub shadow: IntGauge,
    model_info: GaugeVec,
    snapshot_info: GaugeVec,
}

/// One line of the table of metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Full name.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Names of labels.
    pub labels: Vec<String>,
    /// What it means.
    pub help: String,
}

impl Stage {
    /// All of them.
    pub const ALL: [Stage; 8] = [
        Stage::Poll,
        Stage::Trace,
        Stage::Fold,
        Stage::Render,
        Stage::Checkpoint,
        Stage::Publish,
        Stage::Control,
        Stage::Wait,
    ];

    /// The label.
    pub fn label(self) -> &'static str {
        match self {
            Stage::Poll => "poll",
            Stage::Trace => "trace",
            Stage::Fold => "fold",
            Stage::Render => "render",
            Stage::Checkpoint => "checkpoint",
            Stage::Publish => "publish",
            Stage::Control => "control",
            Stage::Wait => "wait",
        }
    }
}

impl Metrics {
    /// A batch that was folded: what was accepted and rejected by schema, the rejects by reason, and the bytes read.
    pub fn batch(&self, schemas: &[[u64; 2]; Schema::COUNT], rejects: &RejectCounts, bytes: u64) {
        let mut read = 0;
        for (schema, [accepted, rejected]) in Schema::ALL.into_iter().zip(schemas) {
            self.records.with_label_values(&["accepted", schema.label()]).inc_by(*accepted);
            self.records.with_label_values(&["rejected", schema.label()]).inc_by(*rejected);
            read += accepted + rejected;
        }
        for reason in Reject::ALL.into_iter().filter(|reason| 0 < rejects.of(*reason)) {
            self.rejects.with_label_values(&[reason.label()]).inc_by(rejects.of(reason));
        }
        self.bytes.inc_by(bytes);
        self.batch_records.observe(read as f64);
    }

    /// Decisions by the tenth of the range that their score fell into.
    pub fn scores(&self, tenths: &[u64]) {
        let local = self.score.local();
        for (tenth, count) in tenths.iter().enumerate() {
            let middle = (tenth as f64 + 0.5) / tenths.len() as f64;
            (0..*count).for_each(|_| local.observe(middle));
        }
        local.flush();
    }

    /// How far features have moved; one of which too little was seen says nothing.
    pub fn drift(&self, indices: &[Option<f64>]) {
        for (feature, index) in TABLE.iter().zip(indices) {
            match index {
                Some(index) => self.feature_drift.with_label_values(&[feature.name]).set(*index),
                // an error means that it never said anything
                None => drop(self.feature_drift.remove_label_values(&[feature.name])),
            }
        }
    }

    /// Time spent in a stage.
    pub fn spent(&self, stage: Stage, seconds: f64) {
        self.stage_seconds.with_label_values(&[stage.label()]).inc_by(seconds);
    }

    /// A finding event that was committed, and the verdict that it tells.
    pub fn finding(&self, kind: Kind, pattern: Pattern, activity: Activity, verdict: Option<Verdict>) {
        let (activity, dismissed) = match activity {
            Activity::Create => ("create", None),
            Activity::Update => ("update", verdict.filter(|verdict| verdict.dismisses())),
            Activity::Close(_) => ("close", None),
        };
        self.findings.with_label_values(&[kind.label(), pattern.label(), activity]).inc();
        if let Some(verdict) = dismissed {
            self.suppressed.with_label_values(&[verdict.label()]).inc();
        }
    }

    /// What the probes say, as of now.
    pub fn condition(&self, health: &Health) {
        self.ready.set(i64::from(health.is_ready()));
        let counts = health.counts();
        for cause in Cause::LABELS {
            let count = counts.get(cause).copied().unwrap_or(0);
            self.not_ready_reasons.with_label_values(&[cause]).set(count);
        }
        self.loop_age_seconds.set(health.silent_for().as_secs_f64());
    }

    /// How far a partition is behind its end.
    pub fn lag(&self, partition: i32, records: i64) {
        self.consumer_lag.with_label_values(&[&partition.to_string()]).set(records);
    }

    /// A partition that is no longer ours says nothing more.
    pub fn forget_partition(&self, partition: i32) {
        // an error means that it never said anything
        drop(self.consumer_lag.remove_label_values(&[&partition.to_string()]));
    }

    /// The model in force; the one before it disappears.
    pub fn model(&self, name: &str, sha256: &str) {
        self.model_info.reset();
        self.model_info.with_label_values(&[name, sha256]).set(1.0);
    }

    /// The snapshots in force beside the model: input, name and SHA-256 of each; those before them disappear.
    pub fn snapshots(&self, snapshots: &[(&str, &str, &str)]) {
        self.snapshot_info.reset();
        for (input, name, sha256) in snapshots {
            self.snapshot_info.with_label_values(&[*input, *name, *sha256]).set(1.0);
        }
    }

    /// The exposition text.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        let mut out = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut out)?;
        String::from_utf8(out).map_err(|error| prometheus::Error::Msg(error.to_string()))
    }

    /// Every metric in the order of this file, for the documentation.
    pub fn table(&self) -> &[Row] {
        &self.rows
    }

    /// The same as a Markdown table.
    pub fn markdown(&self) -> String {
        let head = "| metric | type | labels | meaning |\n|---|---|---|---|".to_owned();
        let row = |row: &Row| format!("| `{}` | {} | {} | {} |", row.name, row.kind, row.labels.join(", "), row.help);
        let lines: Vec<String> = std::iter::once(head).chain(self.rows.iter().map(row)).collect();
        lines.join("\n") + "\n"
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_batch_counts_every_record_once() {
        let metrics = Metrics::new().unwrap();
        let mut rejects = RejectCounts::default();
        rejects.add(Reject::NotJson);
        rejects.add(Reject::NotJson);
        metrics.batch(&[[40, 2], [0, 0], [0, 0], [7, 0], [0, 0]], &rejects, 9_000);
        metrics.finding(Kind::Workload, Pattern::Relay, Activity::Create, None);
        metrics.finding(Kind::Tenant, Pattern::Relay, Activity::Update, Some(Verdict::Benign));
        metrics.finding(Kind::Tenant, Pattern::Relay, Activity::Update, Some(Verdict::TruePositive));
        let health = Health::new(std::time::Duration::from_secs(1));
        health.hold(Cause::Partition(3), "restoring");
        health.hold(Cause::Partition(4), "restoring");
        metrics.condition(&health);
        metrics.lag(3, 17);
        metrics.model("density-1", "ab12");
        metrics.snapshots(&[("tenants", "tenants.jsonl", "ef56"), ("verdicts", "none", "")]);
        let mut indices = [None; crate::feature::WIDTH];
        indices[0] = Some(0.125);
        metrics.drift(&indices);
        let text = metrics.text().unwrap();
        for line in [
            "stillwatch_records_total{outcome=\"accepted\",schema=\"native\"} 40",
            "stillwatch_records_total{outcome=\"rejected\",schema=\"native\"} 2",
            "stillwatch_records_total{outcome=\"accepted\",schema=\"litellm\"} 7",
            "stillwatch_records_total{outcome=\"rejected\",schema=\"openai_chat\"} 0",
            "stillwatch_rejects_total{reason=\"not_json\"} 2",
            "stillwatch_rejects_total{reason=\"bad_ts\"} 0",
            "stillwatch_findings_total{activity=\"create\",kind=\"workload\",pattern=\"relay\"} 1",
            "stillwatch_findings_total{activity=\"update\",kind=\"tenant\",pattern=\"relay\"} 2",
            "stillwatch_findings_total{activity=\"create\",kind=\"tenant\",pattern=\"unknown\"} 0",
            "stillwatch_suppressed_total{reason=\"benign\"} 1",
            "stillwatch_suppressed_total{reason=\"false_positive\"} 0",
            "stillwatch_ready 0",
            "stillwatch_not_ready_reasons{cause=\"partition\"} 2",
            "stillwatch_not_ready_reasons{cause=\"model\"} 1",
            "stillwatch_not_ready_reasons{cause=\"broker\"} 0",
            "stillwatch_consumer_lag{partition=\"3\"} 17",
            "stillwatch_model_info{name=\"density-1\",sha256=\"ab12\"} 1",
            "stillwatch_feature_drift{feature=\"template_share\"} 0.125",
            "stillwatch_snapshot_info{input=\"tenants\",name=\"tenants.jsonl\",sha256=\"ef56\"} 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        metrics.forget_partition(3);
        metrics.forget_partition(9);
        metrics.model("density-2", "cd34");
        metrics.snapshots(&[("tenants", "none", "")]);
        metrics.drift(&[None; crate::feature::WIDTH]);
        let text = metrics.text().unwrap();
        assert!(!text.contains("stillwatch_feature_drift{"));
        assert!(!text.contains("partition=\"3\"") && !text.contains("density-1"));
        assert!(!text.contains("ef56") && text.contains("stillwatch_snapshot_info{input=\"tenants\",name=\"none\""));
    }

    /// `STILLWATCH_BLESS=1` writes the table again.
    #[test]
    fn the_table_in_the_documentation_is_ours() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/README.md");
        let readme = std::fs::read_to_string(file).unwrap();
        let (before, rest) = readme.split_once("equal to the program's -->\n").unwrap();
        let (table, after) = rest.split_once("<!-- metrics: end -->").unwrap();
        let ours = Metrics::new().unwrap().markdown();
        if std::env::var_os("STILLWATCH_BLESS").is_some() {
            let page = format!("{before}equal to the program's -->\n{ours}<!-- metrics: end -->{after}");
            std::fs::write(file, page).unwrap();
            return;
        }
        assert!(table == ours, "STILLWATCH_BLESS=1 cargo test --lib table_in_the_documentation");
    }

    #[test]
    fn names_follow_the_contract() {
        let metrics = Metrics::new().unwrap();
        for row in metrics.table() {
            assert!(row.name.starts_with("stillwatch_") || row.name.starts_with("process_"), "{}", row.name);
            assert_eq!(row.kind == "counter", row.name.ends_with("_total"), "{}", row.name);
            assert!(!row.labels.iter().any(|label| label == "tenant"), "{}", row.name);
            assert!(row.help.ends_with('.'), "{}", row.name);
        }
        assert_eq!(metrics.table().iter().filter(|row| row.name.starts_with("stillwatch_")).count(), 38);
        assert!(metrics.text().unwrap().contains("process_resident_memory_bytes "));
    }
}
