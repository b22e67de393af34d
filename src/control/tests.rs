use super::*;
use crate::knowledge::Knowledge;
use crate::knowledge::policy::Countries;
use crate::model::Model;
use crate::verdicts::Verdicts;

fn record(offset: i64, model: &Model) -> ControlRecord {
    let wanted = Wanted::of(&SideInputs::of_model(Arc::new(reload(model))));
    let record = wanted.records(&Wanted::default(), 3, offset).remove(0);
    ControlRecord::parse(&record.to_json()).unwrap()
}

fn reload(model: &Model) -> Model {
    if model.name() == "eager" { eager() } else { Model::embedded().unwrap() }
}

fn eager() -> Model {
    Model::load("fixtures/models/eager.json".as_ref()).unwrap()
}

#[test]
fn a_history_sent_twice_is_the_same_history() {
    let (former, new) = (Model::embedded().unwrap(), eager());
    let mut once = History::default();
    once.take(record(5, &former));
    once.take(record(9, &new));
    let mut twice = once.clone();
    twice.take(record(5, &former));
    twice.take(record(9, &new));
    assert_eq!(once, twice);
    assert_eq!(once.last().model.unwrap().name, "eager");
}

#[test]
fn each_offset_gets_the_model_that_was_in_force_there() {
    let (former, new) = (Model::embedded().unwrap(), eager());
    let mut history = History::default();
    history.take(record(5, &former));
    history.take(record(9, &new));
    let otherwise = SideInputs::of_model(Arc::new(eager()));
    let mut library = Library::default();
    library.add_model(Arc::new(eager()));
    // the former is needed up to 8 only
    let tracer = Tracer::new(b"secret for tests");
    assert!(history.resolve(&library, (9, 20), &otherwise, &tracer).is_ok());
    let missing = history.resolve(&library, (7, 20), &otherwise, &tracer).unwrap_err().to_string();
    for part in ["records 7 to 8", former.name(), &former.sha256_hex(), "from offset 5 on", "`model.known`"] {
        assert!(missing.contains(part), "{part}: {missing}");
    }
    library.add_model(Arc::new(Model::embedded().unwrap()));
    let timeline = history.resolve(&library, (7, 20), &otherwise, &tracer).unwrap();
    let name = |offset| timeline.at(offset).unwrap().model.name().to_owned();
    assert_eq!((name(7), name(8), name(9)), (former.name().to_owned(), former.name().to_owned(), "eager".into()));
}

#[test]
fn where_records_are_gone_the_state_s_own_model_is_needed() {
    let tracer = Tracer::new(b"secret for tests");
    let (former, otherwise) = (Model::embedded().unwrap(), SideInputs::of_model(Arc::new(eager())));
    let mut history = History::default();
    history.take(record(9, &eager()));
    history.begin(9, former.sha256_hex());
    assert_eq!(history.0.len(), 1, "a record speaks of 9 already");
    history.begin(5, former.sha256_hex());
    let mut library = Library::default();
    library.add_model(Arc::new(eager()));
    let said = history.resolve(&library, (5, 20), &otherwise, &tracer).unwrap_err().to_string();
    assert!(said.contains("records 5 to 8") && said.contains(&former.sha256_hex()), "{said}");
}

#[test]
fn before_the_first_word_on_tenants_nothing_is_known_of_them() {
    let tracer = Tracer::new(b"secret for tests");
    let knowledge = |line: &str| Arc::new(Knowledge::parse("t.jsonl", line.as_bytes()).unwrap());
    let (early, late) = (knowledge("{\"tenant\":\"a\"}"), knowledge("{\"tenant\":\"b\"}"));
    let model = Arc::new(eager());
    let policy = Policy { unsupported: Countries::parse("openai: CN").unwrap(), ..Policy::default() };
    let side = |knowledge: &Arc<Knowledge>| {
        SideInputs::new(Arc::clone(&model), Arc::clone(knowledge), policy.clone(), &tracer)
    };
    let mut library = Library::default();
    library.add_model(Arc::clone(&model));
    let mut history = History::default();
    history.take(record(0, &model));
    let resolve = |history: &History, library: &Library| {
        history.resolve(library, (0, 99), &side(&late), &tracer).map_err(|missing| missing.to_string())
    };
    let known = |timeline: &Timeline, offset| timeline.at(offset).unwrap().knowledge.sha256_hex();
    assert_eq!(known(&resolve(&history, &library).unwrap(), 0), late.sha256_hex(), "never spoken of");

    for (offset, snapshot) in [(5, &early), (9, &late)] {
        let before = history.last();
        for record in Wanted::of(&side(snapshot)).records(&before, 0, offset) {
            history.take(ControlRecord::parse(&record.to_json()).unwrap());
        }
    }
    let said = resolve(&history, &library).unwrap_err();
    assert!(said.contains("records 5 to 8 need the tenants' snapshot `t.jsonl`"), "{said}");
    assert!(said.contains("`tenants.known`"), "{said}");
    library.add_knowledge(Arc::clone(&early));
    library.add_knowledge(Arc::clone(&late));
    let timeline = resolve(&history, &library).unwrap();
    assert!(timeline.at(4).unwrap().knowledge.is_empty());
    assert_eq!(known(&timeline, 5), early.sha256_hex());
    assert_eq!(known(&timeline, 9), late.sha256_hex());
    assert_eq!(timeline.at(9).unwrap().policy, policy);
}

