//! `stillwatch check`: everything that can be known before a run, one line each with what to do.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::topics::{Job, PATIENCE, describe};
use super::{Failure, stdout};
use crate::config::quantity::{duration_text, size_text};
use crate::config::{self, Config, JoinConfig, KafkaConfig, Loaded, Mode, RouteConfig};
use crate::library::{Library, LibraryError, Opened};
use crate::live::admin::{Admin, AdminError};
use crate::live::route::{self, Half};
use crate::live::topics::{Found, Step, check_input, plan};
use crate::record::schema::split::RouteFormat;
use crate::verdicts::Verdict;

/// Arguments of `check`.
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch check -c stillwatch.toml
  stillwatch check -c stillwatch.toml --offline --deny-warnings   in a pipeline, without a broker
  stillwatch check -c stillwatch.toml --route                     before `route`: its topics, group and rights

To learn whether writing is allowed, a transaction is begun and aborted; no record is written.")]
pub struct CheckArgs {
    /// Configuration file.
    #[arg(short, long, value_name = "FILE")]
    pub config: PathBuf,
    /// Ask no broker.
    #[arg(long)]
    pub offline: bool,
    /// Check what `route` needs instead of what `run` needs.
    #[arg(long)]
    pub route: bool,
    /// Treat warnings as errors.
    #[arg(long)]
    pub deny_warnings: bool,
    /// One line of JSON per check.
    #[arg(long)]
    pub json: bool,
}

/// Does it.
pub fn run(args: &CheckArgs) -> Result<(), Failure> {
    let mut report = Report { json: args.json, deny_warnings: args.deny_warnings, worst: None };
    let Loaded { config, .. } = match config::load(&args.config) {
        Ok(loaded) => loaded,
        Err(error) => {
            report.error(Area::Config, "config", &error.to_string())?;
            return report.end();
        }
    };
    configured(&config, &mut report)?;
    if args.route {
        routed(&config, &mut report)?;
    } else {
        model(&config, &mut report)?;
    }
    if args.offline {
        report.ok(Area::Kafka, "broker", "not asked (--offline)")?;
        return report.end();
    }
    let memory = match &config.route.join {
        _ if !args.route => Some(config.fold.memory_per_partition),
        Some(join) => Some(join.bytes),
        None => None,
    };
    let joining = config.route.join.as_ref().filter(|_| args.route).map(|_| route::kafka(&config, Half::Join));
    brokers(&Job::new(config, args.route), memory, &mut report)?;
    if let (Some(kafka), None) = (joining, report.worst) {
        second_half(&kafka, &mut report)?;
    }
    report.end()
}

fn configured(config: &Config, report: &mut Report) -> Result<(), Failure> {
    report.ok(Area::Config, "config", "all keys are known and in range")?;
    if config.fold.is_public() {
        report.error(Area::Config, "secret", "is the public one of the demo; write your own")?;
    } else {
        let id = crate::units::hex(&config.fold.key_id());
        report.ok(Area::Config, "secret", &format!("key id {id}"))?;
    }
    if config.kafka.mode == Mode::Shadow {
        let (group, findings) = (&config.kafka.group, &config.kafka.findings);
        let what = format!("shadow: group `{group}`, findings to `{findings}`, none of them an alert");
        report.ok(Area::Config, "mode", &what)?;
    }
    if config.kafka.instance_id.is_none() {
        let what = "none: every restart moves partitions; set kafka.instance_id, unique per instance and stable";
        report.ok(Area::Config, "instance id", what)?;
    }
    if config.kafka.bootstrap.contains("://") {
        report.warning(Area::Config, "kafka.bootstrap", "a scheme is not needed; the protocol is security.protocol")?;
    }
    let verify = config
        .kafka
        .options
        .iter()
        .any(|(name, value)| name == "enable.ssl.certificate.verification" && value == "false");
    if verify {
        report.warning(
            Area::Config,
            "tls",
            "certificates are not verified; name the authority in ssl.ca.location instead",
        )?;
    }
    Ok(())
}

fn routed(config: &Config, report: &mut Report) -> Result<(), Failure> {
    let RouteConfig { input, output, join, format, .. } = &config.route;
    report.ok(Area::Config, "route", &format!("`{input}` to `{output}`"))?;
    match join {
        Some(JoinConfig { parts, span, bytes }) => {
            let (span, bytes) = (duration_text(*span), size_text(*bytes));
            let what = format!(
                "halves up to {span} apart, through `{parts}`, {bytes} of a partition at most; run `stillwatch route --join`, too"
            );
            report.ok(Area::Config, "join", &what)
        }
        None if *format == RouteFormat::Otlp => {
            let what = "none: a span and its log events in different records count as separate exchanges; route.join joins them";
            report.ok(Area::Config, "join", what)
        }
        None => Ok(()),
    }
}

/// What `route --join` needs beyond the topics.
fn second_half(kafka: &KafkaConfig, report: &mut Report) -> Result<(), Failure> {
    match Admin::connect(kafka, PATIENCE) {
        Ok(admin) => rights(&admin, kafka, &[], report),
        Err(error) => report.error(Area::Kafka, "broker", &error.to_string()),
    }
}

