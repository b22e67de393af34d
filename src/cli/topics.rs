//! `stillwatch topics create|list`: the topics of a run, made with the settings they need.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Failure, stdout};
use crate::config::{self, Config, KafkaConfig, RouteConfig};
use crate::live::admin::{Admin, AdminError};
use crate::live::route;
use crate::live::topics::{Difference, Found, Step, Wanted, check_input, plan, wanted, wanted_by_route};

/// How long brokers may take to answer the first question.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Arguments of `topics`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  stillwatch topics create -c stillwatch.toml --dry-run
  stillwatch topics create -c stillwatch.toml
  stillwatch topics list -c stillwatch.toml --json")]
pub struct TopicsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TopicsCommand,
}

/// What to do with topics.
#[derive(Clone, Debug, Subcommand)]
pub enum TopicsCommand {
    /// Create the topics that are missing; say what differs in those that exist, and leave them alone.
    #[command(after_help = "\
Examples:
  stillwatch topics create -c stillwatch.toml --dry-run     say what would be done
  stillwatch topics create -c stillwatch.toml --replication 3
  stillwatch topics create -c stillwatch.toml --partitions 12   makes the input, too

  stillwatch topics create -c stillwatch.toml --route       those of `route`: its output, parts and dead letters

Every topic gets as many partitions as the input has. Those of a shadow (kafka.mode) end in .shadow.")]
    Create {
        /// Configuration file.
        #[arg(short, long, value_name = "FILE")]
        config: PathBuf,
        /// The topics of `route` instead of those of `run`.
        #[arg(long)]
        route: bool,
        /// Say what would be done and do nothing.
        #[arg(long)]
        dry_run: bool,
        /// Create the input topic, too, with this many partitions.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
        partitions: Option<u32>,
        /// Replicas of each topic; without it, the cluster's default.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=100))]
        replication: Option<i32>,
        /// One line of JSON per topic.
        #[arg(long)]
        json: bool,
    },
    /// List the topics of the configuration as the cluster has them.
    #[command(after_help = "\
Examples:
  stillwatch topics list -c stillwatch.toml")]
    List {
        /// Configuration file.
        #[arg(short, long, value_name = "FILE")]
        config: PathBuf,
        /// The topics of `route` instead of those of `run`.
        #[arg(long)]
        route: bool,
        /// One line of JSON per topic.
        #[arg(long)]
        json: bool,
    },
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Failure {
        match error {
            AdminError::Options(_) => Failure::Usage(error.to_string()),
            _ => Failure::Kafka(error.to_string()),
        }
    }
}

/// Does it.
pub fn run(args: &TopicsArgs) -> Result<(), Failure> {
    match &args.command {
        TopicsCommand::Create { config, route, dry_run, partitions, replication, json } => {
            let job = Job::new(config::load(config)?.config, *route);
            let admin = Admin::connect(&job.kafka, PATIENCE)?;
            let steps = steps(&admin, &job, partitions.map(|n| n as usize))?;
            create(&admin, &steps, *replication, *dry_run, *json)
        }
        TopicsCommand::List { config, route, json } => {
            let job = Job::new(config::load(config)?.config, *route);
            let admin = Admin::connect(&job.kafka, PATIENCE)?;
            list(&admin, &job, *json)
        }
    }
}

/// Which command's topics are meant.
pub(super) struct Job {
    /// With the input and the group of that command.
    pub(super) kafka: KafkaConfig,
    /// What `route` does, if it is meant.
    pub(super) route: Option<RouteConfig>,
}

impl Job {
    pub(super) fn new(config: Config, route: bool) -> Job {
        if route {
            Job { kafka: route::kafka(&config, route::Half::Split), route: Some(config.route) }
        } else {
            Job { kafka: config.kafka, route: None }
        }
    }

    /// The topics it writes.
    pub(super) fn wanted(&self, partitions: usize, input: &BTreeMap<String, String>) -> Vec<Wanted> {
        match &self.route {
            Some(route) => wanted_by_route(&self.kafka, route, partitions, input),
            None => wanted(&self.kafka, partitions, input),
        }
    }

    /// The command that makes them.
    pub(super) fn creates(&self) -> &'static str {
        if self.route.is_some() { "stillwatch topics create --route" } else { "stillwatch topics create" }
    }

    /// The configuration key of its input.
    pub(super) fn input_key(&self) -> &'static str {
        if self.route.is_some() { "route.input" } else { "kafka.topics.input" }
    }
}

