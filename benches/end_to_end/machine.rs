//! Where and when a benchmark ran.

use std::time::SystemTime;

use serde_json::{Value, json};
use stillwatch::record::time::format_rfc3339;
use stillwatch::units::Millis;

/// The day, as in `2026-11-21`.
pub fn today() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_millis() as i64);
    format_rfc3339(Millis(now)).chars().take(10).collect()
}

/// What it ran on; the load says how busy the neighbours were.
pub fn machine() -> Value {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let cpu = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map(|(_, name)| name.to_owned());
    let load: Vec<String> = read("/proc/loadavg").split(' ').take(3).map(str::to_owned).collect();
    json!({"cpu": cpu, "cores": std::thread::available_parallelism().map_or(0, usize::from), "load": load})
}