#[test]
fn verdicts_hold_from_their_record_on_until_they_are_taken_back() {
    let tracer = Tracer::new(b"secret for tests");
    let decided = |finding: u128| {
        let line = format!("{{\"finding\":\"{finding:032x}\",\"verdict\":\"benign\"}}");
        Arc::new(Verdicts::parse("v.jsonl", line.as_bytes()).unwrap())
    };
    let model = Arc::new(eager());
    let side = |verdicts: &Arc<Verdicts>| SideInputs::of_model(Arc::clone(&model)).with_verdicts(Arc::clone(verdicts));
    let (first, second, none) = (decided(1), decided(2), Arc::default());
    let mut library = Library::default();
    library.add_model(Arc::clone(&model));
    let mut history = History::default();
    let resolve = |history: &History, library: &Library| {
        let timeline = history.resolve(library, (0, 99), &side(&second), &tracer);
        timeline.map_err(|missing| missing.to_string())
    };
    history.take(record(0, &model));
    let sha256 = |timeline: &Timeline, offset| timeline.at(offset).unwrap().verdicts.sha256_hex();
    assert_eq!(sha256(&resolve(&history, &library).unwrap(), 0), second.sha256_hex(), "never spoken of");

    for (offset, verdicts) in [(5, &first), (9, &second), (12, &none)] {
        let records = Wanted::of(&side(verdicts)).records(&history.last(), 0, offset);
        assert_eq!(records.len(), 1, "nothing else has changed");
        for record in records {
            history.take(ControlRecord::parse(&record.to_json()).unwrap());
        }
    }
    let said = resolve(&history, &library).unwrap_err();
    assert!(said.contains("records 5 to 8 need the verdicts `v.jsonl`") && said.contains("`verdicts.known`"), "{said}");
    library.add_verdicts(Arc::clone(&first));
    library.add_verdicts(Arc::clone(&second));
    let timeline = resolve(&history, &library).unwrap();
    assert!(!timeline.at(4).unwrap().verdicts.is_loaded(), "nothing is decided before the first word");
    assert_eq!((sha256(&timeline, 5), sha256(&timeline, 9)), (first.sha256_hex(), second.sha256_hex()));
    assert!(!timeline.at(12).unwrap().verdicts.is_loaded());
}

#[test]
fn records_of_a_later_program_are_named_and_not_guessed_at() {
    let later = br#"{"v":2,"kind":"model","partition":0,"offset":1,"model":{"name":"a","sha256":"b"}}"#;
    let error = ControlRecord::parse(later).unwrap_err();
    assert_eq!(error, ControlError::Unknown { kind: "model".into(), v: 2 });
    let said = ControlRecord::parse(b"{}").unwrap_err().to_string();
    assert!(said.starts_with("not a control record"), "{said}");
}

#[test]
fn after_a_clean_stop_no_former_model_is_needed() {
    let mut history = History::default();
    history.take(record(0, &Model::embedded().unwrap()));
    let (library, otherwise) = (Library::default(), SideInputs::of_model(Arc::new(eager())));
    let tracer = Tracer::new(b"secret for tests");
    assert!(history.resolve(&library, (9, 9), &otherwise, &tracer).unwrap().at(9).is_none());
    assert!(history.resolve(&library, (8, 9), &otherwise, &tracer).is_err(), "one record is to be judged again");
}

#[test]
fn what_is_said_again_adds_nothing_and_a_first_word_on_tenants_leaves_the_state_s_model() {
    let mut history = History::default();
    history.take(record(5, &eager()));
    history.take(record(700, &eager()));
    assert_eq!(history.0.len(), 1);
    let mut history = History::default();
    let line = br#"{"v":1,"kind":"tenants","partition":3,"offset":4,"policy":{}}"#;
    history.take(ControlRecord::parse(line).unwrap());
    history.begin(9, "ab".into());
    assert_eq!(history.last().model.unwrap().sha256, "ab");
    let mixed = br#"{"v":1,"kind":"tenants","partition":3,"offset":4,"policy":{},"model":{"name":"m","sha256":"ab"}}"#;
    assert!(ControlRecord::parse(mixed).unwrap_err().to_string().contains("does not belong"));
}
