//! Writes one exchange of a tenant: prompt, response, and everything the gateway notes beside them.

use core::ops::Range;

use super::SimRecord;
use super::dress::Keeps;
use super::line::{Line, Message, Params, Response, Stamp, Usage, rfc3339};
use super::schedule::Slot;
use super::tenant::{Talk, TenantStream, Work};
use super::text::World;
use super::text::answer::{answer, follow_up, reasoning};
use super::text::disguise::Guise;
use super::text::phrases::Job;
use super::text::warp::Exchange;
use super::thread::Thread;
use super::workload::{Item, Workload};
use crate::draw::{Draw, mix};

/// As much of the last turn as clients send back.
const REMEMBERED: usize = 700;

/// What the customer was answered before, and works on with.
#[derive(Clone, Copy)]
struct Heard<'a> {
    /// The conversation's last turn.
    turn: Option<&'a Talk>,
    /// The workload's last answer, if this request is to work on with it.
    draft: Option<&'a str>,
}

/// How an exchange ended.
struct Outcome {
    status: u16,
    finish: Option<&'static str>,
    refusal: Option<&'static str>,
}

/// What was said in an exchange.
struct Said {
    system: Option<String>,
    prompt: String,
    response: String,
    thoughts: String,
    /// The response in its first words, where they were exchanged.
    plain: Option<String>,
    /// Sealed reasoning that is sent back.
    thread: Option<Thread>,
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
        }
        .turn(slot.turn);
        let load = &work.load;
        let mut draw = Draw::new(mix(&[load.seed, 61, slot.talk, u64::from(slot.turn)]));
        let params = load.params(&mut draw);
        let mut outcome = Outcome::of(load, slot, &mut draw);
        let draft = work.draft.as_deref().filter(|_| draw.percent(80));
        let heard = Heard { turn: before.as_ref(), draft };
        let mut said = outcome.say(load, item, heard, params.max_tokens, world, &mut draw);
        said.thread = Thread::of(load, item, slot, world);

        let id = self.dress.id(index as u64, mix(&[slot.talk, u64::from(slot.turn)]));
        let line = self.line(index, slot, item, before.as_ref(), params, &outcome, &said, &id, &mut draw);
        // Serialising strings and numbers to memory cannot fail.
        let line = serde_json::to_string(&line).unwrap_or_default();
        let work = &mut self.works[index];
        work.failed = Some(item).filter(|_| outcome.status >= 400 && slot.turns == 1 && work.load.retries);
        if work.load.goes_on {
            let mut draft = said.plain.as_ref().unwrap_or(&said.response).clone();
            cut(&mut draft, REMEMBERED);
            work.draft = Some(draft).filter(|draft| !draft.is_empty());
        }
        if slot.turn + 1 < slot.turns {
            let Said { mut prompt, mut response, mut plain, .. } = said;
            if let Some(plain) = &mut plain {
                cut(plain, REMEMBERED);
            }
            cut(&mut prompt, REMEMBERED);
            cut(&mut response, REMEMBERED);
            work.talks.insert(slot.talk, Talk { item, prompt, response, plain });
        }
        Some(SimRecord { ts: slot.ts, tenant: self.name.clone(), line, harvested: work.harvested, id })
    }

    #[expect(clippy::too_many_arguments, reason = "a record has this many sources; called once")]
    fn line<'a>(
        &'a self,
        index: usize,
        slot: Slot,
        item: Item,
        before: Option<&'a Talk>,
        params: Params,
        outcome: &Outcome,
        said: &'a Said,
        id: &'a str,
        draw: &mut Draw,
    ) -> Line<'a> {
        let work = &self.works[index];
        let load = &work.load;
        let dress = &self.dress;
        let usage = usage(load, &params, before, said, draw);
        let latency_ms = 180 + (usage.output_tokens as f64 * draw.log_normal(11.0, 0.35)) as u64;
        let content = dress.keeps == Keeps::Content;
        let account = work.account_of(slot, &dress.accounts);
        let answered = content && outcome.status == 200;
        let system_inside = load.messages && load.seed.is_multiple_of(2);
        let response = if dress.message_responses {
            Response::Message(Message::new("assistant", &said.response))
        } else {
            Response::Text(&said.response)
        };
        let messages = if content && load.messages { messages(load, system_inside, before, said) } else { Vec::new() };
        Line {
            v: dress.version.then_some(1),
            id,
            ts: if dress.epoch_stamps { Stamp::Epoch(slot.ts.0) } else { Stamp::Text(rfc3339(slot.ts.0)) },
            tenant: &self.name,
            account,
            user: work.user_of(slot).map(|number| dress.user(number)),
            session: (load.sessions && !load.stripped).then(|| dress.session(index as u64, slot.talk)),
            provider: dress.provider,
            model: Some(work.model(slot, item)),
            system: said.system.as_deref().filter(|_| content && !system_inside),
            prompt: (content && !load.messages).then_some(said.prompt.as_str()),
            messages,
            response: answered.then_some(response),
            reasoning: (answered && dress.reasoning_text && !said.thoughts.is_empty())
                .then_some(said.thoughts.as_str()),
            tools: &load.tools,
            params,
            usage: (dress.keeps != Keeps::Metadata).then_some(usage),
            client: if work.elsewhere {
                Some(dress.stranger(account))
            } else {
                dress.client(mix(&[load.seed, slot.talk]), account).filter(|_| !load.stripped)
            },
            status: outcome.status,
            finish: outcome.finish,
            refusal: outcome.refusal,
            latency_ms,
        }
    }
}

