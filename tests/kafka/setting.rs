//! What this machine has to offer: a given broker, or what it takes to boot one.

use std::process::{Command, Stdio};

use crate::runner::Needs;
use crate::{broker, monitors};

/// What was found, once, before the first test.
pub struct Setting {
    given: Option<String>,
    own: Result<(), String>,
    openssl: bool,
    monitors: Option<&'static str>,
    mounts: bool,
}

impl Setting {
    /// Looks around; with `kafka`, also downloads it if it is not there yet.
    pub fn probe(kafka: bool) -> Setting {
        let given = std::env::var("STILLWATCH_TEST_BOOTSTRAP").ok().filter(|v| !v.is_empty());
        let own = if kafka { java().and_then(|()| broker::install()) } else { Ok(()) };
        let mounts = Command::new("unshare").args(["--mount", "true"]).stderr(Stdio::null()).status();
        Setting {
            given,
            own,
            openssl: answers("openssl", "version").is_some(),
            monitors: monitors::missing(),
            mounts: mounts.is_ok_and(|status| status.success()),
        }
    }

    /// The broker named by `STILLWATCH_TEST_BOOTSTRAP`.
    pub fn given(&self) -> Option<&str> {
        self.given.as_deref()
    }

    /// Whether Kafka's own classes can run here.
    pub fn java(&self) -> Result<(), String> {
        self.own.clone()
    }

    /// Why a test with these needs cannot run, in plain words.
    pub fn missing(&self, needs: Needs) -> Option<String> {
        let own = self.own.as_ref().err();
        match (needs, &self.given) {
            (Needs::Nothing, _) | (Needs::Broker, Some(_)) => None,
            (Needs::Broker, None) => {
                own.map(|why| format!("needs a Kafka broker: {why}, and STILLWATCH_TEST_BOOTSTRAP names no broker"))
            }
            (Needs::Monitors, _) => {
                let program = self.monitors.map(|name| format!("needs {name} (Debian's package of that name)"));
                program.or_else(|| self.missing(Needs::Broker))
            }
            (Needs::Mounts, _) if !self.mounts => Some("needs root, to mount a root file system read-only".to_owned()),
            (Needs::Mounts, _) => self.missing(Needs::Broker),
            (Needs::OwnBroker | Needs::SecureBroker, Some(given)) => {
                Some(format!("needs a broker of its own to harm, and STILLWATCH_TEST_BOOTSTRAP names {given}"))
            }
            (Needs::OwnBroker, None) => own.map(|why| format!("needs a Kafka broker of its own: {why}")),
            (Needs::SecureBroker, None) if self.openssl => {
                own.map(|why| format!("needs a Kafka broker of its own: {why}"))
            }
            (Needs::SecureBroker, None) => Some("needs openssl to make certificates".to_owned()),
        }
    }
}

fn java() -> Result<(), String> {
    let Some(says) = answers("java", "-version") else {
        return Err("java is not installed".to_owned());
    };
    // `openjdk version "17.0.15" 2025-04-15`; before 9 it was "1.8.0".
    let version = says.split('"').nth(1).unwrap_or_default().to_owned();
    let major: u32 = version.split(['.', '-', '+']).next().and_then(|n| n.parse().ok()).unwrap_or(0);
    if major < 17 {
        return Err(format!("java is version {version}, Kafka needs 17"));
    }
    if broker::installed() || answers("mvn", "-version").is_some() {
        Ok(())
    } else {
        Err("mvn, which downloads Kafka, is not installed".to_owned())
    }
}

/// What a program prints when it is there and ends well.
pub fn answers(program: &str, arg: &str) -> Option<String> {
    let output = Command::new(program).arg(arg).stdin(Stdio::null()).output().ok()?;
    let both = [output.stdout, output.stderr].concat();
    output.status.success().then(|| String::from_utf8_lossy(&both).into_owned())
}
