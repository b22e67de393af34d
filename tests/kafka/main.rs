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

mod claims {
    pub mod harness;
}

use std::process::ExitCode;

use runner::{Needs, Test};

const TESTS: &[Test] = &[
    Test::new("harness::processes_stop_freeze_and_die", Needs::Nothing, claims::harness::processes),
    Test::new("harness::what_is_written_is_read", Needs::Broker, claims::harness::written_is_read),
    Test::new("harness::aborted_records_stay_unseen", Needs::Broker, claims::harness::aborted_stay_unseen),
    Test::new("harness::a_killed_broker_comes_back", Needs::OwnBroker, claims::harness::broker_comes_back),
    Test::new("harness::a_stranger_is_refused", Needs::SecureBroker, claims::harness::stranger_is_refused),
];

fn main() -> ExitCode {
    runner::main(TESTS)
}
