//! Cases of `fixtures/schemas`, how they are read, and how an exchange is shown.

use bumpalo::Bump;
use serde_json::{Map, Value, json};
use stillwatch::record::schema::{self, Format, Marks, Reading, Schema, TenantFrom};
use stillwatch::record::time::format_rfc3339;
use stillwatch::record::{Exchange, Limits, Tier, Turns};
use stillwatch::source::Record;
use stillwatch::units::Position;

/// A record with what is known of it beside its text, and how to read it.
pub(crate) fn with_record<R>(
    text: &[u8],
    beside: &Value,
    format: Format,
    look: impl FnOnce(&Record<'_>, &Reading) -> R,
) -> R {
    let bytes = |name: &str| beside[name].as_str().map(str::as_bytes);
    let record = Record {
        at: Position::default(),
        broker_ts: beside["broker_ts"].as_i64(),
        header: bytes("header"),
        key: bytes("key"),
        payload: Some(text),
    };
    let tenant_from = TenantFrom::parse(beside["tenant_from"].as_str().unwrap_or_default()).unwrap();
    look(&record, &Reading { format, tenant_from, marks: Marks::default() })
}

/// What one record gives: the exchange, or the reason against it.
pub(crate) fn read(text: &[u8], beside: &Value, format: Format) -> (Schema, Value) {
    with_record(text, beside, format, |record, reading| {
        let arena = Bump::new();
        let decoded = schema::decode(record, reading, &Limits::default(), &arena);
        (decoded.schema, decoded.result.as_ref().map_or_else(|reason| json!(reason.label()), shown))
    })
}

/// An exchange with everything that is there.
pub(crate) fn shown(exchange: &Exchange<'_>) -> Value {
    let Exchange { params, usage, client, turns, .. } = exchange;
    let mut all = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() && value != json!({}) && value != json!([]) {
            all.insert(name.to_owned(), value);
        }
    };
    put("id", exchange.id.into());
    put("ts", format_rfc3339(exchange.ts).into());
    put("tenant", exchange.tenant.into());
    put("account", exchange.account.into());
    put("user", exchange.user.into());
    put("session", exchange.session.into());
    put("provider", exchange.provider.into());
    put("model", exchange.model.into());
    put("system", exchange.system.into());
    put("prompt", exchange.prompt.into());
    if *turns != Turns::default() {
        let Turns { messages, assistant, context_bytes, prefill } = turns;
        put("turns", json!([messages, assistant, context_bytes, prefill]));
    }
    put("sealed", exchange.sealed.into());
    put("response", exchange.response.into());
    put("reasoning", exchange.reasoning.into());
    put("tools", exchange.tools.into());
    let present = |value: Value| {
        let Value::Object(members) = value else { return value };
        Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect())
    };
    // as people write them: 0.9, not the double next to it
    let short = |value: Option<f32>| value.and_then(|value| value.to_string().parse::<f64>().ok());
    put(
        "params",
        present(json!({"temperature": short(params.temperature), "top_p": short(params.top_p), "n": params.n,
            "max_tokens": params.max_tokens, "seed": params.seed, "logprobs": params.logprobs,
            "top_logprobs": params.top_logprobs, "logit_bias": params.logit_bias,
            "response_format": params.response_format, "reasoning_effort": params.reasoning_effort,
            "stream": params.stream})),
    );
    put(
        "usage",
        present(json!({"input": usage.input, "output": usage.output, "reasoning": usage.reasoning,
            "cached": usage.cached})),
    );
    put("client", present(json!({"ip": client.ip, "user_agent": client.user_agent, "country": client.country})));
    put("status", exchange.status.into());
    put("finish", exchange.finish.into());
    put("refusal", exchange.refusal.into());
    put("latency_ms", exchange.latency_ms.into());
    put("unknown", exchange.unknown_fields.into());
    let tier = match exchange.tier {
        Tier::Content => "content",
        Tier::Tokens => "tokens",
        Tier::Metadata => "metadata",
    };
    put("tier", tier.into());
    Value::Object(all)
}

/// The cases of a schema: what stands in the file, and the record's text.
pub(crate) fn cases(schema: Schema) -> Vec<(Value, Vec<u8>)> {
    let path = format!("{}/fixtures/schemas/{}.json", env!("CARGO_MANIFEST_DIR"), schema.label());
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let text = |case: &Value| match &case["raw"] {
        Value::String(raw) => raw.clone().into_bytes(),
        _ => serde_json::to_vec(&case["record"]).unwrap(),
    };
    cases.into_iter().map(|case| (text(&case), case)).map(|(text, case)| (case, text)).collect()
}
