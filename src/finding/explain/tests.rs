//! Explanations of hostile, foreign and incomplete findings; the golden ones are in `tests/findings`.
#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;

use super::*;

fn explained(value: &Value) -> Result<String, ExplainError> {
    explain(value.to_string().as_bytes())
}

fn least() -> Value {
    json!({"class_uid": 2004, "finding_info": {"uid": "ab"}, "unmapped": {"stillwatch": {"v": 1}}})
}

#[test]
fn the_least_finding_is_explained() {
    let text = explained(&least()).unwrap();
    assert!(text.starts_with("Finding ab\n==========\nstatus unknown\n"), "{text}");
    assert!(text.contains("no reasons are given"));
}

#[test]
fn unknown_fields_and_newer_formats_are_passed_over() {
    let mut value = least();
    value["new_at_the_top"] = json!({"deep": [1, 2, 3]});
    value["unmapped"]["stillwatch"]["v"] = json!(7);
    value["unmapped"]["stillwatch"]["reasons"] = json!([{"feature": "x", "new": true}]);
    let text = explained(&value).unwrap();
    assert!(text.contains("1. x\n"), "{text}");
    assert!(text.contains("written in format 7"), "{text}");
}

#[test]
fn malformed_input_is_named() {
    let parse = |text: &str| explain(text.as_bytes()).unwrap_err();
    assert_eq!(parse(""), ExplainError::Empty);
    assert_eq!(parse(" \n"), ExplainError::Empty);
    assert_eq!(parse("{\"a\":\n}"), ExplainError::NotJson { line: 2, column: 1 });
    assert_eq!(parse("{}{}"), ExplainError::More);
    assert_eq!(parse("{} x"), ExplainError::More);
    assert_eq!(parse("[]"), ExplainError::OtherClass);
    assert_eq!(parse("{\"class_uid\":\"2004\"}"), ExplainError::OtherClass);
    assert_eq!(explain(b"\"\xff\"").unwrap_err(), ExplainError::NotJson { line: 1, column: 2 });
    assert!(matches!(explain("[".repeat(10_000).as_bytes()).unwrap_err(), ExplainError::NotJson { .. }));
}

#[test]
fn a_missing_or_wrong_field_is_named_with_its_path() {
    let mut value = least();
    value["unmapped"] = json!({});
    assert_eq!(explained(&value).unwrap_err().to_string(), "the finding has no `unmapped.stillwatch`");

    let mut value = least();
    value["finding_info"] = json!({});
    assert_eq!(explained(&value).unwrap_err().to_string(), "the finding has no `finding_info.uid`");

    let mut value = least();
    value["unmapped"]["stillwatch"]["reasons"] = json!([{}, {"value": "much"}]);
    assert_eq!(
        explained(&value).unwrap_err().to_string(),
        "`unmapped.stillwatch.reasons[1].value` of the finding must be a number"
    );

    let mut value = least();
    value["time"] = json!(i64::MAX);
    assert_eq!(
        explained(&value).unwrap_err().to_string(),
        "`time` of the finding must be a time in epoch milliseconds"
    );
}

#[test]
fn nothing_in_a_finding_steers_the_terminal() {
    let mut value = least();
    value["finding_info"]["title"] = json!("a\u{1b}[31mred\u{7}\u{202e}\r\n");
    value["unmapped"]["stillwatch"]["members"] = json!(["x\u{9b}2J", "y"]);
    let text = explained(&value).unwrap();
    assert!(!text.contains(|c: char| c != '\n' && c.is_control() || c == '\u{202e}'), "{text:?}");
}

#[test]
fn lines_fit_a_terminal() {
    let mut value = least();
    value["unmapped"]["stillwatch"]["benign_reading"] = json!("some words ".repeat(60));
    let text = explained(&value).unwrap();
    assert!(text.lines().all(|line| line.chars().count() <= 88 && line.trim_end() == line), "{text}");
}
