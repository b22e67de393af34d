//! One field's value: absent, good, or of a wrong type.
//!
//! A wrong type is remembered and reading goes on, because the contract tests it last: the rest of the
//! record may hold a reason that comes first, and a later duplicate of the field may put it right.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use super::json::{Json, Kind, Number, Parsed};

/// What a field held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read<T> {
    /// `null`, which means the same as no field.
    Absent,
    /// A value of the right type and range.
    Value(T),
    /// Anything else.
    Wrong,
}

impl<T> Read<T> {
    /// Good if there is one, else wrong.
    pub fn of(value: Option<T>) -> Self {
        value.map_or(Read::Wrong, Read::Value)
    }

    /// The value, if good.
    pub fn value(self) -> Option<T> {
        if let Read::Value(value) = self { Some(value) } else { None }
    }
}

/// Names of the fields of one object whose last value was wrong.
#[derive(Debug)]
pub struct Wrong<'a>(BumpVec<'a, &'a str>);

impl<'a> Wrong<'a> {
    /// None yet.
    pub fn new_in(arena: &'a Bump) -> Self {
        Wrong(BumpVec::new_in(arena))
    }

    /// Puts the last value of a field in its slot, whatever an earlier duplicate said.
    pub fn put<T>(&mut self, name: &'a str, slot: &mut Option<T>, read: Read<T>) {
        if !self.0.is_empty() {
            self.0.retain(|wrong| *wrong != name);
        }
        if matches!(read, Read::Wrong) {
            self.0.push(name);
        }
        *slot = read.value();
    }

    /// Whether any is wrong.
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// The object, unless a field of it is wrong.
    pub fn judge<T>(&self, object: T) -> Read<T> {
        if self.any() { Read::Wrong } else { Read::Value(object) }
    }
}

/// `null` is absent; anything else is passed over and wrong.
pub fn other<T>(json: &mut Json<'_>) -> Parsed<Read<T>> {
    if json.peek()? == Kind::Null {
        return json.null().map(|()| Read::Absent);
    }
    json.skip().map(|()| Read::Wrong)
}

/// A string.
pub fn text<'a>(json: &mut Json<'a>) -> Parsed<Read<&'a str>> {
    match json.peek()? {
        Kind::String => json.string().map(Read::Value),
        _ => other(json),
    }
}

/// `true` or `false`.
pub fn flag(json: &mut Json<'_>) -> Parsed<Read<bool>> {
    match json.peek()? {
        Kind::Bool => json.bool().map(Read::Value),
        _ => other(json),
    }
}

/// A whole number that fits; `1.0` is whole.
pub fn whole<T: TryFrom<i128>>(json: &mut Json<'_>) -> Parsed<Read<T>> {
    number(json, |number| number.whole()?.try_into().ok())
}

/// A number that is finite as an `f32`.
pub fn float(json: &mut Json<'_>) -> Parsed<Read<f32>> {
    number(json, |number| number.float().map(|value| value as f32).filter(|value| value.is_finite()))
}

/// A seed: any 64 bits, signed or not. Callers choose it, and only that it was given matters.
pub fn seed(json: &mut Json<'_>) -> Parsed<Read<i64>> {
    number(json, |number| {
        let whole = number.whole()?;
        i64::try_from(whole).or_else(|_| u64::try_from(whole).map(u64::cast_signed)).ok()
    })
}

/// A count, or an object whose members count.
pub fn count_or_map(json: &mut Json<'_>) -> Parsed<Read<u32>> {
    if json.peek()? != Kind::Object {
        return whole(json);
    }
    let mut count: u32 = 0;
    let mut key = json.open_object()?;
    while key.is_some() {
        json.skip()?;
        count = count.saturating_add(1);
        key = json.next_key()?;
    }
    Ok(Read::Value(count))
}

