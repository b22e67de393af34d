//! No secret is told: what a config hides is in no log, answer, message of a command, or topic.

use crate::broker::Broker;
use crate::claims::errors::secure;
use crate::fill::fill;
use crate::instance::{Setup, stillwatch};
use crate::outputs::caught_up;
use crate::read;
use crate::runner::World;
use crate::topics::{self, Names, Topic};
use crate::traffic::Traffic;

/// The broker's password, and what `Setup` keys hashes with.
const SECRETS: [&str; 2] = ["admin-secret", "a fixed secret for tests only"];

pub fn none_is_told(_: &World) {
    let broker = Broker::start_secure();
    let names = Names::unique("secrets");
    names.create(broker.bootstrap(), 2);
    let output = format!("{}-keyed", names.input);
    topics::create(broker.bootstrap(), &[Topic::new(&output, 2)]);
    let mut setup = secure(&broker, &names, "admin", SECRETS[0]);
    for (key, value) in [("log.filter", "trace"), ("route.input", &names.input), ("route.output", &output)] {
        setup.set(key, value);
    }
    setup.option("debug", "security,protocol,conf");
    fill(broker.bootstrap(), &names.input, Traffic::new(6, 2).take(2_000));
    let mut texts = vec![("the config itself", said(&setup, &["config", "show"]))];
    assert!(texts[0].1.contains("***"), "{}", texts[0].1);
    for command in ["check", "check --route", "topics list", "topics list --route", "topics create --dry-run"] {
        texts.push((command, said(&setup, &command.split(' ').collect::<Vec<_>>())));
    }
    for verb in ["run", "route"] {
        let mut instance = if verb == "run" { setup.start(verb) } else { setup.start_routing(verb) };
        instance.ready();
        if verb == "run" {
            caught_up(broker.bootstrap(), &setup, &[&instance]);
            setup.reconfigure(&instance);
            instance.process.hang_up();
        }
        texts.extend(["/metrics", "/config", "/readyz", "/healthz"].map(|path| (path, instance.get(path))));
        instance.process.terminate();
        instance.exits(0);
        texts.push((verb, instance.process.printed()));
        assert!(instance.process.printed().contains("librdkafka"), "its own lines are there to be searched");
    }
    for (what, text) in &texts {
        for secret in SECRETS {
            assert!(!text.contains(secret), "{secret:?} is in {what}");
        }
    }
    for topic in [&names.findings, &names.dead_letters, &names.state, &names.control, &output] {
        for record in read::committed(broker.bootstrap(), topic) {
            let headers = record.headers.iter().map(|(_, value)| value.as_slice());
            let parts = [&record.key, &record.payload].into_iter().filter_map(Option::as_deref).chain(headers);
            let told = |bytes: &[u8]| SECRETS.iter().any(|s| memchr::memmem::find(bytes, s.as_bytes()).is_some());
            assert!(!parts.into_iter().any(told), "a secret is in {topic} at {}/{}", record.partition, record.offset);
        }
    }
}

/// Everything that a command prints.
fn said(setup: &Setup, arguments: &[&str]) -> String {
    let done = stillwatch().args(arguments).arg("-c").arg(setup.write("asked")).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr))
}
