//! OTLP JSON to items. Names are in camel case, 64-bit numbers may be strings, trace and span are hex.
//!
//! Only what is needed is kept; what has another type than OTLP gives it is passed over.

use bumpalo::collections::Vec as BumpVec;

use super::super::super::field;
use super::super::super::json::{Json, Kind, Parsed};
use super::any::{Any, Attributes, MAX_DEPTH};
use super::item::{Event, Item, SPAN_DIGITS, TRACE_DIGITS, id_of_text};

/// All spans and log records of a record.
pub(super) fn items<'a>(json: &mut Json<'a>) -> Parsed<BumpVec<'a, Item<'a>>> {
    let mut items = BumpVec::new_in(json.arena());
    members(json, |name, json| match name {
        "resourceSpans" | "resourceLogs" => each(json, |json| resource(json, &mut items)),
        _ => json.skip(),
    })?;
    json.finish()?;
    Ok(items)
}

fn resource<'a>(json: &mut Json<'a>, items: &mut BumpVec<'a, Item<'a>>) -> Parsed<()> {
    let from = items.len();
    let mut attributes = Attributes::default();
    members(json, |name, json| match name {
        "resource" => members(json, |name, json| match name {
            "attributes" => self::attributes(json, 0).map(|found| attributes = found),
            _ => json.skip(),
        }),
        "scopeSpans" | "scopeLogs" => each(json, |json| {
            members(json, |name, json| match name {
                "spans" => each(json, |json| item(json, false).map(|item| items.push(item))),
                "logRecords" => each(json, |json| item(json, true).map(|item| items.push(item))),
                _ => json.skip(),
            })
        }),
        _ => json.skip(),
    })?;
    items.iter_mut().skip(from).for_each(|item| item.resource = attributes);
    Ok(())
}

fn item<'a>(json: &mut Json<'a>, is_log: bool) -> Parsed<Item<'a>> {
    let mut item = Item { is_log, ..Item::default() };
    members(json, |name, json| {
        match name {
            "traceId" => item.trace = id(json, TRACE_DIGITS)?,
            "spanId" => item.span = id(json, SPAN_DIGITS)?,
            "eventName" => item.event = field::text(json)?.value(),
            "startTimeUnixNano" | "timeUnixNano" => item.start = nanos(json)?,
            "endTimeUnixNano" => item.end = nanos(json)?,
            "observedTimeUnixNano" => item.observed = nanos(json)?,
            "attributes" => item.attributes = attributes(json, 0)?,
            "body" => item.body = any(json, 0)?,
            "events" => {
                let mut events = BumpVec::new_in(json.arena());
                each(json, |json| event(json).map(|event| events.push(event)))?;
                item.events = events.into_bump_slice();
            }
            "status" => members(json, |name, json| {
                if name != "code" {
                    return json.skip();
                }
                item.failed = match json.peek()? {
                    Kind::String => json.string()? == "STATUS_CODE_ERROR",
                    _ => field::whole::<i64>(json)?.value() == Some(2),
                };
                Ok(())
            })?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(item)
}

fn id<'a>(json: &mut Json<'a>, digits: usize) -> Parsed<&'a str> {
    let written = field::text(json)?.value().unwrap_or_default();
    Ok(id_of_text(written, digits, json.arena()))
}

fn event<'a>(json: &mut Json<'a>) -> Parsed<Event<'a>> {
    let mut event = Event::default();
    members(json, |name, json| {
        match name {
            "name" => event.name = field::text(json)?.value().unwrap_or_default(),
            "attributes" => event.attributes = attributes(json, 0)?,
            _ => json.skip()?,
        }
        Ok(())
    })?;
    Ok(event)
}

/// A time; 0 where it is none.
fn nanos(json: &mut Json<'_>) -> Parsed<u64> {
    Ok(match json.peek()? {
        Kind::String => json.string()?.parse().unwrap_or_default(),
        _ => field::whole(json)?.value().unwrap_or_default(),
    })
}

fn attributes<'a>(json: &mut Json<'a>, depth: usize) -> Parsed<Attributes<'a>> {
    let mut all = BumpVec::new_in(json.arena());
    each(json, |json| {
        let (mut key, mut value) = (None, Any::Null);
        members(json, |name, json| {
            match name {
                "key" => key = field::text(json)?.value(),
                "value" => value = any(json, depth)?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        all.extend(key.map(|key| (key, value)));
        Ok(())
    })?;
    Ok(Attributes(all.into_bump_slice()))
}

/// A value; what is nested too deep is null.
fn any<'a>(json: &mut Json<'a>, depth: usize) -> Parsed<Any<'a>> {
    if depth >= MAX_DEPTH {
        return json.skip().map(|()| Any::Null);
    }
    let mut found = Any::Null;
    members(json, |name, json| {
        let wanted = match name {
            "stringValue" => field::text(json)?.value().map(Any::Text),
            "boolValue" => field::flag(json)?.value().map(Any::Bool),
            "intValue" => match json.peek()? {
                Kind::String => json.string()?.parse().ok().map(Any::Int),
                _ => field::whole(json)?.value().map(Any::Int),
            },
            "doubleValue" => match json.peek()? {
                Kind::Number => json.number()?.float().map(Any::Double),
                // protobuf's JSON for what JSON has no number for
                Kind::String => json.string()?.parse().ok().map(Any::Double),
                _ => json.skip().map(|()| None)?,
            },
            "arrayValue" => {
                let mut list = BumpVec::new_in(json.arena());
                members(json, |name, json| match name {
                    "values" => each(json, |json| any(json, depth + 1).map(|item| list.push(item))),
                    _ => json.skip(),
                })?;
                Some(Any::List(list.into_bump_slice()))
            }
            "kvlistValue" => {
                let mut map = Attributes::default();
                members(json, |name, json| match name {
                    "values" => attributes(json, depth + 1).map(|members| map = members),
                    _ => json.skip(),
                })?;
                Some(Any::Map(map.0))
            }
            _ => json.skip().map(|()| None)?,
        };
        found = wanted.unwrap_or(found);
        Ok(())
    })?;
    Ok(found)
}

/// Each member of an object; anything else is passed over.
fn members<'a>(json: &mut Json<'a>, mut member: impl FnMut(&'a str, &mut Json<'a>) -> Parsed<()>) -> Parsed<()> {
    if json.peek()? != Kind::Object {
        return json.skip();
    }
    let mut key = json.open_object()?;
    while let Some(name) = key {
        member(name, json)?;
        key = json.next_key()?;
    }
    Ok(())
}

/// Each item of an array; anything else is passed over.
fn each<'a>(json: &mut Json<'a>, mut item: impl FnMut(&mut Json<'a>) -> Parsed<()>) -> Parsed<()> {
    if json.peek()? != Kind::Array {
        return json.skip();
    }
    let mut more = json.open_array()?;
    while more {
        item(json)?;
        more = json.next_item()?;
    }
    Ok(())
}
