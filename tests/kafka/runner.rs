//! Runs the named tests one after the other and reports the way cargo's own harness does.

use std::cell::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use crate::broker::Broker;
use crate::setting::Setting;
use crate::witness::Witness;

/// What a test asks of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// No Kafka at all.
    Nothing,
    /// A broker that other tests use too: it must not come to harm.
    Broker,
    /// A broker of its own, to kill and restart.
    OwnBroker,
    /// A broker of its own with TLS, passwords and rights.
    SecureBroker,
    /// A broker that other tests use too, Prometheus and Alertmanager.
    Monitors,
    /// A broker that other tests use too, and the right to mount.
    Mounts,
}

/// A test by name.
pub struct Test {
    name: &'static str,
    needs: Needs,
    run: fn(&World),
}

impl Test {
    pub const fn new(name: &'static str, needs: Needs, run: fn(&World)) -> Test {
        Test { name, needs, run }
    }
}

/// What the tests share.
pub struct World {
    setting: Setting,
    shared: OnceCell<Broker>,
}

impl World {
    /// Address of the broker that all tests share.
    pub fn bootstrap(&self) -> &str {
        let start = || match self.setting.given() {
            Some(bootstrap) => Broker::given(bootstrap),
            None => Broker::start(),
        };
        self.shared.get_or_init(start).bootstrap()
    }

    /// Kafka's own tools, where there is java.
    pub fn witness(&self) -> Option<Witness> {
        let missing = self.setting.missing(Needs::OwnBroker);
        if let (Some(why), None) = (&missing, self.setting.given()) {
            panic!("Kafka's own tools cannot run: {why}");
        }
        match self.setting.java() {
            Ok(()) => Some(Witness::new(self.bootstrap())),
            Err(why) => {
                println!("    without Kafka's own tools as witnesses: {why}");
                None
            }
        }
    }
}

#[derive(Default)]
struct Args {
    list: bool,
    exact: bool,
    ignored_only: bool,
    filters: Vec<String>,
    skips: Vec<String>,
}

impl Args {
    /// The arguments of cargo's harness; those that mean nothing here are accepted and ignored.
    fn parse(mut given: impl Iterator<Item = String>) -> Args {
        let mut args = Args::default();
        while let Some(arg) = given.next() {
            match arg.as_str() {
                "--list" => args.list = true,
                "--exact" => args.exact = true,
                "--ignored" => args.ignored_only = true,
                "--skip" => args.skips.extend(given.next()),
                "--test-threads" | "--format" | "--color" | "--logfile" | "--shuffle-seed" | "-Z" => {
                    given.next();
                }
                other => match other.strip_prefix("--skip=") {
                    Some(skip) => args.skips.push(skip.to_owned()),
                    None if other.starts_with('-') => {}
                    None => args.filters.push(other.to_owned()),
                },
            }
        }
        args
    }

    fn selects(&self, name: &str) -> bool {
        let matches = |pattern: &String| {
            if self.exact { name == pattern } else { name.contains(pattern.as_str()) }
        };
        let wanted = self.filters.is_empty() || self.filters.iter().any(matches);
        wanted && !self.ignored_only && !self.skips.iter().any(matches)
    }
}

/// The whole program.
pub fn main(tests: &[Test]) -> ExitCode {
    let args = Args::parse(std::env::args().skip(1));
    let selected: Vec<&Test> = tests.iter().filter(|test| args.selects(test.name)).collect();
    if args.list {
        for test in &selected {
            println!("{}: test", test.name);
        }
        return ExitCode::SUCCESS;
    }

    let kafka = selected.iter().any(|test| test.needs != Needs::Nothing);
    let world = World { setting: Setting::probe(kafka), shared: OnceCell::new() };
    println!("\nrunning {} tests", selected.len());
    let begin = Instant::now();
    let mut failed = Vec::new();
    let mut unable = Vec::new();
    for test in &selected {
        if let Some(why) = world.setting.missing(test.needs) {
            println!("test {} ... could not run: {why}", test.name);
            unable.push((test.name, why));
            continue;
        }
        // What a test says of itself comes between this line and its outcome.
        println!("begin {}", test.name);
        let started = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| (test.run)(&world)));
        let seconds = started.elapsed().as_secs_f32();
        if outcome.is_ok() {
            println!("test {} ... ok ({seconds:.1} s)", test.name);
        } else {
            println!("test {} ... FAILED ({seconds:.1} s)", test.name);
            failed.push(test.name);
        }
    }
    drop(world);
    close(selected.len(), tests.len(), &failed, &unable, begin)
}

fn close(selected: usize, all: usize, failed: &[&str], unable: &[(&str, String)], begin: Instant) -> ExitCode {
    let required = std::env::var("STILLWATCH_REQUIRE_KAFKA").is_ok_and(|v| v == "1");
    if !failed.is_empty() {
        println!("\nfailures:");
        for name in failed {
            println!("    {name}");
        }
    }
    if !unable.is_empty() {
        println!("\n{} Kafka tests could not run on this machine:", unable.len());
        for (name, why) in unable {
            println!("    {name}: {why}");
        }
        if required {
            println!("STILLWATCH_REQUIRE_KAFKA=1 makes that a failure.");
        }
    }
    let bad = !failed.is_empty() || (required && !unable.is_empty());
    println!(
        "\ntest result: {}. {} passed; {} failed; {} ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
        if bad { "FAILED" } else { "ok" },
        selected - failed.len() - unable.len(),
        failed.len(),
        unable.len(),
        all - selected,
        begin.elapsed().as_secs_f32()
    );
    if bad { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
