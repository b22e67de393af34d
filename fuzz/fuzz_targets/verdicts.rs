//! Verdicts, of any bytes: a snapshot or an error that names the line.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Err(error) = stillwatch::verdicts::Verdicts::parse("verdicts.jsonl", data) {
        assert!(error.to_string().starts_with("verdicts.jsonl"));
    }
});
