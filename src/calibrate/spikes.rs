//! Harvests composed of the operator's own prompts, so that the trees don't learn "looks like this operator, so
//! calm": prompts of a few accounts, mixed, stripped of sessions, users and what was said before, each asked once or
//! several times in a row, in their own words or under one frame or some; alone, or between the exchanges
//! of a real tenant.
//!
//! Made of traces: the operator's text is not here. The rhythm is that of a real tenant.

use std::collections::BTreeMap;

use super::reservoir::Reservoir;
use crate::draw::{Draw, mix};
use crate::finding::Seen;
use crate::trace::{Flags, Trace, of_prompt};
use crate::train::labels::{Labels, Role};
use crate::train::{Feed, Sink, Taken, Told, TrainError};
use crate::units::{AccountHash, FrameHash, Millis};

/// Spike-ins that are a tenant of their own, and tenants that host one, at least and at most.
const ALONE: (usize, usize) = (60, 240);
const HOSTED: (usize, usize) = (40, 160);
/// Prompts of an account that is worth mixing, and of each that is taken.
const LEAST_PROMPTS: usize = 6;
const MOST_OF_SOURCE: usize = 120;
/// Exchanges of a host before its harvest begins, and harvested ones that show something.
const BEFORE: u64 = 24;
const LEAST_HARVEST: f64 = 20.0;
/// Shares of harvest in a host.
const SHARES: [u8; 6] = [50, 20, 10, 5, 2, 1];
/// Ends the part of a name that says where it belongs.
pub(super) const MARK: char = '\0';

/// How the prompts are dressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dress {
    /// As they are, without what stood before them.
    Plain,
    /// All under one frame.
    Framed,
    /// Under four, in turn by chance.
    ManyFramed,
}

/// Prompts in the order they are asked.
#[derive(Clone, Debug)]
struct Harvest {
    kind: &'static str,
    prompts: Vec<Trace<'static>>,
    samples: usize,
}

#[derive(Clone, Debug)]
struct Alone {
    name: String,
    harvest: Harvest,
    times: Vec<Millis>,
}

#[derive(Clone, Debug)]
struct Hosted {
    name: String,
    harvest: Harvest,
    percent: u8,
    /// Under the account of whoever asks before, or under its own.
    hidden: bool,
}

/// All of them.
pub(super) struct Spikes {
    labels: Labels,
    alone: Vec<Alone>,
    hosts: BTreeMap<String, Hosted>,
}

impl Spikes {
    pub(super) fn compose(reservoir: &Reservoir, seed: u64) -> Spikes {
        let mut draw = Draw::new(mix(&[seed, 91]));
        let mut spikes = Spikes { labels: Labels::default(), alone: Vec::new(), hosts: BTreeMap::new() };
        let (sources, rhythms) = (reservoir.sources(LEAST_PROMPTS), reservoir.rhythms(LEAST_PROMPTS));
        if sources.len() < 2 || rhythms.is_empty() {
            return spikes;
        }
        let tenants = reservoir.tenants().count();
        for number in 0..(tenants / 3).clamp(ALONE.0, ALONE.1) {
            let harvest = Harvest::draw(&sources, &mut draw);
            let length = harvest.len().min(draw.range(30, 400));
            let alone = Alone {
                name: format!("{number}{MARK}alone"),
                times: beats(rhythms[draw.below(rhythms.len())], length),
                harvest,
            };
            spikes.labels.add(&alone.name, Role::Attack, alone.harvest.kind, 100);
            spikes.alone.push(alone);
        }
        let mut fit: Vec<(u64, &str, u64)> = reservoir
            .tenants()
            .filter(|(_, exchanges)| *exchanges > BEFORE + 2 * LEAST_HARVEST as u64)
            .map(|(name, exchanges)| (crate::train::survey::place(name, seed), name, exchanges))
            .collect();
        fit.sort_unstable();
        for (number, (_, host, exchanges)) in fit.into_iter().take((tenants / 5).clamp(HOSTED.0, HOSTED.1)).enumerate()
        {
            let shows = |percent: &u8| (exchanges - BEFORE) as f64 * ratio(*percent) >= LEAST_HARVEST;
            let shares: Vec<u8> = SHARES.into_iter().filter(shows).collect();
            let percent = shares[number % shares.len().max(1)];
            let harvest = Harvest::draw(&sources, &mut draw);
            let name = format!("{host}{MARK}hosts");
            spikes.labels.add(&name, Role::Attack, "hosted", percent);
            spikes.hosts.insert(host.to_owned(), Hosted { name, harvest, percent, hidden: draw.percent(50) });
        }
        spikes
    }

