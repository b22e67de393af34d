//! Metrics of a running program, as numbers.

use std::collections::BTreeMap;

use crate::process::get;

/// All metrics but for histogram buckets, by name and labels; `None` while nobody answers.
pub fn metrics(port: u16) -> Option<BTreeMap<String, f64>> {
    let (200, body) = get(port, "/metrics")? else { return None };
    let value = |line: &str| {
        let (name, value) = line.rsplit_once(' ')?;
        let kept = !name.starts_with('#') && !name.contains("_bucket");
        kept.then(|| Some((name.to_owned(), value.parse().ok()?))).flatten()
    };
    Some(body.lines().filter_map(value).collect())
}
