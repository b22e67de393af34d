//! Makes every metric once, registers it, and notes its line of the table.

use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

use super::{Metrics, Row, Stage};
use crate::finding::{Kind, Pattern};
use crate::http::Cause;
use crate::live::report::{Joins, Reload};
use crate::record::reject::Reject;
use crate::record::schema::Schema;
use crate::verdicts::Verdict;

impl Metrics {
    /// A registry of its own with everything in it.
    pub fn new() -> Result<Metrics, prometheus::Error> {
        let mut make = Maker { registry: Registry::new(), rows: Vec::new() };
        let metrics = Metrics {
            records: make.counters(
                "records_total",
                "Records read, by outcome and schema; accepted + rejected = read.",
                &["outcome", "schema"],
            )?,
            rejects: make.counters("rejects_total", "Rejected records, by reason.", &["reason"])?,
            dead_letters: make.counter("dead_letters_total", "Dead letters committed.")?,
            joins: make.counters(
                "joins_total",
                "What `route --join` made of parts. joined, alone: exchanges of several parts and of one; early: \
                 exchanges that waited no longer because of route.join_bytes; late: parts dropped, for their exchange was \
                 written already.",
                &["outcome"],
            )?,
            bytes: make.counter("bytes_total", "Bytes of record values read.")?,
            unknown_fields: make.gauge("unknown_fields", "Distinct names of unknown fields seen since the start.")?,
            batch_records: make.histogram("batch_records", "Records per batch.", &POWERS_OF_4)?,
            stage_seconds: make.seconds(
                "stage_seconds_total",
                "Seconds of the poll thread, by stage; together they are its time. poll: taking records; trace: \
                 decoding and text; fold: features, scores and evidence; render; checkpoint: encoding state; \
                 publish: transactions; control: rebalances and reloads; wait: nothing to do.",
                &["stage"],
            )?,
            end_to_end_latency_seconds: make.histogram(
                "end_to_end_latency_seconds",
                "From the time of the deciding record to its committed finding.",
                &LATENCY,
            )?,
            event_time_lag_seconds: make
                .level("event_time_lag_seconds", "Wall clock less watermark, of the oldest partition.")?,
            consumer_lag: make.gauges(
                "consumer_lag",
                "Records between what is folded and the end for a read_committed reader, by partition; absent while it restores.",
                &["partition"],
            )?,
            assigned_partitions: make.gauge("assigned_partitions", "Input partitions this instance owns.")?,
            partitions_ready: make.gauge("partitions_ready", "Owned partitions that are restored and live.")?,
            partitions_stopped: make
                .gauge("partitions_stopped", "Owned partitions that stopped and need a person; /readyz says why.")?,
            ready: make.gauge("ready", "1 when /readyz says yes, else 0.")?,
            not_ready_reasons: make.gauges(
                "not_ready_reasons",
                "What stands in the way of being ready, by cause.",
                &["cause"],
            )?,
            loop_age_seconds: make.level("loop_age_seconds", "Since the poll loop last went round.")?,
            rebalances: make.counters("rebalances_total", "Rebalances, by kind.", &["kind"])?,
            restore_seconds: make.histogram("restore_seconds", "From assignment of a partition to ready.", &LATENCY)?,
            restore_records: make.counter("restore_records_total", "State records read while restoring.")?,
            transactions: make.counters("transactions_total", "Transactions, by outcome.", &["outcome"])?,
            transaction_seconds: make.histogram("transaction_seconds", "From begin to the end of commit.", &SHORT)?,
            checkpoint_seconds: make.histogram(
                "checkpoint_seconds",
                "Time to write every shard of a partition once.",
                &LATENCY,
            )?,
            checkpoint_age_seconds: make.level(
                "checkpoint_age_seconds",
                "How long the longest-waiting shard has waited for its checkpoint: about live.checkpoint_interval at most.",
            )?,
            checkpoint_bytes: make.counter("checkpoint_bytes_total", "Bytes of state written.")?,
            tenants: make.gauge("tenants", "Tenants in memory.")?,
            workloads: make.gauge("workloads", "Workloads in memory.")?,
            state_bytes: make.gauge("state_bytes", "Logical bytes of state in memory.")?,
            evictions: make.counters("evictions_total", "Tenants that left memory, by reason.", &["reason"])?,
            score: make.histogram("score", "Scores of decisions, 0 to 1, to the middle of their tenth.", &TENTHS)?,
            feature_drift: make.levels(
                "feature_drift",
                "How far a feature of calm windows has moved from those the model knows: population stability index \
                 at equal exchange counts, over the last 10,000 to 20,000 windows, from 500 on; above 0.25 is much.",
                &["feature"],
            )?,
            findings: make.counters("findings_total", "Finding events committed.", &["kind", "pattern", "activity"])?,
            suppressed: make.counters(
                "suppressed_total",
                "Updates of findings told as suppressed, by the verdict that dismisses them.",
                &["reason"],
            )?,
            reloads: make.counters("reloads_total", "Reloads on SIGHUP, by outcome.", &["outcome"])?,
            shadow: make.gauge("shadow", "1 in shadow mode: findings go to topics of its own and are no alerts.")?,
            model_info: make.levels("model_info", "The model in force; always 1.", &["name", "sha256"])?,
            snapshot_info: make.levels(
                "snapshot_info",
                "What is in force beside the model, by input (tenants, policy, verdicts); always 1. All instances should agree.",
                &["input", "name", "sha256"],
            )?,
            registry: make.registry.clone(),
            rows: Vec::new(),
        };
        make.levels("build_info", "The program; always 1.", &["version"])?
            .with_label_values(&[crate::cli::VERSION])
            .set(1.0);
        make.process()?;
        let metrics = Metrics { rows: make.rows, ..metrics };
        metrics.start_closed_sets();
        Ok(metrics)
    }

