//! One `stillwatch run` over the whole topic, with a group and output topics of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Serialize;

use crate::measure::{Cost, cpu_of};
use crate::scrape::metrics;
use crate::{port, wait};

const LIMIT: Duration = Duration::from_secs(600);

/// What it did.
#[derive(Debug, Serialize)]
pub struct Live {
    /// Wall: from the first folded batch to the last record. CPU: of the whole process, its start included.
    pub cost: Cost,
    /// Seconds from the start of the process to the first folded batch.
    pub start: f64,
    /// Seconds of the poll thread, by stage.
    pub stages: BTreeMap<String, f64>,
    /// Transactions committed.
    pub transactions: f64,
    /// Seconds in them.
    pub transaction_seconds: f64,
    /// All metrics at the end, but for histogram buckets.
    pub metrics: BTreeMap<String, f64>,
}

/// Writes a config for a group of its own and creates its topics.
pub fn config(bootstrap: &str, input: &str, dir: &Path, name: &str, port: u16) -> PathBuf {
    let file = dir.join(format!("{name}.toml"));
    let text = format!(
        "[kafka]\nbootstrap = \"{bootstrap}\"\ngroup = \"{input}-{name}\"\nstart = \"earliest\"\n\
         [kafka.topics]\ninput = \"{input}\"\nfindings = \"{input}-{name}-findings\"\n\
         dead_letters = \"{input}-{name}-dead-letters\"\nstate = \"{input}-{name}-state\"\ncontrol = \"{input}-{name}-control\"\n\
         [fold]\nsecret = \"a secret of the benchmark\"\n[http]\nlisten = \"127.0.0.1:{port}\"\n"
    );
    std::fs::write(&file, text).expect("a config in the temp dir");
    let created = Command::new(env!("CARGO_BIN_EXE_stillwatch"))
        .args(["topics", "create", "--replication", "1", "-c"])
        .arg(&file)
        .output()
        .expect("stillwatch runs");
    assert!(created.status.success(), "topics create: {}", String::from_utf8_lossy(&created.stderr));
    file
}

/// Runs it until all records are folded, then stops it.
pub fn run(bootstrap: &str, input: &str, records: usize, dir: &Path, round: usize) -> Live {
    let port = port::free(1);
    let config = config(bootstrap, input, dir, &format!("round-{round}"), port);
    let log = dir.join(format!("run-{round}.log"));
    let begin = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_stillwatch"))
        .args(["run", "-c"])
        .arg(&config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log).expect("a log"))
        .spawn()
        .expect("stillwatch starts");
    let folded = |least: f64| {
        let metrics = metrics(port)?;
        let read: f64 =
            metrics.iter().filter(|(name, _)| name.starts_with("stillwatch_records_total")).map(|(_, n)| n).sum();
        (least <= read).then_some(metrics)
    };
    wait::until("the first batch", LIMIT, || wait::tail(&log), || folded(1.0));
    let start = begin.elapsed().as_secs_f64();
    let metrics = wait::until("all records", LIMIT, || wait::tail(&log), || folded(records as f64));
    let cost = Cost { wall: begin.elapsed().as_secs_f64() - start, cpu: cpu_of(child.id()).expect("it runs") };
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).expect("it runs");
    let status = child.wait().expect("it ends");
    assert!(status.success(), "run ends well: {status}\n{}", wait::tail(&log));
    let value = |name: &str| metrics.get(name).copied().unwrap_or_default();
    let label = |name: &String| {
        Some(name.strip_prefix("stillwatch_stage_seconds_total{stage=\"")?.strip_suffix("\"}")?.to_owned())
    };
    Live {
        cost,
        start,
        stages: metrics.iter().filter_map(|(name, seconds)| Some((label(name)?, *seconds))).collect(),
        transactions: value("stillwatch_transactions_total{outcome=\"committed\"}"),
        transaction_seconds: value("stillwatch_transaction_seconds_sum"),
        metrics,
    }
}
