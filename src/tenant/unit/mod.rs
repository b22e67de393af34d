//! A unit: what is remembered of one stream of exchanges, a tenant's or a workload's.
//!
//! Folds traces into sketches of fixed size; the feature table reads them. Not here: scores and
//! decisions (`model`, `evidence`). Cost: about 250 ns an exchange.

mod parts;

use serde::{Deserialize, Serialize};

use super::memory::Told;
use crate::evidence::Evidence;
use crate::finding::Seen;
use crate::sketch::{Novelty, Share, Spectrum, Verdict};
use crate::trace::embed::Place;
use crate::trace::{Flags, Trace};
use crate::units::Millis;

pub(crate) use parts::{Counts, Means, Shares};
use parts::{Hours, Recent, is_new};

/// Exchanges closer together than this come from a program.
const QUICK: i64 = Millis::SECOND;
/// Exchanges that "lately" means.
const LATELY: u32 = 16;
/// Prompts judged against the own past before their share is told.
const LEAST_PAST: u8 = 8;
/// Failures before it is told what follows them.
const LEAST_FAILURES: u8 = 2;
/// The share of calm prompts that are odd, and of those that are typical.
const CALM_PAST: f64 = 0.05;

/// The state of one unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    pub(crate) exchanges: u64,
    /// Those of its tenant, at its own last one.
    of_tenant: u32,
    pub(crate) output_tokens: u64,
    pub(crate) first: Seen,
    pub(crate) last: Seen,
    pub(crate) counts: Counts,
    pub(crate) shares: Shares,
    pub(crate) means: Means,
    pub(crate) evidence: Evidence,
    hours: Hours,
    recent: Recent,
    shingles: Novelty,
}

// `performance.md`: an open workload within 768 bytes, its name and keys included
const _: () = assert!(size_of::<Unit>() <= 736);

impl Unit {
    /// A unit without exchanges, opened at the so many-th of its tenant.
    pub(crate) fn opened_at(ordinal: u64) -> Unit {
        Unit { of_tenant: ordinal.min(u64::from(u32::MAX)) as u32, ..Unit::default() }
    }

    /// The tenant's exchanges up to its own last one.
    pub(crate) fn of_tenant(&self) -> u64 {
        u64::from(self.of_tenant)
    }

    /// Folds one exchange. `at.ts` is the effective event time.
    pub(crate) fn fold(&mut self, trace: &Trace<'_>, told: Told, at: Seen) {
        let n = count(&mut self.counts.all);
        if self.exchanges == 0 {
            self.first = at;
        } else {
            let gap = at.ts.since(self.last.ts);
            let log2 = libm::log2(1.0 + gap as f64 / Millis::SECOND as f64) as f32;
            self.means.gaps.add(n - 1, log2);
            self.means.gap_lately.add_over(n - 1, LATELY, log2);
            self.shares.quick.add(n - 1, gap < QUICK);
        }
        self.exchanges += 1;
        self.of_tenant = told.of_tenant.min(u64::from(u32::MAX)) as u32;
        self.output_tokens = self.output_tokens.saturating_add(u64::from(trace.output_tokens));
        self.last = at;
        self.hours.add(at.ts);
        self.fold_identity(n, trace, told, at);
        self.fold_parameters(n, trace);
        if trace.flags.has(Flags::TOKENS) {
            self.fold_tokens(trace);
        }
        if trace.flags.has(Flags::PROMPT) {
            self.fold_prompt(trace, told);
        }
        if trace.flags.has(Flags::RESPONSE) {
            self.fold_response(trace);
        }
        self.recent.failed = trace.flags.has(Flags::FAILED);
    }

    /// Log2 of its share of its tenant's exchanges; 0 of the whole.
    pub(crate) fn part_of_tenant(&self) -> f64 {
        libm::log2(self.exchanges.max(1) as f64 / self.of_tenant().max(self.exchanges).max(1) as f64)
    }

    /// Distinct hours of the day with traffic in the last three to six days.
    pub(crate) fn active_hours(&self) -> u32 {
        self.hours.active()
    }

    /// How often prompts come back.
    pub(crate) fn repeats(&self) -> &Spectrum {
        &self.recent.repeats
    }

    /// A share of what was judged against the own past, or the 5 % of calm traffic while that is too little.
    pub(crate) fn of_past(&self, share: Share) -> f64 {
        if self.counts.past < LEAST_PAST { CALM_PAST } else { share.get() }
    }