impl Work {
    /// The account of a conversation: the first of a workload's accounts are used most.
    fn account_of<'a>(&'a self, slot: Slot, accounts: &'a [String]) -> Option<&'a str> {
        let (first, count) = self.load.accounts;
        let of = |n: usize| {
            if self.replaces { self.so_far(slot.ts, n) } else { mix(&[self.load.seed, 64, slot.talk]) as usize % n }
        };
        if !self.accounts.is_empty() {
            return self.accounts.get(of(self.accounts.len())).map(String::as_str);
        }
        let shared = if self.replaces {
            of(count)
        } else {
            skewed(mix(&[self.load.seed, 63, slot.talk]), count as u64) as usize
        };
        accounts.get(first + shared).map(String::as_str)
    }

    /// Number of the user of a conversation: some come far more often than others.
    fn user_of(&self, slot: Slot) -> Option<u64> {
        let users = if self.load.stripped { 0 } else { self.load.users };
        if users > 0 && self.load.rotates {
            return Some(mix(&[self.user_pool, 65, slot.talk]));
        }
        (users > 0).then(|| mix(&[self.user_pool, skewed(mix(&[self.load.seed, 62, slot.talk]), users)]))
    }
}

/// Below `n`; low numbers come most often (the first of ten with a third of all).
fn skewed(bits: u64, n: u64) -> u64 {
    let u = (bits >> 11) as f64 / (1_u64 << 53) as f64;
    (u * u * n as f64) as u64
}

impl Outcome {
    fn of(load: &Workload, slot: Slot, draw: &mut Draw) -> Self {
        if draw.below(1_000) < 14 {
            let status = draw.pick(&[429, 429, 500, 503, 400]);
            return Self { status, finish: None, refusal: None };
        }
        let shows_work = load.style == super::text::answer::Style::Worked;
        if draw.below(1_000) < if shows_work { 12 } else { 4 } {
            let category = if shows_work {
                "reasoning_extraction"
            } else {
                draw.pick(&["policy", "cyber", "self_harm", "privacy"])
            };
            return Self { status: 200, finish: Some("content_filter"), refusal: Some(category) };
        }
        let acts = load.job == Job::Act && !load.tools.is_empty() && slot.turn + 1 < slot.turns;
        let calls = acts || load.calls;
        Self { status: 200, finish: Some(if calls { "tool_calls" } else { "stop" }), refusal: None }
    }

    /// Prompt and response; the output limit may end the response early.
    fn say(
        &mut self,
        load: &Workload,
        item: Item,
        heard: Heard<'_>,
        limit: Option<u32>,
        world: &World,
        draw: &mut Draw,
    ) -> Said {
        let (mut prompt, mut response, mut thoughts) =
            (String::with_capacity(1_024), String::with_capacity(1_024), String::new());
        let mut content = match heard.turn {
            Some(talk) => {
                let said = talk.plain.as_ref().unwrap_or(&talk.response);
                follow_up(load.job, &mut item.pen(draw.bits(), world), said, &mut prompt);
                0..prompt.len()
            }
            None => load.prompt(item, heard.draft, world, &mut prompt),
        };
        if self.refusal.is_some() {
            response.push_str("I can't help with that request.");
        } else if self.status == 200 {
            answer(load.job, load.style, &mut item.pen(draw.bits(), world), &prompt, &mut response);
            if load.reasons && draw.percent(30) {
                reasoning(&mut item.pen(draw.bits(), world), &prompt, &mut thoughts);
            }
        }
        if let Some(limit @ 1..=64) = limit {
            let whole = response.len();
            cut(&mut response, limit as usize * 5);
            if response.len() < whole {
                self.finish = Some("length");
            }
        }
        let system = load.system(item, world);
        let mut said = Said { system, prompt, response, thoughts, plain: None, thread: None };
        if let Some(exchange) = &world.exchange {
            // Only here, so that words which the answer took from the prompt are exchanged alike in both.
            content = said.exchange(load, exchange, content);
        }
        said.disguise(load, content, world, draw);
        if load.calls && self.finish == Some("tool_calls") {
            said.give_by_tool();
        }
        said
    }
}

