//! `stillwatch demo`: simulated traffic through the whole pipeline, in one process.

use clap::Args;

use super::progress::Progress;
use super::{Failure, stdout};
use crate::demo::{Report, Show, demo};
use crate::finding::{Activity, Event};
use crate::model::Model;
use crate::record::time::format_rfc3339;
use crate::simulate::{Family, Spec, Truth, demo_spec};

/// Arguments of `demo`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch demo                 a few hundred tenants, some of them attackers, at a pace one can watch
  stillwatch demo --fast          the same without waiting

The demo's hashes are keyed with a public key: they hide nothing.")]
pub struct DemoArgs {
    /// Seed of the simulated traffic; the same seed gives the same findings.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Tenants to simulate, attackers included.
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub tenants: u32,
    /// Days of traffic to simulate.
    #[arg(long, value_name = "D", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub days: u32,
    /// As fast as it goes, instead of at a pace one can watch.
    #[arg(long)]
    pub fast: bool,
    /// End with one line of JSON instead of the report.
    #[arg(long)]
    pub json: bool,
}

/// Does it.
pub fn run(args: &DemoArgs) -> Result<(), Failure> {
    let model = Model::embedded()?;
    let name = model.name().to_owned();
    let usual = demo_spec(args.seed);
    let spec = Spec { tenants: args.tenants as usize, days: f64::from(args.days), ..usual };
    if !args.json {
        stdout::line(&format!(
            "stillwatch {} with model {name}: {} simulated tenants over {} days, some of them harvesting.\n\
             Hashes are keyed with a fixed public key. Findings as they are made:\n",
            super::VERSION,
            args.tenants,
            args.days
        ))?;
    }
    let progress = Progress::steps("");
    let show = Show { spec, fast: args.fast };
    let mut broken = None;
    let report = demo(
        &show,
        model,
        &mut |event, payload| {
            if args.json || event.activity != Activity::Create {
                return;
            }
            if let Err(failure) = progress.hide_while(|| stdout::line(&line(event, payload))) {
                broken = Some(failure);
            }
        },
        &mut |share, at| {
            progress.at((share * 100.0) as u64, 100);
            progress.say(format_rfc3339(at).chars().take(16).collect());
        },
    );
    progress.end();
    if let Some(failure) = broken {
        return Err(failure);
    }
    if args.json { stdout::json(&summary_json(&report, &name)) } else { stdout::text(&summary(&report)) }
}

/// One created finding.
fn line(event: &Event, payload: &[u8]) -> String {
    let finding: serde_json::Value = serde_json::from_slice(payload).unwrap_or_default();
    let says = finding.pointer("/unmapped/stillwatch/reasons/0/says").and_then(|s| s.as_str()).unwrap_or_default();
    let time: String = format_rfc3339(event.time).chars().take(16).collect();
    format!(
        "{time}  {:<8}  {:<28}  {:<20}  {:>4} exchanges  evidence {:>5.1}\n{:18}{says}",
        event.alarm.kind.label(),
        event.tenant,
        event.alarm.pattern.label(),
        event.alarm.exchanges,
        event.alarm.evidence,
        ""
    )
}

fn summary(report: &Report) -> String {
    let mut text = String::new();
    let [(planted, found), (innocent, false_findings)] = report.score();
    let mut add = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    add(format!("\nPlanted: {planted} tenants with a harvest. Found: {found}.\n"));
    add(format!("  {:<28}  {:<24}  {:>9}  {:>9}  found after", "tenant", "family", "exchanges", "harvested"));
    for tenant in report.tenants.iter().filter(|t| t.label.label == Truth::Attack) {
        let family = tenant.label.family.map_or("", Family::name);
        let share = tenant
            .label
            .share
            .filter(|share| *share < 1.0)
            .map_or_else(String::new, |s| format!(" at {:.0} %", s * 100.0));
        let after = tenant.found.as_ref().map_or_else(
            || "not found".to_owned(),
            |f| format!("{} harvested exchanges, as {}", f.harvested_before, f.pattern.label()),
        );
        let what = format!("{family}{share}");
        add(format!(
            "  {:<28}  {what:<24}  {:>9}  {:>9}  {after}",
            tenant.label.tenant, tenant.exchanges, tenant.harvested
        ));
    }
    add(format!("\nInnocent: {innocent} tenants. Findings on them: {false_findings}."));
    for tenant in report.tenants.iter().filter(|t| t.label.label != Truth::Attack && t.found.is_some()) {
        add(format!("  {:<28}  {}", tenant.label.tenant, tenant.label.class));
    }
    let [created, updated, closed] = report.findings;
    add(format!(
        "\n{} records, {} accepted, {} rejected; findings: {created} created, {updated} updated, {closed} closed; {:.1} s of work, {:.0} records/s.",
        report.counts.read,
        report.counts.accepted,
        report.counts.rejected.total(),
        report.busy_seconds,
        report.counts.read as f64 / report.busy_seconds.max(1e-9)
    ));
    add("The traffic is made by the generator that the model was trained on, with another seed: this shows the\n\
         pipeline at work. It does not measure how well it detects."
        .to_owned());
    text
}

fn summary_json(report: &Report, model: &str) -> serde_json::Value {
    let [(planted, found), (innocent, false_findings)] = report.score();
    let [created, updated, closed] = report.findings;
    serde_json::json!({
        "read": report.counts.read, "accepted": report.counts.accepted,
        "rejected": report.counts.rejected.total(),
        "planted": planted, "found": found, "innocent": innocent, "false_findings": false_findings,
        "findings": {"created": created, "updated": updated, "closed": closed},
        "model": model, "seconds": (report.busy_seconds * 1000.0).round() / 1000.0,
    })
}
