#![expect(clippy::unwrap_used, reason = "tests")]

use bumpalo::Bump;

use super::{MAX_UNKNOWN_FIELDS, decode};
use crate::record::{Exchange, Limits, Reject, Tier, Turns};
use crate::units::Millis;

fn verdict(record: &str) -> Result<Tier, Reject> {
    decode(record.as_bytes(), &Limits::default(), &Bump::new()).map(|exchange| exchange.tier)
}

fn with<R>(record: &str, look: impl FnOnce(Exchange<'_>) -> R) -> R {
    look(decode(record.as_bytes(), &Limits::default(), &Bump::new()).unwrap())
}

#[test]
fn reads_every_field() {
    let record = r#"{"v":1,"id":"req-8f2c","ts":"2026-07-24T09:13:55.102Z","tenant":"acme","account":"key_17","user":"u-991",
        "session":"c-55","provider":"openai","model":"gpt-x-large","system":"You are.","prompt":"p\n","response":"r","reasoning":"t",
        "tools":["search","sql"],"params":{"temperature":0.7,"top_p":1,"n":1,"max_tokens":2048,"seed":7,"logprobs":true,
        "top_logprobs":5,"logit_bias":3,"response_format":"json_schema","reasoning_effort":"high","stream":false,"else":[]},
        "usage":{"input_tokens":812,"output_tokens":640,"reasoning_tokens":400,"cached_tokens":0},
        "client":{"ip":"203.0.113.9","country":"SG","asn":64500,"user_agent":"python-httpx/0.27","tls":"ja4:x","payment":"hash"},
        "status":200,"finish":"stop","refusal":"reasoning_extraction","latency_ms":4210,"novel":{"a":[1]}}"#;
    with(record, |exchange| {
        assert_eq!(exchange.ts, Millis(1_784_884_435_102));
        let ids = [exchange.id, exchange.account, exchange.user, exchange.session].map(Option::unwrap);
        assert_eq!(ids, ["req-8f2c", "key_17", "u-991", "c-55"]);
        assert_eq!((exchange.tenant, exchange.provider, exchange.model), ("acme", Some("openai"), Some("gpt-x-large")));
        let texts = [exchange.system, exchange.prompt, exchange.response, exchange.reasoning].map(Option::unwrap);
        assert_eq!(texts, ["You are.", "p\n", "r", "t"]);
        assert_eq!(exchange.turns, Turns::default());
        assert_eq!(exchange.tools, ["search", "sql"]);
        let params = exchange.params;
        assert_eq!(
            (params.temperature, params.top_p, params.n, params.max_tokens),
            (Some(0.7), Some(1.0), Some(1), Some(2048))
        );
        assert_eq!((params.seed, params.logprobs, params.top_logprobs), (Some(7), Some(true), Some(5)));
        assert_eq!((params.logit_bias, params.response_format), (Some(3), Some("json_schema")));
        assert_eq!((params.reasoning_effort, params.stream), (Some("high"), Some(false)));
        let usage = exchange.usage;
        assert_eq!([usage.input, usage.output, usage.reasoning, usage.cached].map(Option::unwrap), [812, 640, 400, 0]);
        let client = exchange.client;
        assert_eq!(
            [client.ip, client.country, client.user_agent].map(Option::unwrap),
            ["203.0.113.9", "SG", "python-httpx/0.27"]
        );
        assert_eq!((client.asn, client.tls, client.payment), (Some(64500), Some("ja4:x"), Some("hash")));
        assert_eq!((exchange.status, exchange.finish), (Some(200), Some("stop")));
        assert_eq!((exchange.refusal, exchange.latency_ms), (Some("reasoning_extraction"), Some(4210)));
        assert_eq!((exchange.tier, exchange.unknown_fields), (Tier::Content, &["novel"][..]));
    });
}