impl Said {
    /// Puts content, answer and thoughts into other words; the frame around the content stays.
    fn exchange(&mut self, load: &Workload, exchange: &Exchange, content: Range<usize>) -> Range<usize> {
        let after = self.prompt.split_off(content.end);
        let inside = self.prompt.split_off(content.start);
        exchange.rewrite(&inside, &load.asks, &mut self.prompt);
        let content = content.start..self.prompt.len();
        self.prompt.push_str(&after);
        let mut response = String::with_capacity(self.response.len());
        exchange.rewrite(&self.response, &load.answers, &mut response);
        self.plain = Some(core::mem::replace(&mut self.response, response));
        let thoughts = core::mem::take(&mut self.thoughts);
        exchange.rewrite(&thoughts, &load.answers, &mut self.thoughts);
        content
    }

    /// Puts the answer into the argument of a tool.
    fn give_by_tool(&mut self) {
        let arguments = serde_json::json!({ "answer": self.response }).to_string();
        let plain = core::mem::replace(&mut self.response, arguments);
        self.plain.get_or_insert(plain);
    }

    /// Gives the request its outside, and the answer that of the request's language.
    fn disguise(&mut self, load: &Workload, content: Range<usize>, world: &World, draw: &mut Draw) {
        if load.guise == Guise::Base64 {
            // The template around it says what to do with the payload.
            let after = self.prompt.split_off(content.end);
            let inside = self.prompt.split_off(content.start);
            self.prompt.push_str(&load.guise.apply(&inside, load.seed, draw, world).unwrap_or(inside));
            self.prompt.push_str(&after);
            return;
        }
        if let Some(prompt) = load.guise.apply(&self.prompt, load.seed, draw, world) {
            self.prompt = prompt;
        }
        if let Some(response) = load.guise.speak(&self.response, load.seed, world) {
            let plain = core::mem::replace(&mut self.response, response);
            self.plain.get_or_insert(plain);
        }
    }
}

fn messages<'a>(load: &'a Workload, system_inside: bool, before: Option<&'a Talk>, said: &'a Said) -> Vec<Message<'a>> {
    let mut messages = Vec::with_capacity(5);
    if let Some(content) = said.system.as_deref().filter(|_| system_inside) {
        messages.push(Message::new("system", content));
    }
    let thread = said.thread.as_ref();
    let last = before.map(|talk| (&talk.prompt, &talk.response));
    let begin = thread.and_then(|thread| thread.begin.as_ref()).map(|(asked, answered)| (asked, answered));
    if let Some((asked, answered)) = last.or(begin) {
        messages.push(Message::new("user", asked));
        messages.push(Message::answer(answered, thread.map(|thread| thread.sealed.as_str())));
    }
    messages.push(Message::new("user", &said.prompt));
    // A few clients put the first words into the model's mouth.
    if load.seed % 16 == 3 {
        messages.push(Message::new("assistant", "{"));
    }
    messages
}

fn usage(load: &Workload, params: &Params, before: Option<&Talk>, said: &Said, draw: &mut Draw) -> Usage {
    let known = said.system.as_ref().map_or(0, String::len) + before.map_or(0, |t| t.prompt.len() + t.response.len());
    let tokens = |bytes: usize| (bytes as u64).div_ceil(4);
    let thinks = load.reasons && !said.response.is_empty();
    let thought = if thinks { draw.log_normal(420.0, 0.9) as u64 } else { 0 };
    let input_tokens = tokens(known + said.prompt.len()) + 3;
    let samples = u64::from(params.n.unwrap_or(1));
    let cached = said.system.is_some() && draw.percent(60);
    Usage {
        input_tokens,
        output_tokens: tokens(said.response.len()) * samples + thought,
        reasoning_tokens: load.reasons.then_some(thought),
        cached_tokens: said.system.is_some().then_some(if cached { tokens(known).min(input_tokens) } else { 0 }),
    }
}

/// Cuts at a character's border.
fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        let at = (0..=most).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        text.truncate(at);
    }
}
