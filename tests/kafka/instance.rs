//! The real `stillwatch` binary, configured for one test's topics.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use tempfile::TempDir;
use toml::{Table, Value};

use crate::process::{Process, get};
use crate::topics::Names;
use crate::{port, wait};

/// Long enough for a debug build on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(120);

/// The second half of `route`.
const JOIN: &[&str] = &["route", "--join"];

/// A configuration and the folder it lives in; instances share it.
pub struct Setup {
    pub names: Names,
    pub partitions: i32,
    config: Table,
    dir: Rc<TempDir>,
}

impl Setup {
    /// Short times throughout: what takes a test a minute would teach it nothing more.
    pub fn new(bootstrap: &str, names: &Names, partitions: i32) -> Setup {
        let mut setup = Setup {
            names: names.clone(),
            partitions,
            config: Table::new(),
            dir: Rc::new(tempfile::tempdir().expect("temp dir")),
        };
        for (key, value) in [
            ("kafka.bootstrap", bootstrap),
            ("kafka.group", &names.group),
            ("kafka.start", "earliest"),
            ("kafka.give_up_after", "60s"),
            ("kafka.session_timeout", "6s"),
            ("kafka.transaction_timeout", "4s"),
            ("kafka.topics.input", &names.input),
            ("kafka.topics.findings", &names.findings),
            ("kafka.topics.dead_letters", &names.dead_letters),
            ("kafka.topics.state", &names.state),
            ("kafka.topics.control", &names.control),
            // finds much and early: what is tested here is that nothing of it is lost or told twice
            ("model.path", concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/eager.json")),
            ("fold.secret", "a fixed secret for tests only"),
            ("live.publish_every", "200ms"),
            ("live.checkpoint_interval", "2s"),
            ("live.drain_limit", "5s"),
            ("log.filter", "info"),
        ] {
            setup.set(key, value);
        }
        setup
    }

    /// The same configuration in the same folder, to be set otherwise.
    pub fn clone_of(other: &Setup) -> Setup {
        let Setup { names, partitions, config, dir } = other;
        Setup { names: names.clone(), partitions: *partitions, config: config.clone(), dir: Rc::clone(dir) }
    }

    /// Sets one key, e.g. `kafka.give_up_after`.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        let (path, last) = key.rsplit_once('.').expect("section.key");
        put(&mut self.config, path, last, value.into());
    }

    /// Sets a librdkafka option, whose name has dots of its own.
    pub fn option(&mut self, name: &str, value: &str) {
        put(&mut self.config, "kafka.options", name, value.into());
    }

    /// The folder of configs and logs.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Starts an instance as a dynamic member of the group.
    pub fn start(&self, name: &str) -> Instance {
        self.launch(&["run"], name, self.config.clone(), &[])
    }

    /// Starts an instance with `name` as its static member id.
    pub fn start_static(&self, name: &str) -> Instance {
        let mut config = self.config.clone();
        put(&mut config, "kafka", "instance_id", name.into());
        self.launch(&["run"], name, config, &[])
    }

    /// The same of `route`.
    pub fn start_routing(&self, name: &str) -> Instance {
        self.launch(&["route"], name, self.config.clone(), &[])
    }

    /// The same of `route`, as a static member.
    pub fn start_routing_static(&self, name: &str) -> Instance {
        let mut config = self.config.clone();
        put(&mut config, "kafka", "instance_id", name.into());
        self.launch(&["route"], name, config, &[])
    }

    /// The same of `route`, stopping at a failpoint.
    pub fn start_routing_failing(&self, name: &str, point: &str) -> (Instance, PathBuf) {
        self.fail(&["route"], name, point)
    }

    /// The same of the half that joins.
    pub fn start_joining(&self, name: &str) -> Instance {
        self.launch(JOIN, name, self.config.clone(), &[])
    }

    /// The same of the half that joins, as a static member.
    pub fn start_joining_static(&self, name: &str) -> Instance {
        let mut config = self.config.clone();
        put(&mut config, "kafka", "instance_id", name.into());
        self.launch(JOIN, name, config, &[])
    }

    /// The same of the half that joins, stopping at a failpoint.
    pub fn start_joining_failing(&self, name: &str, point: &str) -> (Instance, PathBuf) {
        self.fail(JOIN, name, point)
    }

    /// Starts an instance that stops at the nth passage of a failpoint, which the file's existence tells.
    pub fn start_failing(&self, name: &str, point: &str) -> (Instance, PathBuf) {
        self.fail(&["run"], name, point)
    }

    fn fail(&self, verb: &[&str], name: &str, point: &str) -> (Instance, PathBuf) {
        let file = self.dir().join(format!("{name}.reached"));
        let text = file.to_str().expect("a plain path").to_owned();
        let env = [("STILLWATCH_FAILPOINT", point), ("STILLWATCH_FAILPOINT_FILE", &text)];
        (self.launch(verb, name, self.config.clone(), &env), file)
    }

