//! Training rows beside a model, of any bytes: rows or an error, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(rows) = stillwatch::model::rows::decode("fuzz", data) {
        assert!(rows.iter().all(|taught| taught.row.values.iter().all(|value| value.is_finite())));
    }
});
