#![expect(clippy::unwrap_used, reason = "tests")]
use super::stream::{HARVEST, Habit, PERSON, PIPELINE, Tweak, scatter, stream};
use super::*;
use crate::feature::Row;
use crate::finding::{Alarm, Kind, Pattern, Seen};
use crate::model::artifact::{self, Body};
use crate::model::{Model, reference};
use crate::record::Exchange;
use crate::trace::{Trace, View};
use proptest::prelude::*;
use std::sync::LazyLock;

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let rows = calm_rows();
    reference::model(&reference::body(&rows))
});

/// Rows of calm tenants, of all units in all views. A first model, which never alarms, decides when.
fn calm_rows() -> Vec<(Row, u64)> {
    let mut rows = Vec::new();
    let mut unit = unit::Unit::default();
    for (trace, at) in stream(&PERSON, 1, 200) {
        unit.fold(&trace, memory::Told::default(), at);
        rows.push((Row::of(&unit), unit.exchanges));
    }
    let silent = reference::model(&artifact::Body { threshold: 1e9, ..reference::body(&rows) });
    rows.clear();
    for seed in 0..60 {
        let habit = if seed % 2 == 0 { PERSON } else { PIPELINE };
        let mut tenant = Tenant::new("calm");
        for (trace, at) in stream(&habit, scatter(seed), 700) {
            tenant.observe_with(&trace, at, &silent, &mut |decision| {
                let count = decision.exchanges;
                if count.is_power_of_two() || count.is_multiple_of(100) {
                    rows.push((*decision.row, count));
                }
            });
        }
    }
    rows
}

/// The tests of delivery need findings, many and early: they run with the model of these tests, from a file.
/// `STILLWATCH_BLESS=1` writes it again after a change of the feature table.
#[test]
fn the_eager_model_of_the_delivery_tests_is_the_one_of_these_tests() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/eager.json");
    let body = Body { name: "eager".into(), ..reference::body(&calm_rows()) };
    let bytes = artifact::encode(&body).unwrap();
    if std::env::var_os("STILLWATCH_BLESS").is_some() {
        std::fs::write(file, &bytes).unwrap();
    }
    assert!(
        std::fs::read(file).unwrap() == bytes,
        "fixtures/models/eager.json is of another feature table or model format: STILLWATCH_BLESS=1 cargo test --lib eager"
    );
}