    /// Starts an instance from the files of the image: a root of its own, mounted read-only, and nobody's rights.
    pub fn start_in_image(&self, name: &str) -> Instance {
        let root = self.dir().join("root");
        let rootfs = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/docker/rootfs");
        let built = Command::new(rootfs).arg(env!("CARGO_BIN_EXE_stillwatch")).arg(&root).status().expect("a shell");
        assert!(built.success(), "{rootfs} failed");
        let inside = |name: &str| format!("/etc/stillwatch/{name}");
        let model = self.config["model"]["path"].as_str().expect("a path");
        std::fs::copy(model, root.join("etc/stillwatch/model.json")).expect("copy the model");
        let mut config = self.config.clone();
        put(&mut config, "model", "path", inside("model.json").into());
        let port = port::free(1);
        put(&mut config, "http", "listen", format!("127.0.0.1:{port}").into());
        write(&root.join("etc/stillwatch"), name, &config);
        // the test's folder is its owner's alone
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(self.dir(), open).expect("permissions");
        let mut command = Command::new("unshare");
        let script = "mount --bind \"$0\" \"$0\"; mount -o remount,bind,ro \"$0\"; \
                      exec chroot --userspec=65532:65532 \"$0\" /usr/bin/stillwatch run -c \"$1\"";
        command.args(["--mount", "sh", "-ec", script]).arg(&root).arg(inside(&format!("{name}.toml")));
        let process = Process::start(command, name, self.dir());
        Instance { process, name: name.to_owned(), port, _dir: Rc::clone(&self.dir) }
    }

    /// Writes the config as replay takes it.
    pub fn write(&self, name: &str) -> PathBuf {
        write(self.dir(), name, &self.config)
    }

    /// Writes the config of a running instance anew.
    pub fn reconfigure(&self, instance: &Instance) {
        let mut config = self.config.clone();
        put(&mut config, "http", "listen", format!("127.0.0.1:{}", instance.port).into());
        write(self.dir(), &instance.name, &config);
    }

    fn launch(&self, verb: &[&str], name: &str, mut config: Table, env: &[(&str, &str)]) -> Instance {
        let port = port::free(1);
        put(&mut config, "http", "listen", format!("127.0.0.1:{port}").into());
        let file = write(self.dir(), name, &config);
        let mut command = stillwatch();
        command.args(verb).arg("-c").arg(file).envs(env.iter().copied());
        let process = Process::start(command, name, self.dir());
        Instance { process, name: name.to_owned(), port, _dir: Rc::clone(&self.dir) }
    }
}

/// A running `stillwatch run` or `route`.
pub struct Instance {
    pub process: Process,
    name: String,
    port: u16,
    /// Its config and log stay until the last instance has gone.
    _dir: Rc<TempDir>,
}

impl Instance {
    /// Waits until `/readyz` says yes.
    pub fn ready(&mut self) {
        let port = self.port;
        let process = &mut self.process;
        let mut ask = || {
            let answer = get(port, "/readyz");
            if answer.as_ref().is_some_and(|(status, _)| *status == 200) {
                return Some(Ok(()));
            }
            (!process.alive()).then_some(Err(()))
        };
        let outcome = wait::until("ready", LIMIT, String::new, &mut ask);
        assert!(outcome.is_ok(), "ended before it was ready\n{}", self.process.tail());
    }

    /// Where it serves metrics and probes.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Body of a GET.
    pub fn get(&self, path: &str) -> String {
        get(self.port, path).unwrap_or_else(|| panic!("no answer on {path}\n{}", self.process.tail())).1
    }

    /// The same, where it may not listen yet.
    pub fn try_get(&self, path: &str) -> Option<String> {
        get(self.port, path).map(|(_, body)| body)
    }

    /// Waits for the end with an exit code.
    pub fn exits(&mut self, code: i32) {
        let status = self.process.end(LIMIT);
        assert_eq!(status.code(), Some(code), "exit code\n{}", self.process.tail());
    }

    /// SIGTERM, and a good end.
    pub fn stop(mut self) {
        self.process.terminate();
        self.exits(0);
    }
}

/// The program under test, not yet started, without the caller's own STILLWATCH variables.
pub fn stillwatch() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stillwatch"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("STILLWATCH") {
            command.env_remove(name);
        }
    }
    command
}

fn put(table: &mut Table, path: &str, key: &str, value: Value) {
    let inner = path.split('.').fold(table, |table, name| {
        let entry = table.entry(name).or_insert_with(|| Value::Table(Table::new()));
        entry.as_table_mut().expect("a section")
    });
    inner.insert(key.to_owned(), value);
}

fn write(dir: &Path, name: &str, config: &Table) -> PathBuf {
    let file = dir.join(format!("{name}.toml"));
    std::fs::write(&file, toml::to_string(config).expect("toml")).expect("write the config");
    file
}
