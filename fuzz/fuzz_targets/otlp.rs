//! Any bytes, as JSON or as protobuf, are split into the same exchanges and rejects each time; what is written for an
//! exchange is a native record of the same tenant.
#![no_main]

use bumpalo::Bump;
use libfuzzer_sys::fuzz_target;
use stillwatch::record::schema::split::{RouteFormat, split};
use stillwatch::record::schema::{Marks, Reading, TenantFrom};
use stillwatch::record::{Limits, decode};
use stillwatch::source::Record;
use stillwatch::units::Position;

fuzz_target!(|payload: &[u8]| {
    let arena = Bump::new();
    let limits = Limits { max_bytes: 1 << 20, max_depth: 64 };
    let tenant_from = TenantFrom::parse("field:tenant.id, key").expect("a good list");
    let reading = Reading { tenant_from, marks: Marks::default(), ..Reading::default() };
    let at = Position::default();
    let record =
        Record { at, broker_ts: Some(1_784_884_435_102), header: None, key: Some(b"k"), payload: Some(payload) };
    let first = split(&record, RouteFormat::Otlp, &reading, &limits, &arena);
    assert_eq!(first, split(&record, RouteFormat::Otlp, &reading, &limits, &arena));
    for part in first.parts.iter().flatten() {
        let read = decode(Some(&part.record), &Limits::default(), &arena).expect("what is written is a native record");
        assert_eq!(read.tenant.as_bytes(), part.tenant);
    }
});
