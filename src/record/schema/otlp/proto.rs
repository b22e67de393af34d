//! OTLP protobuf to items: `TracesData` and `LogsData`, which are also the bodies of export requests.
//!
//! Both have the same shape down to the item; what an item is, its first field's type tells: a span begins with the
//! bytes of its trace, a log record with a time. Numbers are those of opentelemetry-proto 1.x.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use super::any::{Any, Attributes, MAX_DEPTH};
use super::item::{Event, Item, id_of_bytes};
use super::wire::{Fields, NotProto, Value};

type Read<T> = Result<T, NotProto>;

/// All spans and log records of a record.
pub(super) fn items<'a>(bytes: &'a [u8], arena: &'a Bump) -> Read<BumpVec<'a, Item<'a>>> {
    let mut items = BumpVec::new_in(arena);
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.take()? {
        if number == 1 {
            resource(value.bytes()?, arena, &mut items)?;
        }
    }
    Ok(items)
}

fn resource<'a>(bytes: &'a [u8], arena: &'a Bump, items: &mut BumpVec<'a, Item<'a>>) -> Read<()> {
    let from = items.len();
    let mut attributes = Attributes::default();
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.take()? {
        match number {
            1 => attributes = self::attributes(value.bytes()?, 1, arena)?,
            2 => {
                let mut scope = Fields(value.bytes()?);
                while let Some((number, value)) = scope.take()? {
                    if number == 2 {
                        items.push(item(value.bytes()?, arena)?);
                    }
                }
            }
            _ => {}
        }
    }
    items.iter_mut().skip(from).for_each(|item| item.resource = attributes);
    Ok(())
}

fn item<'a>(bytes: &'a [u8], arena: &'a Bump) -> Read<Item<'a>> {
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.take()? {
        match (number, value) {
            // time, observed time
            (1 | 11, Value::Fixed64(_)) => return log(bytes, arena),
            (1, _) => break,
            _ => {}
        }
    }
    span(bytes, arena)
}

fn span<'a>(bytes: &'a [u8], arena: &'a Bump) -> Read<Item<'a>> {
    let mut item = Item { attributes: attributes(bytes, 9, arena)?, ..Item::default() };
    let mut events = BumpVec::new_in(arena);
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.take()? {
        match number {
            1 => item.trace = id_of_bytes(value.bytes()?, arena),
            2 => item.span = id_of_bytes(value.bytes()?, arena),
            7 => item.start = value.fixed64()?,
            8 => item.end = value.fixed64()?,
            11 => events.push(event(value.bytes()?, arena)?),
            15 => item.failed = failed(value.bytes()?)?,
            _ => {}
        }
    }
    item.events = events.into_bump_slice();
    Ok(item)
}

fn event<'a>(bytes: &'a [u8], arena: &'a Bump) -> Read<Event<'a>> {
    let mut event = Event { name: "", attributes: attributes(bytes, 3, arena)? };
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.take()? {
        if number == 2 {
            event.name = value.text()?;
        }
    }
    Ok(event)
}

/// A status whose code is 2.
fn failed(bytes: &[u8]) -> Read<bool> {
    let mut code = 0;
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.take()? {
        if number == 3 {
            code = value.varint()?;
        }
    }
    Ok(code == 2)
}

fn log<'a>(bytes: &'a [u8], arena: &'a Bump) -> Read<Item<'a>> {
    let mut item = Item { is_log: true, attributes: attributes(bytes, 6, arena)?, ..Item::default() };
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.take()? {
        match number {
            1 => item.start = value.fixed64()?,
            5 => item.body = any(value.bytes()?, 0, arena)?,
            9 => item.trace = id_of_bytes(value.bytes()?, arena),
            10 => item.span = id_of_bytes(value.bytes()?, arena),
            11 => item.observed = value.fixed64()?,
            12 => item.event = Some(value.text()?),
            _ => {}
        }
    }
    Ok(item)
}

/// The attributes of a message, which stand under this number.
fn attributes<'a>(bytes: &'a [u8], under: u64, arena: &'a Bump) -> Read<Attributes<'a>> {
    members(bytes, under, 0, arena).map(Attributes)
}

fn members<'a>(bytes: &'a [u8], under: u64, depth: usize, arena: &'a Bump) -> Read<&'a [(&'a str, Any<'a>)]> {
    let mut members = BumpVec::new_in(arena);
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.take()? {
        if number != under {
            continue;
        }
        let (mut name, mut held) = ("", Any::Null);
        let mut pair = Fields(value.bytes()?);
        while let Some((number, value)) = pair.take()? {
            match number {
                1 => name = value.text()?,
                2 => held = any(value.bytes()?, depth, arena)?,
                _ => {}
            }
        }
        members.push((name, held));
    }
    Ok(members.into_bump_slice())
}

/// A value; what is nested too deep is null.
fn any<'a>(bytes: &'a [u8], depth: usize, arena: &'a Bump) -> Read<Any<'a>> {
    let mut found = Any::Null;
    if depth >= MAX_DEPTH {
        return Ok(found);
    }
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.take()? {
        found = match (number, value) {
            (1, value) => Any::Text(value.text()?),
            (2, value) => Any::Bool(value.varint()? != 0),
            (3, value) => Any::Int(value.varint()?.cast_signed()),
            (4, value) => Any::Double(f64::from_bits(value.fixed64()?)),
            (5, value) => {
                let mut list = BumpVec::new_in(arena);
                let mut items = Fields(value.bytes()?);
                while let Some((number, value)) = items.take()? {
                    if number == 1 {
                        list.push(any(value.bytes()?, depth + 1, arena)?);
                    }
                }
                Any::List(list.into_bump_slice())
            }
            (6, value) => Any::Map(members(value.bytes()?, 1, depth + 1, arena)?),
            _ => found,
        };
    }
    Ok(found)
}