#[test]
fn messages_stand_in_for_prompt_and_system() {
    let messages = r#""messages":[{"role":"system","content":"S"},{"role":"user","content":"first"},{"role":"user","content":"second"}]"#;
    with(&format!(r#"{{"ts":1784884435102,"tenant":"a",{messages}}}"#), |exchange| {
        assert_eq!((exchange.prompt, exchange.system), (Some("second"), Some("S")));
        assert_eq!(exchange.turns, Turns { messages: 3, assistant: 0, context_bytes: 5, prefill: false });
    });
    let fields = r#""system":[{"type":"text","text":"T"}],"prompt":"P""#;
    with(&format!(r#"{{"ts":1784884435102,{fields},"tenant":"a",{messages}}}"#), |exchange| {
        assert_eq!((exchange.prompt, exchange.system), (Some("P"), Some("T")));
    });
}

#[test]
fn of_duplicates_the_last_counts() {
    let record = |rest: &str| format!(r#"{{"ts":1784884435102,"tenant":"a",{rest}}}"#);
    with(&record(r#""prompt":"one","prompt":"two","user":991,"user":"u","tenant":"b""#), |exchange| {
        assert_eq!((exchange.prompt, exchange.user, exchange.tenant), (Some("two"), Some("u"), "b"));
    });
    with(
        &record(r#""usage":{"input_tokens":"x"},"usage":{"output_tokens":2},"prompt":"p","prompt":null"#),
        |exchange| {
            assert_eq!((exchange.usage.input, exchange.usage.output, exchange.prompt), (None, Some(2), None));
        },
    );
    assert_eq!(verdict(&record(r#""user":"u","user":991"#)), Err(Reject::BadType));
    assert_eq!(verdict(&record(r#""ts":null"#)), Err(Reject::MissingTs));
}

#[test]
fn an_escaped_key_is_the_key() {
    with(r#"{"t\u0073":1784884435102,"\u0074enant":"a"}"#, |exchange| assert_eq!(exchange.tenant, "a"));
}

#[test]
fn each_reason_comes_before_all_later_ones() {
    // every record holds all faults of the records below it, so that only the order decides
    let rest = [
        (r#""v":2,"tenant":"","ts":"x","user":1"#, Reject::BadVersion),
        (r#""ts":"x","user":1"#, Reject::MissingTenant),
        (r#""tenant":"","ts":"x","user":1"#, Reject::BadTenant),
        (r#""tenant":"a","user":1"#, Reject::MissingTs),
        (r#""tenant":"a","ts":"x","user":1"#, Reject::BadTs),
        (r#""tenant":"a","ts":0,"user":1"#, Reject::TsOutOfRange),
        (r#""tenant":"a","ts":1784884435102,"user":1"#, Reject::BadType),
    ];
    for (fields, reason) in rest {
        assert_eq!(verdict(&format!("{{{fields}}}")), Err(reason));
    }
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(verdict(&format!(r#"{{"v":2,"x":{deep}}}"#)), Err(Reject::TooDeep));
    assert_eq!(verdict(&format!(r#"{{"v":2,"x":{deep}}}}}"#)), Err(Reject::NotJson));
    assert_eq!(verdict(&deep), Err(Reject::NotJson), "not an object");
    let limits = Limits { max_bytes: 10, max_depth: 3 };
    let small = |bytes: &[u8]| decode(bytes, &limits, &Bump::new()).err();
    assert_eq!(small(b"          \n\n\n"), Some(Reject::Empty));
    assert_eq!(small(b"\xff234567890a"), Some(Reject::TooLarge));
    assert_eq!(small(b"\xff23456789"), Some(Reject::NotUtf8));
}

#[test]
fn depth_counts_the_record_as_one() {
    let nested =
        |depth: usize| format!(r#"{{"tenant":"a","ts":1784884435102,"x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert_eq!(verdict(&nested(127)), Ok(Tier::Metadata));
    assert_eq!(verdict(&nested(128)), Err(Reject::TooDeep));
}

#[test]
fn lists_a_bounded_number_of_unknown_fields() {
    let unknown: Vec<_> = (0..100).map(|index| format!(r#""x{index}":1"#)).collect();
    with(&format!(r#"{{"tenant":"a","ts":1784884435102,{}}}"#, unknown.join(",")), |exchange| {
        assert_eq!(exchange.unknown_fields.len(), MAX_UNKNOWN_FIELDS);
    });
}
