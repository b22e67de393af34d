//! What a foreign record said, not yet judged: one place for the contract's order of rejects.

use super::super::field::Read;
use super::super::native::in_range;
use super::super::{Exchange, Limits, Reject};
use super::Source;
use crate::units::Millis;

/// An exchange, and what is known against it.
pub(super) struct Draft<'a> {
    /// By the schema's own place.
    pub(super) tenant: Read<&'a str>,
    /// By the schema's own place.
    pub(super) ts: Option<Result<Millis, Reject>>,
    /// Everything else but the tier.
    pub(super) exchange: Exchange<'a>,
    /// Something that holds the record together has a wrong type.
    pub(super) wrong: bool,
    /// The deepest nesting, JSON in strings included.
    pub(super) deepest: usize,
}

/// Whose word on the tenant counts first.
#[derive(Clone, Copy)]
pub(super) enum First {
    /// The schema's own place: our wrapper has one for it.
    Own,
    /// `tenant_from`: the schema has several places that may be meant.
    Configured,
}

impl<'a> Draft<'a> {
    /// The exchange, or the first reason against it.
    pub(super) fn check(self, source: &Source<'_, 'a>, first: First) -> Result<Exchange<'a>, Reject> {
        let Limits { max_depth, .. } = *source.limits;
        if self.deepest > max_depth {
            return Err(Reject::TooDeep);
        }
        let configured = || {
            if source.reading.tenant_from.is_empty() {
                return Ok(Read::Absent);
            }
            source.reading.tenant_from.find(source.text, source.record, source.arena).map_err(|_| Reject::NotJson)
        };
        let tenant = match (first, self.tenant) {
            (First::Own, Read::Absent) => configured()?,
            (First::Own, own) => own,
            (First::Configured, own) => match configured()? {
                Read::Absent => own,
                found => found,
            },
        };
        let tenant = match tenant {
            Read::Absent => return Err(Reject::MissingTenant),
            Read::Wrong => return Err(Reject::BadTenant),
            Read::Value(tenant) => tenant,
        };
        let broker = || source.record.broker_ts.map(|ts| in_range(Millis(ts)));
        let ts = self.ts.or_else(broker).ok_or(Reject::MissingTs)??;
        if self.wrong {
            return Err(Reject::BadType);
        }
        let mut exchange = Exchange { ts, tenant, ..self.exchange };
        exchange.tier = exchange.seen();
        Ok(exchange)
    }
}
