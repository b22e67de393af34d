//! A workload drawn from a recipe: everything about it that stays the same from exchange to exchange.

use core::ops::Range;

use super::around::{Around, Written};
use super::client::Client;
use super::line::Params;
use super::recipe::{Cover, Habit, Recipe, Topics};
use super::schedule::{Clock, Shape, Trend, Turns};
use super::text::answer::Style;
use super::text::disguise::Guise;
use super::text::phrases::{ELICIT, Job, TOOLS, templates};
use super::text::reading::Place;
use super::text::warp::Manner;
use super::text::{Form, Inputs, Pen, Wants, World, body, head};
use crate::draw::{Draw, mix};
use crate::units::Millis;

const MODELS: &[&str] = &["m-large-4", "m-large-5", "m-medium-3", "m-small-3", "m-mini-2"];
const REASONING_MODELS: &[&str] = &["m-think-2", "m-think-3", "m-think-mini"];

/// So much of an answer is worked on at least: enough to be known again.
const LEAST_DRAFT: usize = 120;

/// Percent of those that want records who have them by a tool.
const RECORD_BY_TOOL: u8 = 40;

/// What does not change within a workload.
#[expect(clippy::struct_excessive_bools, reason = "independent habits, each a coin of its own")]
#[derive(Clone, Debug)]
pub(super) struct Workload {
    pub(super) seed: u64,
    pub(super) job: Job,
    form: Form,
    topics: Vec<usize>,
    /// The topics are parts of a source that was read.
    reads: bool,
    pub(super) cover: Cover,
    pub(super) around: Around,
    pub(super) style: Style,
    pub(super) habit: Habit,
    pub(super) models: Vec<&'static str>,
    pub(super) reasons: bool,
    pub(super) tools: Vec<&'static str>,
    /// Answers come as arguments of a tool.
    pub(super) calls: bool,
    pub(super) users: u64,
    pub(super) sessions: bool,
    pub(super) messages: bool,
    pub(super) streams: bool,
    pub(super) clock: Clock,
    /// First of the tenant's accounts that it uses, and how many.
    pub(super) accounts: (usize, usize),
    /// How its content and its answers are written, where the log is randomised.
    pub(super) asks: Manner,
    pub(super) answers: Manner,
    /// How its requests look from outside.
    pub(super) guise: Guise,
    /// Asks again what failed.
    pub(super) retries: bool,
    /// Sends sealed reasoning back.
    pub(super) replays: bool,
    /// To other conversations than it was sealed in, too.
    pub(super) carries: bool,
    /// Every conversation has a user of its own.
    pub(super) rotates: bool,
    /// Its prompts hold what it was answered before.
    pub(super) goes_on: bool,
    /// Comes without client, user and session.
    pub(super) stripped: bool,
    /// When it changes to the model that came out.
    pub(super) upgrade: Option<Millis>,
    /// When it begins, if later than its tenant.
    pub(super) begin: Option<Millis>,
}

/// One item of a workload's coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) seed: u64,
    topic: usize,
    /// Which of the models, where a set runs once for each.
    pub(super) round: u64,
    /// Where in the topic, if it is read and not made.
    place: Place,
}

impl Item {
    /// A writer about the item; different salts write different texts.
    pub(super) fn pen(self, salt: u64, world: &World) -> Pen<'_> {
        Pen::at(world, self.topic, self.place, mix(&[self.seed, 35, salt]))
    }

    /// The same item, so many turns into its conversation.
    pub(super) fn turn(mut self, turn: u32) -> Self {
        self.place.turn = turn;
        self
    }
}

