//! Findings that rest on what the provider knows of a tenant and on its policy, not on what the exchanges
//! look like. They have a place of their own beside the tenant's other finding, so that neither hides the
//! other, and the same life: created once, updated at doublings from 256 exchanges on and when something else is broken too, closed
//! after 30 days at least.

use serde::{Deserialize, Serialize};

use super::lifecycle::{Moment, OpenFinding, Subject};
use super::ocsf::{Analytic, STATISTICAL};
use super::reading::Reading;
use super::{Alarm, CloseReason, Event, Kind, Pattern, Seen};
use crate::knowledge::Breaches;
use crate::model::opinion::Opinions;
use crate::tenant::unit::Unit;
use crate::units::{Millis, Position};

/// Stands for the workload in the uid, so that it is not that of the tenant's other finding of the same moment.
/// Cells of workloads are odd.
const PLACE: u64 = 0x706f_6c69_6379_0000;

/// Raised at a tenant's first exchange, doublings would come with nearly every one of the next.
const FIRST_UPDATE: u64 = 256;

/// A policy finding that has been created and not yet closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyFinding {
    breaches: Breaches,
    open: OpenFinding,
}

/// What a tenant breaks, at an exchange of its own.
#[derive(Clone, Copy)]
pub(crate) struct Breach<'a> {
    pub(crate) breaches: Breaches,
    pub(crate) whole: &'a Unit,
    pub(crate) at: Seen,
}

impl PolicyFinding {
    /// Opens a finding.
    pub(crate) fn create(subject: Subject<'_>, breach: Breach<'_>, moment: Moment) -> (PolicyFinding, Event) {
        let breaches = breach.breaches;
        let (mut open, event) = OpenFinding::create(subject, breach.alarm(breaches), moment);
        open.quiet_until(FIRST_UPDATE);
        (PolicyFinding { breaches, open }, Event { breaches, ..event })
    }

    /// It goes on. What was broken once stays named until the finding closes.
    pub(crate) fn again(&mut self, subject: Subject<'_>, breach: Breach<'_>, moment: Moment) -> Option<Event> {
        let breaches = self.breaches.and(breach.breaches);
        let more = breaches != self.breaches;
        self.breaches = breaches;
        let alarm = breach.alarm(breaches);
        let event = self.open.alarm_or_update(subject, alarm, moment, more)?;
        Some(Event { breaches, ..event })
    }

    /// When it closes if nothing is broken again.
    pub fn due(&self, close_after: i64) -> Millis {
        self.open.due(close_after)
    }

    /// Ends it.
    pub fn close(self, tenant: &str, reason: CloseReason, time: Millis, at: Position) -> Event {
        Event { breaches: self.breaches, ..self.open.close(tenant, reason, time, at) }
    }
}

impl Breach<'_> {
    /// Evidence, threshold and score are those of exchanges: a policy finding has none.
    fn alarm(&self, breaches: Breaches) -> Alarm {
        // who says so resells with the provider's knowledge: no attack
        let resells = breaches.holds(Breaches::UNDECLARED_RESELLER);
        Alarm {
            kind: Kind::Tenant,
            workload: PLACE,
            account: None,
            pattern: if resells { Pattern::Relay } else { Pattern::Unknown },
            exchanges: self.whole.exchanges,
            output_tokens: self.whole.output_tokens,
            first: self.whole.first,
            last: self.at,
            score: 0.0,
            evidence: 0.0,
            threshold: 0.0,
            p_value: 1.0,
            reasons: Vec::new(),
            opinions: Opinions::default(),
        }
    }
}

/// The words of one breach.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    /// `analytic.name` and the label in our own part.
    pub(super) name: &'static str,
    /// `analytic.uid`.
    pub(super) uid: &'static str,
    pub(super) reading: Reading,
}

impl Words {
    pub(super) fn analytic(self) -> Analytic {
        Analytic { type_id: STATISTICAL, name: self.name, uid: self.uid, version: "1".to_owned() }
    }
}

/// The words of the gravest of some breaches; none where nothing is broken.
pub(super) fn words(breaches: Breaches) -> Option<Words> {
    breaches.each().next().map(words_of)
}

/// The label of each breach, the gravest first.
pub(super) fn names(breaches: Breaches) -> Vec<&'static str> {
    breaches.each().map(|one| words_of(one).name).collect()
}

/// What is broken, in sentences.
pub(super) fn sentences(breaches: Breaches) -> String {
    breaches.each().map(|one| words_of(one).reading.what).collect::<Vec<_>>().join(" ")
}

fn words_of(one: Breaches) -> Words {
    match one {
        Breaches::REGION => REGION,
        Breaches::OWNER => OWNER,
        Breaches::UNDECLARED_RESELLER => UNDECLARED_RESELLER,
        _ => RESELLER,
    }
}

