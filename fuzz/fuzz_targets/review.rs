//! A review of suspects, of any bytes: verdicts or an error that names the line.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Err(error) = stillwatch::calibrate::Review::read(data) {
        assert!(!error.to_string().is_empty());
    }
});