fn model(config: &Config, report: &mut Report) -> Result<(), Failure> {
    let opened = match Library::open(config) {
        Ok(opened) => opened,
        Err(error @ (LibraryError::Snapshot { .. } | LibraryError::Folder { .. } | LibraryError::TooMany { .. })) => {
            return report.error(Area::Config, "known", &error.to_string());
        }
        Err(error) => return report.error(Area::Model, "model", &error.to_string()),
    };
    let (name, sha256, promise) = (opened.model.name(), opened.model.sha256_hex(), opened.model.promise());
    report.ok(Area::Model, "model", &format!("`{name}`, sha256 {sha256}, {promise}"))?;
    if let Some(slots) = &config.fold.slots {
        let (sha256, groups) = (slots.sha256_hex(), slots.groups());
        report.ok(Area::Model, "slots", &format!("sha256 {sha256}, {groups} templates and system prompts"))?;
    }
    for former in opened.library.models().filter(|known| known.sha256() != opened.model.sha256()) {
        let (name, sha256) = (former.name(), former.sha256_hex());
        report.ok(Area::Model, "known model", &format!("`{name}`, sha256 {sha256}"))?;
    }
    for why in &opened.passed_over {
        report.warning(Area::Model, "known", why)?;
    }
    known_tenants(&opened, report)?;
    verdicts(&opened, report)
}

fn known_tenants(opened: &Opened, report: &mut Report) -> Result<(), Failure> {
    let knowledge = &opened.knowledge;
    if !knowledge.is_loaded() {
        return report.ok(Area::Config, "tenants", "nothing is known of them (tenants.path)");
    }
    let (name, sha256, count) = (knowledge.name(), knowledge.sha256_hex(), knowledge.len());
    let broken = knowledge.iter().filter(|(_, facts)| !opened.policy.breaches(facts).is_empty()).count();
    let what = format!("`{name}`, sha256 {sha256}, {count} tenants, {broken} of them with a policy finding to come");
    report.ok(Area::Config, "tenants", &what)?;
    for (field, times) in knowledge.unknown_fields() {
        let what = format!("`{name}`: field {field:?} is not known and not read, {times} times");
        report.warning(Area::Config, "tenants", &what)?;
    }
    for former in opened.library.snapshots().filter(|known| known.sha256_hex() != sha256) {
        let what = format!("`{}`, sha256 {}, {} tenants", former.name(), former.sha256_hex(), former.len());
        report.ok(Area::Config, "former", &what)?;
    }
    Ok(())
}

fn verdicts(opened: &Opened, report: &mut Report) -> Result<(), Failure> {
    let verdicts = &opened.verdicts;
    if !verdicts.is_loaded() {
        return report.ok(Area::Config, "verdicts", "nothing is decided (verdicts.path)");
    }
    let (name, sha256, count) = (verdicts.name(), verdicts.sha256_hex(), verdicts.len());
    let of_each = Verdict::ALL.map(|verdict| format!("{} {}", verdicts.count(verdict), verdict.label())).join(", ");
    report.ok(Area::Config, "verdicts", &format!("`{name}`, sha256 {sha256}, {count} findings: {of_each}"))?;
    if verdicts.unread_fields() > 0 {
        let what = format!("`{name}`: fields that are not known and not read, {} times", verdicts.unread_fields());
        report.warning(Area::Config, "verdicts", &what)?;
    }
    for former in opened.library.all_verdicts().filter(|known| known.sha256_hex() != sha256) {
        let what = format!("`{}`, sha256 {}, {} findings", former.name(), former.sha256_hex(), former.len());
        report.ok(Area::Config, "former", &what)?;
    }
    Ok(())
}

/// Asks the brokers. `memory`: what the fold may take for a partition.
fn brokers(job: &Job, memory: Option<u64>, report: &mut Report) -> Result<(), Failure> {
    let kafka = &job.kafka;
    let admin = match Admin::connect(kafka, PATIENCE) {
        Ok(admin) => admin,
        Err(error) => {
            let area = match error {
                AdminError::Options(_) => Area::Config,
                _ => Area::Kafka,
            };
            return report.error(area, "broker", &error.to_string());
        }
    };
    match admin.brokers() {
        Ok(count) => {
            report.ok(Area::Kafka, "broker", &format!("{} answers, {count} in the cluster", kafka.bootstrap))?;
        }
        Err(error) => return report.error(Area::Kafka, "broker", &error.to_string()),
    }
    let input = match admin.topic(&kafka.input) {
        Ok(Some(found)) => found,
        Ok(None) => {
            let why = format!("`{}` does not exist; name the right one in {}", kafka.input, job.input_key());
            return report.error(Area::Kafka, "input", &why);
        }
        Err(error) => return report.error(Area::Kafka, "input", &error.to_string()),
    };
    input_topic(&kafka.input, &input, report)?;
    if let Some(each) = memory {
        let all = each.saturating_mul(input.partitions as u64);
        let (each, partitions, all) = (size_text(each), input.partitions, size_text(all));
        let what = format!("{each} per partition x {partitions} partitions = {all} if one instance holds all");
        report.ok(Area::Config, "memory", &what)?;
    }
    let writable = own_topics(&admin, job, &input, report)?;
    rights(&admin, kafka, &writable, report)
}

