//! `RawConfig → check() → Config`: ranges, files, librdkafka's options. A value that is wrong is
//! replaced by one that is not, so that the rest can be judged; the problems say which.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::between::between;
use super::checker::Checker;
use super::document::{OPTIONS, Origin};
use super::load::Need;
use super::raw::{OptionValue, RawConfig, RawHttp, RawKafka, RawLive, RawModel, RawPolicy, RawTopics};
use super::route::route;
use super::{
    Config, FoldConfig, HttpConfig, KafkaConfig, LiveConfig, LogConfig, Mode, ModelConfig, Start, TenantsConfig,
    VerdictsConfig, options,
};
use crate::knowledge::Policy;
use crate::knowledge::policy::Countries;
use crate::record::schema::{Marks, Reading, TenantFrom};
use crate::trace::benchmarks::Benchmarks;
use crate::trace::slots::Slots;

const MS: Duration = Duration::from_millis(1);
pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
pub(super) const KIB: u64 = 1 << 10;
pub(super) const MIB: u64 = 1 << 20;
pub(super) const GIB: u64 = 1 << 30;
/// Kafka's own limit on names of topics.
const TOPIC_NAME: usize = 249;
/// Ends the names of what a shadow writes.
const SHADOW: &str = ".shadow";

/// The checked form; meaningful only when the checker has no problems.
pub(super) fn check(raw: &RawConfig, need: Need, checker: &mut Checker<'_>) -> Config {
    let config = Config {
        kafka: kafka(&raw.kafka, need, checker),
        route: route(raw, checker),
        fold: fold(raw, checker),
        model: ModelConfig {
            path: raw.model.path.as_deref().map(|path| checker.path(path)),
            known: raw.model.known.as_deref().map(|path| checker.path(path)),
        },
        tenants: TenantsConfig {
            path: raw.tenants.path.as_deref().map(|path| checker.path(path)),
            known: raw.tenants.known.as_deref().map(|path| checker.path(path)),
        },
        policy: policy(&raw.policy, checker),
        verdicts: VerdictsConfig {
            path: raw.verdicts.path.as_deref().map(|path| checker.path(path)),
            known: raw.verdicts.known.as_deref().map(|path| checker.path(path)),
        },
        live: live(&raw.live, checker),
        http: http(&raw.http, checker),
        log: LogConfig { format: raw.log.format, filter: raw.log.filter.clone() },
    };
    if let Err(error) = raw.log.filter.parse::<tracing_subscriber::filter::Targets>() {
        checker.problem("log.filter", format!("must be a filter such as \"info\" or \"stillwatch=debug\": {error}"));
    }
    between(&config, checker);
    config
}

fn kafka(raw: &RawKafka, need: Need, checker: &mut Checker<'_>) -> KafkaConfig {
    let bootstrap = raw.bootstrap.clone().unwrap_or_default();
    if need == Need::Live {
        if bootstrap.is_empty() {
            checker.missing("kafka.bootstrap", "is not set; name the first brokers, such as \"localhost:9092\"");
        }
        if raw.start.is_none() {
            let message = "is not set; say where a group without offsets starts: \"earliest\" or \"latest\"";
            checker.missing("kafka.start", message);
        }
    }
    for broker in bootstrap.split(',').filter(|_| !bootstrap.is_empty()) {
        let port = broker.trim().rsplit_once(':').map(|(host, port)| (host.is_empty(), port.parse::<u16>()));
        if !matches!(port, Some((false, Ok(1..)))) {
            checker.problem("kafka.bootstrap", format!("must be host:port[,host:port], and {broker:?} is not"));
        }
    }
    for (key, name) in [("kafka.group", Some(&raw.group)), ("kafka.instance_id", raw.instance_id.as_ref())] {
        if name.is_some_and(|name| name.trim().is_empty()) {
            checker.problem(key, "must not be empty");
        }
    }
    let own = |name: &String| match raw.mode {
        Mode::Live => name.clone(),
        Mode::Shadow => format!("{name}{SHADOW}"),
    };
    let topics = RawTopics {
        input: raw.topics.input.clone(),
        findings: own(&raw.topics.findings),
        dead_letters: own(&raw.topics.dead_letters),
        state: own(&raw.topics.state),
        control: own(&raw.topics.control),
    };
    check_topics(&topics, checker);
    let RawTopics { input, findings, dead_letters, state, control } = topics;
    KafkaConfig {
        bootstrap,
        group: own(&raw.group),
        mode: raw.mode,
        instance_id: raw.instance_id.clone(),
        input,
        findings,
        dead_letters,
        state,
        control,
        start: raw.start.unwrap_or(Start::Earliest),
        give_up_after: checker.duration("kafka.give_up_after", &raw.give_up_after, SECOND..=DAY),
        session_timeout: checker.duration("kafka.session_timeout", &raw.session_timeout, SECOND..=HOUR),
        transaction_timeout: checker.duration(
            "kafka.transaction_timeout",
            &raw.transaction_timeout,
            SECOND..=15 * MINUTE,
        ),
        dead_letter_mode: raw.dead_letters,
        options: pass_through(raw, checker),
    }
}

