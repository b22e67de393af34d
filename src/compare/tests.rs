#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use super::*;

fn event(tenant: &str, finding: u32, revision: u32, day: i64, severity: u8) -> Value {
    let uid = format!("{tenant}{finding}");
    json!({
        "class_uid": 2004, "severity_id": severity, "time": (day + i64::from(revision)) * 86_400_000,
        "metadata": {"uid": format!("{uid}-{revision}")},
        "finding_info": {"uid": uid, "created_time": day * 86_400_000},
        "unmapped": {"stillwatch": {
            "tenant": tenant, "pattern": "judge_farm", "exchanges": 10 + revision,
            "model": {"name": "m", "sha256": "0123456789abcdef"},
        }},
    })
}

fn side(lines: &[String], span: Span) -> Result<Side, CompareError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), lines.join("\n")).unwrap();
    Side::read(file.path(), span)
}

fn plain(events: &[Value]) -> Side {
    side(&events.iter().map(Value::to_string).collect::<Vec<_>>(), Span::default()).unwrap()
}

#[test]
fn tenants_are_set_side_by_side() {
    let now = plain(&[event("a", 1, 0, 3, 2), event("a", 1, 1, 3, 4), event("b", 1, 0, 5, 3), event("c", 1, 0, 9, 3)]);
    let shadow =
        plain(&[event("a", 2, 0, 2, 4), event("c", 1, 0, 9, 2), event("d", 1, 0, 1, 5), event("d", 2, 0, 40, 1)]);
    let compared = Comparison::of(now, shadow);
    assert_eq!((compared.both, compared.only_now, compared.only_shadow), (2, 1, 1));
    // of a, the shadow's first is a day earlier and in the end as grave; of c, at the same time and milder
    assert_eq!((compared.shadow_first, compared.shadow_graver), ([1, 1, 0], [0, 1, 1]));
    let order: Vec<&str> = compared.tenants.iter().map(|row| row.tenant.as_str()).collect();
    assert_eq!(order, ["d", "b", "a", "c"]);
    let d = compared.tenants[0].shadow.as_ref().unwrap();
    assert_eq!((d.findings, d.severity_id, d.opened.0, d.exchanges), (2, 5, 86_400_000, 10));
    assert_eq!(compared.now.models.iter().collect::<Vec<_>>(), ["m 0123456789ab"]);
}

#[test]
fn dumps_of_topics_repeats_and_tombstones_are_read() {
    let mut policy = event("p", 1, 0, 1, 2);
    policy["unmapped"]["stillwatch"]["policy"] = json!(["unsupported region"]);
    let mut marked = event("a", 1, 0, 3, 2);
    marked["unmapped"]["stillwatch"]["shadow"] = json!(true);
    let wrap = |value: Option<&Value>| {
        json!({"topic": "f", "partition": 0, "offset": 7, "key": "k", "payload": value.map(Value::to_string)})
            .to_string()
    };
    let lines = [wrap(Some(&marked)), wrap(None), String::new(), marked.to_string(), policy.to_string()];
    let side = side(&lines, Span::default()).unwrap();
    assert_eq!((side.events, side.findings, side.tenants), (1, 1, 1));
    assert_eq!((side.repeats, side.tombstones, side.policy, side.marked_shadow), (1, 1, 1, 1));
}

#[test]
fn the_first_finding_is_told_by_its_first_event_whatever_the_order() {
    let side = plain(&[event("a", 2, 0, 9, 1), event("a", 1, 3, 2, 3), event("a", 1, 1, 2, 2)]);
    let found = &side.by_tenant["a"];
    assert_eq!((found.exchanges, found.findings, found.severity_id), (11, 2, 3));
}

#[test]
fn a_span_takes_findings_by_when_they_were_opened() {
    let lines: Vec<String> = [3, 4, 5].map(|day| event("a", day as u32, 0, day, 2).to_string()).to_vec();
    let day = |day: i64| Some(Millis(day * 86_400_000));
    let opened = |from, to| side(&lines, Span { from, to }).unwrap().findings;
    assert_eq!((opened(None, None), opened(day(4), None), opened(day(3), day(5)), opened(day(6), None)), (3, 2, 2, 0));
}

#[test]
fn what_is_no_finding_is_named_with_its_line() {
    let wrong = |line: &str| {
        side(&[event("a", 1, 0, 1, 1).to_string(), line.to_owned()], Span::default()).unwrap_err().to_string()
    };
    assert!(
        wrong("{\"ts\":1}").contains("line 2: not a finding: missing field `class_uid`"),
        "{}",
        wrong("{\"ts\":1}")
    );
    let mut other = event("a", 1, 0, 1, 1);
    other["class_uid"] = json!(2001);
    assert!(wrong(&other.to_string()).ends_with("`class_uid` is 2001, not 2004"));
    assert!(wrong(&format!("\"{}\"", "x".repeat(LARGEST))).contains("longer than a finding can be (1048576 bytes)"));
}