/// A string, or an object that holds it under `name`.
pub fn text_or_member<'a>(json: &mut Json<'a>, name: &str) -> Parsed<Read<&'a str>> {
    if json.peek()? != Kind::Object {
        return text(json);
    }
    let mut member = Read::Absent;
    let mut key = json.open_object()?;
    while let Some(found) = key {
        if found == name {
            member = text(json)?;
        } else {
            json.skip()?;
        }
        key = json.next_key()?;
    }
    Ok(member)
}

/// Reads a nested object: `member` gets each name and stands before its value.
pub fn object<'a, T: Default>(
    json: &mut Json<'a>,
    member: impl Fn(&'a str, &mut Json<'a>, &mut T, &mut Wrong<'a>) -> Parsed<()>,
) -> Parsed<Read<T>> {
    if json.peek()? != Kind::Object {
        return other(json);
    }
    let mut value = T::default();
    let mut wrong = Wrong::new_in(json.arena());
    let mut key = json.open_object()?;
    while let Some(name) = key {
        member(name, json, &mut value, &mut wrong)?;
        key = json.next_key()?;
    }
    Ok(wrong.judge(value))
}

fn number<T>(json: &mut Json<'_>, convert: impl FnOnce(Number<'_>) -> Option<T>) -> Parsed<Read<T>> {
    match json.peek()? {
        Kind::Number => json.number().map(|number| Read::of(convert(number))),
        _ => other(json),
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::{Read, Wrong, count_or_map, flag, float, seed, text, text_or_member, whole};
    use crate::record::json::{Json, Parsed};

    fn read<T>(json: &str, reader: impl FnOnce(&mut Json<'_>) -> Parsed<Read<T>>) -> Read<T> {
        let arena = Bump::new();
        let mut json = Json::new(json, &arena);
        let read = reader(&mut json);
        assert_eq!(json.finish(), Ok(()), "the whole value is consumed");
        read.unwrap_or(Read::Wrong)
    }

    #[test]
    fn whole_numbers_have_a_range() {
        for (json, expected) in [
            ("7", Read::Value(7)),
            ("7.0", Read::Value(7)),
            ("4294967295", Read::Value(u32::MAX)),
            ("null", Read::Absent),
            ("4294967296", Read::Wrong),
            ("-1", Read::Wrong),
            ("1.5", Read::Wrong),
            ("1e999", Read::Wrong),
            ("\"7\"", Read::Wrong),
            ("[7]", Read::Wrong),
            ("true", Read::Wrong),
        ] {
            assert_eq!(read(json, whole::<u32>), expected, "{json}");
        }
    }

    #[test]
    fn other_types() {
        assert_eq!(read("1e300", float), Read::Wrong);
        assert_eq!(read("0.5", float), Read::Value(0.5));
        assert_eq!(read("18446744073709551615", seed), Read::Value(-1));
        assert_eq!(read("99999999999999999999", seed), Read::Wrong);
        assert_eq!(read("1", flag), Read::Wrong);
        assert_eq!(read("7", |json| text(json).map(|read| read.value().map(str::len)).map(Read::of)), Read::Wrong);
        assert_eq!(read(r#"{"50256":-100,"1":{}}"#, count_or_map), Read::Value(2));
        assert_eq!(read("3", count_or_map), Read::Value(3));
        assert_eq!(read("[3]", count_or_map), Read::Wrong);
        let kind =
            |json: &mut Json<'_>| text_or_member(json, "type").map(|read| Read::of(read.value().map(str::to_owned)));
        assert_eq!(read(r#"{"type":"json_schema","x":[]}"#, kind), Read::Value("json_schema".to_owned()));
        assert_eq!(read("\"text\"", kind), Read::Value("text".to_owned()));
    }

    #[test]
    fn the_last_duplicate_decides() {
        let arena = Bump::new();
        let mut wrong = Wrong::new_in(&arena);
        let mut slot = None;
        wrong.put("n", &mut slot, Read::Wrong);
        assert!(wrong.any());
        wrong.put("n", &mut slot, Read::Value(1));
        assert!(!wrong.any());
        assert_eq!(slot, Some(1));
        wrong.put("n", &mut slot, Read::Absent);
        assert_eq!(slot, None);
    }
}
