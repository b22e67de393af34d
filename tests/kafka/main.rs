//! The tests against a real Apache Kafka, as a program of its own.
//!
//! ```text
//! cargo test --test kafka                      all of them
//! cargo test --test kafka -- crash             those whose name contains "crash"
//! STILLWATCH_TEST_BOOTSTRAP=host:port cargo …  on a broker that is there; tests that would harm it do not run
//! STILLWATCH_REQUIRE_KAFKA=1 cargo test        a test that cannot run is a failure
//! ```
//!
//! Without a given broker, `broker.sh` downloads Kafka once (java 17, mvn) and boots it on loopback: one
//! broker for all tests that leave it alone, one each for those that do not. Without java the program
//! passes and says in plain words what it could not run.
//!
//! The harness comes first, then the claims: each file in `claims/` shows one sentence of the README.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test program: it fails by panicking, talks on stdout, and has no outside"
)]

mod runner;
mod setting;
mod wait;
mod port;
mod broker;
mod topics;
mod fill;
mod read;
mod witness;
mod process;
mod instance;
mod traffic;
mod outputs;
mod monitors;

mod claims {
    pub mod harness;
    pub mod identity;
    pub mod control;
    pub mod shadow;
    pub mod crash;
    pub mod failpoints;
    pub mod restore;
    pub mod route;
    pub mod join;
    pub mod errors;
    pub mod odd;
    pub mod privacy;
    pub mod simulate;
    pub mod monitoring;
    pub mod recovery;
    pub mod upgrade;
    pub mod secrets;
}

use std::process::ExitCode;

use runner::{Needs, Test};

const TESTS: &[Test] = &[
    Test::new("harness::processes_stop_freeze_and_die", Needs::Nothing, claims::harness::processes),
    Test::new("harness::what_is_written_is_read", Needs::Broker, claims::harness::written_is_read),
    Test::new("harness::aborted_records_stay_unseen", Needs::Broker, claims::harness::aborted_stay_unseen),
    Test::new("harness::a_killed_broker_comes_back", Needs::OwnBroker, claims::harness::broker_comes_back),
    Test::new("harness::a_stranger_is_refused", Needs::SecureBroker, claims::harness::stranger_is_refused),
    Test::new("identity::live_equals_replay", Needs::Broker, claims::identity::live_equals_replay),
    Test::new("control::a_crash_between_models", Needs::Broker, claims::control::crash_between_models),
    Test::new("control::sighup_changes_the_model", Needs::Broker, claims::control::sighup),
    Test::new("control::kills_while_models_change", Needs::Broker, claims::control::kills_while_models_change),
    Test::new("control::what_is_known_of_tenants", Needs::Broker, claims::control::knowledge),
    Test::new("shadow::it_disturbs_nobody", Needs::Broker, claims::shadow::it_disturbs_nobody),
    Test::new("crash::nothing_lost_nothing_twice", Needs::OwnBroker, claims::crash::nothing_lost_nothing_twice),
    Test::new("failpoints::killed_there", Needs::Broker, claims::failpoints::killed),
    Test::new("failpoints::frozen_there_and_woken", Needs::Broker, claims::failpoints::frozen_and_woken),
    Test::new("route::every_exchange_once", Needs::Broker, claims::route::every_exchange_once),
    Test::new("route::halves_join_once", Needs::Broker, claims::join::halves_join_once),
    Test::new("restore::tenants_come_back", Needs::Broker, claims::restore::tenants_come_back),
    Test::new("errors::a_broker_crash_is_survived", Needs::OwnBroker, claims::errors::broker_crash_is_survived),
    Test::new("errors::patience_has_an_end", Needs::OwnBroker, claims::errors::patience_has_an_end),
    Test::new("errors::missing_topics_are_named", Needs::Broker, claims::errors::missing_topics_are_named),
    Test::new("errors::created_topics_can_be_used", Needs::Broker, claims::errors::created_topics_can_be_used),
    Test::new("errors::wrong_credentials_are_told", Needs::SecureBroker, claims::errors::wrong_credentials_are_told),
    Test::new("errors::rights_decide_who_gets_in", Needs::SecureBroker, claims::errors::rights_decide_who_gets_in),
    Test::new(
        "errors::wrong_keys_get_the_nearest_name",
        Needs::Nothing,
        claims::errors::wrong_keys_get_the_nearest_name,
    ),
    Test::new("secrets::none_is_told", Needs::SecureBroker, claims::secrets::none_is_told),
    Test::new("odd::odd_records_disturb_nobody", Needs::Broker, claims::odd::odd_records_disturb_nobody),
    Test::new("privacy::no_text_is_kept", Needs::Broker, claims::privacy::no_text_is_kept),
    Test::new("simulate::the_topic_holds_the_file", Needs::Broker, claims::simulate::topic_holds_the_file),
    Test::new("simulate::speed_is_kept", Needs::Broker, claims::simulate::speed_is_kept),
    Test::new("monitoring::lag_under_transactions", Needs::Broker, claims::monitoring::lag_under_transactions),
    Test::new("monitoring::alerts_fire_and_resolve", Needs::Monitors, claims::monitoring::alerts_fire_and_resolve),
    Test::new("recovery::from_kafka_alone", Needs::Broker, claims::recovery::from_kafka_alone),
    Test::new("recovery::rolling_restart", Needs::Broker, claims::recovery::rolling_restart),
    Test::new("upgrade::another_feature_table", Needs::Broker, claims::upgrade::another_feature_table),
    Test::new("recovery::read_only_root", Needs::Mounts, claims::recovery::read_only_root),
];

fn main() -> ExitCode {
    runner::main(TESTS)
}
