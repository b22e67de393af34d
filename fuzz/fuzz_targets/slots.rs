//! Tables of slots, of any bytes: tables or an error, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(slots) = stillwatch::trace::slots::Slots::decode(data) {
        assert_eq!(slots.encode(), data);
    }
});
