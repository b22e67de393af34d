//! Free ports below the range that outgoing connections take theirs from (32768 and up): a port from
//! that range may be gone by the time a killed broker wants it back.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

static NEXT: AtomicU16 = AtomicU16::new(0);

/// The first of `n` neighbouring free ports on loopback.
pub fn free(n: u16) -> u16 {
    let home = (std::process::id() % 1_000) as u16 * 10;
    for _ in 0..1_000 {
        let step = NEXT.fetch_add(n, Ordering::Relaxed) % 12_000;
        let first = 20_000 + (home + step) % 12_000;
        let bound: Result<Vec<_>, _> = (first..first + n).map(|port| TcpListener::bind(("127.0.0.1", port))).collect();
        if bound.is_ok() {
            return first;
        }
    }
    panic!("no {n} neighbouring free ports between 20000 and 32000");
}