impl Workload {
    pub(super) fn new(recipe: &Recipe, world: &World, seed: u64, per_day: f64, accounts: (usize, usize)) -> Self {
        let mut draw = Draw::new(mix(&[seed, 31]));
        let (job, form) = draw.pick(recipe.tasks);
        let topics = match recipe.topics {
            Topics::One => 1,
            Topics::Few => draw.range(2, 5),
            Topics::Many => draw.range(12, 40),
        };
        let cover = draw.pick(recipe.cover);
        let talks = recipe.turns.iter().any(|t| *t != Turns::Single);
        let new = matches!(cover, Cover::Fresh | Cover::Sweep | Cover::Samples(_));
        let template = Draw::new(mix(&[seed, 50])).below(templates(job).len());
        let inputs = if job == Job::Classify { recipe.inputs } else { Inputs::Any };
        let wants = Wants { job, talks, new, inputs: (template, inputs) };
        let topics = world.draw_topics(&mut draw, topics, wants);
        let frame = draw.pick(recipe.frames);
        let elicits = draw.percent(recipe.elicits).then(|| draw.below(ELICIT.len()));
        let style = match (draw.percent(recipe.terse), elicits) {
            (_, Some(_)) => Style::Worked,
            (true, None) => Style::Terse,
            (false, None) => Style::Full,
        };
        let reasons = draw.percent(recipe.reasons);
        let models = if reasons { REASONING_MODELS } else { MODELS };
        let first = draw.below(models.len());
        let rounds = if matches!(cover, Cover::Nightly(_) | Cover::Passes(_)) { draw.range(1, 3) } else { 1 };
        let models = (0..rounds).map(|i| models[(first + i) % models.len()]).collect();
        let turns = draw.pick(recipe.turns);
        let named = draw.percent(recipe.users);
        let tools = if draw.percent(recipe.tools) { draw.range(1, 6) } else { 0 };
        let first_tool = draw.below(TOOLS.len());
        let tools = (0..tools).map(|i| TOOLS[(first_tool + i * 3) % TOOLS.len()]).collect();
        let shape = draw.pick(recipe.shapes);
        let regular = if draw.percent(40) { draw.unit() * 0.9 } else { 0.0 };
        let mut own = Draw::new(mix(&[seed, 45]));
        let (replays, rotates) = (own.percent(recipe.replays), own.percent(recipe.rotates));
        let carries = Draw::new(mix(&[seed, 52])).percent(recipe.carries);
        let retries = Draw::new(mix(&[seed, 54])).percent(recipe.retries);
        let guise = own.pick(recipe.guises);
        // its own draw: what was drawn before stays as it is
        let goes_on = Draw::new(mix(&[seed, 49])).percent(recipe.goes_on);
        let (client, cv) = rhythm(world, shape, cover, mix(&[seed, 44]));
        let cv = if regular > 0.0 { 1.0 } else { cv };
        let per_day = if let Cover::Nightly(size) = cover { (size * rounds as u64) as f64 } else { per_day };
        let asks = Manner::new(mix(&[seed, 39]));
        let written = Written { job, form, template, topic: topics[0], asks: &asks };
        let around = Around::new(frame, &written, (recipe.persona, elicits), world, seed);
        let habit = draw.pick(recipe.habits);
        let mut load = Self {
            seed,
            reads: world.is_read(topics[0]),
            job,
            form,
            topics,
            cover,
            around,
            style,
            habit,
            models,
            reasons,
            tools,
            calls: false,
            users: if named { 1 + draw.log_normal(12.0, 1.2) as u64 } else { u64::from(rotates) },
            sessions: named || rotates || (turns != Turns::Single && draw.percent(60)),
            messages: draw.percent(55) || replays,
            streams: draw.percent(35),
            clock: Clock { shape, turns, per_day, regular, cv, client, trend: Trend::Level, seed: mix(&[seed, 32]) },
            accounts,
            asks,
            answers: Manner::new(mix(&[seed, 40])),
            guise,
            retries,
            replays,
            carries,
            rotates,
            goes_on,
            stripped: false,
            upgrade: None,
            begin: None,
        };
        if habit == Habit::Json && own.percent(RECORD_BY_TOOL) {
            load.answer_by_tool();
        }
        load
    }

    /// The `n`-th item of the workload, `of_day`-th of its day.
    pub(super) fn item(&self, n: u64, of_day: u64) -> Item {
        let count = self.models.len() as u64;
        let (key, round) = match self.cover {
            Cover::Fresh | Cover::Sweep => (n, 0),
            Cover::Samples(k) => (n / k, 0),
            Cover::Passes(size) => (n % size, n / size % count),
            Cover::Nightly(size) => (of_day % size, of_day / size % count),
            Cover::Matters(size) => (mix(&[self.seed, 33, n]) % size, 0),
            Cover::Popular(size) => {
                // Cubing a uniform number: a few questions get most of the traffic.
                let u = (mix(&[self.seed, 33, n]) >> 11) as f64 / (1_u64 << 53) as f64;
                ((u * u * u * size as f64) as u64, 0)
            }
        };
        let seed = mix(&[self.seed, 34, key]);
        let topics = self.topics.len() as u64;
        let topic = match self.cover {
            Cover::Sweep => n / 25 % topics,
            // A read topic has so many rows; taking turns uses them evenly.
            _ if self.reads => key % topics,
            _ => seed % topics,
        };
        let number = if self.cover == Cover::Sweep { key / (25 * topics) * 25 + key % 25 } else { key / topics };
        let variant = if matches!(self.cover, Cover::Matters(_)) { 1 + n } else { 0 };
        let place = Place { number, order: mix(&[self.seed, 38]), turn: 0, variant };
        Item { seed, topic: self.topics[topic as usize], round, place }
    }

