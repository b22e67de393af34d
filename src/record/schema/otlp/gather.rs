//! Items to exchanges: which of them belong together, and what their attributes say.

use std::collections::HashMap;

use bumpalo::Bump;

use super::super::super::field::Read;
use super::super::super::native::{in_range, tenant_named};
use super::super::super::{Exchange, Params, Reject, Usage};
use super::super::Reading;
use super::Split;
use super::any::{Any, Attributes};
use super::item::Item;
use super::said;
use crate::source::Record;
use crate::units::Millis;

/// The event that is a whole exchange.
pub(super) const DETAILS: &str = "gen_ai.client.inference.operation.details";
/// Operations that are an exchange of their own.
const OPERATIONS: [&str; 3] = ["chat", "text_completion", "generate_content"];

/// Items that tell of one exchange.
pub(super) struct Group<'i, 'a> {
    pub(super) span: Option<&'i Item<'a>>,
    /// Log records, in their order.
    pub(super) logs: Vec<&'i Item<'a>>,
}

/// All exchanges of a record, in the order of their first item.
pub(super) fn exchanges<'a>(items: &[Item<'a>], record: &Record<'a>, reading: &Reading, arena: &'a Bump) -> Split<'a> {
    groups(items).iter().map(|group| group.exchange(record, reading, arena)).collect()
}

/// What belongs together in a record, in the order of the first item of each.
pub(super) fn groups<'i, 'a>(items: &'i [Item<'a>]) -> Vec<Group<'i, 'a>> {
    let mut groups: Vec<Group<'i, 'a>> = Vec::new();
    let mut places: HashMap<(&str, &str), usize> = HashMap::new(); // never iterated
    for item in items.iter().filter(|item| tells(item)) {
        let known = if item.span.is_empty() { None } else { places.get(&(item.trace, item.span)).copied() };
        let place = known.unwrap_or(groups.len());
        if known.is_none() {
            groups.push(Group { span: None, logs: Vec::new() });
            places.insert((item.trace, item.span), place);
        }
        let Some(group) = groups.get_mut(place) else { continue };
        if item.is_log {
            group.logs.push(item);
        } else {
            group.span = Some(item);
        }
    }
    groups
}

/// Whether an item is, or belongs to, an exchange.
pub(super) fn tells(item: &Item<'_>) -> bool {
    if item.is_log {
        return event_name(item).is_some_and(|name| name == DETAILS || said::is_message(name));
    }
    match item.attributes.get("gen_ai.operation.name") {
        Some(operation) => operation.text().is_some_and(|name| OPERATIONS.contains(&name)),
        // before operations had names, models or messages tell
        None => item.attributes.0.iter().any(|(name, _)| {
            matches!(*name, "gen_ai.request.model" | "gen_ai.response.model" | "gen_ai.system")
                || name.starts_with("gen_ai.prompt")
                || name.starts_with("llm.input_messages.")
        }),
    }
}

/// The event that a log record is.
pub(super) fn event_name<'a>(item: &Item<'a>) -> Option<&'a str> {
    item.event.filter(|name| !name.is_empty()).or_else(|| item.attributes.text(&["event.name"]))
}

impl<'i, 'a> Group<'i, 'a> {
    /// Its items, the span first.
    pub(super) fn items(&self) -> impl Iterator<Item = &'i Item<'a>> {
        self.span.into_iter().chain(self.logs.iter().copied())
    }