    /// The share of failures after which the same was asked again, or the half while there are too few.
    pub(crate) fn retried(&self) -> f64 {
        if self.counts.failures < LEAST_FAILURES { 0.5 } else { self.shares.retried.get() }
    }

    fn fold_identity(&mut self, n: u32, trace: &Trace<'_>, told: Told, at: Seen) {
        let Unit { shares, recent, .. } = self;
        let session = trace.session as u16;
        shares.same_session.add(n, trace.session != 0 && !is_new(&mut recent.sessions, session));
        shares.user.add(n, trace.user != 0);
        shares.new_user.add(n, trace.user != 0 && is_new(&mut recent.users, trace.user as u16));
        shares.new_account.add(n, told.common.new);
        shares.new_model.add(n, is_new(&mut recent.models, trace.model as u8));
        shares.fresh_model.add(n, told.fresh_model);
        shares.weekend.add(n, at.ts.is_weekend());
        if trace.flags.has(Flags::CLIENT) {
            let n = count(&mut self.counts.clients);
            shares.new_network.add(n, is_new(&mut recent.networks, trace.network));
            shares.new_program.add(n, is_new(&mut recent.programs, trace.program as u8));
            if trace.country != 0 {
                let n = count(&mut self.counts.countries);
                shares.new_country.add(n, is_new(&mut recent.countries, trace.country as u8));
            }
            if trace.payment != 0 {
                let n = count(&mut self.counts.payments);
                shares.new_payment.add(n, is_new(&mut recent.payments, trace.payment as u8));
            }
        }
    }

    fn fold_parameters(&mut self, n: u32, trace: &Trace<'_>) {
        let shares = &mut self.shares;
        for (share, flag) in [
            (&mut shares.refused, Flags::REFUSED),
            (&mut shares.extraction, Flags::EXTRACTION),
            (&mut shares.probes, Flags::PROBES),
            (&mut shares.samples, Flags::SAMPLES),
            (&mut shares.logprobs, Flags::LOGPROBS),
            (&mut shares.one_token, Flags::ONE_TOKEN),
            (&mut shares.seed, Flags::SEED),
            (&mut shares.prefill, Flags::PREFILL),
            (&mut shares.stream, Flags::STREAM),
            (&mut shares.format, Flags::FORMAT),
            (&mut shares.effort, Flags::EFFORT),
            (&mut shares.tools, Flags::TOOLS),
            (&mut shares.calls, Flags::CALLS),
            (&mut shares.failed, Flags::FAILED),
            (&mut shares.truncated, Flags::TRUNCATED),
            (&mut shares.cached, Flags::CACHED),
        ] {
            share.add(n, trace.flags.has(flag));
        }
        shares.limited.add(n, trace.limit > 0);
        shares.new_parameters.add(n, is_new(&mut self.recent.parameters, trace.parameters as u8));
        self.means.temperature.add(n, trace.temperature);
        if trace.limit > 0 {
            let n = count(&mut self.counts.limits);
            self.means.limit.add(n, log2(trace.limit));
        }
    }

    fn fold_tokens(&mut self, trace: &Trace<'_>) {
        let n = count(&mut self.counts.tokens);
        let (input, output) = (log2(trace.input_tokens), log2(trace.output_tokens));
        self.means.input_log2.add(n, input);
        self.means.output_log2.add(n, output);
        self.means.output_per_input.add(n, output - input);
        if trace.flags.has(Flags::REASONING) {
            let n = count(&mut self.counts.reasoning);
            let ratio = trace.reasoning_tokens as f32 / trace.output_tokens.max(1) as f32;
            self.means.reasoning.add_part(n, ratio);
            self.means.reasoning_log2.add(n, log2(trace.reasoning_tokens));
        }
    }

