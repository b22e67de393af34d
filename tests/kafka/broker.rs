//! One Kafka broker, by way of `broker.sh`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::{port, wait};

/// A broker that answers. Its own one ends with this value.
pub struct Broker {
    bootstrap: String,
    home: Option<Home>,
}

struct Home {
    dir: TempDir,
    port: u16,
}

impl Broker {
    /// One that is there already and not ours to stop.
    pub fn given(bootstrap: &str) -> Broker {
        Broker { bootstrap: bootstrap.to_owned(), home: None }
    }

    /// A new one with PLAINTEXT only.
    pub fn start() -> Broker {
        Self::boot("0")
    }

    /// A new one with TLS, SCRAM and rights beside PLAINTEXT.
    pub fn start_secure() -> Broker {
        Self::boot("1")
    }

    /// Address of the PLAINTEXT listener.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Address of the `SASL_SSL` listener of a secure broker.
    pub fn secure_bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.home().port + 2)
    }

    /// Certificate of the authority that signed a secure broker's.
    pub fn authority(&self) -> PathBuf {
        self.dir().join("ca.pem")
    }

    /// SIGKILL: a crash.
    pub fn kill(&self) {
        script(&["kill".as_ref(), self.dir()], "0").expect("kill the broker");
    }

    /// SIGTERM.
    pub fn stop(&self) {
        script(&["stop".as_ref(), self.dir()], "0").expect("stop the broker");
    }

    /// Boots again on the same data and port.
    pub fn restart(&self) {
        let port = self.home().port.to_string();
        script(&["start".as_ref(), self.dir(), port.as_ref()], "0").expect("restart the broker");
    }

    /// SIGSTOP: it hangs until [`Broker::thaw`].
    pub fn freeze(&self) {
        script(&["freeze".as_ref(), self.dir()], "0").expect("freeze the broker");
    }

    /// SIGCONT.
    pub fn thaw(&self) {
        script(&["thaw".as_ref(), self.dir()], "0").expect("thaw the broker");
    }

    /// Up to where the log cleaner has compacted each partition of a topic: (partition, offset).
    pub fn cleaned(&self, topic: &str) -> Vec<(i32, i64)> {
        let file = self.dir().join("data/cleaner-offset-checkpoint");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let entry = |line: &str| {
            let mut words = line.strip_prefix(topic)?.strip_prefix(' ')?.split(' ');
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        };
        text.lines().filter_map(entry).collect()
    }

    /// The end of the broker's log, for panic messages.
    pub fn tail(&self) -> String {
        wait::tail(&self.dir().join("broker.log"))
    }

    fn boot(secure: &str) -> Broker {
        let dir = tempfile::Builder::new().prefix("stillwatch-kafka-").tempdir().expect("temp dir");
        let port = port::free(3);
        let bootstrap = script(&["start".as_ref(), dir.path(), port.to_string().as_ref()], secure);
        let bootstrap = bootstrap.unwrap_or_else(|why| panic!("the broker does not start: {why}"));
        Broker { bootstrap, home: Some(Home { dir, port }) }
    }

    fn home(&self) -> &Home {
        self.home.as_ref().expect("a given broker is not ours to harm")
    }

    fn dir(&self) -> &Path {
        self.home().dir.path()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(home) = &self.home {
            // SIGKILL ends a frozen one too. An error means that it is dead already.
            drop(script(&["kill".as_ref(), home.dir.path()], "0"));
        }
    }
}

/// Whether Kafka is downloaded.
pub fn installed() -> bool {
    jars().is_some_and(|dir| dir.join("complete").exists())
}

/// Downloads Kafka unless it is there.
pub fn install() -> Result<(), String> {
    if installed() {
        return Ok(());
    }
    script(&["install".as_ref()], "0").map(drop).map_err(|why| format!("mvn cannot download Kafka: {why}"))
}

/// Runs one of Kafka's own tools: what it printed on stdout and stderr.
pub fn tool(class: &str, args: &[&str]) -> (String, String) {
    let mut command = bash();
    command.args(["tool", class]).args(args);
    let output = command.output().expect("bash runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(output.stdout), text(output.stderr))
}

fn jars() -> Option<PathBuf> {
    let var = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let cache = || var("XDG_CACHE_HOME").or_else(|| Some(var("HOME")?.join(".cache")));
    var("STILLWATCH_KAFKA_JARS").or_else(|| Some(cache()?.join("stillwatch-kafka-4.2.1")))
}

fn bash() -> Command {
    let mut command = Command::new("bash");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kafka/broker.sh")).stdin(Stdio::null());
    command
}

fn script(args: &[&Path], secure: &str) -> Result<String, String> {
    let output = bash()
        .args(args)
        .env("SECURE", secure)
        .env("OWNER", std::process::id().to_string())
        .output()
        .map_err(|error| format!("bash: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let mut why = output.status.to_string();
    for line in String::from_utf8_lossy(&output.stderr).lines().take(20) {
        write!(why, "\n      {line}").expect("strings take all");
    }
    Err(why)
}
