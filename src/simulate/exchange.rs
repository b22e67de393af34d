//! Writes one exchange of a tenant: prompt, response, and everything the gateway notes beside them.

use super::SimRecord;
use super::draw::{Draw, mix};
use super::dress::Keeps;
use super::line::{Line, Message, Params, Response, Stamp, Usage, rfc3339};
use super::schedule::Slot;
use super::tenant::{Talk, TenantStream};
use super::text::answer::{answer, follow_up, reasoning};
use super::text::phrases::Job;
use super::text::World;
use super::workload::{Item, Workload};

/// As much of the last turn as clients send back.
const REMEMBERED: usize = 1_500;

/// How an exchange ended.
struct Outcome {
    status: u16,
    finish: Option<&'static str>,
    refusal: Option<&'static str>,
}

impl TenantStream {
    /// The next exchange in time.
    pub(super) fn write(&mut self, world: &World) -> Option<SimRecord> {
        let (index, slot) = self.advance()?;
        let work = &mut self.works[index];
        let before = work.talks.remove(&slot.talk);
        let item = match &before {
            Some(talk) => talk.item,
            None => work.open(slot),
        };
        let load = &work.load;
        let mut draw = Draw::new(mix(&[load.seed, 61, slot.talk, u64::from(slot.turn)]));
        let params = load.params(&mut draw);

        let mut prompt = String::with_capacity(1_024);
        match &before {
            Some(talk) => follow_up(load.job, &mut item.pen(draw.bits(), world), &talk.response, &mut prompt),
            None => load.prompt(item, world, &mut prompt),
        }
        let mut outcome = Outcome::of(load, slot, &mut draw);
        let mut response = String::with_capacity(1_024);
        outcome.respond(load, item, &params, &prompt, world, &mut draw, &mut response);
        let mut thoughts = String::new();
        if load.reasons && self.dress.reasoning_text && outcome.status == 200 && draw.percent(30) {
            reasoning(&mut item.pen(draw.bits(), world), &prompt, &mut thoughts);
        }

        let id = self.dress.id(index as u64, mix(&[slot.talk, u64::from(slot.turn)]));
        let user = (load.users > 0).then(|| {
            let n = mix(&[load.seed, 62, slot.talk]) % (load.users * load.users);
            // Square root of a uniform number: some users come far more often.
            self.dress.user(mix(&[work.user_pool, (n as f64).sqrt() as u64]))
        });
        let account = work.account.as_deref().or_else(|| {
            let (first, count) = load.accounts;
            let pick = mix(&[load.seed, 63, slot.talk]) as usize % (count * count);
            self.dress.accounts.get(first + (pick as f64).sqrt() as usize).map(String::as_str)
        });
        let usage = usage(load, &params, before.as_ref(), &prompt, &response, &mut draw);
        let latency_ms = 180 + (usage.output_tokens as f64 * draw.log_normal(11.0, 0.35)) as u64;
        let content = self.dress.keeps == Keeps::Content;
        let response_text = (content && outcome.status == 200).then_some(response.as_str());
        let system_inside = load.messages && load.seed.is_multiple_of(2);
        let line = Line {
            v: self.dress.version.then_some(1),
            id: &id,
            ts: if self.dress.epoch_stamps { Stamp::Epoch(slot.ts.0) } else { Stamp::Text(rfc3339(slot.ts.0)) },
            tenant: &self.name,
            account,
            user,
            session: load.sessions.then(|| self.dress.session(index as u64, slot.talk)),
            provider: self.dress.provider,
            model: Some(load.models[item.round as usize % load.models.len()]),
            system: load.system().filter(|_| content && !system_inside),
            prompt: (content && !load.messages).then_some(prompt.as_str()),
            messages: if content && load.messages { messages(load, system_inside, before.as_ref(), &prompt) } else { Vec::new() },
            response: response_text.map(|text| {
                if self.dress.message_responses { Response::Message(Message { role: "assistant", content: text }) } else { Response::Text(text) }
            }),
            reasoning: (content && !thoughts.is_empty()).then_some(thoughts.as_str()),
            tools: &load.tools,
            params,
            usage: (self.dress.keeps != Keeps::Metadata).then_some(usage),
            client: self.dress.client(mix(&[load.seed, slot.talk])),
            status: outcome.status,
            finish: outcome.finish,
            refusal: outcome.refusal,
            latency_ms,
        };
        // Serialising strings and numbers to memory cannot fail.
        let line = serde_json::to_string(&line).unwrap_or_default();
        if slot.turn + 1 < slot.turns {
            cut(&mut prompt, REMEMBERED);
            cut(&mut response, REMEMBERED);
            work.talks.insert(slot.talk, Talk { item, prompt, response });
        }
        Some(SimRecord { ts: slot.ts, tenant: self.name.clone(), line, harvested: work.harvested, id })
    }
}

