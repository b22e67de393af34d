//! The life of a finding: alarms become create, update and close events, at most one open finding per
//! tenant. A finding stays open for 30 days of event time at least, so a tenant gets at most one created
//! finding in that time; further units that alarm meanwhile become updates.
//!
//! Pure and small: an [`OpenFinding`] is part of the tenant's state. Times are the partition's.

use serde::{Deserialize, Serialize};

use super::{Activity, Alarm, CloseReason, Event};
use crate::knowledge::Breaches;
use crate::units::{Millis, Position, TenantHash};

/// A created finding holds its tenant's place for this long.
pub const HOLDS_FOR: i64 = 30 * Millis::DAY;

/// A finding that has been created and not yet closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenFinding {
    uid: u128,
    revision: u32,
    /// Effective time of the exchange that opened it; part of the uid.
    opened: Millis,
    /// The partition's time when it was opened and when a unit last alarmed.
    opened_at: Millis,
    last_alarm_at: Millis,
    /// The strongest alarm so far, refreshed as its unit goes on.
    alarm: Alarm,
    /// The most evidence that any subject of the finding had.
    peak: f32,
    /// Exchanges of that unit at which the next update is due: growth is told at every doubling.
    next_update: u64,
}

/// Who a finding is about and how its id is keyed.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// Its keyed hash: carries the secret into the uid.
    pub hash: TenantHash,
}

/// The moment of an alarm.
#[derive(Clone, Copy)]
pub struct Moment {
    /// Effective time of the deciding exchange.
    pub effective: Millis,
    /// The partition's time.
    pub watermark: Millis,
    /// The deciding exchange.
    pub at: Position,
}

impl OpenFinding {
    /// Logical bytes of an open finding, for the memory limit: the struct, a full set of reasons and an
    /// account name.
    pub const LOGICAL_BYTES: usize = size_of::<OpenFinding>() + Alarm::MAX_REASONS * 24 + 64;

    /// Opens a finding.
    pub fn create(subject: Subject<'_>, alarm: Alarm, moment: Moment) -> (OpenFinding, Event) {
        let open = OpenFinding {
            uid: uid(subject, &alarm, moment.effective),
            revision: 0,
            opened: moment.effective,
            opened_at: moment.watermark,
            last_alarm_at: moment.watermark,
            next_update: alarm.exchanges.saturating_mul(2),
            peak: alarm.evidence,
            alarm,
        };
        let event = open.event(subject.tenant, Activity::Create, moment.effective, moment.at);
        (open, event)
    }

    /// No update for growth alone before this many exchanges.
    pub(super) fn quiet_until(&mut self, exchanges: u64) {
        self.next_update = self.next_update.max(exchanges);
    }

    /// Takes a further alarm. An update comes when the unit's exchanges doubled, or when another unit
    /// alarms more strongly than the one the finding speaks of.
    pub fn alarm(&mut self, subject: Subject<'_>, alarm: Alarm, moment: Moment) -> Option<Event> {
        self.alarm_or_update(subject, alarm, moment, false)
    }

    /// The same; `news` makes it an update in any case.
    pub(super) fn alarm_or_update(
        &mut self,
        subject: Subject<'_>,
        alarm: Alarm,
        moment: Moment,
        news: bool,
    ) -> Option<Event> {
        self.last_alarm_at = self.last_alarm_at.max(moment.watermark);
        let same_unit = (alarm.kind, alarm.workload) == (self.alarm.kind, self.alarm.workload);
        // by a quarter: units of like strength would take turns, with an update each time
        let takes_over = !same_unit && alarm.evidence > self.peak * 1.25;
        if !same_unit && !takes_over {
            return None;
        }
        let grew = alarm.exchanges >= self.next_update;
        self.peak = self.peak.max(alarm.evidence);
        self.alarm = alarm;
        if !takes_over && !grew && !news {
            return None;
        }
        if takes_over || grew {
            // news alone leaves the next growth to be told where it was
            self.next_update = self.alarm.exchanges.saturating_mul(2);
        }
        self.revision += 1;
        Some(self.event(subject.tenant, Activity::Update, moment.effective, moment.at))
    }

    /// When it closes if no unit alarms again.
    pub fn due(&self, close_after: i64) -> Millis {
        self.opened_at.plus(HOLDS_FOR).max(self.last_alarm_at.plus(close_after))
    }

    /// Ends it. `time` is the due time, or the partition's time for an eviction.
    pub fn close(mut self, tenant: &str, reason: CloseReason, time: Millis, at: Position) -> Event {
        self.revision += 1;
        self.event(tenant, Activity::Close(reason), time, at)
    }

    fn event(&self, tenant: &str, activity: Activity, time: Millis, at: Position) -> Event {
        Event {
            activity,
            uid: self.uid,
            revision: self.revision,
            tenant: tenant.into(),
            opened: self.opened,
            time,
            at,
            alarm: self.alarm.clone(),
            breaches: Breaches::default(),
        }
    }
}