    /// The first value under the first of these names that any item has.
    pub(super) fn get(&self, names: &[&str]) -> Option<Any<'a>> {
        names.iter().find_map(|name| self.items().find_map(|item| item.attributes.get(name)))
    }

    fn text(&self, names: &[&str]) -> Option<&'a str> {
        self.items().find_map(|item| item.attributes.text(names))
    }

    fn count(&self, names: &[&str]) -> Option<u32> {
        self.items().find_map(|item| item.attributes.count(names))
    }

    pub(super) fn exchange(
        &self,
        record: &Record<'a>,
        reading: &Reading,
        arena: &'a Bump,
    ) -> Result<Exchange<'a>, Reject> {
        let tenant = match self.tenant(record, reading) {
            Read::Absent => return Err(Reject::MissingTenant),
            Read::Wrong => return Err(Reject::BadTenant),
            Read::Value(tenant) => tenant,
        };
        let ts = self.time().or(record.broker_ts.map(Millis)).ok_or(Reject::MissingTs)?;
        let said = said::gather(self, &reading.marks, arena);
        let float = |name: &str| self.get(&[name]).and_then(Any::float);
        let whole = |name: &str| self.get(&[name]).and_then(Any::whole);
        let mut exchange = Exchange {
            id: self.text(&["gen_ai.response.id"]),
            ts: in_range(ts)?,
            tenant,
            session: self.text(&["gen_ai.conversation.id"]),
            provider: self.text(&["gen_ai.provider.name", "gen_ai.system"]),
            model: self.text(&["gen_ai.response.model", "gen_ai.request.model"]),
            system: said.system,
            prompt: said.conversation.prompt,
            turns: said.conversation.turns,
            opening: said.conversation.opening,
            sealed: said.conversation.sealed,
            messages: said.conversation.messages,
            response: said.response,
            reasoning: said.reasoning,
            refusal: said.refusal,
            finish: self.finish().or(said.finish).map(finish),
            params: Params {
                temperature: float("gen_ai.request.temperature"),
                top_p: float("gen_ai.request.top_p"),
                max_tokens: self.count(&["gen_ai.request.max_tokens"]),
                seed: whole("gen_ai.request.seed"),
                n: self.count(&["gen_ai.request.choice.count"]),
                stream: self.get(&["gen_ai.request.stream"]).and_then(Any::flag),
                ..Params::default()
            },
            usage: Usage {
                input: self.count(&["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"]),
                output: self.count(&["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"]),
                cached: self.count(&["gen_ai.usage.cache_read.input_tokens"]),
                reasoning: self.count(&["gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"]),
            },
            status: self.status(),
            latency_ms: self.latency(),
            ..Exchange::default()
        };
        exchange.tier = exchange.seen();
        Ok(exchange)
    }

    fn tenant(&self, record: &Record<'a>, reading: &Reading) -> Read<&'a str> {
        let attribute = |path: &[String]| {
            let name = path.join(".");
            let own = || self.get(&[name.as_str()]);
            let found = self.items().find_map(|item| item.resource.get(&name)).or_else(own);
            Ok(match found {
                None | Some(Any::Null) => Read::Absent,
                Some(Any::Text(tenant)) => tenant_named(tenant),
                Some(_) => Read::Wrong,
            })
        };
        reading.tenant_from.find_by(record, attribute).unwrap_or(Read::Wrong)
    }

    /// Start of the span, else of the first log record that has a time, else when one was seen.
    pub(super) fn time(&self) -> Option<Millis> {
        let nanos = self.items().map(|item| item.start).find(|nanos| *nanos > 0);
        let nanos = nanos.or_else(|| self.items().map(|item| item.observed).find(|nanos| *nanos > 0))?;
        Some(Millis((nanos / 1_000_000) as i64))
    }

    fn latency(&self) -> Option<u64> {
        let Item { start, end, .. } = self.span?;
        (*start > 0).then(|| end.checked_sub(*start))?.map(|nanos| nanos / 1_000_000)
    }

    /// A number in `error.type`, else 500 for a span that failed.
    fn status(&self) -> Option<u16> {
        let code = self.get(&["error.type"]).and_then(Any::whole).and_then(|code| u16::try_from(code).ok());
        code.or_else(|| self.span.is_some_and(|span| span.failed).then_some(500))
    }

    fn finish(&self) -> Option<&'a str> {
        match self.get(&["gen_ai.response.finish_reasons"])? {
            Any::List(reasons) => reasons.first()?.text(),
            one => one.text(),
        }
    }
}

/// OpenTelemetry's singular for what providers call `tool_calls`.
fn finish(reason: &str) -> &str {
    if reason == "tool_call" { "tool_calls" } else { reason }
}

/// Numbered attributes such as `gen_ai.prompt.0.content`: the number, and what follows it.
pub(super) fn numbered<'a>(attributes: &Attributes<'a>, prefix: &str) -> impl Iterator<Item = (u32, &'a str, Any<'a>)> {
    attributes.0.iter().filter_map(move |(name, value)| {
        let (number, rest) = name.strip_prefix(prefix)?.split_once('.')?;
        Some((number.parse().ok()?, rest, *value))
    })
}