fn input_topic(name: &str, input: &Found, report: &mut Report) -> Result<(), Failure> {
    let wrong = check_input(input);
    for difference in &wrong {
        report.error(Area::Kafka, "input", &format!("`{name}`: {}", describe(difference)))?;
    }
    if input.settings.is_empty() {
        let what = format!(
            "`{name}`: its settings cannot be seen, so whether it is compacted is not known; allow DescribeConfigs"
        );
        return report.warning(Area::Kafka, "input", &what);
    }
    if wrong.is_empty() {
        report.ok(Area::Kafka, "input", &format!("`{name}` has {} partitions", input.partitions))?;
    }
    Ok(())
}

/// Checks the topics we write; answers with the names of those that exist.
fn own_topics(admin: &Admin, job: &Job, input: &Found, report: &mut Report) -> Result<Vec<String>, Failure> {
    let mut there = Vec::new();
    for topic in job.wanted(input.partitions, &input.settings) {
        let found = match admin.topic(&topic.name) {
            Ok(found) => found,
            Err(error) => {
                report.error(Area::Kafka, topic.role, &error.to_string())?;
                continue;
            }
        };
        let (role, name) = (topic.role, topic.name.clone());
        let found = found.into_iter().map(|found| (name.clone(), found)).collect();
        for step in plan(vec![topic], &found) {
            match step {
                Step::Create(_) => {
                    let what = format!("`{name}` does not exist; run `{}`", job.creates());
                    report.error(Area::Kafka, role, &what)?;
                }
                Step::Keep(topic, differences) => {
                    for difference in &differences {
                        let what = format!("`{name}`: {}", describe(difference));
                        if difference.fatal {
                            report.error(Area::Kafka, role, &what)?;
                        } else {
                            report.warning(Area::Kafka, role, &what)?;
                        }
                    }
                    match found.get(&topic.name) {
                        Some(found) if found.settings.is_empty() => {
                            let what = format!("`{name}`: its settings cannot be seen; allow DescribeConfigs");
                            report.warning(Area::Kafka, role, &what)?;
                        }
                        Some(found) if differences.is_empty() => {
                            let what = format!("`{name}` has {} partitions", found.partitions);
                            report.ok(Area::Kafka, role, &what)?;
                        }
                        _ => {}
                    }
                    there.push(topic.name);
                }
            }
        }
    }
    Ok(there)
}

fn rights(admin: &Admin, kafka: &KafkaConfig, writable: &[String], report: &mut Report) -> Result<(), Failure> {
    let mut asked = vec![("group", format!("`{}` can be used", kafka.group), admin.may_use_group(&kafka.input))];
    let readable = [Some(&kafka.input), writable.iter().find(|name| **name == kafka.state)];
    for name in readable.into_iter().flatten() {
        asked.push(("read", format!("`{name}`"), admin.may_read(name)));
    }
    for name in writable {
        asked.push(("write", format!("`{name}`"), admin.may_write(name)));
    }
    for (right, fine, answer) in asked {
        match answer {
            Ok(()) => report.ok(Area::Kafka, right, &fine)?,
            Err(error) => report.error(Area::Kafka, right, &format!("{error}; see the rights in deploy/README.md"))?,
        }
    }
    Ok(())
}

/// Which exit code a failed check leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Area {
    Config,
    Model,
    Kafka,
}

/// Prints lines and remembers the first failure.
struct Report {
    json: bool,
    deny_warnings: bool,
    worst: Option<(Area, usize)>,
}

impl Report {
    fn ok(&mut self, _: Area, what: &str, says: &str) -> Result<(), Failure> {
        self.print("ok", what, says)
    }

    fn warning(&mut self, area: Area, what: &str, says: &str) -> Result<(), Failure> {
        if self.deny_warnings {
            self.fail(area);
        }
        self.print("warning", what, says)
    }

    fn error(&mut self, area: Area, what: &str, says: &str) -> Result<(), Failure> {
        self.fail(area);
        self.print("error", what, says)
    }

    fn fail(&mut self, area: Area) {
        let (first, count) = self.worst.unwrap_or((area, 0));
        self.worst = Some((first, count + 1));
    }

    fn print(&self, level: &str, what: &str, says: &str) -> Result<(), Failure> {
        if self.json {
            return stdout::json(&json!({ "level": level, "check": what, "says": says }));
        }
        stdout::line(&format!("{level:<8} {what:<13} {says}"))
    }

    fn end(self) -> Result<(), Failure> {
        let Some((first, count)) = self.worst else {
            return Ok(());
        };
        let says = if count == 1 { "a check failed".to_owned() } else { format!("{count} checks failed") };
        Err(match first {
            Area::Config => Failure::Usage(says),
            Area::Model => Failure::Model(says),
            Area::Kafka => Failure::Kafka(says),
        })
    }
}