    /// Every one is an attack.
    pub(super) fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Hands all spike-ins on, hosts included; with the history itself, or without.
    pub(super) fn feed(&self, history: bool, feed: &mut Feed<'_>, sink: &mut Sink<'_>) -> Result<(), TrainError> {
        // exchanges of the host, those harvested so far
        let mut so_far = BTreeMap::<&str, (u64, usize)>::new();
        feed(&mut |told| {
            let mut all = Vec::with_capacity(told.len());
            for told in told {
                all.extend(history.then_some(*told));
                let Some((host, hosted)) = self.hosts.get_key_value(told.trace.tenant) else { continue };
                let (exchanges, asked) = so_far.entry(host).or_default();
                *exchanges += 1;
                let trace = told.trace.renamed(&hosted.name, told.trace.account);
                all.push(Told { trace, taken: Taken::No, ..*told });
                let due = exchanges.saturating_sub(BEFORE) as f64 * ratio(hosted.percent);
                while (*asked as f64) < due.floor() && *asked < hosted.harvest.len() {
                    let own = (trace.account, trace.account_hash);
                    let (account, hash) = if hosted.hidden { own } else { OWN };
                    let prompt = &hosted.harvest.prompts[*asked / hosted.harvest.samples];
                    let mut trace = prompt.renamed(&hosted.name, account);
                    trace.account_hash = hash;
                    all.push(Told { trace, taken: Taken::Yes, ..*told });
                    *asked += 1;
                }
            }
            sink(&all);
        })?;
        for alone in &self.alone {
            let all = alone.times.iter().enumerate().map(|(asked, ts)| {
                let mut trace = alone.harvest.prompts[asked / alone.harvest.samples].renamed(&alone.name, OWN.0);
                trace.account_hash = OWN.1;
                Told { trace, at: Seen { ts: *ts, offset: asked as i64 }, taken: Taken::Yes, log: 0 }
            });
            sink(&all.collect::<Vec<_>>());
        }
        Ok(())
    }
}

/// The account of a harvest under its own.
const OWN: (Option<&str>, AccountHash) = (Some("spike-in"), AccountHash(0x5eed_0a11_ca11_0b0e));

/// Harvested exchanges to one of the host's.
fn ratio(percent: u8) -> f64 {
    let share = f64::from(percent) / 100.0;
    share / (1.0 - share)
}

/// So many times with the pauses of a real tenant, over and over.
fn beats(rhythm: &[Millis], count: usize) -> Vec<Millis> {
    let mut at = rhythm.first().copied().unwrap_or(Millis(0));
    let pauses: Vec<i64> = rhythm.windows(2).map(|pair| pair[1].since(pair[0]).max(0)).collect();
    let mut times = Vec::with_capacity(count);
    for number in 0..count {
        times.push(at);
        at = at.plus(pauses.get(number % pauses.len().max(1)).copied().unwrap_or(Millis::SECOND));
    }
    times
}

impl Harvest {
    fn draw(sources: &[Vec<Trace<'static>>], draw: &mut Draw) -> Harvest {
        let mut prompts = Vec::new();
        for _ in 0..draw.range(2, 8) {
            let source = &sources[draw.below(sources.len())];
            prompts.extend(source.iter().take(MOST_OF_SOURCE));
        }
        let seed = draw.bits();
        // mixed, and none twice
        prompts.sort_by_key(|trace: &Trace<'_>| mix(&[seed, trace.prompt]));
        prompts.dedup_by_key(|trace| trace.prompt);
        let dress = draw.pick(&[Dress::Plain, Dress::Framed, Dress::Framed, Dress::ManyFramed]);
        let samples = draw.pick(&[1, 1, 1, 2, 4, 8]);
        let (elicits, system) = (draw.percent(40), draw.percent(50));
        // one program asks: its parameters, its network, its model
        let donor = prompts[draw.below(prompts.len())];
        for trace in &mut prompts {
            let frame = match dress {
                Dress::Plain => mix(&[trace.template, 1]),
                Dress::Framed => seed,
                Dress::ManyFramed => mix(&[seed, trace.prompt % 4]),
            };
            strip(trace, &donor, frame, dress);
            let more = if elicits { Flags::ELICITS.0 } else { 0 };
            let more = if system && dress == Dress::Framed { more | Flags::SYSTEM.0 } else { more };
            trace.flags = Flags(trace.flags.0 | more);
        }
        let kind = match (dress, samples) {
            (_, 2..) => "samples",
            (Dress::Plain, _) => "plain",
            (Dress::Framed, _) => "framed",
            (Dress::ManyFramed, _) => "many_framed",
        };
        Harvest { kind, prompts, samples }
    }

    /// Exchanges there are.
    fn len(&self) -> usize {
        self.prompts.len() * self.samples
    }
}

/// What a program sets, and what only a conversation or its tools have.
const OF_PROGRAM: u32 = Flags::PROBES.0
    | Flags::SAMPLES.0
    | Flags::LOGPROBS.0
    | Flags::ONE_TOKEN.0
    | Flags::SEED.0
    | Flags::PREFILL.0
    | Flags::STREAM.0
    | Flags::FORMAT.0
    | Flags::EFFORT.0
    | Flags::CLIENT.0;
const OF_TALK: u32 = Flags::FOLLOWS.0 | Flags::TOOLS.0 | Flags::CALLS.0 | Flags::SYSTEM.0;

/// Takes away who asked and what was said before, and gives the request its program.
fn strip(trace: &mut Trace<'static>, donor: &Trace<'static>, frame: u64, dress: Dress) {
    trace.flags = Flags(trace.flags.0 & !(OF_PROGRAM | OF_TALK) | donor.flags.0 & OF_PROGRAM);
    (trace.session, trace.user, trace.messages, trace.context_bytes) = (0, 0, 0, 0);
    trace.frame = FrameHash(frame);
    if dress == Dress::Plain {
        trace.anchors = of_prompt(trace.anchors);
    } else {
        trace.template = frame;
        trace.anchors = Default::default();
    }
    (trace.model, trace.parameters) = (donor.model, donor.parameters);
    (trace.network, trace.program) = (donor.network, donor.program);
    (trace.temperature, trace.limit) = (donor.temperature, donor.limit);
}
