//! The broker of a benchmark: the tests' own, booted for this run, or the one that `STILLWATCH_TEST_BOOTSTRAP` names.

use std::process::{Command, Stdio};

use crate::broker::{self, Broker};

/// A broker, or why there is none here.
pub fn a_broker() -> Result<Broker, String> {
    if let Some(given) = std::env::var("STILLWATCH_TEST_BOOTSTRAP").ok().filter(|given| !given.is_empty()) {
        return Ok(Broker::given(&given));
    }
    let java = Command::new("java").arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !java.is_ok_and(|status| status.success()) {
        return Err("needs a Kafka broker: java is not installed, and STILLWATCH_TEST_BOOTSTRAP names no broker".into());
    }
    broker::install()?;
    Ok(Broker::start())
}