const REGION: Words = Words {
    name: "policy: unsupported region",
    uid: "stillwatch.policy.region",
    reading: Reading {
        title: "Policy, unsupported region",
        what: "By the provider's records the tenant is in a region that is not supported.",
        benign: "records age: a company moves, or signs up through an office that it has left; look at the date of \
                 the record and at the networks the tenant calls from",
        remedy: "Check the tenant's record and its contract. If the region is right, follow the policy; if an exception \
                 was granted, set supported_region in the record.",
    },
};

const OWNER: Words = Words {
    name: "policy: excluded owner",
    uid: "stillwatch.policy.owner",
    reading: Reading {
        title: "Policy, excluded owner",
        what: "By the provider's records the tenant's owner is in a country that a model's policy excludes.",
        benign: "ownership changes, and a listed parent may hold a minority: look at the date of the record and at \
                 who controls the tenant",
        remedy: "Check who owns the tenant and which models' policies bind it, then follow them.",
    },
};

const UNDECLARED_RESELLER: Words = Words {
    name: "policy: undeclared reseller",
    uid: "stillwatch.policy.undeclared_reseller",
    reading: Reading {
        title: "Policy, undeclared reseller",
        what: "It is not declared as a reseller, and ever new users call from ever new networks.",
        benign: "a product whose users call from their own machines, and a company whose people work from home, look \
                 the same: ask what the accounts are and whose users they serve",
        remedy: "Ask whether access is passed on and to whom. A reseller needs the right to it, and end-user ids: what \
                 passes through must be judged by its end users.",
    },
};

const RESELLER: Words = Words {
    name: "policy: reseller",
    uid: "stillwatch.policy.reseller",
    reading: Reading {
        title: "Policy, reseller",
        what: "By the provider's records it sells access on: its exchanges are other people's.",
        benign: "a declared reseller with a contract is no breach by itself: this says that its traffic mixes customers, \
                 whom its other findings cannot tell apart",
        remedy: "Require end-user ids and regions from it, and judge its end users by them.",
    },
};

#[cfg(test)]
mod tests {
    use super::super::Activity;
    use super::*;
    use crate::units::TenantHash;

    const SUBJECT: Subject<'static> = Subject { tenant: "acme", hash: TenantHash(77) };

    fn moment(day: i64) -> Moment {
        let ts = Millis(1_780_000_000_000 + day * Millis::DAY);
        Moment { effective: ts, watermark: ts, at: Position { partition: 1, offset: day } }
    }

    fn region(whole: &Unit) -> Breach<'_> {
        Breach { breaches: Breaches::REGION, whole, at: Seen::default() }
    }

    #[test]
    fn what_is_broken_too_is_told_at_once_and_stays_named() {
        let mut whole = Unit::default();
        whole.exchanges = 10;
        let breach = |breaches| Breach { breaches, whole: &whole, at: Seen::default() };
        let (mut open, created) = PolicyFinding::create(SUBJECT, breach(Breaches::REGION), moment(0));
        assert_eq!((created.activity, created.breaches), (Activity::Create, Breaches::REGION));
        assert_eq!(open.again(SUBJECT, breach(Breaches::REGION), moment(1)), None);
        let more = open.again(SUBJECT, breach(Breaches::UNDECLARED_RESELLER), moment(2));
        let both = Breaches::REGION.and(Breaches::UNDECLARED_RESELLER);
        let seen = more.map(|e| (e.activity, e.breaches, e.revision, e.alarm.pattern));
        assert_eq!(seen, Some((Activity::Update, both, 1, Pattern::Relay)));
        assert_eq!(open.again(SUBJECT, breach(Breaches::REGION), moment(3)), None, "nothing new");
        assert_eq!(open.due(Millis::DAY), moment(30).watermark);
        let closed = open.close("acme", CloseReason::Calm, moment(30).watermark, Position::default());
        assert_eq!((closed.uid, closed.breaches, closed.revision), (created.uid, both, 2));
    }

    #[test]
    fn growth_is_told_from_256_exchanges_on() {
        let unit = |exchanges| {
            let mut unit = Unit::default();
            unit.exchanges = exchanges;
            unit
        };
        let units: Vec<Unit> = [1, 2, 255, 256, 511, 512].map(unit).into();
        let (mut open, _) = PolicyFinding::create(SUBJECT, region(&units[0]), moment(0));
        let told = |whole: &Unit| open.again(SUBJECT, region(whole), moment(1)).map(|event| event.alarm.exchanges);
        assert_eq!(units.iter().skip(1).filter_map(told).collect::<Vec<_>>(), [256, 512]);
    }

    #[test]
    fn its_id_is_not_that_of_the_other_finding_of_the_same_moment() {
        let whole = Unit::default();
        let breach = Breach { breaches: Breaches::OWNER, whole: &whole, at: Seen::default() };
        let (_, policy) = PolicyFinding::create(SUBJECT, breach, moment(0));
        let other = Alarm { workload: 0, ..breach.alarm(Breaches::OWNER) };
        assert_ne!(OpenFinding::create(SUBJECT, other, moment(0)).1.uid, policy.uid);
    }
}
