//! The tenants that policy has something to say about, under the hash by which the fold knows them.
//!
//! What countries and segment say is decided once, when a snapshot takes effect; a reseller pattern is looked
//! for now and then, in what the tenant's unit remembers. The marks for it are not fitted to anything: they
//! ask for three of four exchanges to come from a network and a user that are none of the last four.
//! Cost: one look-up an exchange where there is knowledge, nothing where there is none.

use std::hash::BuildHasherDefault;

use hashbrown::HashMap;

use super::{Breaches, Knowledge, Policy, Segment};
use crate::tenant::LowBits;
use crate::tenant::unit::Unit;
use crate::units::TenantHash;

/// Exchanges before a reseller pattern can be told, and between two looks.
const FIRST_LOOK: u64 = 256;
const LOOK_EVERY: u64 = 64;
/// Share of exchanges from a new network, and of those from a new user or account.
const MANY: f64 = 0.75;

/// Watched tenants. Never iterated by the fold.
#[derive(Debug, Default)]
pub struct Watch(HashMap<TenantHash, Watched, BuildHasherDefault<LowBits>>);

#[derive(Clone, Copy, Debug)]
struct Watched {
    breaches: Breaches,
    /// Declared as something else than a reseller.
    may_resell: bool,
}

impl Watch {
    /// What a policy says of known tenants.
    pub fn new(knowledge: &Knowledge, policy: &Policy, hash_of: impl Fn(&str) -> TenantHash) -> Watch {
        let mut watch = Watch::default();
        for (tenant, facts) in knowledge.iter() {
            let breaches = policy.breaches(facts);
            let may_resell = facts.segment.is_some_and(|segment| segment != Segment::Reseller);
            if !breaches.is_empty() || may_resell {
                watch.0.insert(hash_of(tenant), Watched { breaches, may_resell });
            }
        }
        watch
    }

    /// Whether nobody is watched.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a tenant breaks, whose traffic as a whole is `unit`.
    pub(crate) fn breaches(&self, tenant: TenantHash, unit: &Unit) -> Breaches {
        let Some(watched) = self.0.get(&tenant) else { return Breaches::default() };
        let looks = unit.exchanges >= FIRST_LOOK && unit.exchanges.is_multiple_of(LOOK_EVERY);
        if watched.may_resell && looks && resells(unit) {
            return watched.breaches.and(Breaches::UNDECLARED_RESELLER);
        }
        watched.breaches
    }
}

fn resells(unit: &Unit) -> bool {
    let shares = &unit.shares;
    unit.counts.clients == u8::MAX
        && shares.new_network.get() >= MANY
        && (shares.new_user.get() >= MANY || shares.new_account.get() >= MANY)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::tenant::Tenant;
    use crate::tenant::stream::{Habit, PERSON, stream};
    use crate::trace::Tracer;

    /// Everybody's exchange comes from a network and an account of its own.
    const RESALE: Habit = Habit {
        user: true,
        tweak: |exchange, i| {
            exchange.client.ip =
                Some(["10.1.0.1", "10.2.0.1", "10.3.0.1", "10.4.0.1", "10.5.0.1", "10.6.0.1"][i as usize % 6]);
            exchange.user = Some(["a", "b", "c", "d", "e", "f"][i as usize % 6]);
        },
        ..PERSON
    };

    fn watch(line: &str) -> (Watch, TenantHash) {
        let tracer = Tracer::new(b"secret for tests");
        let knowledge = Knowledge::parse("t", line.as_bytes()).unwrap();
        (Watch::new(&knowledge, &Policy::default(), |name| tracer.tenant_hash(name)), tracer.tenant_hash("acme"))
    }

    /// What is broken at any of the first exchanges of a habit.
    fn broken(line: &str, habit: &Habit, exchanges: u64) -> Breaches {
        let (watch, hash) = watch(line);
        let model = crate::model::Model::embedded().unwrap();
        let mut tenant = Tenant::new("acme");
        stream(habit, 1, exchanges).iter().fold(Breaches::default(), |all, (trace, at)| {
            tenant.observe(trace, *at, &model);
            all.and(watch.breaches(hash, tenant.whole()))
        })
    }

    #[test]
    fn many_users_on_many_networks_are_a_reseller_that_did_not_say_so() {
        let startup = "{\"tenant\":\"acme\",\"segment\":\"startup\"}";
        assert_eq!(broken(startup, &RESALE, 320), Breaches::UNDECLARED_RESELLER);
        assert!(broken(startup, &RESALE, 255).is_empty(), "too few to tell");
        assert!(broken(startup, &PERSON, 320).is_empty());
        let declared = "{\"tenant\":\"acme\",\"segment\":\"reseller\"}";
        assert_eq!(broken(declared, &RESALE, 320), Breaches::RESELLER);
        assert!(broken("{\"tenant\":\"acme\"}", &RESALE, 320).is_empty(), "nothing was declared");
        assert!(watch("{\"tenant\":\"acme\"}").0.is_empty());
    }
}