fn check_topics(topics: &RawTopics, checker: &mut Checker<'_>) {
    let topics = [
        ("kafka.topics.input", &topics.input),
        ("kafka.topics.findings", &topics.findings),
        ("kafka.topics.dead_letters", &topics.dead_letters),
        ("kafka.topics.state", &topics.state),
        ("kafka.topics.control", &topics.control),
    ];
    for (i, (key, name)) in topics.iter().enumerate() {
        topic_name(key, name, checker);
        if let Some((other, _)) = topics.iter().take(i).find(|(_, earlier)| earlier == name) {
            checker.problem(key, format!("is {name:?}, and so is `{other}`; every topic needs a name of its own"));
        }
    }
}

fn pass_through(raw: &RawKafka, checker: &mut Checker<'_>) -> Vec<(String, String)> {
    let mut passed = Vec::new();
    for (written, value) in &raw.options {
        let key = format!("{OPTIONS}.{written}");
        let name = written.strip_suffix("_file").unwrap_or(written);
        if let Some(why) = options::owned(name) {
            checker.problem(&key, format!("is not yours to set: {why}"));
            continue;
        }
        let text = match value {
            OptionValue::Text(text) => text.clone(),
            OptionValue::Number(number) => number.to_string(),
            OptionValue::Switch(switch) => switch.to_string(),
        };
        let is_file = name != written;
        if is_file && raw.options.contains_key(name) {
            checker.problem(&key, format!("and `{OPTIONS}.{name}` are both set; keep one"));
            continue;
        }
        let Some(text) = (if is_file { checker.file(&key, &text) } else { Some(text) }) else {
            continue;
        };
        match options::valid(name, &text) {
            Ok(()) => passed.push((name.to_owned(), text)),
            Err(why) => checker.problem(&key, why),
        }
    }
    passed
}

fn fold(raw: &RawConfig, checker: &mut Checker<'_>) -> FoldConfig {
    let (input, model, raw) = (&raw.input, &raw.model, &raw.fold);
    let written = checker.secret("fold.secret", raw.secret_file.as_ref(), raw.secret.as_ref());
    let place = if raw.secret_file.is_some() { "fold.secret_file" } else { "fold.secret" };
    match &written {
        Some(text) if text.len() < FoldConfig::MIN_SECRET => {
            let message = format!("holds {} bytes; the secret needs at least {}", text.len(), FoldConfig::MIN_SECRET);
            checker.problem(place, message);
        }
        None if raw.secret.is_none()
            && raw.secret_file.is_none()
            && checker.document.origin(place) == Origin::Default =>
        {
            let message = "is not set; write one with `head -c 32 /dev/urandom | base64 > FILE`, name that file, \
                           and keep it: findings and state of another secret do not match";
            checker.missing("fold.secret_file", message);
        }
        _ => {}
    }
    let secret = FoldConfig::derive_secret(written.unwrap_or_default().as_bytes());
    FoldConfig {
        secret,
        max_record_bytes: checker.size("fold.max_record", &raw.max_record, KIB..=256 * MIB) as usize,
        max_depth: raw.max_depth as usize,
        memory_per_partition: checker.size("fold.memory_per_partition", &raw.memory_per_partition, MIB..=1024 * GIB),
        close_after_ms: checker.duration("fold.close_after", &raw.close_after, MINUTE..=90 * DAY).as_millis() as i64,
        forget_after_ms: checker.duration("fold.forget_after", &raw.forget_after, HOUR..=3650 * DAY).as_millis() as i64,
        reading: Reading {
            format: input.format,
            tenant_from: tenant_from("input.tenant_from", &input.tenant_from, checker),
            marks: Marks::parse(&input.redaction_marks),
        },
        benchmarks: model
            .benchmarks
            .as_deref()
            .map_or_else(Benchmarks::built_in, |path| known_questions(path, checker)),
        slots: usual_slots(model, &secret, checker),
    }
}

