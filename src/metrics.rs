//! What the process says about itself in Prometheus' words: prefix `stillwatch_`, base units, `_total` on
//! counters, no tenant label: cardinality is bounded by partitions and closed sets.
//!
//! Handles are updated once per batch or transaction, never per record. Series of closed sets exist from
//! the start with 0, so that a rate over a first reject is not lost.

use prometheus::core::Collector;
use prometheus::{
    CounterVec, Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec,
    IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::finding::{Activity, Kind, Pattern};
use crate::record::reject::{Reject, RejectCounts};

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Where the time of the poll thread goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Asking the consumer for records that are there.
    Poll,
    /// Records to exchanges to traces.
    Trace,
    /// Traces into tenants, models, evidence.
    Fold,
    /// Events to bytes.
    Render,
    /// Transactions and the checkpoints in them.
    Publish,
    /// Waiting for records that are not there.
    Wait,
}

/// Every metric; cheap to clone and to share.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    rows: Vec<Row>,
    /// Records by outcome: `accepted`, `rejected`.
    pub records: IntCounterVec,
    /// Rejects by reason.
    pub rejects: IntCounterVec,
    /// Dead letters committed.
    pub dead_letters: IntCounter,
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
    /// Rebalances: `assign`, `revoke`, `lost`.
    pub rebalances: IntCounterVec,
    /// Seconds from assignment to ready.
    pub restore_seconds: Histogram,
    /// State records read while restoring.
    pub restore_records: IntCounter,
    /// Transactions: `committed`, `aborted`, `unknown`, `fenced`.
    pub transactions: IntCounterVec,
    /// Seconds from begin to the end of commit.
    pub transaction_seconds: Histogram,
    /// Seconds to write all shards of a partition once.
    pub checkpoint_seconds: Histogram,
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
    /// Finding events committed, by kind, pattern and activity.
    pub findings: IntCounterVec,
    /// Scores of decided windows.
    pub score: Histogram,
    model_info: GaugeVec,
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
    pub const ALL: [Stage; 6] = [
        Stage::Poll,
        Stage::Trace,
        Stage::Fold,
        Stage::Render,
        Stage::Publish,
        Stage::Wait,
    ];

    /// The label.
    pub fn label(self) -> &'static str {
        match self {
            Stage::Poll => "poll",
            Stage::Trace => "trace",
            Stage::Fold => "fold",
            Stage::Render => "render",
            Stage::Publish => "publish",
            Stage::Wait => "wait",
        }
    }
}

impl Metrics {
    /// A registry of its own with everything in it.
    pub fn new() -> Result<Metrics, prometheus::Error> {
        let mut make = Maker {
            registry: Registry::new(),
            rows: Vec::new(),
        };
        let metrics = Metrics {
            records: make.counters(
                "records_total",
                "Records read, by outcome; accepted + rejected = read.",
                &["outcome"],
            )?,
            rejects: make.counters("rejects_total", "Rejected records, by reason.", &["reason"])?,
            dead_letters: make.counter("dead_letters_total", "Dead letters committed.")?,
            bytes: make.counter("bytes_total", "Bytes of record values read.")?,
            unknown_fields: make.gauge(
                "unknown_fields",
                "Distinct names of unknown fields seen since the start.",
            )?,
            batch_records: make.histogram("batch_records", "Records per batch.", &POWERS_OF_4)?,
            stage_seconds: make.seconds(
                "stage_seconds_total",
                "Seconds of the poll thread, by stage.",
                &["stage"],
            )?,
            end_to_end_latency_seconds: make.histogram(
                "end_to_end_latency_seconds",
                "From the time of the deciding record to its committed finding.",
                &LATENCY,
            )?,
            event_time_lag_seconds: make.level(
                "event_time_lag_seconds",
                "Wall clock less watermark, of the oldest partition.",
            )?,
            consumer_lag: make.gauges(
                "consumer_lag",
                "Records behind the end of the input, by partition.",
                &["partition"],
            )?,
            assigned_partitions: make.gauge(
                "assigned_partitions",
                "Input partitions this instance owns.",
            )?,
            partitions_ready: make.gauge(
                "partitions_ready",
                "Owned partitions that are restored and live.",
            )?,
            rebalances: make.counters("rebalances_total", "Rebalances, by kind.", &["kind"])?,
            restore_seconds: make.histogram(
                "restore_seconds",
                "From assignment of a partition to ready.",
                &LATENCY,
            )?,
            restore_records: make.counter(
                "restore_records_total",
                "State records read while restoring.",
            )?,
            transactions: make.counters(
                "transactions_total",
                "Transactions, by outcome.",
                &["outcome"],
            )?,
            transaction_seconds: make.histogram(
                "transaction_seconds",
                "From begin to the end of commit.",
                &SHORT,
            )?,
            checkpoint_seconds: make.histogram(
                "checkpoint_seconds",
                "Time to write every shard of a partition once.",
                &LATENCY,
            )?,
            checkpoint_bytes: make.counter("checkpoint_bytes_total", "Bytes of state written.")?,
            tenants: make.gauge("tenants", "Tenants in memory.")?,
            workloads: make.gauge("workloads", "Workloads in memory.")?,
            state_bytes: make.gauge("state_bytes", "Logical bytes of state in memory.")?,
            evictions: make.counters(
                "evictions_total",
                "Tenants that left memory, by reason.",
                &["reason"],
            )?,
            findings: make.counters(
                "findings_total",
                "Finding events committed.",
                &["kind", "pattern", "activity"],
            )?,
            score: make.histogram("score", "Scores of decided windows, 0 to 1.", &SCORE)?,
            model_info: make.levels(
                "model_info",
                "The model in force; always 1.",
                &["name", "sha256"],
            )?,
            registry: make.registry.clone(),
            rows: Vec::new(),
        };
        make.levels("build_info", "The program; always 1.", &["version"])?
            .with_label_values(&[crate::cli::VERSION])
            .set(1.0);
        let metrics = Metrics {
            rows: make.rows,
            ..metrics
        };
        metrics.start_closed_sets();
        Ok(metrics)
    }

