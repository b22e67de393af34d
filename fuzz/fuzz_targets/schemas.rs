//! Any bytes are one exchange or one reject of every schema, the same one each time; `auto` says what the schema that
//! it names says.
#![no_main]

use bumpalo::Bump;
use libfuzzer_sys::fuzz_target;
use stillwatch::record::Limits;
use stillwatch::record::schema::{Format, Marks, Reading, Schema, TenantFrom, decode};
use stillwatch::source::Record;
use stillwatch::units::Position;

fuzz_target!(|payload: &[u8]| {
    let arena = Bump::new();
    let limits = Limits { max_bytes: 1 << 20, max_depth: 64 };
    let tenant_from = TenantFrom::parse("field:metadata.a.b, header:h, key").expect("a good list");
    let record = Record {
        at: Position::default(),
        broker_ts: Some(1_784_884_435_102),
        header: None,
        key: Some(b"k"),
        payload: Some(payload),
    };
    let read = |format| {
        let reading = Reading { format, tenant_from: tenant_from.clone(), marks: Marks::default() };
        let first = decode(&record, &reading, &limits, &arena);
        let again = decode(&record, &reading, &limits, &arena);
        assert_eq!(format!("{first:?}"), format!("{again:?}"));
        (first.schema, format!("{:?}", first.result))
    };
    let (schema, told) = read(Format::Auto);
    for (named, format) in [
        (Schema::Native, Format::Native),
        (Schema::OpenaiChat, Format::OpenaiChat),
        (Schema::AnthropicMessages, Format::AnthropicMessages),
        (Schema::Litellm, Format::Litellm),
    ] {
        let (_, found) = read(format);
        if named == schema {
            assert_eq!(told, found);
        }
    }
});
