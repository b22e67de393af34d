//! One rendered finding, as read from a file or the topic, laid out for a terminal.
//!
//! Reads the wire format, not our types: a finding of another version is still explained. Unknown
//! fields are passed over and absent ones left out; a field of the wrong type is an error that names
//! it. The text comes from outside, so whatever could steer a terminal is replaced.

pub(crate) mod fields;
mod layout;

use serde_json::Value;

use self::fields::Fields;
use self::layout::Page;
use super::grade::{confidence_caption, severity_caption};
use super::number::{grouped, percent, plain, span};
use super::ocsf::CLASS_UID;
use super::unmapped::VERSION;
use crate::record::time::format_rfc3339;

/// Why something cannot be explained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// Nothing but blanks.
    #[error("the finding is empty")]
    Empty,
    /// Not a JSON value at all.
    #[error("the finding is not valid JSON: line {line}, column {column}")]
    NotJson {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
    },
    /// A second value follows: many findings in one file.
    #[error("more follows after the first finding: give one finding, for instance one line of the file")]
    More,
    /// Some other JSON.
    #[error("this is not a finding: `class_uid` must be {CLASS_UID}, OCSF Detection Finding")]
    OtherClass,
    /// A field that every finding has.
    #[error("the finding has no `{0}`")]
    Missing(String),
    /// A field of another type than the contract says.
    #[error("`{path}` of the finding must be {expected}")]
    WrongType {
        /// Where it stands.
        path: String,
        /// What the contract says.
        expected: &'static str,
    },
}

/// The text of one finding, ending in a newline.
pub fn explain(payload: &[u8]) -> Result<String, ExplainError> {
    let value = parse(payload)?;
    let finding = Fields::of(&value);
    if finding.whole("class_uid").ok().flatten() != Some(u64::from(CLASS_UID)) {
        return Err(ExplainError::OtherClass);
    }
    let ours = finding.need("unmapped")?.need("stillwatch")?;

    let mut page = Page::default();
    head(&mut page, &finding, &ours)?;
    taken(&mut page, &ours)?;
    evidence(&mut page, &ours)?;
    reasons(&mut page, &ours)?;
    opinions(&mut page, &ours)?;
    advice(&mut page, &finding, &ours)?;
    places(&mut page, &ours)?;
    attacks(&mut page, &finding)?;
    model(&mut page, &ours)?;
    Ok(page.finish())
}

fn parse(payload: &[u8]) -> Result<Value, ExplainError> {
    if payload.iter().all(u8::is_ascii_whitespace) {
        return Err(ExplainError::Empty);
    }
    let mut values = serde_json::Deserializer::from_slice(payload).into_iter::<Value>();
    let value = match values.next() {
        Some(Ok(value)) => value,
        // the position alone: serde_json's own message may quote the input
        Some(Err(error)) => {
            return Err(ExplainError::NotJson { line: error.line(), column: error.column() });
        }
        None => return Err(ExplainError::Empty),
    };
    if values.next().is_some() { Err(ExplainError::More) } else { Ok(value) }
}

fn head(page: &mut Page, finding: &Fields<'_>, ours: &Fields<'_>) -> Result<(), ExplainError> {
    let info = finding.need("finding_info")?;
    let uid = info.text("uid")?.ok_or_else(|| ExplainError::Missing("finding_info.uid".to_owned()))?;
    page.title(&info.text("title")?.unwrap_or_else(|| format!("Finding {uid}")));
    page.line(&standing(finding, ours)?);

    page.section("");
    page.pair("finding", &uid);
    page.pair_if("revision", revision(finding, &uid)?.as_deref());
    for (label, time) in [("opened", info.time("created_time")?), ("this event", finding.time("time")?)] {
        page.pair_if(label, time.map(format_rfc3339).as_deref());
    }
    for name in ["tenant", "account", "workload", "pattern"] {
        page.pair_if(name, ours.text(name)?.as_deref());
    }
    page.pair_if("verdict", finding.text("verdict")?.as_deref());
    let members = ours.texts("members")?;
    if members.len() > 1 {
        page.pair("members", &format!("{}: {}", grouped(members.len() as u64), members.join(", ")));
    }
    Ok(())
}