    /// A batch that was folded: how many were accepted, the rejects by reason, and the bytes read.
    pub fn batch(&self, accepted: u64, rejects: &RejectCounts, bytes: u64) {
        let rejected = rejects.total();
        self.records
            .with_label_values(&["accepted"])
            .inc_by(accepted);
        self.records
            .with_label_values(&["rejected"])
            .inc_by(rejected);
        for reason in Reject::ALL
            .into_iter()
            .filter(|reason| 0 < rejects.of(*reason))
        {
            self.rejects
                .with_label_values(&[reason.label()])
                .inc_by(rejects.of(reason));
        }
        self.bytes.inc_by(bytes);
        self.batch_records.observe((accepted + rejected) as f64);
    }

    /// Time spent in a stage.
    pub fn spent(&self, stage: Stage, seconds: f64) {
        self.stage_seconds
            .with_label_values(&[stage.label()])
            .inc_by(seconds);
    }

    /// A finding event that was committed.
    pub fn finding(&self, kind: Kind, pattern: Pattern, activity: Activity) {
        let activity = match activity {
            Activity::Create => "create",
            Activity::Update => "update",
            Activity::Close(_) => "close",
        };
        self.findings
            .with_label_values(&[kind.label(), pattern.label(), activity])
            .inc();
    }

    /// How far a partition is behind its end.
    pub fn lag(&self, partition: i32, records: i64) {
        self.consumer_lag
            .with_label_values(&[&partition.to_string()])
            .set(records);
    }

    /// A partition that is no longer ours says nothing more.
    pub fn forget_partition(&self, partition: i32) {
        // an error means that it never said anything
        drop(
            self.consumer_lag
                .remove_label_values(&[&partition.to_string()]),
        );
    }

    /// The model in force; the one before it disappears.
    pub fn model(&self, name: &str, sha256: &str) {
        self.model_info.reset();
        self.model_info.with_label_values(&[name, sha256]).set(1.0);
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
        let row = |row: &Row| {
            format!(
                "| `{}` | {} | {} | {} |",
                row.name,
                row.kind,
                row.labels.join(", "),
                row.help
            )
        };
        let lines: Vec<String> = std::iter::once(head)
            .chain(self.rows.iter().map(row))
            .collect();
        lines.join("\n") + "\n"
    }

