//! What goes wrong with Kafka is survived, or ends the process with one clear line and its exit code.

use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use crate::broker::Broker;
use crate::fill::fill;
use crate::instance::{Instance, Setup, stillwatch};
use crate::outputs::{assert_same, caught_up, committed, expected};
use crate::runner::World;
use crate::topics::Names;
use crate::traffic::Traffic;

/// The process ended with this code and said each of these words.
fn ends(mut instance: Instance, code: i32, words: &[&str]) {
    instance.exits(code);
    let printed = instance.process.printed();
    let last = printed.lines().last().unwrap_or_default();
    for word in words {
        assert!(last.contains(word), "`{word}` is not in the last line: {last}\n{}", instance.process.tail());
    }
}

pub fn broker_crash_is_survived(_: &World) {
    let broker = Broker::start();
    let bootstrap = broker.bootstrap();
    let names = Names::unique("survive");
    names.create(bootstrap, 2);
    let setup = Setup::new(bootstrap, &names, 2);
    let mut traffic = Traffic::new(5, 2);
    fill(bootstrap, &names.input, traffic.by_ref().take(3_000));
    let mut instance = setup.start("survivor");
    instance.ready();
    broker.kill();
    std::thread::sleep(Duration::from_secs(5));
    assert!(instance.process.alive(), "{}", instance.process.tail());
    broker.restart();
    fill(bootstrap, &names.input, traffic.by_ref().take(3_000));
    caught_up(bootstrap, &setup, &[&instance]);
    assert_same(&committed(bootstrap, &setup), &expected(bootstrap, &setup).0);

    broker.freeze();
    std::thread::sleep(Duration::from_secs(8));
    broker.thaw();
    fill(bootstrap, &names.input, traffic.by_ref().take(3_000));
    caught_up(bootstrap, &setup, &[&instance]);
    assert_same(&committed(bootstrap, &setup), &expected(bootstrap, &setup).0);
    instance.stop();
}

pub fn patience_has_an_end(_: &World) {
    let broker = Broker::start();
    let names = Names::unique("patience");
    names.create(broker.bootstrap(), 1);
    let mut setup = Setup::new(broker.bootstrap(), &names, 1);
    setup.set("kafka.give_up_after", "5s");
    let mut instance = setup.start("impatient");
    instance.ready();
    broker.kill();
    ends(instance, 4, &["give_up_after", broker.bootstrap()]);
    // Nor does it wait for ever when the broker has never been there.
    ends(setup.start("alone"), 4, &["give_up_after"]);
}

pub fn missing_topics_are_named(world: &World) {
    let names = Names::unique("missing");
    let all = [&names.input, &names.findings, &names.dead_letters, &names.state, &names.control];
    names.create(world.bootstrap(), 1);
    for missing in all {
        crate::topics::delete(world.bootstrap(), &[missing]);
        ends(Setup::new(world.bootstrap(), &names, 1).start("lost"), 4, &[missing]);
        crate::topics::create(world.bootstrap(), &[crate::topics::Topic::new(missing, 1)]);
    }
    names.delete(world.bootstrap());
}

/// The controller answers before the brokers know of a topic; `topics create` does not.
pub fn created_topics_can_be_used(world: &World) {
    const PARTITIONS: i32 = 64;
    let names = Names::unique("created");
    let input = crate::topics::Topic::new(&names.input, PARTITIONS);
    crate::topics::create(world.bootstrap(), &[input]);
    let setup = Setup::new(world.bootstrap(), &names, PARTITIONS);
    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", world.bootstrap()).create().unwrap();
    let mut create = stillwatch();
    create.args(["topics", "create", "--replication", "1", "-c"]).arg(setup.write("created"));
    let made = create.output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    // the last one made, from its last partition
    for partition in (0..PARTITIONS).rev() {
        let ends = consumer.fetch_watermarks(&names.state, partition, Duration::from_secs(10));
        assert_eq!(ends, Ok((0, 0)), "partition {partition}");
    }
    names.delete(world.bootstrap());
}

pub fn wrong_credentials_are_told(_: &World) {
    let broker = Broker::start_secure();
    let names = Names::unique("credentials");
    names.create(broker.bootstrap(), 2);
    let wrong = "a-wrong-password";
    let mut refused = secure(&broker, &names, "admin", wrong).start("refused");
    refused.exits(4);
    let printed = refused.process.printed();
    assert!(!printed.contains(wrong), "the password is in the log");
    ends(refused, 4, &["credentials"]);
}

pub fn rights_decide_who_gets_in(_: &World) {
    let broker = Broker::start_secure();
    let names = Names::unique("rights");
    names.create(broker.bootstrap(), 2);
    // alice is who she says, and has no rights.
    ends(secure(&broker, &names, "alice", "alice-secret").start("no-rights"), 4, &[&names.input]);

    let setup = secure(&broker, &names, "admin", "admin-secret");
    fill(broker.bootstrap(), &names.input, Traffic::new(5, 2).take(2_000));
    let mut instance = setup.start("admitted");
    instance.ready();
    caught_up(broker.bootstrap(), &setup, &[&instance]);
    assert_same(&committed(broker.bootstrap(), &setup), &expected(broker.bootstrap(), &setup).0);
    instance.stop();
}

/// As `user`, over TLS.
pub fn secure(broker: &Broker, names: &Names, user: &str, password: &str) -> Setup {
    let mut setup = Setup::new(&broker.secure_bootstrap(), names, 2);
    setup.option("security.protocol", "SASL_SSL");
    setup.option("sasl.mechanism", "SCRAM-SHA-256");
    setup.option("sasl.username", user);
    setup.option("sasl.password", password);
    setup.option("ssl.ca.location", broker.authority().to_str().unwrap());
    setup
}

pub fn wrong_keys_get_the_nearest_name(_: &World) {
    let names = Names::unique("typo");
    let mut setup = Setup::new("127.0.0.1:1", &names, 1);
    setup.set("live.publish_evry", "1s");
    ends(setup.start("typo"), 2, &["publish_evry", "publish_every"]);
    let mut setup = Setup::new("127.0.0.1:1", &names, 1);
    setup.option("enable.auto.commit", "true");
    ends(setup.start("owned"), 2, &["enable.auto.commit"]);
}
