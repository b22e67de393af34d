//! A model file of any bytes: a model or an error, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(model) = stillwatch::model::Model::from_bytes("fuzz", data) {
        assert_eq!(model.sha256_hex().len(), 64);
    }
});
