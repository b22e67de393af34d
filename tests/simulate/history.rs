//! A log that continues another: who stays goes on, some are new, a model comes out.

use std::collections::{BTreeMap, BTreeSet};

use stillwatch::simulate::{History, Plan, SimRecord, Spec, Truth, simulate, simulate_plan};
use stillwatch::units::Millis;

use super::{spec, value};

fn second(first: &Spec, attacks: &str) -> Plan {
    let start = first.start.plus((first.days * Millis::DAY as f64) as i64);
    let spec = Spec { start, seed: 8, attacks: attacks.parse().expect("a valid list"), ..first.clone() };
    Plan { history: Some(History { seed: first.seed, days: first.days }), ..Plan::from(spec) }
}

fn by_tenant(records: impl Iterator<Item = SimRecord>) -> BTreeMap<String, Vec<SimRecord>> {
    let mut logs: BTreeMap<String, Vec<SimRecord>> = BTreeMap::new();
    for record in records {
        logs.entry(record.tenant.clone()).or_default().push(record);
    }
    logs
}

#[test]
fn most_tenants_go_on_and_some_are_new() {
    let first = spec(120, 3.0, "none", 7);
    let plan = second(&first, "default");
    let (earlier, later) = (simulate(&first), simulate_plan(&plan));
    let names = |labels: &[stillwatch::simulate::Label]| -> BTreeSet<String> {
        labels.iter().map(|l| l.tenant.clone()).collect()
    };
    let (a, b) = (names(&earlier.labels()), names(&later.labels()));
    let stay = a.intersection(&b).count();
    assert_eq!(b.len(), 120);
    assert!((80..115).contains(&stay), "{stay} of 120 stay");
    let old_hosts = later.labels().iter().filter(|l| l.label == Truth::Attack && a.contains(&l.tenant)).count();
    assert!(old_hosts > 0, "some harvest is in a customer of long standing");
    let (earlier, later) = (by_tenant(earlier), by_tenant(later));
    let mut models = BTreeSet::new();
    let (mut same, mut both) = (0, 0);
    for (tenant, records) in &later {
        assert!(records[0].ts >= plan.spec.start);
        models.extend(records.iter().map(|r| value(r)["model"].to_string()));
        let Some(before) = earlier.get(tenant) else { continue };
        let accounts =
            |records: &[SimRecord]| records.iter().map(|r| value(r)["account"].to_string()).collect::<BTreeSet<_>>();
        let ids = |records: &[SimRecord]| records.iter().map(|r| r.id.clone()).collect::<BTreeSet<_>>();
        assert!(ids(before).is_disjoint(&ids(records)), "{tenant} repeats an exchange");
        both += 1;
        same += u32::from(!accounts(before).is_disjoint(&accounts(records)));
    }
    assert!(both > 40 && same * 10 >= both * 8, "{same} of {both} keep an account");
    assert!(models.contains("\"m-large-6\""), "{models:?}");
    assert!(!earlier.values().flatten().any(|r| r.line.contains("m-large-6")));
}

/// The two logs of a tenant that stays are one log: as if it had been simulated without a break.
#[test]
fn who_stays_continues_where_it_was() {
    let first = spec(60, 2.0, "none", 9);
    let plan = second(&first, "none");
    let longer = Spec { days: 4.0, ..first.clone() };
    let (later, whole) = (by_tenant(simulate_plan(&plan)), by_tenant(simulate(&longer)));
    let (mut kept, mut all) = (0, 0);
    for (tenant, records) in &later {
        let Some(whole) = whole.get(tenant) else { continue };
        let ids: BTreeSet<&str> = whole.iter().map(|r| r.id.as_str()).collect();
        all += records.len();
        kept += records.iter().filter(|r| ids.contains(r.id.as_str())).count();
    }
    // Growth and release days add exchanges; customers who came later in the longer log differ in begin.
    assert!(all > 500 && kept * 2 > all, "{kept} of {all}");
}
