//! Every field of a record as a number or a hashed name: the audit asks of each alone whether it tells
//! the sides apart. A field that does so is a mark of the simulator, or of the operator's labels.

use crate::record::{Exchange, Tier};
use crate::trace::words::folded;
use crate::units::Millis;

/// A field as a number.
pub struct Number {
    /// Name in tables.
    pub name: &'static str,
    value: fn(&Exchange<'_>) -> Option<f32>,
}

/// A field as a name.
pub struct Name {
    /// Name in tables.
    pub name: &'static str,
    value: for<'e> fn(&Exchange<'e>) -> Option<&'e str>,
}

/// Fields as numbers.
pub const WIDTH: usize = NUMBERS.len();

fn yes(there: bool) -> f32 {
    f32::from(u8::from(there))
}

fn log(value: Option<u32>) -> Option<f32> {
    value.map(|value| libm::log2f(1.0 + value as f32))
}

fn length(text: Option<&str>) -> Option<f32> {
    text.map(|text| libm::log2f(1.0 + text.len() as f32))
}

/// Presence and value of each.
pub const NUMBERS: &[Number] = &[
    Number { name: "id length", value: |e| length(e.id) },
    Number { name: "account given", value: |e| Some(yes(e.account.is_some())) },
    Number { name: "account length", value: |e| length(e.account) },
    Number { name: "user given", value: |e| Some(yes(e.user.is_some())) },
    Number { name: "session given", value: |e| Some(yes(e.session.is_some())) },
    Number { name: "system given", value: |e| Some(yes(e.system.is_some())) },
    Number { name: "system length", value: |e| length(e.system) },
    Number { name: "prompt given", value: |e| Some(yes(e.prompt.is_some())) },
    Number { name: "prompt length", value: |e| length(e.prompt) },
    Number { name: "messages", value: |e| Some(e.turns.messages as f32) },
    Number { name: "assistant turns", value: |e| Some(e.turns.assistant as f32) },
    Number { name: "context bytes", value: |e| log(Some(e.turns.context_bytes)) },
    Number { name: "prefill", value: |e| Some(yes(e.turns.prefill)) },
    Number { name: "response given", value: |e| Some(yes(e.response.is_some())) },
    Number { name: "response length", value: |e| length(e.response) },
    Number { name: "reasoning given", value: |e| Some(yes(e.reasoning.is_some())) },
    Number { name: "reasoning length", value: |e| length(e.reasoning) },
    Number { name: "tools", value: |e| Some(e.tools.len() as f32) },
    Number { name: "temperature given", value: |e| Some(yes(e.params.temperature.is_some())) },
    Number { name: "temperature", value: |e| e.params.temperature },
    Number { name: "top_p given", value: |e| Some(yes(e.params.top_p.is_some())) },
    Number { name: "top_p", value: |e| e.params.top_p },
    Number { name: "n", value: |e| Some(e.params.n.unwrap_or(1) as f32) },
    Number { name: "max_tokens given", value: |e| Some(yes(e.params.max_tokens.is_some())) },
    Number { name: "max_tokens", value: |e| log(e.params.max_tokens) },
    Number { name: "seed given", value: |e| Some(yes(e.params.seed.is_some())) },
    Number { name: "logprobs", value: |e| Some(yes(e.params.logprobs == Some(true))) },
    Number { name: "top_logprobs", value: |e| Some(e.params.top_logprobs.unwrap_or(0) as f32) },
    Number { name: "logit_bias", value: |e| log(Some(e.params.logit_bias.unwrap_or(0))) },
    Number { name: "stream", value: |e| Some(yes(e.params.stream == Some(true))) },
    Number { name: "stream given", value: |e| Some(yes(e.params.stream.is_some())) },
    Number { name: "input tokens", value: |e| log(e.usage.input) },
    Number { name: "output tokens", value: |e| log(e.usage.output) },
    Number { name: "reasoning tokens", value: |e| log(e.usage.reasoning) },
    Number { name: "cached tokens", value: |e| log(e.usage.cached) },
    Number { name: "ip given", value: |e| Some(yes(e.client.ip.is_some())) },
    Number { name: "payment given", value: |e| Some(yes(e.client.payment.is_some())) },
    Number { name: "tls given", value: |e| Some(yes(e.client.tls.is_some())) },
    Number { name: "status not 200", value: |e| Some(yes(e.status.is_some_and(|status| status != 200))) },
    Number { name: "refusal given", value: |e| Some(yes(e.refusal.is_some())) },
    Number { name: "latency", value: |e| log(e.latency_ms.map(|ms| ms.min(u64::from(u32::MAX)) as u32)) },
    Number { name: "hour of day", value: |e| Some((e.ts.0.rem_euclid(Millis::DAY) / Millis::HOUR) as f32) },
    Number { name: "millisecond", value: |e| Some(e.ts.0.rem_euclid(1_000) as f32) },
    Number { name: "day of week", value: |e| Some((e.ts.0.div_euclid(Millis::DAY) + 4).rem_euclid(7) as f32) },
    Number { name: "content tier", value: |e| Some(yes(e.tier == Tier::Content)) },
    Number { name: "unknown fields", value: |e| Some(e.unknown_fields.len() as f32) },
];

/// Named values.
pub const NAMES: &[Name] = &[
    Name { name: "provider", value: |e| e.provider },
    Name { name: "model", value: |e| e.model },
    Name { name: "country", value: |e| e.client.country },
    Name { name: "user agent", value: |e| e.client.user_agent },
    Name { name: "tls fingerprint", value: |e| e.client.tls },
    Name { name: "finish", value: |e| e.finish },
    Name { name: "refusal category", value: |e| e.refusal },
    Name { name: "response format", value: |e| e.params.response_format },
    Name { name: "reasoning effort", value: |e| e.params.reasoning_effort },
    Name { name: "first tool", value: |e| e.tools.first().copied() },
    Name { name: "account pattern", value: |e| e.account },
    Name { name: "tenant pattern", value: |e| Some(e.tenant) },
];

/// The numbers; NaN where there is none.
pub fn values(exchange: &Exchange<'_>) -> [f32; WIDTH] {
    let mut values = [f32::NAN; WIDTH];
    for (slot, field) in values.iter_mut().zip(NUMBERS) {
        *slot = (field.value)(exchange).unwrap_or(f32::NAN);
    }
    values
}

/// Hashes of the names, digits read as one; 0 where there is none. Of ids, only the first word counts.
pub fn names(exchange: &Exchange<'_>) -> [u32; NAMES.len()] {
    let mut names = [0; NAMES.len()];
    for (slot, field) in names.iter_mut().zip(NAMES) {
        let words = if field.name.ends_with("pattern") { 1 } else { usize::MAX };
        *slot = (field.value)(exchange).map_or(0, |name| folded(name, words) as u32 | 1);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_not_zero() {
        let exchange = Exchange { prompt: Some("hello"), tenant: "acme-1", ..Exchange::default() };
        let at = |name: &str| NUMBERS.iter().position(|field| field.name == name).map(|i| values(&exchange)[i]);
        assert_eq!(at("prompt given"), Some(1.0));
        assert_eq!(at("response given"), Some(0.0));
        assert!(at("temperature").is_some_and(f32::is_nan) && at("latency").is_some_and(f32::is_nan));
        assert_eq!(names(&exchange)[0], 0);
    }

    #[test]
    fn ids_are_read_as_patterns() {
        let name = |tenant: &'static str| names(&Exchange { tenant, ..Exchange::default() });
        assert_eq!(name("acme-1"), name("acme-27x"));
        assert_ne!(name("acme-1"), name("org-1"));
    }
}
