//! What `route` re-keys, and how it joins what lies apart.

use super::check::{GIB, KIB, MINUTE, SECOND, tenant_from, topic_name};
use super::checker::Checker;
use super::raw::RawConfig;
use super::{JoinConfig, RouteConfig};
use crate::record::schema::split::RouteFormat;
use crate::record::schema::{Marks, Reading};

/// The checked form of `[route]`.
pub(super) fn route(raw: &RawConfig, checker: &mut Checker<'_>) -> RouteConfig {
    check_topics(raw, checker);
    RouteConfig {
        input: raw.route.input.clone(),
        output: raw.route.output.clone(),
        format: raw.route.format,
        reading: Reading {
            tenant_from: tenant_from("route.tenant_from", &raw.route.tenant_from, checker),
            marks: Marks::parse(&raw.input.redaction_marks),
            format: raw.route.format.of_one().unwrap_or_default(),
        },
        join: join(raw, checker),
    }
}

fn join(raw: &RawConfig, checker: &mut Checker<'_>) -> Option<JoinConfig> {
    let raw = &raw.route;
    let bytes = checker.size("route.join_bytes", &raw.join_bytes, 64 * KIB..=4 * GIB);
    let span = checker.duration("route.join", raw.join.as_ref()?, SECOND..=15 * MINUTE);
    if raw.format != RouteFormat::Otlp {
        let message = "needs `route.format` = \"otlp\": records of other schemas hold whole exchanges";
        checker.problem("route.join", message);
    }
    Some(JoinConfig { parts: raw.parts.clone(), span, bytes })
}

fn check_topics(raw: &RawConfig, checker: &mut Checker<'_>) {
    let (topics, route) = (&raw.kafka.topics, &raw.route);
    let ours = [&topics.findings, &topics.dead_letters, &topics.state, &topics.control];
    for (key, name) in [("route.input", &route.input), ("route.output", &route.output), ("route.parts", &route.parts)] {
        topic_name(key, name, checker);
        if ours.contains(&name) {
            checker.problem(
                key,
                format!("is {name:?}, which is another topic of ours; every topic needs a name of its own"),
            );
        }
    }
    if route.input == route.output {
        checker.problem("route.output", format!("is {:?}, and so is `route.input`", route.output));
    }
    // the output is what `run` reads, and parts are nothing for it
    let others =
        [("route.input", &route.input), ("route.output", &route.output), ("kafka.topics.input", &topics.input)];
    if let Some((other, name)) = others.into_iter().find(|(_, name)| **name == route.parts) {
        checker.problem("route.parts", format!("is {name:?}, and so is `{other}`"));
    }
}