    /// Writes the prompt of an item, with what the customer works on with; returns where its content stands within
    /// the frame.
    pub(super) fn prompt(&self, item: Item, draft: Option<&str>, world: &World, out: &mut String) -> Range<usize> {
        let mut pen = item.pen(0, world);
        let after = self.around.open(&mut pen, item, world, &self.asks, out);
        let from = out.len();
        body(self.form, &mut pen, out);
        if item.place.variant != 0 {
            let matter = out.split_off(from);
            pen.vary(&matter, mix(&[self.seed, 48, item.place.variant]), out);
        }
        if let Some(draft) = draft {
            work_on(draft, from, out);
        }
        let content = from..out.len();
        out.push_str(after);
        self.around.elicit(self.seed, after.is_empty(), &mut pen, out);
        content
    }

    /// Has every answer given as arguments of a tool: another way to ask for a record.
    pub(super) fn answer_by_tool(&mut self) {
        self.calls = true;
        if self.tools.is_empty() {
            self.tools.push("record");
        }
    }

    /// Leaves the first few subjects.
    pub(super) fn keep_subjects(&mut self, most: usize) {
        self.topics.truncate(most.max(1));
    }

    /// Takes frame and elicitation away.
    pub(super) fn unframe(&mut self) {
        self.around = Around::default();
    }

    /// Name of the text source it speaks with.
    pub(super) fn corpus<'a>(&self, world: &'a World) -> &'a str {
        world.source_name(self.topics[0])
    }

    /// The system prompt of a conversation.
    pub(super) fn system(&self, item: Item, world: &World) -> Option<String> {
        self.around.system(item, world, &self.asks)
    }

    /// Parameters of a request. Everyone has the same habits to choose from.
    pub(super) fn params(&self, draw: &mut Draw) -> Params {
        let mut params = Params { stream: self.streams.then_some(true), ..Params::default() };
        // One draw per workload, so that a workload's parameters are as constant as clients' are.
        let mut fixed = Draw::new(mix(&[self.seed, 36]));
        match self.habit {
            Habit::Plain => {}
            Habit::Warm => {
                params.temperature = Some(fixed.pick(&[0.3, 0.7, 0.8, 1.0]));
                params.top_p = fixed.percent(50).then_some(0.95);
            }
            Habit::Fixed => {
                params.temperature = Some(0.0);
                params.seed = fixed.percent(60).then(|| fixed.below(10_000) as i64);
            }
            Habit::Several => {
                params.temperature = Some(1.0);
                params.n = Some(fixed.pick(&[2, 4, 5, 8]));
            }
            Habit::Json => {
                let format = fixed.pick(&["json_schema", "json_object"]);
                params.response_format = (!self.calls).then_some(format);
                params.temperature = Some(0.2);
            }
            Habit::Long => {
                params.max_tokens = Some(fixed.pick(&[2_048, 4_096, 8_192]));
                params.temperature = Some(0.6);
            }
            Habit::LogProbs | Habit::OneToken | Habit::Biased => {
                params.logprobs = Some(true);
                params.top_logprobs = Some(fixed.pick(&[1, 5, 20]));
                params.temperature = Some(0.0);
                params.max_tokens = Some(if self.habit == Habit::LogProbs { 16 } else { 1 });
                if self.habit == Habit::Biased {
                    params.logit_bias = Some(draw.range(1, 40) as u32);
                }
            }
        }
        if self.reasons {
            params.reasoning_effort = Some(fixed.pick(&["low", "medium", "high"]));
        }
        params
    }
}

/// Puts what is worked on in the place of as much of the content, so that who works on with answers does not ask at
/// greater length than who does not.
fn work_on(draft: &str, from: usize, out: &mut String) {
    let length = out.len() - from;
    let keep = length / 3;
    let draft = head(draft, (length - keep).max(LEAST_DRAFT));
    let kept = head(out.get(from..).unwrap_or_default(), keep.max(length.saturating_sub(draft.len()))).len();
    out.truncate(from + kept);
    out.push_str("\n\n");
    out.push_str(draft);
}

/// How unevenly a workload runs: as a real client does, but for what has hours by its nature.
fn rhythm(world: &World, shape: Shape, cover: Cover, seed: u64) -> (Option<Client>, f64) {
    let (client, cv) = Client::drawn(world.clients(), seed);
    let timed = matches!(cover, Cover::Nightly(_));
    // Windows and bursts are uneven already; a fitted client on top would leave nothing in most weeks.
    let uneven = matches!(shape, Shape::Window | Shape::Bursty) && !client.has_hours();
    if timed || uneven { (None, 1.0) } else { (Some(client), cv) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_works_on_with_an_answer_asks_at_no_greater_length() {
        let (content, draft) = ("An old thing to say. ".repeat(40), "What was said last. ".repeat(30));
        let mut out = format!("Frame: {content}");
        work_on(&draft, 7, &mut out);
        assert!(out.starts_with("Frame: An old thing to say.") && out.contains("What was said last."));
        let length = out.len() - 7;
        assert!(length <= content.len() + 2 && length * 10 > content.len() * 8, "{length} of {}", content.len());
    }
}
