//! What stands around the content of a request: system prompt, template, worked examples, a line that varies.
//!
//! Innocents and harvesters put it together in the same ways: the instruction before the content or after it, examples
//! in one order or in ever another, in the prompt or in the system prompt, under a line for this request alone.

use super::recipe::Frame;
use super::text::answer::Style;
use super::text::phrases::{ELICIT, Job, PERSONAS, ROLES, templates};
use super::text::warp::Manner;
use super::text::{Form, Pen, World, answer, body};
use super::workload::Item;
use crate::draw::{Draw, mix};

/// Percent of templates that stand after the content.
const AT_THE_END: u8 = 15;
/// An instruction of fewer bytes is only a heading, and stays before the content.
const LEAST_INSTRUCTION: usize = 20;
/// Examples that change places, and how many of them one request shows.
const POOL: usize = 5;
const SHOWN: usize = 3;

/// What is fixed within a workload, and how the rest of it varies.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    system: Option<String>,
    /// Text before and after the slot; several where the frame is mixed.
    forms: Vec<(String, String)>,
    /// Worked examples of which each request shows some, in an order of its own.
    shots: Vec<String>,
    elicits: Option<usize>,
    persona: Option<Persona>,
    /// What varies stands in the system prompt.
    in_system: bool,
    /// Examples that vary stand before the instruction.
    shots_first: bool,
}

/// A line before the rest.
#[derive(Clone, Copy, Debug)]
enum Persona {
    /// One of a few.
    Known,
    /// Another for every request.
    New,
}

/// What a workload is about.
pub(super) struct Written<'a> {
    pub(super) job: Job,
    pub(super) form: Form,
    pub(super) template: usize,
    pub(super) topic: usize,
    pub(super) asks: &'a Manner,
}

impl Around {
    /// `varies`: percent of workloads with a line that varies, and the form of elicitation, if any.
    pub(super) fn new(frame: Frame, of: &Written<'_>, varies: (u8, Option<usize>), world: &World, seed: u64) -> Around {
        let mut draw = Draw::new(mix(&[seed, 51]));
        let mut pen = Pen::new(world, of.topic, draw.bits());
        let mut around = Around { elicits: varies.1, ..Around::default() };
        if draw.percent(varies.0) {
            around.persona = Some(if draw.percent(50) { Persona::Known } else { Persona::New });
        }
        if matches!(frame, Frame::System | Frame::SystemTemplate | Frame::Manual) {
            let mut system = draw.pick(ROLES).to_owned();
            system.push(' ');
            let n = if frame == Frame::Manual { pen.draw.length(1_000) } else { pen.draw.length(220) };
            let mut prose = String::new();
            pen.prose(&mut prose, n);
            write(world, of.asks, &prose, &mut system);
            around.system = Some(system);
        }
        let forms = templates(of.job);
        let (count, ends) = (if frame == Frame::Mixed { 4 } else { 1 }, draw.percent(AT_THE_END));
        for i in 0..count {
            let (before, after) = match frame {
                Frame::Bare | Frame::System => ("", ""),
                _ => forms[(of.template + i) % forms.len()],
            };
            around.forms.push(if ends { at_the_end(before, after) } else { (before.to_owned(), after.to_owned()) });
        }
        if frame == Frame::Shots {
            let shuffled = draw.percent(50);
            around.in_system = shuffled && draw.percent(50);
            around.shots_first = draw.percent(50);
            let after = around.forms[0].1.clone();
            for _ in 0..if shuffled { POOL } else { 2 } {
                around.shots.push(shot(of, &after, world, &mut pen));
            }
            if !shuffled {
                let fixed: String = around.shots.drain(..).collect();
                let at = if around.shots_first { 0 } else { around.forms[0].0.len() };
                around.forms[0].0.insert_str(at, &fixed);
            }
        } else {
            around.in_system = around.system.is_some() && draw.percent(50);
        }
        if around.in_system && around.system.is_none() {
            around.system = Some(draw.pick(ROLES).to_owned());
        }
        around
    }

    /// The system prompt of a conversation.
    pub(super) fn system(&self, item: Item, world: &World, asks: &Manner) -> Option<String> {
        let system = self.system.as_deref()?;
        if !self.in_system || (self.persona.is_none() && self.shots.is_empty()) {
            return Some(system.to_owned());
        }
        let mut whole = String::new();
        let mut own = item.pen(51, world);
        self.personate(&mut own, world, asks, &mut whole);
        self.show(&mut own, &mut whole);
        // examples follow what they are examples of, a persona comes first
        if self.shots.is_empty() {
            whole.push_str(system);
        } else {
            whole.insert_str(0, "\n\n");
            whole.insert_str(0, system);
        }
        Some(whole)
    }

    /// Writes what stands before the content; returns what stands after it.
    pub(super) fn open(&self, pen: &mut Pen<'_>, item: Item, world: &World, asks: &Manner, out: &mut String) -> &str {
        let (before, after) = match self.forms.get(pen.draw.below(self.forms.len().max(1))) {
            Some((before, after)) => (before.as_str(), after.as_str()),
            None => ("", ""),
        };
        if self.in_system {
            out.push_str(before);
            return after;
        }
        let mut own = item.pen(51, world);
        self.personate(&mut own, world, asks, out);
        if self.shots_first {
            self.show(&mut own, out);
            out.push_str(before);
        } else {
            out.push_str(before);
            self.show(&mut own, out);
        }
        after
    }

    /// Asks for the work to be shown, if the workload does.
    pub(super) fn elicit(&self, seed: u64, bare: bool, pen: &mut Pen<'_>, out: &mut String) {
        let Some(way) = self.elicits else { return };
        // Most keep to one form; a few change it from request to request.
        let way = if seed.is_multiple_of(4) { pen.draw.below(ELICIT.len()) } else { way };
        out.push_str(if bare { " " } else { "\n" });
        out.push_str(ELICIT[way]);
    }

