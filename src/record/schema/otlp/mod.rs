//! OpenTelemetry's conventions for generative AI over OTLP, JSON or protobuf: one record holds any number of
//! exchanges, of any number of tenants, and has no key. So it cannot be folded where it lies: `route` splits and
//! re-keys it first.
//!
//! ```text
//!  JSON ─────┐
//!            ├─► items: spans, log records ─► groups by trace and span ─► exchanges, or rejects, one each
//!  protobuf ─┘
//! ```
//!
//! What is no exchange gives nothing: spans without such attributes, tools, embeddings, and agents, whose spans
//! repeat the counts of the calls within. Events join the span that they name if it is in the same record; without
//! it they are an exchange by themselves, or, where `route` joins over time, a [`part`] of one. The tenant is the attribute that `tenant_from` names as a `field:` (its dots
//! are part of the name): the resource's, else the span's or log record's.

mod any;
mod gather;
mod item;
mod json;
mod proto;
mod said;
mod wire;
mod write;
pub mod part;

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;

use self::item::Item;
use super::super::json::{Json, Kind, Malformed, is_blank};
use super::super::{Exchange, Limits, Reject};
use super::Reading;
use crate::source::Record;

/// What each exchange of a record became; a record that cannot be split is one reject.
pub type Split<'a> = Vec<Result<Exchange<'a>, Reject>>;

/// The exchanges of a record.
pub fn split<'a>(record: &Record<'a>, reading: &Reading, limits: &Limits, arena: &'a Bump) -> Split<'a> {
    match items(record.payload, limits, arena) {
        Ok(items) => gather::exchanges(&items, record, reading, arena),
        Err(reason) => vec![Err(reason)],
    }
}

/// JSON if it begins like it; else, or if it is none after all, protobuf.
fn items<'a>(payload: Option<&'a [u8]>, limits: &Limits, arena: &'a Bump) -> Result<BumpVec<'a, Item<'a>>, Reject> {
    let payload = payload.filter(|payload| !is_blank(payload)).ok_or(Reject::Empty)?;
    if payload.len() > limits.max_bytes {
        return Err(Reject::TooLarge);
    }
    let looks_like_json = payload.trim_ascii_start().starts_with(b"{") || payload.starts_with(b"\xEF\xBB\xBF");
    let told = if looks_like_json { of_json(payload, limits, arena) } else { Err(Reject::NotJson) };
    // protobuf's first bytes may be a line feed and a brace; JSON is never whole protobuf with something in it
    match (told, proto::items(payload, arena)) {
        (Ok(items), _) => Ok(items),
        (Err(_), Ok(items)) if !items.is_empty() || !looks_like_json => Ok(items),
        (Err(reason), _) => Err(reason),
    }
}

fn of_json<'a>(payload: &'a [u8], limits: &Limits, arena: &'a Bump) -> Result<BumpVec<'a, Item<'a>>, Reject> {
    let text = simdutf8::basic::from_utf8(payload).map_err(|_| Reject::NotUtf8)?;
    let mut json = Json::new(text, arena);
    if json.peek() != Ok(Kind::Object) {
        return Err(Reject::NotJson);
    }
    let items = json::items(&mut json).map_err(|Malformed| Reject::NotJson)?;
    if json.deepest() > limits.max_depth { Err(Reject::TooDeep) } else { Ok(items) }
}