pub(super) fn tenant_from(key: &str, written: &str, checker: &mut Checker<'_>) -> TenantFrom {
    TenantFrom::parse(written).unwrap_or_else(|why| {
        checker.problem(key, why);
        TenantFrom::default()
    })
}

pub(super) fn topic_name(key: &str, name: &str, checker: &mut Checker<'_>) {
    let legal = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if !legal || name.is_empty() || TOPIC_NAME < name.len() || matches!(name, "." | "..") {
        let message = format!("must be 1 to {TOPIC_NAME} letters, digits, dots, underscores or hyphens, not {name:?}");
        checker.problem(key, message);
    }
}

fn known_questions(path: &str, checker: &mut Checker<'_>) -> Arc<Benchmarks> {
    let path = checker.path(path);
    match Benchmarks::load(&path) {
        Ok(set) => Arc::new(set),
        Err(error) => {
            let name = path.display();
            checker.problem("model.benchmarks", format!("names {name}, which is no set of questions: {error}"));
            Benchmarks::built_in()
        }
    }
}

fn usual_slots(raw: &RawModel, secret: &[u8; 16], checker: &mut Checker<'_>) -> Option<Arc<Slots>> {
    let (key, path) = match (&raw.slots, &raw.path) {
        (Some(path), _) => ("model.slots", checker.path(path)),
        (None, Some(path)) => ("model.path", Slots::place(&checker.path(path))),
        (None, None) => return None,
    };
    if raw.slots.is_none() && !path.exists() {
        return None;
    }
    match Slots::load(&path, secret) {
        Ok(slots) => Some(Arc::new(slots)),
        Err(error) => {
            checker.problem(key, format!("cannot be used: {error}"));
            None
        }
    }
}

fn policy(raw: &RawPolicy, checker: &mut Checker<'_>) -> Policy {
    let mut countries = |key: &str, text: &str| {
        Countries::parse(text).unwrap_or_else(|why| {
            checker.problem(key, why);
            Countries::default()
        })
    };
    Policy {
        unsupported: countries("policy.unsupported", &raw.unsupported),
        excluded_owners: countries("policy.excluded_owners", &raw.excluded_owners),
    }
}

fn live(raw: &RawLive, checker: &mut Checker<'_>) -> LiveConfig {
    LiveConfig {
        publish_every: checker.duration("live.publish_every", &raw.publish_every, 5 * MS..=MINUTE),
        publish_bytes: checker.size("live.publish_bytes", &raw.publish_bytes, 64 * KIB..=GIB) as usize,
        finding_every: checker.duration("live.finding_every", &raw.finding_every, MS..=MINUTE),
        checkpoint_interval: checker.duration("live.checkpoint_interval", &raw.checkpoint_interval, 100 * MS..=HOUR),
        slice_bytes: checker.size("live.slice_bytes", &raw.slice_bytes, 64 * KIB..=256 * MIB) as usize,
        batch_records: raw.batch_records as usize,
        batch_bytes: checker.size("live.batch_bytes", &raw.batch_bytes, KIB..=GIB) as usize,
        drain_limit: checker.duration("live.drain_limit", &raw.drain_limit, 100 * MS..=HOUR),
        threads: raw.threads as usize,
    }
}

fn http(raw: &RawHttp, checker: &mut Checker<'_>) -> HttpConfig {
    let token = checker.secret("http.token", raw.token_file.as_ref(), raw.token.as_ref());
    if token.as_ref().is_some_and(|token| token.len() < 16 || !token.bytes().all(|b| b.is_ascii_graphic())) {
        let place = if raw.token_file.is_some() { "http.token_file" } else { "http.token" };
        checker.problem(place, "must hold at least 16 printable characters without spaces");
    }
    let listen = match raw.listen.as_str() {
        "off" => None,
        text => {
            let address = text.parse::<SocketAddr>().ok();
            if address.is_none() {
                let message = format!("must be ip:port such as \"127.0.0.1:9464\", or \"off\", not {text:?}");
                checker.problem("http.listen", message);
            }
            address
        }
    };
    HttpConfig { listen, token }
}