    fn start_closed_sets(&self) {
        for reason in Reject::ALL {
            self.rejects.with_label_values(&[reason.label()]);
        }
        for stage in Stage::ALL {
            self.stage_seconds.with_label_values(&[stage.label()]);
        }
        for outcome in ["accepted", "rejected"] {
            for schema in Schema::ALL {
                self.records.with_label_values(&[outcome, schema.label()]);
            }
        }
        for (outcome, _) in Joins::default().by_outcome() {
            self.joins.with_label_values(&[outcome]);
        }
        for outcome in Reload::ALL {
            self.reloads.with_label_values(&[outcome.label()]);
        }
        for verdict in Verdict::ALL.into_iter().filter(|verdict| verdict.dismisses()) {
            self.suppressed.with_label_values(&[verdict.label()]);
        }
        for cause in Cause::LABELS {
            self.not_ready_reasons.with_label_values(&[cause]);
        }
        for (kind, pattern) in Kind::ALL.into_iter().flat_map(|kind| Pattern::ALL.map(|pattern| (kind, pattern))) {
            for activity in ["create", "update", "close"] {
                self.findings.with_label_values(&[kind.label(), pattern.label(), activity]);
            }
        }
        let sets: [(&IntCounterVec, &[&str]); 3] = [
            (&self.rebalances, &["assign", "revoke", "lost"]),
            (&self.transactions, &["committed", "aborted", "unknown"]),
            (&self.evictions, &["memory", "silent"]),
        ];
        for (counters, labels) in sets {
            for label in labels {
                counters.with_label_values(&[*label]);
            }
        }
    }
}

const POWERS_OF_4: [f64; 9] = [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16_384.0, 65_536.0];
const TENTHS: [f64; 10] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
const SHORT: [f64; 11] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 10.0];
const LATENCY: [f64; 14] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 86_400.0];
// fine at the top: that is where decisions are made

/// Makes a metric, registers it and notes its row.
struct Maker {
    registry: Registry,
    rows: Vec<Row>,
}

impl Maker {
    fn add<C: Collector + Clone + 'static>(&mut self, kind: &'static str, made: C) -> Result<C, prometheus::Error> {
        for desc in made.desc() {
            let labels = desc.variable_labels.clone();
            self.rows.push(Row { name: desc.fq_name.clone(), kind, labels, help: desc.help.clone() });
        }
        self.registry.register(Box::new(made.clone()))?;
        Ok(made)
    }

    /// What the system says of the process; names by Prometheus' own convention, without our prefix.
    fn process(&mut self) -> Result<(), prometheus::Error> {
        let process = ProcessCollector::for_self();
        for desc in process.desc() {
            let kind = if desc.fq_name.ends_with("_total") { "counter" } else { "gauge" };
            let (name, mut help) = (desc.fq_name.clone(), desc.help.clone());
            if !help.ends_with('.') {
                help.push('.');
            }
            self.rows.push(Row { name, kind, labels: Vec::new(), help });
        }
        self.registry.register(Box::new(process))
    }

    fn counter(&mut self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        self.add("counter", IntCounter::with_opts(opts(name, help))?)
    }

    fn counters(&mut self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
        self.add("counter", IntCounterVec::new(opts(name, help), labels)?)
    }

    fn seconds(&mut self, name: &str, help: &str, labels: &[&str]) -> Result<CounterVec, prometheus::Error> {
        self.add("counter", CounterVec::new(opts(name, help), labels)?)
    }

    fn gauge(&mut self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        self.add("gauge", IntGauge::with_opts(opts(name, help))?)
    }

    fn gauges(&mut self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
        self.add("gauge", IntGaugeVec::new(opts(name, help), labels)?)
    }

    fn level(&mut self, name: &str, help: &str) -> Result<Gauge, prometheus::Error> {
        self.add("gauge", Gauge::with_opts(opts(name, help))?)
    }

    fn levels(&mut self, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec, prometheus::Error> {
        self.add("gauge", GaugeVec::new(opts(name, help), labels)?)
    }

    fn histogram(&mut self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram, prometheus::Error> {
        let opts = HistogramOpts { common_opts: opts(name, help), buckets: buckets.to_vec() };
        self.add("histogram", Histogram::with_opts(opts)?)
    }
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(name, help).namespace("stillwatch")
}