impl Outcome {
    fn of(load: &Workload, slot: Slot, draw: &mut Draw) -> Self {
        if draw.below(1_000) < 14 {
            let status = draw.pick(&[429, 429, 500, 503, 400]);
            return Self { status, finish: None, refusal: None };
        }
        let shows_work = load.style == super::text::answer::Style::Worked;
        if draw.below(1_000) < if shows_work { 12 } else { 4 } {
            let category = if shows_work { "reasoning_extraction" } else { draw.pick(&["policy", "cyber", "self_harm", "privacy"]) };
            return Self { status: 200, finish: Some("content_filter"), refusal: Some(category) };
        }
        let calls = load.job == Job::Act && !load.tools.is_empty() && slot.turn + 1 < slot.turns;
        Self { status: 200, finish: Some(if calls { "tool_calls" } else { "stop" }), refusal: None }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of one writer, called once")]
    fn respond(&mut self, load: &Workload, item: Item, params: &Params, prompt: &str, world: &World, draw: &mut Draw, out: &mut String) {
        if self.status != 200 {
            return;
        }
        if self.refusal.is_some() {
            out.push_str("I can't help with that request.");
            return;
        }
        let salt = draw.bits();
        answer(load.job, load.style, &mut item.pen(salt, world), prompt, out);
        if let Some(limit @ 1..=64) = params.max_tokens {
            let whole = out.len();
            cut(out, limit as usize * 5);
            if out.len() < whole {
                self.finish = Some("length");
            }
        }
    }
}

fn messages<'a>(load: &'a Workload, system_inside: bool, before: Option<&'a Talk>, prompt: &'a str) -> Vec<Message<'a>> {
    let mut messages = Vec::with_capacity(5);
    if let Some(content) = load.system().filter(|_| system_inside) {
        messages.push(Message { role: "system", content });
    }
    if let Some(talk) = before {
        messages.push(Message { role: "user", content: &talk.prompt });
        messages.push(Message { role: "assistant", content: &talk.response });
    }
    messages.push(Message { role: "user", content: prompt });
    // A few clients put the first words into the model's mouth.
    if load.seed % 16 == 3 {
        messages.push(Message { role: "assistant", content: "{" });
    }
    messages
}

fn usage(load: &Workload, params: &Params, before: Option<&Talk>, prompt: &str, response: &str, draw: &mut Draw) -> Usage {
    let known = load.system().map_or(0, str::len) + before.map_or(0, |t| t.prompt.len() + t.response.len());
    let tokens = |bytes: usize| (bytes as u64).div_ceil(4);
    let thinks = load.reasons && !response.is_empty();
    let thought = if thinks { draw.log_normal(420.0, 0.9) as u64 } else { 0 };
    let input_tokens = tokens(known + prompt.len()) + 3;
    let samples = u64::from(params.n.unwrap_or(1));
    let cached = load.system().is_some() && draw.percent(60);
    Usage {
        input_tokens,
        output_tokens: tokens(response.len()) * samples + thought,
        reasoning_tokens: load.reasons.then_some(thought),
        cached_tokens: load.system().is_some().then_some(if cached { tokens(known).min(input_tokens) } else { 0 }),
    }
}

/// Cuts at a character's border.
fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        let at = (0..=most).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        text.truncate(at);
    }
}