    fn fold_prompt(&mut self, trace: &Trace<'_>, told: Told) {
        let n = count(&mut self.counts.prompts);
        let Unit { shares, means, recent, .. } = self;
        shares.template.add(n, !is_new(&mut recent.templates, trace.template as u16));
        let (prompt, frame) = (trace.prompt as u16, trace.frame.0 as u16);
        shares.repeat.add(n, recent.prompts.contains(prompt));
        let again = recent.prompts.newest() == Some(prompt);
        shares.repeat_next.add(n, again);
        if recent.failed {
            let n = count(&mut self.counts.failures);
            shares.retried.add(n, again);
        }
        recent.prompts.push(prompt);
        // other bits than the ring's, so that a chance hit in one is none in the other
        recent.repeats.observe((trace.prompt >> 32) as u32);
        shares.frame_stays.add(n, n > 1 && recent.frame == frame);
        recent.frame = frame;
        let (number, next) = trace.number;
        shares.row_number.add(n, number != 0 && recent.number == number);
        recent.number = next;
        shares.script_change.add(n, n > 1 && recent.script != trace.script);
        recent.script = trace.script;
        shares.system.add(n, trace.flags.has(Flags::SYSTEM));
        shares.follows.add(n, trace.flags.has(Flags::FOLLOWS));
        shares.takes_up.add(n, told.takes_up);
        shares.elicits.add(n, trace.flags.has(Flags::ELICITS));
        shares.new_form.add(n, trace.form != 0 && is_new(&mut recent.forms, trace.form));
        shares.sealed.add(n, trace.sealed.0 != 0);
        shares.replays.add(n, told.replays);
        shares.records.add(n, trace.flags.has(Flags::RECORDS));
        shares.judges.add(n, trace.flags.has(Flags::JUDGES));
        shares.benchmark.add(n, trace.flags.has(Flags::BENCHMARK));
        let new_subject = is_new(&mut recent.subjects, subject(&trace.place));
        shares.new_subject.add(n, n > 1 && new_subject);
        shares.frame_shared.add(n, told.common.frame);
        shares.frame_handed.add(n, told.common.handed);
        shares.prompt_shared.add(n, told.common.prompt);
        if told.past != Verdict::Unknown {
            let n = count(&mut self.counts.past);
            shares.odd.add(n, told.past == Verdict::Odd);
            shares.typical.add(n, told.past == Verdict::Typical);
        }

        // what cannot be compared is neither usual nor odd
        means.slot_usual.add(n, trace.typicality.all.unwrap_or_default());
        means.group_usual.add(n, trace.typicality.group.unwrap_or_default());

        // the last prompt again, or nothing but its template: nothing new
        let shingles = told.own.shingles();
        let new = self.shingles.observe(shingles);
        means.new_shingles.add(n, new);
        means.new_shingles_lately.add_over(n, LATELY, new);
        if !shingles.is_empty() {
            let n = count(&mut self.counts.own);
            means.known.add_part(n, told.own.known);
        }
        means.prompt_words.add(n, log2(trace.prompt_words));
        means.digits.add_part(n, trace.digits);
        means.beyond_ascii.add_part(n, trace.beyond_ascii);
        means.context_log2.add(n, log2(trace.context_bytes));
        means.messages_log2.add(n, log2(trace.messages));
        if let Some(like) = recent.places.step(n, &trace.place) {
            means.near_previous.add(n - 1, like.previous);
            means.near_past.add(n - 1, like.past);
        }
    }

    fn fold_response(&mut self, trace: &Trace<'_>) {
        let n = count(&mut self.counts.responses);
        let Unit { shares, means, .. } = self;
        means.overlap.add_part(n, trace.overlap);
        means.variety.add_part(n, trace.variety);
        means.pairs_again.add_part(n, trace.repeats);
        means.lines.add_part(n, trace.response_lines as f32 / trace.response_words.max(1) as f32);
        means.words_ratio.add(n, log2(trace.response_words) - log2(trace.prompt_words));
        shares.thoughts.add(n, trace.flags.has(Flags::THOUGHTS));
        shares.answers_record.add(n, trace.flags.has(Flags::ANSWERS_RECORD));
        shares.answers_code.add(n, trace.flags.has(Flags::ANSWERS_CODE));
    }
}

/// One more; the new count.
fn count(counter: &mut u8) -> u32 {
    *counter = counter.saturating_add(1);
    u32::from(*counter)
}

fn log2(number: u32) -> f32 {
    libm::log2f(1.0 + number as f32)
}

/// What a prompt is mostly about: the direction of its place that stands out, the same for every account.
fn subject(place: &Place) -> u8 {
    let strongest = (0u8..).zip(place).max_by_key(|(index, at)| (at.unsigned_abs(), !index));
    strongest.map_or(0, |(index, at)| index << 1 | u8::from(*at < 0))
}