/// `new · high severity · medium confidence (98 of 100) · risk 73 of 100`
fn standing(finding: &Fields<'_>, ours: &Fields<'_>) -> Result<String, ExplainError> {
    let mut parts = Vec::new();
    let status = match finding.whole("status_id")? {
        Some(1) => "new",
        Some(2) => "in progress",
        Some(3) => "suppressed",
        Some(4) => "resolved",
        Some(5) => "archived",
        Some(6) => "deleted",
        _ => "status unknown",
    };
    if ours.truth("shadow")? == Some(true) {
        parts.push("shadow, no alert".to_owned());
    }
    parts.push(match ours.text("close_reason")? {
        Some(reason) => format!("{status} ({reason})"),
        None => status.to_owned(),
    });
    if let Some(id) = finding.whole("severity_id")? {
        parts.push(format!("{} severity", severity_caption(id)));
    }
    if let Some(id) = finding.whole("confidence_id")? {
        let score = finding.whole("confidence_score")?.map(|score| format!(" ({score} of 100)"));
        parts.push(format!("{} confidence{}", confidence_caption(id), score.unwrap_or_default()));
    }
    if let Some(score) = finding.whole("risk_score")? {
        parts.push(format!("risk {score} of 100"));
    }
    Ok(parts.join(" · "))
}

/// What stands behind the finding's uid in the event's.
fn revision(finding: &Fields<'_>, uid: &str) -> Result<Option<String>, ExplainError> {
    let Some(metadata) = finding.child("metadata")? else {
        return Ok(None);
    };
    let event = metadata.text("uid")?;
    Ok(event.and_then(|event| event.strip_prefix(uid)?.strip_prefix('-').map(str::to_owned)))
}

fn taken(page: &mut Page, ours: &Fields<'_>) -> Result<(), ExplainError> {
    page.section("Taken so far");
    let exchanges = ours.whole("exchanges")?.map(|n| format!("{} exchanges", grouped(n)));
    let tokens = ours.whole("output_tokens")?.map(|n| format!("{} output tokens", grouped(n)));
    let both: Vec<String> = exchanges.into_iter().chain(tokens).collect();
    page.text(&both.join(", "));
    if let Some(window) = ours.child("window")?
        && let (Some(first), Some(last)) = (window.text("first_ts")?, window.text("last_ts")?)
    {
        page.text(&format!("{first} to {last}{}", length(&first, &last)));
    }
    Ok(())
}

fn length(first: &str, last: &str) -> String {
    let parse = crate::record::time::parse_rfc3339;
    match (parse(first), parse(last)) {
        (Some(first), Some(last)) => format!(" ({})", span(last.since(first))),
        _ => String::new(),
    }
}

fn evidence(page: &mut Page, ours: &Fields<'_>) -> Result<(), ExplainError> {
    page.section("Evidence");
    if !ours.texts("policy")?.is_empty() {
        page.text("none is claimed: the finding rests on the provider's records and policy");
        return Ok(());
    }
    for (label, name) in [("evidence", "evidence"), ("threshold", "threshold"), ("score", "score")] {
        page.pair_if(label, ours.number(name)?.map(plain).as_deref());
    }
    let Some(budget) = ours.child("budget")? else {
        return Ok(());
    };
    page.pair_if("p-value", budget.number("p_value")?.map(plain).as_deref());
    page.pair(
        "budget",
        &match budget.number("per_1000_tenant_months")? {
            Some(rate) => format!("{} false findings per 1,000 tenant-months", plain(rate)),
            None => "none claimed: the threshold is not calibrated on this provider's traffic".to_owned(),
        },
    );
    Ok(())
}

