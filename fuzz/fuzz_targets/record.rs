//! Any bytes are one exchange or one reject, the same one each time.
#![no_main]

use bumpalo::Bump;
use libfuzzer_sys::fuzz_target;
use stillwatch::record::{Limits, decode};

fuzz_target!(|payload: &[u8]| {
    let arena = Bump::new();
    let limits = Limits { max_bytes: 1 << 20, max_depth: 64 };
    let first = decode(Some(payload), &limits, &arena);
    let second = decode(Some(payload), &limits, &arena);
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
});
