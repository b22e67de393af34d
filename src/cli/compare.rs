//! `stillwatch compare`: two sets of findings, tenant by tenant.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::replay::time;
use super::{Failure, stdout};
use crate::compare::{By, CompareError, Comparison, Found, Side, Span};
use crate::finding::explain::fields::harmless;
use crate::finding::grade::severity_caption;
use crate::record::time::format_rfc3339;

/// Arguments of `compare`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  kcat -b B -t stillwatch.findings -C -e -J > now.jsonl
  kcat -b B -t stillwatch.findings.shadow -C -e -J > shadow.jsonl
  stillwatch compare now.jsonl shadow.jsonl --from 2026-10-01T00:00:00Z
  stillwatch replay day.jsonl --model new.json --findings new.jsonl && stillwatch compare now.jsonl new.jsonl --json

Files of findings: JSONL as replay writes it or as kcat -J dumps a topic, .gz and .zst too. Policy findings are left
out: no model makes them. Where the shadow started later, --from says since when both have seen the log.")]
pub struct CompareArgs {
    /// Findings as they are raised now; `-` is standard input.
    #[arg(value_name = "NOW")]
    pub now: PathBuf,
    /// Findings of the shadow, or of a replay with another model.
    #[arg(value_name = "SHADOW")]
    pub shadow: PathBuf,
    /// Only findings opened from this time on (RFC 3339 or epoch milliseconds).
    #[arg(long, value_name = "TS")]
    pub from: Option<String>,
    /// Only findings opened before this time.
    #[arg(long, value_name = "TS")]
    pub to: Option<String>,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
}

impl From<CompareError> for Failure {
    fn from(error: CompareError) -> Failure {
        Failure::Usage(error.to_string())
    }
}

/// Does it.
pub fn run(args: &CompareArgs) -> Result<(), Failure> {
    let time = |option, text: &Option<String>| text.as_ref().map(|text| time(option, text)).transpose();
    let span = Span { from: time("--from", &args.from)?, to: time("--to", &args.to)? };
    let comparison = Comparison::of(Side::read(&args.now, span)?, Side::read(&args.shadow, span)?);
    if args.json {
        let value = serde_json::to_value(&comparison)
            .map_err(|error| Failure::Failed(format!("the comparison can't be written: {error}")))?;
        return stdout::json(&value);
    }
    stdout::text(&told(&comparison))
}

/// For a terminal.
fn told(comparison: &Comparison) -> String {
    let mut text = String::new();
    let Comparison { now, shadow, both, only_now, only_shadow, shadow_first, shadow_graver, tenants } = comparison;
    for (name, side) in [("now", now), ("shadow", shadow)] {
        writeln!(text, "{name:<8}{}", described(side)).ok();
    }
    if now.marked_shadow > 0 && shadow.marked_shadow == 0 {
        text += "note    the first set is marked as a shadow's and the second is not: are they exchanged?\n";
    }
    // writing to a string does not fail
    writeln!(text, "\ntenants with a finding: {both} in both, {only_now} only now, {only_shadow} only in the shadow")
        .ok();
    if *both > 0 {
        let ([earlier, same, later], [graver, as_grave, milder]) = (shadow_first, shadow_graver);
        writeln!(
            text,
            "of both, the shadow is earlier in {earlier}, at the same time in {same}, later in {later}; \
             graver in {graver}, as grave in {as_grave}, milder in {milder}"
        )
        .ok();
    }
    let mut before = None;
    for row in tenants {
        if before != Some(row.found_by) {
            let head = match row.found_by {
                By::OnlyShadow => "only in the shadow",
                By::OnlyNow => "only now",
                By::Both => "in both",
            };
            writeln!(text, "\n{head}").ok();
            before = Some(row.found_by);
        }
        writeln!(text, "  {}", harmless(&row.tenant)).ok();
        for (name, found) in [("now", &row.now), ("shadow", &row.shadow)] {
            if let Some(found) = found {
                writeln!(text, "    {name:<8}{}", line(found)).ok();
            }
        }
    }
    text
}

fn described(side: &Side) -> String {
    let models: Vec<String> = side.models.iter().map(|model| harmless(model)).collect();
    let mut parts = vec![format!("{} findings of {} tenants", side.findings, side.tenants)];
    if !models.is_empty() {
        parts.push(format!("by {}", models.join(" and ")));
    }
    if let (Some(first), Some(last)) = (side.first_opened, side.last_opened) {
        parts.push(format!("opened {} to {}", format_rfc3339(first), format_rfc3339(last)));
    }
    for (count, what) in
        [(side.policy, "events of policy findings"), (side.repeats, "repeats"), (side.tombstones, "tombstones")]
    {
        if count > 0 {
            parts.push(format!("{count} {what} left out"));
        }
    }
    parts.join(", ")
}

fn line(found: &Found) -> String {
    let more = if found.findings > 1 { format!(", {} findings", found.findings) } else { String::new() };
    format!(
        "{}  after {} exchanges, {} severity, {}{more}",
        format_rfc3339(found.opened),
        found.exchanges,
        severity_caption(u64::from(found.severity_id)),
        harmless(&found.pattern),
    )
}
