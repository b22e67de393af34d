#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::finding::Seen;
use crate::tenant::stream::{HARVEST, Habit, PERSON, PIPELINE, scatter, stream};
use crate::trace::Trace;

/// Half of them teach, and eight at least make a forest.
const ATTACKERS: u64 = 16;

fn labels() -> Labels {
    let mut labels = Labels::default();
    for i in 0..48 {
        labels.add(&format!("calm-{i}"), Role::Calm, if i % 2 == 0 { "person" } else { "pipeline" }, 0);
    }
    (0..ATTACKERS).for_each(|i| labels.add(&format!("attack-{i}"), Role::Attack, "reasoning_harvest", 100));
    labels.add("grey-0", Role::Grey, "unclear", 0);
    labels
}

/// Small streams: people and pipelines that differ a little, harvesters and one nobody can judge.
fn feed(sink: &mut Sink<'_>) {
    let mut send = |name: &str, habit: &Habit, seed: u64, count| {
        let told = |(trace, at): &(Trace<'static>, Seen)| Told {
            trace: trace.renamed(name, trace.account),
            at: *at,
            taken: Taken::Unsaid,
            log: 0,
        };
        sink(&stream(habit, seed, count).iter().map(told).collect::<Vec<_>>());
    };
    for i in 0..48u64 {
        let random = scatter(i + 77);
        let base = if i % 2 == 0 { PERSON } else { PIPELINE };
        let habit = Habit {
            stay: if i % 2 == 0 { 3 + random % 6 } else { 1 },
            output: base.output + (random % 200) as u32,
            reasoning: base.reasoning + (random % 40) as u32,
            gap_seconds: base.gap_seconds / 2 + random % 500,
            refused: i % 12 == 0,
            ..base
        };
        send(&format!("calm-{i}"), &habit, random, 300);
    }
    (0..ATTACKERS).for_each(|i| send(&format!("attack-{i}"), &HARVEST, i + 900, 200));
    send("grey-0", &HARVEST, 5, 50);
}

fn spec(out: &std::path::Path) -> TrainSpec {
    TrainSpec {
        ablate: false,
        name: "small".into(),
        out: out.join("small.json"),
        seed: 3,
        budget: 10.0,
        source: "test streams".into(),
    }
}

fn run(out: &std::path::Path) -> Result<TrainReport, TrainError> {
    train(&spec(out), &labels(), &mut |sink| {
        feed(sink);
        Ok(())
    })
}

fn metric(report: &TrainReport, name: &str) -> f64 {
    report.metrics.iter().find(|(metric, _)| metric == name).unwrap().1
}

#[test]
fn the_same_input_gives_the_same_bytes_and_a_model_that_finds() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let report = run(one.path()).unwrap();
    let again = run(two.path()).unwrap();
    assert_eq!(std::fs::read(&report.file).unwrap(), std::fs::read(&again.file).unwrap());
    assert_eq!(std::fs::read(&report.card).unwrap(), std::fs::read(&again.card).unwrap());

    let model = Model::load(&report.file).unwrap();
    assert_eq!(model.sha256_hex(), report.sha256);
    // most attackers are fitted to, and the others are what is reported
    assert_eq!(metric(&report, "attackers"), 5.0);
    assert_eq!(metric(&report, "attackers_found"), 5.0);
    assert!(report.trees > 0);
    assert_eq!(metric(&report, "calm_tenants_held_back_with_finding"), 0.0);
    assert!(metric(&report, "exchanges_of_unit_at_finding_median") <= 40.0);
    let card = std::fs::read_to_string(&report.card).unwrap();
    assert!(card.contains("| reasoning_harvest | 100 % | 5 | 5 |") && card.contains("uncalibrated"), "{card}");
    assert!(!card.contains("grey"));
    assert!(card.contains("| family | trees | left out | logistic | densities | both |"), "{card}");
    assert_eq!(std::fs::read_dir(one.path()).unwrap().count(), 3, "model, card and rows");
}

#[test]
fn the_card_tells_what_each_group_is_worth_where_asked() {
    let out = tempfile::tempdir().unwrap();
    let asked = TrainSpec { ablate: true, ..spec(out.path()) };
    let report = train(&asked, &labels(), &mut |sink| {
        feed(sink);
        Ok(())
    });
    let card = std::fs::read_to_string(report.unwrap().card).unwrap();
    let (_, table) = card.split_once("| trees, in use | 5/5, 0/0 |\n").unwrap();
    let further: Vec<&str> = table.lines().map_while(|line| line.strip_prefix("| ")?.split(" | ").next()).collect();
    let all = ["principal components", "one-class SVM", "isolation forest", "exchange classifier", "stack of all"];
    assert_eq!(further, all);
    let (_, table) = card.split_once("| without | found |\n|---|---|\n").unwrap();
    let rows: Vec<&str> = table.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!((rows.len(), rows[0]), (10, "| nothing | 5/5, 0/0 |"), "{table}");
    assert!(rows[1].starts_with("| frame | ") && rows[9].starts_with("| accounts | "), "{table}");
}

