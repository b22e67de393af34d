//! A control record, of any bytes: one that reads back from what it writes, or an error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stillwatch::control::ControlRecord;

fuzz_target!(|data: &[u8]| {
    match ControlRecord::parse(data) {
        Ok(record) => assert_eq!(ControlRecord::parse(&record.to_json()).as_ref(), Ok(&record)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