fn run(traces: &[(Trace<'static>, Seen)]) -> (Tenant, Vec<Alarm>) {
    let mut tenant = Tenant::new("acme");
    let alarms = traces.iter().filter_map(|(trace, at)| tenant.observe(trace, *at, &MODEL)).collect();
    (tenant, alarms)
}

/// A harvest in an account of its own, every `every`-th exchange of an otherwise calm tenant.
fn mixed(every: usize, count: u64) -> Vec<(Trace<'static>, Seen)> {
    let mut harvest = stream(&HARVEST, 99, count).into_iter();
    let calm = stream(&PERSON, 5, count);
    let pick = |(i, calm): (usize, (Trace<'static>, Seen))| {
        let trace = if i % every == 0 { harvest.next().unwrap().0 } else { calm.0 };
        (trace, calm.1)
    };
    calm.into_iter().enumerate().map(pick).collect()
}

#[test]
fn people_and_an_honest_pipeline_stay_quiet() {
    for habit in [PERSON, PIPELINE] {
        let (_, alarms) = run(&stream(&habit, 12_345, 600));
        assert!(alarms.is_empty(), "{:?}", alarms.first());
    }
}

#[test]
fn a_pure_harvest_is_found_within_forty_exchanges_with_reasons() {
    let (_, alarms) = run(&stream(&HARVEST, 3, 100));
    let first = alarms.first().unwrap();
    assert!(first.exchanges <= 40, "{first:?}");
    assert_eq!(first.pattern, Pattern::ReasoningHarvest);
    assert!(!first.reasons.is_empty() && first.reasons.len() <= Alarm::MAX_REASONS);
    assert!(first.reasons.is_sorted_by(|a, b| a.weight >= b.weight));
    assert!(first.reasons.iter().all(|r| 0.0 < r.weight && r.weight <= 1.0));
    assert!(first.evidence >= first.threshold && first.p_value > 0.0);
    assert_eq!(first.last.offset, first.exchanges as i64 - 1);
}

#[test]
fn a_twentieth_of_a_tenant_is_found_as_a_workload() {
    let (tenant, alarms) = run(&mixed(20, 1_200));
    let first = alarms.iter().find(|alarm| alarm.kind == Kind::Workload).unwrap();
    assert_eq!(first.account.as_deref(), Some("key"));
    assert!(first.exchanges <= 40 && first.workload != 0);
    assert!(tenant.open_workloads() >= 1);
}

/// A harvest without a frame, one exchange in twenty inside an account whose people write as variedly.
#[test]
fn a_harvest_without_a_frame_gets_cells_of_its_own() {
    let frameless = Habit {
        openings: 1_000_000,
        account: PERSON.account,
        tweak: |exchange, _| exchange.params.temperature = Some(0.3),
        ..HARVEST
    };
    let mut harvest = stream(&frameless, 99, 100).into_iter();
    let mut tenant = Tenant::new("acme");
    let mut shares = std::collections::BTreeMap::<u64, (u64, u64)>::new();
    for (i, (trace, at)) in stream(&PERSON, 5, 1_600).into_iter().enumerate() {
        let taken = i % 20 == 0;
        let trace = if taken { harvest.next().unwrap().0 } else { trace };
        tenant.observe_with(&trace, at, &MODEL, &mut |decision| {
            let share = shares.entry(decision.subject.workload).or_default();
            *share = (share.0 + u64::from(taken), share.1 + 1);
        });
    }
    let purest = shares.iter().filter(|(unit, _)| **unit != 0).map(|(_, (taken, all))| *taken as f64 / *all as f64);
    assert!(purest.fold(0.0, f64::max) > 0.95, "{shares:?}");
}

const SUMS: [&str; 6] = [
    "Janet has 12 apples and gives 3 to each of her friends, how many apples does she have left after that?",
    "Tom buys 5 pens for 2 dollars each and pays with 20 dollars, how much money does he get back?",
    "A train goes 60 miles in an hour, how many miles does it go in 5 hours if it stops for half an hour?",
    "There are 24 students in a class and half of them have 2 pencils each, how many pencils are there in total?",
    "Maria earns 15 dollars an hour and works 8 hours a day, how much does she earn in 5 days of the week?",
    "A farmer sells 30 eggs a day for 10 cents each, how many dollars does he make in a week of 7 days?",
];

/// A harvest of a single subject, one exchange in a hundred inside an account whose people it resembles in all but
/// what it asks: no frame, their parameters, sessions and follow-ups.
#[test]
fn a_hundredth_that_looks_like_its_account_gets_a_cell_by_its_topic() {
    let disguised = Habit {
        tweak: |exchange, i| {
            let start: String = exchange.prompt.unwrap_or_default().chars().take(44).collect();
            let text = format!("{start} {}", SUMS[i as usize % SUMS.len()]);
            exchange.prompt = Some(Box::leak(text.into_boxed_str()));
        },
        ..PERSON
    };
    assert!(purest_cell(&disguised, 100) > 0.5);
}

/// A harvest under a frame inside an account of people whom it resembles in all else, one exchange in a hundred. Where the
/// whole frame never comes back a piece of it is enough.
#[test]
fn a_hundredth_under_a_frame_gets_a_cell_of_its_own() {
    const ASK: &str = "Consider the following matter and answer it in full:";
    let bare = Habit { topic_words: 1_000_000, stay: 1, ..PERSON };
    let vary = |tweak: Tweak| Habit { tweak, ..bare };
    let forms = [
        ("own account", Habit { account: "key", ..bare }),
        ("fixed beginning", Habit { opening: ASK, openings: 1, ..bare }),
        ("persona", vary(|e, i| say(e, format!("You are {} of {}.\n{ASK} {}", word(i), word(!i), slot(e))))),
        ("last line", vary(|e, _| say(e, format!("{}\n\nSay in a word what this is.", slot(e))))),
        ("ending", vary(|e, _| say(e, format!("{} And now {ASK} thanks, and do not stop.", slot(e))))),
        ("examples in any order", vary(|e, i| say(e, format!("{}Input: {}", shots(i), slot(e))))),
        ("system prompt that varies", vary(|e, i| e.system = Some(Box::leak(system(i).into_boxed_str())))),
    ];
    for (form, habit) in forms {
        let share = purest_cell(&habit, 100);
        assert!(share > 0.9, "{form}: {share}");
        // the others differ from people in shape, too
        if ["persona", "last line"].contains(&form) {
            let blind = purest(&habit, 100, |trace| trace.anchors = Default::default());
            assert!(blind < 0.5, "{form}: {blind} without pieces");
        }
    }
}

fn say(exchange: &mut Exchange<'_>, text: String) {
    exchange.prompt = Some(Box::leak(text.into_boxed_str()));
}

fn slot<'a>(exchange: &Exchange<'a>) -> &'a str {
    exchange.prompt.unwrap_or_default()
}

/// A word of letters: numbers are folded.
fn word(i: u64) -> String {
    (0..8).map(|k| char::from(b'a' + (scatter(i) >> (8 * k)) as u8 % 26)).collect()
}

/// Three worked examples of four, in an order that changes.
fn shots(i: u64) -> String {
    let shot = |n: u64| format!("Input: {}. Output: {}\n", SUMS[n as usize], n + 7);
    (0..3).map(|k| shot((scatter(i) % 4 + k) % 4)).collect()
}

fn system(i: u64) -> String {
    format!(
        "You are {} of {}. Name every step, give the sources that you use and leave out nothing.",
        word(i),
        word(!i)
    )
}

/// Of a harvest that is one exchange in so many of a tenant of people: its share of the decisions of the cell where that
/// is highest.
fn purest_cell(habit: &Habit, every: usize) -> f64 {
    purest(habit, every, |_| {})
}

fn purest(habit: &Habit, every: usize, change: fn(&mut Trace<'static>)) -> f64 {
    let mut harvest = stream(habit, 99, 10_000 / every as u64).into_iter();
    let mut tenant = Tenant::new("acme");
    let mut shares = std::collections::BTreeMap::<u64, (u64, u64)>::new();
    for (i, (trace, at)) in stream(&PERSON, 5, 10_000).into_iter().enumerate() {
        let taken = i % every == 0;
        let mut trace = if taken { harvest.next().unwrap().0 } else { trace };
        change(&mut trace);
        tenant.observe_with(&trace, at, &MODEL, &mut |decision| {
            let share = shares.entry(decision.subject.workload).or_default();
            *share = (share.0 + u64::from(taken), share.1 + 1);
        });
    }
    let cells = shares.iter().filter(|(unit, (_, all))| **unit != 0 && *all >= 10).map(|(_, cell)| cell);
    cells.map(|(taken, all)| *taken as f64 / *all as f64).fold(0.0, f64::max)
}

/// Strangers, one prompt in twenty of an account that has kept to its subject for three weeks and looks the same in
/// all else. Prompts of its own pass too, at most about one in twenty: 48 % of the cell are strangers, and without a past
/// 8 % of the best one.
#[test]
fn a_twentieth_unlike_the_own_past_gets_a_cell_of_its_own() {
    let subject = Habit { topic_words: 40, past: 800, ..PERSON };
    let (with, without) = (purest_of_strangers(&subject), purest_of_strangers(&Habit { past: 0, ..subject }));
    assert!(with > 0.4 && without < 0.15, "{with} with a past, {without} without");
}

/// The share of strangers, a twentieth of all after the past, among the decisions of the cell that holds most of them.
fn purest_of_strangers(subject: &Habit) -> f64 {
    let mut strangers = stream(&Habit { topic_words: 1_000_000, ..PERSON }, 99, 200).into_iter();
    let mut tenant = Tenant::new("acme");
    let mut shares = std::collections::BTreeMap::<u64, (u64, u64)>::new();
    for (i, (trace, at)) in (0..).zip(stream(subject, 5, subject.past + 4_000)) {
        let strange = i >= subject.past && i % 20 == 0;
        let trace = if strange { strangers.next().unwrap().0 } else { trace };
        tenant.observe_with(&trace, at, &MODEL, &mut |decision| {
            let workload = decision.subject.workload;
            if i >= subject.past && workload != 0 {
                let share = shares.entry(workload).or_default();
                *share = (share.0 + u64::from(strange), share.1 + 1);
            }
        });
    }
    let cells = shares.values().filter(|(_, all)| *all >= 50);
    cells.map(|(strange, all)| *strange as f64 / *all as f64).fold(0.0, f64::max)
}

#[test]
fn state_stays_within_its_bound_whatever_arrives() {
    let mut tenant = Tenant::new(&"n".repeat(256));
    for (i, (mut trace, at)) in stream(&Habit { openings: 50, ..PERSON }, 1, 3_000).into_iter().enumerate() {
        trace.account_hash.0 = scatter(i as u64 % 97);
        tenant.observe(&trace, at, &MODEL);
        assert!(tenant.logical_bytes() <= Tenant::MOST_BYTES);
        assert!(tenant.open_workloads() <= workloads::CELLS);
    }
}

#[test]
fn every_workload_gets_its_turn() {
    // twenty equal accounts: each must be judged for a whole span, though only sixteen fit
    let mut judged = std::collections::BTreeMap::<u64, u64>::new();
    let mut frames = std::collections::BTreeSet::new();
    let mut tenant = Tenant::new("acme");
    for (i, (mut trace, at)) in stream(&Habit { gap_seconds: 3, ..PIPELINE }, 1, 12_000).into_iter().enumerate() {
        trace.account_hash.0 = 1 + scatter(i as u64) % 20;
        frames.extend(trace.cell(View::Frame));
        tenant.observe_with(&trace, at, &MODEL, &mut |decision| {
            let most = judged.entry(decision.subject.workload).or_default();
            *most = decision.exchanges.max(*most);
        });
    }
    // shapes have cells beside them, while frames wait for theirs
    judged.retain(|unit, _| frames.contains(unit));
    assert_eq!(judged.len(), 20, "{judged:?}");
    assert!(judged.values().all(|most| *most >= 64), "{judged:?}");
}

/// More programs of one account than there are cells, each with a system prompt of its own and a template: in any order,
/// or one after another as a nightly run asks.
#[test]
fn many_programs_with_system_prompts_get_their_turns() {
    fn program(exchange: &mut Exchange<'_>, number: u64) {
        say(exchange, format!("Work on {} as you were told: {}", word(number), slot(exchange)));
        let system = format!("You keep the letters of {}. Be brief and friendly.", word(number));
        exchange.system = Some(Box::leak(system.into_boxed_str()));
    }
    let orders: [(usize, Tweak); 2] =
        [(30, |exchange, i| program(exchange, scatter(i) % 30)), (40, |exchange, i| program(exchange, i % 40))];
    for (programs, tweak) in orders {
        let (mut frames, mut judged) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
        let mut tenant = Tenant::new("acme");
        for (trace, at) in stream(&Habit { gap_seconds: 3, tweak, ..PIPELINE }, 1, 16_000) {
            frames.extend(trace.cell(View::Frame));
            tenant.observe_with(&trace, at, &MODEL, &mut |decision| {
                if decision.exchanges >= 64 {
                    judged.insert(decision.subject.workload);
                }
            });
        }
        let got = frames.intersection(&judged).count();
        assert!(frames.len() == programs && got + 3 >= programs, "{got} of {programs} were judged over a span");
    }
}

#[test]
fn a_suspicious_cell_is_not_pushed_out() {
    let mut tenant = Tenant::new("acme");
    let (mut found, mut lost) = (None, false);
    let harvest = stream(&HARVEST, 4, 200);
    let calm = stream(&PIPELINE, 5, 6_000);
    for (i, (mut trace, at)) in calm.into_iter().enumerate() {
        if i % 10 == 0 && i < 1_000 {
            trace = harvest[i / 10].0;
        } else {
            trace.account_hash.0 = scatter(i as u64 % 30);
        }
        if let Some(alarm) = tenant.observe(&trace, at, &MODEL).filter(|alarm| alarm.account.as_deref() == Some("key"))
        {
            lost |= found.is_some_and(|before| alarm.exchanges <= before);
            found = Some(alarm.exchanges);
        }
    }
    assert!(found.is_some() && !lost);
}

#[test]
fn forgetting_evidence_keeps_the_sketches() {
    let (mut tenant, alarms) = run(&stream(&HARVEST, 3, 60));
    assert!(!alarms.is_empty());
    let exchanges = tenant.exchanges();
    tenant.forget_evidence();
    assert_eq!(tenant.exchanges(), exchanges);
    let (trace, at) = stream(&HARVEST, 3, 61)[60];
    let mut level = 0.0;
    tenant.observe_with(&trace, at, &MODEL, &mut |decision| {
        level = decision.evidence;
    });
    assert!(level <= alarms.last().unwrap().evidence);
}

fn encode(tenant: &Tenant) -> Vec<u8> {
    postcard::to_stdvec(tenant).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn decoding_restores_state_and_behaviour(seed in any::<u64>(), every in 2usize..6, cut in 0usize..400) {
        let mut traces = mixed(every, 400);
        for (i, (trace, _)) in traces.iter_mut().enumerate() {
            if scatter(seed ^ i as u64).is_multiple_of(3) {
                trace.account_hash.0 = scatter(seed ^ i as u64) % 12;
            }
        }
        let (whole, all) = run(&traces);
        let (half, mut alarms) = run(&traces[..cut]);
        let bytes = encode(&half);
        let mut restored: Tenant = postcard::from_bytes(&bytes).unwrap();
        prop_assert_eq!(&restored, &half);
        prop_assert_eq!(encode(&restored), bytes);
        alarms.extend(traces[cut..].iter().filter_map(|(trace, at)| restored.observe(trace, *at, &MODEL)));
        prop_assert_eq!(alarms, all);
        prop_assert_eq!(encode(&restored), encode(&whole));
    }

    #[test]
    fn damaged_state_never_panics(seed in any::<u64>(), flips in 1usize..6) {
        let traces = mixed(3, 200);
        let (tenant, _) = run(&traces[..150]);
        let mut bytes = encode(&tenant);
        for i in 0..flips as u64 {
            let at = (scatter(seed ^ i) % bytes.len() as u64) as usize;
            bytes[at] ^= (scatter(seed.wrapping_add(i)) as u8).max(1);
        }
        if let Ok(mut tenant) = postcard::from_bytes::<Tenant>(&bytes) {
            for (trace, at) in &traces[150..] {
                tenant.observe(trace, *at, &MODEL);
            }
        }
    }
}
