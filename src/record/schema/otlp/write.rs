//! Items as OTLP JSON, of which no more is written than exchanges are made of.
//!
//! What [`super::json`] reads of it is what was written: numbers of 64 bits are strings, as the specification has it,
//! and a number that JSON has none for is its name.

use std::fmt::Write as _;

use bumpalo::Bump;
use bumpalo::collections::String as BumpString;

use super::any::{Any, Attributes, quote};
use super::item::{Event, Item};

/// What is written of an item, and beside it.
pub(super) struct Writer<'w, 'a> {
    pub(super) out: BumpString<'a>,
    /// The attributes that are kept, by name.
    pub(super) keep: &'w dyn Fn(&str) -> bool,
    /// The attributes of resources that are kept.
    pub(super) keep_resource: &'w dyn Fn(&str) -> bool,
    /// What is written into the first resource beside its own.
    pub(super) beside: &'w [(&'w str, &'w str)],
    /// When the items were seen, in nanoseconds, where none says so itself.
    pub(super) seen: Option<u64>,
}

impl<'a> Writer<'_, 'a> {
    /// A record of a span, or of none, and log records.
    pub(super) fn record(mut self, span: Option<&Item<'a>>, logs: &[&Item<'a>]) -> Vec<u8> {
        self.out.push('{');
        if let Some(span) = span {
            self.out.push_str("\"resourceSpans\":[");
            self.resource(span.resource, "scopeSpans", "spans", &[span]);
            self.out.push_str(if logs.is_empty() { "]" } else { "]," });
        }
        if !logs.is_empty() {
            self.out.push_str("\"resourceLogs\":[");
            for (index, of_one) in logs.chunk_by(|a, b| a.resource == b.resource).enumerate() {
                self.comma(index);
                let resource = of_one.first().map(|log| log.resource).unwrap_or_default();
                self.resource(resource, "scopeLogs", "logRecords", of_one);
            }
            self.out.push(']');
        }
        self.out.push('}');
        self.out.as_bytes().to_vec()
    }

    fn resource(&mut self, attributes: Attributes<'a>, scopes: &str, kind: &str, items: &[&Item<'a>]) {
        self.out.push_str("{\"resource\":{\"attributes\":[");
        let mut count = 0;
        for (name, value) in std::mem::take(&mut self.beside) {
            self.attribute(&mut count, name, Any::Text(value));
        }
        for (name, value) in attributes.0.iter().filter(|(name, _)| (self.keep_resource)(name)) {
            self.attribute(&mut count, name, *value);
        }
        self.say(format_args!("]}},\"{scopes}\":[{{\"{kind}\":["));
        for (index, item) in items.iter().enumerate() {
            self.comma(index);
            self.item(item);
        }
        self.out.push_str("]}]}");
    }

    fn item(&mut self, item: &Item<'a>) {
        self.out.push_str("{\"traceId\":");
        quote(item.trace, &mut self.out);
        self.out.push_str(",\"spanId\":");
        quote(item.span, &mut self.out);
        if let Some(name) = item.event.filter(|name| !name.is_empty()) {
            self.out.push_str(",\"eventName\":");
            quote(name, &mut self.out);
        }
        let start = if item.is_log { "timeUnixNano" } else { "startTimeUnixNano" };
        let observed = self.seen.take().unwrap_or(item.observed);
        for (name, nanos) in [(start, item.start), ("endTimeUnixNano", item.end), ("observedTimeUnixNano", observed)] {
            if nanos > 0 {
                self.say(format_args!(",\"{name}\":\"{nanos}\""));
            }
        }
        if item.failed {
            self.out.push_str(",\"status\":{\"code\":2}");
        }
        if item.body != Any::Null {
            self.out.push_str(",\"body\":");
            self.any(item.body);
        }
        self.out.push_str(",\"attributes\":[");
        self.kept(item.attributes);
        self.out.push(']');
        let keep = self.keep;
        let tell = |event: &&Event<'a>| event.attributes.0.iter().any(|(name, _)| keep(name));
        for (index, event) in item.events.iter().filter(tell).enumerate() {
            self.out.push_str(if index == 0 { ",\"events\":[" } else { "," });
            self.out.push_str("{\"name\":");
            quote(event.name, &mut self.out);
            self.out.push_str(",\"attributes\":[");
            self.kept(event.attributes);
            self.out.push_str("]}");
        }
        self.out.push_str(if item.events.iter().any(|event| tell(&event)) { "]}" } else { "}" });
    }

    fn kept(&mut self, attributes: Attributes<'a>) {
        let mut count = 0;
        for (name, value) in attributes.0.iter().filter(|(name, _)| (self.keep)(name)) {
            self.attribute(&mut count, name, *value);
        }
    }

    fn attribute(&mut self, count: &mut usize, name: &str, value: Any<'_>) {
        self.comma(*count);
        *count += 1;
        self.out.push_str("{\"key\":");
        quote(name, &mut self.out);
        self.out.push_str(",\"value\":");
        self.any(value);
        self.out.push('}');
    }

    /// Nesting is bounded where values are read.
    fn any(&mut self, value: Any<'_>) {
        match value {
            Any::Null => self.out.push_str("{}"),
            Any::Bool(flag) => self.say(format_args!("{{\"boolValue\":{flag}}}")),
            Any::Int(whole) => self.say(format_args!("{{\"intValue\":\"{whole}\"}}")),
            Any::Double(number) if number.is_finite() => self.say(format_args!("{{\"doubleValue\":{number:e}}}")),
            Any::Double(number) => {
                let name = match number.is_nan() {
                    true => "NaN",
                    false if number > 0.0 => "Infinity",
                    false => "-Infinity",
                };
                self.say(format_args!("{{\"doubleValue\":\"{name}\"}}"));
            }
            Any::Text(text) => {
                self.out.push_str("{\"stringValue\":");
                quote(text, &mut self.out);
                self.out.push('}');
            }
            Any::List(items) => {
                self.out.push_str("{\"arrayValue\":{\"values\":[");
                for (index, item) in items.iter().enumerate() {
                    self.comma(index);
                    self.any(*item);
                }
                self.out.push_str("]}}");
            }
            Any::Map(members) => {
                self.out.push_str("{\"kvlistValue\":{\"values\":[");
                let mut count = 0;
                for (name, value) in members {
                    self.attribute(&mut count, name, *value);
                }
                self.out.push_str("]}}");
            }
        }
    }

    fn comma(&mut self, index: usize) {
        if index > 0 {
            self.out.push(',');
        }
    }

    fn say(&mut self, what: std::fmt::Arguments<'_>) {
        // writing to a string cannot fail
        self.out.write_fmt(what).ok().unwrap_or_default();
    }
}

/// Room for a record of this much.
pub(super) fn room(arena: &Bump) -> BumpString<'_> {
    BumpString::with_capacity_in(1 << 10, arena)
}