    fn start_closed_sets(&self) {
        for reason in Reject::ALL {
            self.rejects.with_label_values(&[reason.label()]);
        }
        for stage in Stage::ALL {
            self.stage_seconds.with_label_values(&[stage.label()]);
        }
        let sets: [(&IntCounterVec, &[&str]); 4] = [
            (&self.records, &["accepted", "rejected"]),
            (&self.rebalances, &["assign", "revoke", "lost"]),
            (
                &self.transactions,
                &["committed", "aborted", "unknown", "fenced"],
            ),
            (&self.evictions, &["memory", "silent"]),
        ];
        for (counters, labels) in sets {
            for label in labels {
                counters.with_label_values(&[*label]);
            }
        }
    }
}

const POWERS_OF_4: [f64; 9] = [
    1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16_384.0, 65_536.0,
];
const SHORT: [f64; 11] = [
    0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 10.0,
];
const LATENCY: [f64; 14] = [
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 86_400.0,
];
// fine at the top: that is where decisions are made
const SCORE: [f64; 10] = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0];

/// Makes a metric, registers it and notes its row.
struct Maker {
    registry: Registry,
    rows: Vec<Row>,
}

impl Maker {
    fn add<C: Collector + Clone + 'static>(
        &mut self,
        kind: &'static str,
        made: C,
    ) -> Result<C, prometheus::Error> {
        for desc in made.desc() {
            let labels = desc.variable_labels.clone();
            self.rows.push(Row {
                name: desc.fq_name.clone(),
                kind,
                labels,
                help: desc.help.clone(),
            });
        }
        self.registry.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn counter(&mut self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        self.add("counter", IntCounter::with_opts(opts(name, help))?)
    }

    fn counters(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, prometheus::Error> {
        self.add("counter", IntCounterVec::new(opts(name, help), labels)?)
    }

    fn seconds(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<CounterVec, prometheus::Error> {
        self.add("counter", CounterVec::new(opts(name, help), labels)?)
    }

    fn gauge(&mut self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        self.add("gauge", IntGauge::with_opts(opts(name, help))?)
    }

    fn gauges(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntGaugeVec, prometheus::Error> {
        self.add("gauge", IntGaugeVec::new(opts(name, help), labels)?)
    }

    fn level(&mut self, name: &str, help: &str) -> Result<Gauge, prometheus::Error> {
        self.add("gauge", Gauge::with_opts(opts(name, help))?)
    }

    fn levels(
        &mut self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<GaugeVec, prometheus::Error> {
        self.add("gauge", GaugeVec::new(opts(name, help), labels)?)
    }

    fn histogram(
        &mut self,
        name: &str,
        help: &str,
        buckets: &[f64],
    ) -> Result<Histogram, prometheus::Error> {
        let opts = HistogramOpts {
            common_opts: opts(name, help),
            buckets: buckets.to_vec(),
        };
        self.add("histogram", Histogram::with_opts(opts)?)
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("stillwatch")
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
        metrics.batch(40, &rejects, 9_000);
        metrics.finding(Kind::Workload, Pattern::Relay, Activity::Create);
        metrics.lag(3, 17);
        metrics.model("density-1", "ab12");
        let text = metrics.text().unwrap();
        for line in [
            "stillwatch_records_total{outcome=\"accepted\"} 40",
            "stillwatch_records_total{outcome=\"rejected\"} 2",
            "stillwatch_rejects_total{reason=\"not_json\"} 2",
            "stillwatch_rejects_total{reason=\"bad_ts\"} 0",
            "stillwatch_findings_total{activity=\"create\",kind=\"workload\",pattern=\"relay\"} 1",
            "stillwatch_consumer_lag{partition=\"3\"} 17",
            "stillwatch_model_info{name=\"density-1\",sha256=\"ab12\"} 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        metrics.forget_partition(3);
        metrics.forget_partition(9);
        metrics.model("density-2", "cd34");
        let text = metrics.text().unwrap();
        assert!(!text.contains("partition=\"3\"") && !text.contains("density-1"));
    }

    #[test]
    fn names_follow_the_contract() {
        let metrics = Metrics::new().unwrap();
        for row in metrics.table() {
            assert!(row.name.starts_with("stillwatch_"), "{}", row.name);
            assert_eq!(
                row.kind == "counter",
                row.name.ends_with("_total"),
                "{}",
                row.name
            );
            assert!(
                !row.labels.iter().any(|label| label == "tenant"),
                "{}",
                row.name
            );
            assert!(row.help.ends_with('.'), "{}", row.name);
        }
        assert_eq!(metrics.table().len(), 27);
    }
}
