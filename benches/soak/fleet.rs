//! The instances: started, asked to leave, killed, and looked at.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::instance::{Instance, LIMIT, Setup};
use crate::measure::{cpu_of, median};
use crate::scrape;

/// A place in the fleet. Static members have an id of the group that they come back under.
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    pub name: &'static str,
    pub is_static: bool,
}

/// How an instance's life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// SIGTERM.
    Left,
    /// SIGKILL.
    Killed,
    /// By itself, which nobody asked for.
    ByItself,
    /// It saw the end of the run.
    Stayed,
}

/// What is known of an instance's life.
#[derive(Debug, Serialize)]
pub struct Life {
    pub name: &'static str,
    /// Seconds from the start of the run.
    pub from: f64,
    pub to: f64,
    pub end: End,
    /// Resident megabytes: the median of the second quarter of its life, of the last quarter, and the most.
    pub rss_warm: f64,
    pub rss_end: f64,
    pub rss_most: f64,
    /// The same of the logical bytes of its state, and of the partitions it held.
    pub state_warm: f64,
    pub state_end: f64,
    pub partitions_warm: f64,
    pub partitions_end: f64,
    pub transactions: f64,
    pub cpu_seconds: f64,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at: f64,
    rss: f64,
    state: f64,
    partitions: f64,
}

struct Member {
    seat: Seat,
    instance: Instance,
    from: f64,
    leaving: bool,
    samples: Vec<Sample>,
    transactions: f64,
    cpu: f64,
}

/// All instances of the run.
pub struct Fleet<'a> {
    setup: &'a Setup,
    begin: Instant,
    members: Vec<Member>,
    lives: Vec<Life>,
}

impl<'a> Fleet<'a> {
    pub fn new(setup: &'a Setup, begin: Instant) -> Fleet<'a> {
        Fleet { setup, begin, members: Vec::new(), lives: Vec::new() }
    }

    fn now(&self) -> f64 {
        self.begin.elapsed().as_secs_f64()
    }

    /// Starts an instance in a seat; does not wait for it.
    pub fn join(&mut self, seat: Seat) {
        let instance = if seat.is_static { self.setup.start_static(seat.name) } else { self.setup.start(seat.name) };
        let from = self.now();
        self.members.push(Member {
            seat,
            instance,
            from,
            leaving: false,
            samples: Vec::new(),
            transactions: 0.0,
            cpu: 0.0,
        });
    }

    /// Waits until all are ready.
    pub fn ready(&mut self) {
        for member in &mut self.members {
            member.instance.ready();
        }
    }

    /// Whether somebody sits there, and whether it has been asked to leave.
    pub fn in_seat(&self, seat: Seat) -> Option<bool> {
        self.members.iter().find(|member| member.seat.name == seat.name).map(|member| member.leaving)
    }

    /// SIGTERM; [`Fleet::look`] notices the end.
    pub fn leave(&mut self, seat: Seat) {
        for member in self.members.iter_mut().filter(|member| member.seat.name == seat.name) {
            member.instance.process.terminate();
            member.leaving = true;
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self, seat: Seat) {
        self.look();
        let Some(at) = self.members.iter().position(|member| member.seat.name == seat.name) else { return };
        let mut member = self.members.swap_remove(at);
        member.instance.process.kill();
        self.lives.push(member.life(self.now(), End::Killed));
    }

    /// Takes a sample of each instance and notices which have ended.
    pub fn look(&mut self) {
        let now = self.now();
        for member in std::mem::take(&mut self.members) {
            if let Some(member) = self.still_there(member, now) {
                self.members.push(member);
            }
        }
    }

    fn still_there(&mut self, mut member: Member, now: f64) -> Option<Member> {
        if member.instance.process.alive() {
            member.sample(now);
            return Some(member);
        }
        let status = member.instance.process.end(LIMIT);
        let end = if member.leaving && status.success() { End::Left } else { End::ByItself };
        if end == End::ByItself {
            println!("!! {} ended by itself: {status}\n{}", member.seat.name, member.instance.process.tail());
        }
        self.lives.push(member.life(now, end));
        None
    }

    /// Resident megabytes by name, as of the last look.
    pub fn rss(&self) -> BTreeMap<&'static str, f64> {
        let last = |member: &Member| Some((member.seat.name, member.samples.last()?.rss));
        self.members.iter().filter_map(last).collect()
    }

    /// Transactions committed by all that ever lived; those of a killed one's last second may be missing.
    pub fn transactions(&self) -> f64 {
        let gone: f64 = self.lives.iter().map(|life| life.transactions).sum();
        gone + self.members.iter().map(|member| member.transactions).sum::<f64>()
    }

    /// CPU seconds of all that ever lived.
    pub fn cpu(&self) -> f64 {
        let gone: f64 = self.lives.iter().map(|life| life.cpu_seconds).sum();
        gone + self.members.iter().map(|member| member.cpu).sum::<f64>()
    }

    /// Stops all that are there: what is known of everyone.
    pub fn finish(mut self) -> Vec<Life> {
        self.look();
        let now = self.now();
        for mut member in self.members {
            member.instance.process.terminate();
            let ended = member.instance.process.end(LIMIT).success();
            self.lives.push(member.life(now, if ended { End::Stayed } else { End::ByItself }));
        }
        self.lives.sort_by(|a, b| a.from.total_cmp(&b.from));
        self.lives
    }
}

impl Member {
    fn sample(&mut self, at: f64) {
        let pid = self.instance.process.pid();
        self.cpu = cpu_of(pid).unwrap_or(self.cpu);
        // while it starts it does not answer yet
        let Some(metrics) = scrape::metrics(self.instance.port()) else { return };
        let value = |name: &str| metrics.get(name).copied().unwrap_or_default();
        self.transactions = value("stillwatch_transactions_total{outcome=\"committed\"}");
        let state = value("stillwatch_state_bytes") / 1e6;
        let rss = value("process_resident_memory_bytes") / 1e6;
        self.samples.push(Sample { at, rss, state, partitions: value("stillwatch_assigned_partitions") });
    }

    fn life(&self, to: f64, end: End) -> Life {
        let quarter = (to - self.from) / 4.0;
        let of = |quarters: std::ops::Range<f64>, what: fn(&Sample) -> f64| {
            let within = |sample: &&Sample| quarters.contains(&((sample.at - self.from) / quarter));
            median(self.samples.iter().filter(within).map(what))
        };
        let (warm, last) = (1.0..2.0, 3.0..4.1);
        Life {
            name: self.seat.name,
            from: self.from,
            to,
            end,
            rss_warm: of(warm.clone(), |sample| sample.rss),
            rss_end: of(last.clone(), |sample| sample.rss),
            rss_most: self.samples.iter().map(|sample| sample.rss).fold(0.0, f64::max),
            state_warm: of(warm.clone(), |sample| sample.state),
            state_end: of(last.clone(), |sample| sample.state),
            partitions_warm: of(warm, |sample| sample.partitions),
            partitions_end: of(last, |sample| sample.partitions),
            transactions: self.transactions,
            cpu_seconds: self.cpu,
        }
    }
}

/// Between two looks.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);
