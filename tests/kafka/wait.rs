//! Waiting with an end: a test that hangs says what for.

use std::path::Path;
use std::time::{Duration, Instant};

/// Asks every 20 ms until there is an answer; panics with `what` and `explain` when `limit` has passed.
pub fn until<T>(what: &str, limit: Duration, explain: impl Fn() -> String, mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begin.elapsed() < limit, "waited {limit:?} for {what}\n{}", explain());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The last lines of a log, for panic messages.
pub fn tail(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(25);
    format!("--- end of {}\n{}\n---", log.display(), lines[from..].join("\n"))
}