/// The input and what it needs beside it, compared with the cluster.
fn steps(admin: &Admin, job: &Job, partitions: Option<usize>) -> Result<Vec<Step>, Failure> {
    let name = &job.kafka.input;
    let input = admin.topic(name)?;
    let like_input = |partitions| Wanted {
        role: "input",
        name: name.clone(),
        partitions,
        settings: vec![("cleanup.policy", "delete".to_owned())],
        exact_partitions: false,
    };
    let (first, count, settings) = match (input, partitions) {
        (Some(found), asked) => {
            if let Some(asked) = asked.filter(|asked| *asked != found.partitions) {
                let has = found.partitions;
                let why =
                    format!("input topic `{name}` exists with {has} partitions, not {asked}; leave out --partitions");
                return Err(Failure::Usage(why));
            }
            (Step::Keep(like_input(found.partitions), check_input(&found)), found.partitions, found.settings)
        }
        (None, Some(asked)) => (Step::Create(like_input(asked)), asked, BTreeMap::new()),
        (None, None) => {
            let key = job.input_key();
            let why = format!(
                "input topic `{name}` does not exist; name the right one in {key}, or make it with --partitions N"
            );
            return Err(Failure::Kafka(why));
        }
    };
    let wanted = job.wanted(count, &settings);
    let mut found = BTreeMap::new();
    for topic in &wanted {
        if let Some(there) = admin.topic(&topic.name)? {
            found.insert(topic.name.clone(), there);
        }
    }
    Ok(std::iter::once(first).chain(plan(wanted, &found)).collect())
}

fn create(admin: &Admin, steps: &[Step], replication: Option<i32>, dry_run: bool, json: bool) -> Result<(), Failure> {
    let mut fatal = 0;
    for step in steps {
        let (verb, topic, differences): (&str, &Wanted, &[Difference]) = match step {
            Step::Create(topic) if dry_run => ("would create", topic, &[]),
            Step::Create(topic) => {
                admin.create(topic, replication)?;
                ("created", topic, &[])
            }
            Step::Keep(topic, differences) if differences.is_empty() => ("exists", topic, differences),
            Step::Keep(topic, differences) => ("differs", topic, differences),
        };
        fatal += differences.iter().filter(|difference| difference.fatal).count();
        if json {
            stdout::json(&as_json(verb, topic, differences))?;
            continue;
        }
        let settings = match step {
            Step::Create(topic) => {
                topic.settings.iter().fold(String::new(), |out, (name, value)| out + &format!("  {name}={value}"))
            }
            Step::Keep(..) => String::new(),
        };
        stdout::line(&format!("{verb:<12} {:<28} {:>4} partitions{settings}", topic.name, topic.partitions))?;
        for difference in differences {
            stdout::line(&format!("             {}", describe(difference)))?;
        }
    }
    match fatal {
        0 => Ok(()),
        n => Err(Failure::Kafka(format!("{n} settings of existing topics would break a run; see above"))),
    }
}

fn list(admin: &Admin, job: &Job, json: bool) -> Result<(), Failure> {
    let written = job.wanted(0, &BTreeMap::new());
    let names = std::iter::once(("input", &job.kafka.input));
    for (role, name) in names.chain(written.iter().map(|topic| (topic.role, &topic.name))) {
        let found = admin.topic(name)?;
        if json {
            stdout::json(&listed_json(role, name, found.as_ref()))?;
            continue;
        }
        stdout::line(&match found {
            None => format!("{role:<12} {name:<28} missing"),
            Some(found) => {
                let policy = found.settings.get("cleanup.policy").map_or("?", String::as_str);
                let (partitions, replicas) = (found.partitions, found.replicas);
                format!(
                    "{role:<12} {name:<28} {partitions:>4} partitions  {replicas} replicas  cleanup.policy={policy}"
                )
            }
        })?;
    }
    Ok(())
}

/// A difference in one line.
pub(super) fn describe(difference: &Difference) -> String {
    let Difference { what, found, wanted, advice, .. } = difference;
    format!("{what} is {found}, not {wanted}: {advice}")
}

fn as_json(verb: &str, topic: &Wanted, differences: &[Difference]) -> Value {
    let settings: BTreeMap<&str, &str> = topic.settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let differences: Vec<Value> = differences
        .iter()
        .map(|d| json!({ "what": d.what, "found": d.found, "wanted": d.wanted, "fatal": d.fatal, "advice": d.advice }))
        .collect();
    json!({ "topic": topic.name, "role": topic.role, "step": verb, "partitions": topic.partitions,
            "settings": settings, "differences": differences })
}

fn listed_json(role: &str, name: &str, found: Option<&Found>) -> Value {
    match found {
        None => json!({ "topic": name, "role": role, "exists": false }),
        Some(found) => {
            json!({ "topic": name, "role": role, "exists": true, "partitions": found.partitions,
                               "replicas": found.replicas, "cleanup_policy": found.settings.get("cleanup.policy") })
        }
    }
}
