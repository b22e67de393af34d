//! Places where the crash tests stop the program. Only debug builds have them.
//!
//! `STILLWATCH_FAILPOINT=name[:nth]` and `STILLWATCH_FAILPOINT_FILE=path`: at the nth passage the program
//! creates the file and waits until somebody removes it (and meanwhile kills or freezes the program).

/// Stops here if the environment asks for it.
#[cfg(debug_assertions)]
pub fn reached(name: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    static WANTED: LazyLock<Option<(String, u64, String)>> = LazyLock::new(|| {
        let spec = std::env::var("STILLWATCH_FAILPOINT").ok()?;
        let file = std::env::var("STILLWATCH_FAILPOINT_FILE").ok()?;
        let (name, nth) = spec.split_once(':').unwrap_or((&spec, "1"));
        Some((name.to_owned(), nth.parse().ok()?, file))
    });
    static PASSED: AtomicU64 = AtomicU64::new(0);

    let Some((wanted, nth, file)) = &*WANTED else { return };
    if wanted != name || PASSED.fetch_add(1, Ordering::Relaxed) + 1 != *nth {
        return;
    }
    if std::fs::write(file, name).is_err() {
        return;
    }
    while std::path::Path::new(file).exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Release builds have no failpoints.
#[cfg(not(debug_assertions))]
pub fn reached(_name: &str) {}