#[test]
fn single_exchanges_speak_of_the_windows_they_are_in() {
    let (labels, out) = (labels(), tempfile::tempdir().unwrap());
    let blank = Model::build(blank(&spec(out.path())), [0; 32]).unwrap();
    let mut all = |sink: &mut Sink<'_>| {
        feed(sink);
        Ok(())
    };
    let mut survey = survey::survey(&blank, &labels, &mut all).unwrap();
    let teaching = (0..48).map(|i| format!("calm-{i}")).filter(|name| !name.ends_with('7'));
    let teaching = teaching.chain((0..12).map(|i| format!("attack-{i}"))).collect();
    exchanges::judge(&mut survey, &teaching, &labels, &blank, &mut all).unwrap();
    let odds = |tenants: &[Surveyed], taught: bool| -> Vec<Option<f32>> {
        let tenants = tenants.iter().filter(|tenant| teaching.contains(&tenant.name) == taught);
        tenants.flat_map(|tenant| &tenant.windows).map(|window| window.by_exchange).collect()
    };
    assert!(odds(&survey.calm, true).iter().chain(&odds(&survey.attackers, true)).all(Option::is_none));
    let (calm, harvest) = (odds(&survey.calm, false), odds(&survey.attackers, false));
    assert!(calm.len() > 40 && harvest.len() > 40);
    assert!(calm.iter().all(|odds| odds.unwrap() < 0.0) && harvest.iter().all(|odds| odds.unwrap() > 0.0));
}

#[test]
fn an_alarm_carries_second_opinions_beside_their_calm_end() {
    let out = tempfile::tempdir().unwrap();
    let model = Model::load(&run(out.path()).unwrap().file).unwrap();
    let mut tenant = crate::tenant::Tenant::new("unseen");
    let mut exchanges = stream(&HARVEST, 4_711, 60).into_iter();
    let alarm = exchanges.find_map(|(trace, at)| tenant.observe(&trace, at, &model)).unwrap();
    let (logistic, density) = (alarm.opinions.logistic.unwrap(), alarm.opinions.density.unwrap());
    assert!(logistic.log_odds > logistic.calm_p99, "{logistic:?}");
    assert!(density.log_odds > density.calm_p99, "{density:?}");

    // a model of before holds neither
    let mut body = Model::body(Some(&out.path().join("small.json"))).unwrap();
    (body.logistic, body.density_p99) = (None, None);
    let old = Model::build(body, [0; 32]).unwrap();
    let mut tenant = crate::tenant::Tenant::new("unseen");
    let mut exchanges = stream(&HARVEST, 4_711, 60).into_iter();
    let again = exchanges.find_map(|(trace, at)| tenant.observe(&trace, at, &old)).unwrap();
    assert_eq!(again, crate::finding::Alarm { opinions: crate::model::opinion::Opinions::default(), ..alarm });
}

#[test]
fn too_few_tenants_and_bad_names_are_said() {
    let out = tempfile::tempdir().unwrap();
    let error = train(&spec(out.path()), &Labels::default(), &mut |_| Ok(())).unwrap_err();
    assert_eq!(error.to_string(), "training needs 20 calm tenants with at least 8 exchanges, the input has 0");
    let bad = TrainSpec { name: "../x".into(), ..spec(out.path()) };
    let error = train(&bad, &Labels::default(), &mut |_| Ok(())).unwrap_err();
    assert!(error.to_string().starts_with("model name `../x`"));
}

#[test]
fn an_unwritable_place_is_named() {
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("taken");
    std::fs::write(&file, "x").unwrap();
    let error = run(&file).unwrap_err();
    assert!(matches!(error, TrainError::Unwritable { .. }));
    assert!(error.to_string().contains("taken"), "{error}");
}

#[test]
fn a_full_disk_names_the_file_and_keeps_the_old_one() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let out = tempfile::tempdir().unwrap();
    let (file, part) = (out.path().join("small.json"), out.path().join("small.json.part"));
    std::fs::write(&file, "old").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/dev/full", part).unwrap();
    let error = run(out.path()).unwrap_err().to_string();
    assert!(error.contains("small.json can't be written") && error.contains("No space left"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
}

#[test]
fn labels_are_read_and_the_gravest_counts() {
    let text = concat!(
        "{\"tenant\":\"a\",\"label\":\"benign\",\"class\":\"chat\"}\n\n",
        "{\"tenant\":\"a\",\"account\":\"k\",\"label\":\"attack\",\"family\":\"judge_farm\"}\n",
        "{\"tenant\":\"b\",\"label\":\"control\",\"more\":1}\n",
    );
    let labels = Labels::read(text.as_bytes()).unwrap();
    assert_eq!((labels.role("a"), labels.kind("a")), (Role::Attack, "judge_farm"));
    assert!(!labels.is_pure("a") && labels.percent("b") == 0);
    assert_eq!((labels.role("b"), labels.role("z")), (Role::Calm, Role::Calm));
    assert_eq!(Labels::kin("classifier_words"), Labels::kin("classifier_questions"));
    assert_eq!(Labels::kin("relay"), "relay");
    assert_ne!(Labels::kin("code_harvest"), Labels::kin("reasoning_harvest"));
    let error = Labels::read("{}\n".as_bytes()).unwrap_err().to_string();
    assert!(error.starts_with("labels, line 1: missing field"), "{error}");
    let error = Labels::read("{\"tenant\":\"a\",\"label\":\"evil\"}".as_bytes()).unwrap_err().to_string();
    assert!(error.contains("unknown label `evil`"), "{error}");
}

#[test]
fn a_large_log_holds_back_a_smaller_part() {
    assert_eq!([0, 48, 3_000].map(|all| fitted_percent(all, 1_000)), [70, 70, 70]);
    assert_eq!([4_000, 20_000, 500_000].map(|all| fitted_percent(all, 1_000)), [75, 95, 99]);
}

#[test]
fn rounding_survives_json() {
    for value in [1.0 / 3.0, -2.0e-9 / 7.0, 123_456.789_123, 0.0] {
        let text = serde_json::to_string(&rounded(value)).unwrap();
        assert_eq!(serde_json::from_str::<f64>(&text).unwrap(), rounded(value));
    }
}