fn reasons(page: &mut Page, ours: &Fields<'_>) -> Result<(), ExplainError> {
    page.section("Why");
    let reasons = ours.children("reasons")?;
    let policy = ours.texts("policy")?;
    for (i, name) in policy.iter().enumerate() {
        page.item(i + 1, name);
    }
    if reasons.is_empty() && policy.is_empty() {
        page.text("no reasons are given");
    }
    for (i, reason) in reasons.iter().enumerate() {
        let name = reason.text("feature")?.unwrap_or_else(|| "unnamed".to_owned());
        let weight = reason.number("weight")?.map(|weight| format!(" ({} of the surprise)", percent(weight)));
        page.item(i + 1, &format!("{name}{}", weight.unwrap_or_default()));
        if let Some(says) = reason.text("says")? {
            page.below_item(&says);
        }
        let mut numbers = Vec::new();
        for (label, field) in [("value", "value"), ("calm median", "baseline_median"), ("calm end", "baseline_p99")] {
            numbers.extend(reason.number(field)?.map(|number| format!("{label} {}", plain(number))));
        }
        page.below_item(&numbers.join(" · "));
    }
    Ok(())
}

/// `logistic  0.93 (calm p99 0.41), beyond calm use too`
fn opinions(page: &mut Page, ours: &Fields<'_>) -> Result<(), ExplainError> {
    let opinions = ours.children("second_opinions")?;
    if opinions.is_empty() {
        return Ok(());
    }
    page.section("Second opinions");
    for opinion in opinions {
        let by = opinion.text("by")?.unwrap_or_else(|| "unnamed".to_owned());
        if let (Some(value), Some(calm)) = (opinion.number("value")?, opinion.number("baseline_p99")?) {
            let verdict = if value > calm { "beyond calm use too" } else { "within calm use" };
            page.pair(&by, &format!("{} (calm p99 {}), {verdict}", plain(value), plain(calm)));
        }
    }
    Ok(())
}

fn advice(page: &mut Page, finding: &Fields<'_>, ours: &Fields<'_>) -> Result<(), ExplainError> {
    if let Some(reading) = ours.text("benign_reading")? {
        page.section("Innocent reading");
        page.text(&reading);
    }
    let remedy = finding.child("remediation")?.map(|remediation| remediation.text("desc")).transpose()?.flatten();
    if let Some(remedy) = remedy {
        page.section("What to do");
        page.text(&remedy);
    }
    Ok(())
}

fn places(page: &mut Page, ours: &Fields<'_>) -> Result<(), ExplainError> {
    page.section("Where in the log");
    for place in ours.children("refs")? {
        let mut parts = Vec::new();
        parts.extend(place.text("topic")?);
        parts.extend(place.whole("partition")?.map(|partition| format!("partition {partition}")));
        if let (Some(from), Some(to)) = (place.whole("from")?, place.whole("to")?) {
            parts.push(format!("offsets {from} to {to}"));
        }
        parts.extend(place.whole("n")?.map(|n| format!("{} exchanges", grouped(n))));
        page.text(&parts.join(", "));
    }
    if let Some(position) = ours.child("log_position")?
        && let (Some(partition), Some(offset)) = (position.whole("partition")?, position.whole("offset")?)
    {
        page.text(&format!("brought about by partition {partition}, offset {offset}"));
    }
    Ok(())
}

fn attacks(page: &mut Page, finding: &Fields<'_>) -> Result<(), ExplainError> {
    let attacks = finding.need("finding_info")?.children("attacks")?;
    if attacks.is_empty() {
        return Ok(());
    }
    page.section("MITRE ATLAS");
    for attack in attacks {
        let mut names = Vec::new();
        let technique = match attack.child("sub_technique")? {
            Some(sub) => Some(sub),
            None => attack.child("technique")?,
        };
        for part in technique.into_iter().chain(attack.child("tactic")?) {
            let words = [part.text("uid")?, part.text("name")?];
            names.push(words.into_iter().flatten().collect::<Vec<_>>().join(" "));
        }
        page.text(&names.join(", in "));
    }
    Ok(())
}

fn model(page: &mut Page, ours: &Fields<'_>) -> Result<(), ExplainError> {
    if let Some(model) = ours.child("model")? {
        page.section("Model");
        page.pair_if("name", model.text("name")?.as_deref());
        page.pair_if("sha256", model.text("sha256")?.as_deref());
    }
    if let Some(version) = ours.whole("v")?.filter(|&version| version > u64::from(VERSION)) {
        page.section("Note");
        page.text(&format!("written in format {version}; this program knows up to {VERSION} and shows what it knows"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
