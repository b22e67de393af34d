//! Where a record's tenant is, beyond the place that its schema has for it: a field, a header, or the key.
//!
//! Written as a list between commas, of which the first place that holds something counts:
//! `field:request.metadata.org, header:x-tenant, key`.

use bumpalo::Bump;

use super::super::field::{self, Read};
use super::super::json::{Json, Kind, Parsed};
use super::super::native::tenant_named;
use crate::source::Record;

/// One place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A field of the record, by the names on the way to it.
    Field(Vec<String>),
    /// The header that [`Record::header`] holds.
    Header(String),
    /// The record's key.
    Key,
}

/// Places, in the order in which they are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantFrom(Vec<Place>);

impl TenantFrom {
    /// From a config's text.
    pub fn parse(list: &str) -> Result<TenantFrom, String> {
        let places = list.split(',').map(str::trim).filter(|place| !place.is_empty());
        let places: Vec<Place> = places.map(place).collect::<Result<_, _>>()?;
        let headers = places.iter().filter(|place| matches!(place, Place::Header(_))).count();
        if headers > 1 {
            return Err(format!("must name one header at most, not {headers}"));
        }
        Ok(TenantFrom(places))
    }

    /// No place at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The header to look for in every record, if any.
    pub fn header(&self) -> Option<&str> {
        self.0.iter().find_map(|place| if let Place::Header(name) = place { Some(name.as_str()) } else { None })
    }

    /// The fields, by their names with dots between.
    pub fn fields(&self) -> impl Iterator<Item = String> {
        self.0.iter().filter_map(|place| if let Place::Field(path) = place { Some(path.join(".")) } else { None })
    }

    /// Whether the record's key is one of the places.
    pub fn asks_key(&self) -> bool {
        self.0.contains(&Place::Key)
    }

    /// The tenant by the first place that holds something. `text` is the record, which must be JSON.
    pub(super) fn find<'a>(&self, text: &'a str, record: &Record<'a>, arena: &'a Bump) -> Parsed<Read<&'a str>> {
        self.find_by(record, |path| at(&mut Json::new(text, arena), path))
    }

    /// The same, where `field` knows what is at the end of a path.
    pub(super) fn find_by<'a>(
        &self,
        record: &Record<'a>,
        mut field: impl FnMut(&[String]) -> Parsed<Read<&'a str>>,
    ) -> Parsed<Read<&'a str>> {
        for place in &self.0 {
            let found = match place {
                Place::Field(path) => field(path)?,
                Place::Header(_) => of_bytes(record.header),
                Place::Key => of_bytes(record.key),
            };
            match found {
                Read::Absent => {}
                Read::Value(name) => return Ok(tenant_named(name)),
                Read::Wrong => return Ok(Read::Wrong),
            }
        }
        Ok(Read::Absent)
    }
}

impl core::fmt::Display for TenantFrom {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (index, place) in self.0.iter().enumerate() {
            out.write_str(if index == 0 { "" } else { ", " })?;
            match place {
                Place::Field(path) => write!(out, "field:{}", path.join("."))?,
                Place::Header(name) => write!(out, "header:{name}")?,
                Place::Key => out.write_str("key")?,
            }
        }
        Ok(())
    }
}

fn place(written: &str) -> Result<Place, String> {
    match written.split_once(':') {
        None if written == "key" => Ok(Place::Key),
        Some(("header", name)) if !name.is_empty() => Ok(Place::Header(name.to_owned())),
        Some(("field", path)) if path.split('.').all(|name| !name.is_empty()) => {
            Ok(Place::Field(path.split('.').map(str::to_owned).collect()))
        }
        _ => Err(format!("must list `field:a.b`, `header:name` or `key`, and {written:?} is none of them")),
    }
}

fn of_bytes(bytes: Option<&[u8]>) -> Read<&str> {
    bytes.map_or(Read::Absent, |bytes| Read::of(std::str::from_utf8(bytes).ok()))
}

/// The text at the end of a path; JSON inside strings is looked into. Of a name that comes twice the last counts.
fn at<'a>(json: &mut Json<'a>, path: &[String]) -> Parsed<Read<&'a str>> {
    let Some((wanted, rest)) = path.split_first() else { return field::text(json) };
    match json.peek()? {
        Kind::Object => {}
        Kind::String => {
            let text = json.string()?;
            let is_object = text.trim_start().starts_with('{');
            return if is_object { json.nested(text, |inner| at(inner, path)) } else { Ok(Read::Absent) };
        }
        _ => return json.skip().map(|()| Read::Absent),
    }
    let mut found = Read::Absent;
    let mut key = json.open_object()?;
    while let Some(name) = key {
        if name == wanted {
            found = at(json, rest)?;
        } else {
            json.skip()?;
        }
        key = json.next_key()?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::units::Position;

    fn found(list: &str, text: &str, header: Option<&[u8]>, key: Option<&[u8]>) -> Read<String> {
        let arena = Bump::new();
        let record = Record { at: Position::default(), broker_ts: None, header, key, payload: None };
        match TenantFrom::parse(list).unwrap().find(text, &record, &arena).unwrap() {
            Read::Absent => Read::Absent,
            Read::Wrong => Read::Wrong,
            Read::Value(name) => Read::Value(name.to_owned()),
        }
    }

    #[test]
    fn the_first_place_that_holds_something_counts() {
        let acme = || Read::Value("acme".to_owned());
        let text = r#"{"x":[1],"a":{"b":"old","b":"acme","c":7,"d":null},"s":"{\"t\":\"acme\"}"}"#;
        assert_eq!(found("field:a.b, key", text, None, Some(b"other")), acme());
        assert_eq!(found("field:a.d, field:a.no, field:x.y, key", text, None, Some(b"acme")), acme());
        assert_eq!(found("field:s.t", text, None, None), acme());
        assert_eq!(found("header:x-tenant, key", text, Some(b"acme"), Some(b"other")), acme());
        assert_eq!(found("field:a.c, key", text, None, Some(b"acme")), Read::Wrong, "a number is no name");
        assert_eq!(found("key", text, None, Some(b"\xff")), Read::Wrong);
        assert_eq!(found("key", text, None, Some(b"")), Read::Wrong);
        assert_eq!(found("header:h, key", text, None, None), Read::Absent);
        assert_eq!(found("", text, None, Some(b"acme")), Read::Absent);
    }

    #[test]
    fn a_list_is_written_as_it_is_read() {
        let list = "field:request.metadata.org, header:x-tenant, key";
        let places = TenantFrom::parse(&list.replace(", ", " ,")).unwrap();
        assert_eq!((places.to_string().as_str(), places.header()), (list, Some("x-tenant")));
        for wrong in ["tenant", "field:", "field:a..b", "header:", "keys", "topic:x"] {
            let said = TenantFrom::parse(wrong).unwrap_err();
            assert!(said.contains(wrong) && said.contains("`field:a.b`"), "{said}");
        }
        assert_eq!(TenantFrom::parse("header:a, header:b").unwrap_err(), "must name one header at most, not 2");
    }
}