/// hash(kind, tenant, workload, opening time), keyed through the tenant's and workload's own hashes.
fn uid(subject: Subject<'_>, alarm: &Alarm, opened: Millis) -> u128 {
    use std::hash::Hasher;

    use siphasher::sip128::{Hasher128, SipHasher13};

    let (k0, k1) = ((subject.hash.0 >> 64) as u64, subject.hash.0 as u64);
    let mut hasher = SipHasher13::new_with_keys(k0, k1);
    hasher.write(alarm.kind.label().as_bytes());
    hasher.write(&[0]);
    hasher.write(subject.tenant.as_bytes());
    hasher.write(&[0]);
    hasher.write(&alarm.workload.to_le_bytes());
    hasher.write(&opened.0.to_le_bytes());
    let hash = hasher.finish128();
    (u128::from(hash.h1) << 64) | u128::from(hash.h2)
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Pattern, Seen};
    use super::*;
    use crate::model::opinion::Opinions;

    const SUBJECT: Subject<'static> = Subject { tenant: "acme", hash: TenantHash(77) };

    fn alarm(workload: u64, exchanges: u64, evidence: f32) -> Alarm {
        Alarm {
            kind: Kind::Workload,
            workload,
            account: None,
            pattern: Pattern::Unknown,
            exchanges,
            output_tokens: exchanges * 100,
            first: Seen::default(),
            last: Seen::default(),
            score: 0.9,
            evidence,
            threshold: 5.0,
            p_value: 0.001,
            reasons: Vec::new(),
            opinions: Opinions::default(),
        }
    }

    fn moment(day: i64) -> Moment {
        let ts = Millis(1_780_000_000_000 + day * Millis::DAY);
        Moment { effective: ts, watermark: ts, at: Position { partition: 1, offset: day } }
    }

    #[test]
    fn created_once_then_updated_at_doublings() {
        let (mut open, created) = OpenFinding::create(SUBJECT, alarm(1, 20, 6.0), moment(0));
        assert_eq!((created.activity, created.revision), (Activity::Create, 0));
        assert_eq!(open.alarm(SUBJECT, alarm(1, 39, 6.5), moment(1)), None);
        let updated = open.alarm(SUBJECT, alarm(1, 40, 6.5), moment(1));
        assert_eq!(updated.map(|e| (e.activity, e.revision, e.uid)), Some((Activity::Update, 1, created.uid)));
        assert_eq!(open.alarm(SUBJECT, alarm(1, 79, 6.5), moment(2)), None);
    }

    #[test]
    fn a_stronger_unit_takes_the_finding_over_a_weaker_one_only_keeps_it_open() {
        let (mut open, created) = OpenFinding::create(SUBJECT, alarm(1, 20, 6.0), moment(0));
        assert_eq!(open.alarm(SUBJECT, alarm(2, 20, 5.5), moment(40)), None);
        assert_eq!(open.due(7 * Millis::DAY), moment(47).watermark);
        assert_eq!(open.alarm(SUBJECT, alarm(2, 21, 7.4), moment(41)), None);
        let over = open.alarm(SUBJECT, alarm(2, 22, 7.6), moment(41));
        assert_eq!(over.map(|e| (e.uid, e.alarm.workload)), Some((created.uid, 2)));
    }

    #[test]
    fn holds_thirty_days_and_closes_with_its_due_time() {
        let (open, created) = OpenFinding::create(SUBJECT, alarm(1, 20, 6.0), moment(0));
        let due = open.due(7 * Millis::DAY);
        assert_eq!(due, moment(30).watermark);
        let closed = open.close("acme", CloseReason::Calm, due, Position { partition: 1, offset: 99 });
        assert_eq!((closed.time, closed.revision, closed.uid), (due, 1, created.uid));
    }

    #[test]
    fn ids_differ_by_everything_they_are_made_of() {
        let base = OpenFinding::create(SUBJECT, alarm(1, 20, 6.0), moment(0)).1.uid;
        let mut tenant_kind = alarm(1, 20, 6.0);
        tenant_kind.kind = Kind::Tenant;
        let others = [
            OpenFinding::create(SUBJECT, alarm(2, 20, 6.0), moment(0)).1.uid,
            OpenFinding::create(SUBJECT, alarm(1, 20, 6.0), moment(1)).1.uid,
            OpenFinding::create(SUBJECT, tenant_kind, moment(0)).1.uid,
            OpenFinding::create(Subject { hash: TenantHash(78), ..SUBJECT }, alarm(1, 20, 6.0), moment(0)).1.uid,
            OpenFinding::create(Subject { tenant: "acme2", ..SUBJECT }, alarm(1, 20, 6.0), moment(0)).1.uid,
        ];
        assert!(others.iter().all(|uid| *uid != base));
        assert_eq!(OpenFinding::create(SUBJECT, alarm(1, 30, 9.0), moment(0)).1.uid, base, "not by evidence");
    }
}