    /// A line for this request.
    fn personate(&self, pen: &mut Pen<'_>, world: &World, asks: &Manner, out: &mut String) {
        match self.persona {
            Some(Persona::Known) => out.push_str(pen.draw.pick(PERSONAS)),
            Some(Persona::New) => {
                let who = format!("{} and {}", pen.phrase(), pen.phrase());
                out.push_str("You are somebody who knows ");
                write(world, asks, &who, out);
                out.push('.');
            }
            None => {}
        }
        if self.persona.is_some() {
            out.push('\n');
        }
    }

    /// Some of the examples that vary.
    fn show(&self, pen: &mut Pen<'_>, out: &mut String) {
        let mut left: Vec<&String> = self.shots.iter().collect();
        for _ in 0..SHOWN.min(left.len()) {
            out.push_str(left.swap_remove(pen.draw.below(left.len())));
        }
    }
}

/// The instruction after the content. What only heads the content stays before it, and so does what is marked on both sides.
fn at_the_end(before: &str, after: &str) -> (String, String) {
    let whole = before.trim_end();
    let instruction = match whole.rsplit_once('\n') {
        Some((instruction, heading)) if heading.ends_with(':') => instruction.trim_end(),
        _ => whole,
    };
    let marked = after.trim_start().starts_with(['<', '>', '-', '`']);
    if marked || instruction.len() < LEAST_INSTRUCTION {
        return (before.to_owned(), after.to_owned());
    }
    (String::new(), format!("\n\n{instruction}{after}"))
}

/// A worked example.
fn shot(of: &Written<'_>, after: &str, world: &World, pen: &mut Pen<'_>) -> String {
    let (mut example, mut answered, mut out) = (String::new(), String::new(), String::new());
    body(of.form, pen, &mut example);
    answer(of.job, Style::Terse, pen, &example, &mut answered);
    write(world, of.asks, &example, &mut out);
    out.push_str(after);
    out.push_str(if after.ends_with('\n') { "" } else { " " });
    write(world, of.asks, &answered, &mut out);
    out.push_str("\n\n");
    out
}

/// Writes in the log's words: its own, where it is randomised.
fn write(world: &World, asks: &Manner, text: &str, out: &mut String) {
    match &world.exchange {
        Some(exchange) => exchange.rewrite(text, asks, out),
        None => out.push_str(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::tenant::{TenantStream, Work};
    use crate::simulate::workload::Workload;
    use crate::simulate::{Simulation, Truth, simulate};
    use crate::units::Millis;

    #[test]
    fn an_instruction_goes_last_and_a_heading_stays() {
        let (before, after) = at_the_end("Classify the topic and explain your choice.\n\nInput: ", "\nOutput:");
        assert_eq!((before.as_str(), after.as_str()), ("", "\n\nClassify the topic and explain your choice.\nOutput:"));
        assert_eq!(at_the_end("Problem: ", "\nSolution:"), ("Problem: ".to_owned(), "\nSolution:".to_owned()));
        assert_eq!(at_the_end("", "").0, "");
        for (before, after) in Job::ALL.into_iter().flat_map(templates) {
            let (first, last) = at_the_end(before, after);
            let whole = format!("{first}{last}");
            for line in before.lines().chain(after.lines()).filter(|line| !line.trim_end().ends_with(':')) {
                assert!(whole.contains(line), "{line:?} is lost");
            }
            let marks = |text: &str| text.contains("<<<") || text.contains("```") || text.contains("---");
            assert!(!marks(before) || first == *before, "{before:?}: marks stand on both sides");
        }
    }

    /// Customers and harvesters with workloads of whose frame something varies, in percent.
    fn shares(simulation: &Simulation, varies: Way) -> [usize; 2] {
        [Truth::Benign, Truth::Attack].map(|side| {
            let tenants = simulation.tenants.iter().zip(&simulation.labels).filter(|(_, label)| label.label == side);
            let own = |work: &&Work| work.harvested == (side == Truth::Attack);
            let any = |tenant: &TenantStream| tenant.works.iter().filter(own).any(|work| varies(&work.load));
            100 * tenants.clone().filter(|(tenant, _)| any(tenant)).count() / tenants.count()
        })
    }

    type Way = fn(&Workload) -> bool;

    /// An instruction stands where no template has one.
    fn ends(load: &Workload) -> bool {
        let moved = |(before, after): &(String, String)| {
            before.is_empty() && !after.is_empty() && templates(load.job).iter().all(|(_, known)| known != after)
        };
        load.around.forms.iter().any(moved)
    }

    #[test]
    fn both_sides_vary_their_frames_in_every_way() {
        let attacks = "default".parse().unwrap_or_default();
        let start = Millis(1_791_158_400_000);
        let simulation = simulate(&crate::simulate::Spec { tenants: 3_000, days: 1.0, attacks, seed: 5, start });
        let ways: [(&str, Way); 5] = [
            ("persona in the prompt", |load| load.around.persona.is_some() && !load.around.in_system),
            ("persona in the system prompt", |load| load.around.persona.is_some() && load.around.in_system),
            ("shuffled examples", |load| !load.around.shots.is_empty()),
            ("instruction last", ends),
            ("records by tool", |load| load.calls),
        ];
        for (way, varies) in ways {
            let [customers, harvesters] = shares(&simulation, varies);
            assert!(customers >= 1 && harvesters >= 1, "{way}: {customers} % and {harvesters} %");
            assert!(customers.abs_diff(harvesters) <= 12, "{way}: {customers} % and {harvesters} %");
        }
    }
}
