//! Any line that is an envelope can be written again and reads the same.
#![no_main]

use bumpalo::Bump;
use libfuzzer_sys::fuzz_target;
use stillwatch::source::envelope::{parse, write};

fuzz_target!(|line: &[u8]| {
    let arena = Bump::new();
    let Some(envelope) = parse(line, &arena) else { return };
    let mut written = Vec::new();
    write(&envelope.record, "t", &mut written).expect("memory takes it");
    let again = parse(&written, &arena).expect("what is written is an envelope");
    assert_eq!(format!("{:?}", envelope.record), format!("{:?}", again.record));
});
