//! What a harvester does so as not to be noticed. Each has innocent customers who look alike: other languages
//! and scripts, encoded payloads, visitors without a past, growth, gateways that strip metadata.

use core::fmt;

use super::recipe::{Cover, Habit};
use super::schedule::{Shape, Trend, Turns};
use super::text::disguise::Guise;
use super::workload::Workload;
use crate::draw::Draw;

/// One way to hide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evasion {
    /// Every request worded anew, frame included.
    Paraphrase,
    /// In another language.
    Translation,
    /// In another script, letter by letter.
    Script,
    /// Content as base64.
    Base64,
    /// At people's hours.
    Human,
    /// With pauses as uneven as can be.
    Jitter,
    /// Few requests at first, then more and more.
    Ramp,
    /// No order of topics, samples of a question far apart.
    Shuffle,
    /// Ordinary work of another kind in the same account.
    Decoys,
    /// Worthless requests in the same account.
    Chaff,
    /// Without client, user and session.
    NoMetadata,
    /// With the parameters of the tenant's other use, or of a chat.
    Camouflage,
    /// A new user and session for every request.
    RotateIds,
    /// In conversations.
    MultiTurn,
    /// A share that grows from nothing, so that baselines learn it.
    Drift,
    /// Without system prompt, template or elicitation.
    Frameless,
    /// Over many accounts of the tenant.
    Split,
    /// From one account after another.
    Replace,
    /// With a calm account's key, from elsewhere.
    Stolen,
    /// In bursts, each longer than the one before, with rests between: to learn how much passes.
    Probe,
    /// Answers given as arguments of a tool.
    Tools,
}

/// A set of [`Evasion`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evasions(u32);

impl Evasion {
    /// All of them.
    pub const ALL: [Evasion; 21] = [
        Evasion::Paraphrase,
        Evasion::Translation,
        Evasion::Script,
        Evasion::Base64,
        Evasion::Human,
        Evasion::Jitter,
        Evasion::Ramp,
        Evasion::Shuffle,
        Evasion::Decoys,
        Evasion::Chaff,
        Evasion::NoMetadata,
        Evasion::Camouflage,
        Evasion::RotateIds,
        Evasion::MultiTurn,
        Evasion::Drift,
        Evasion::Frameless,
        Evasion::Split,
        Evasion::Replace,
        Evasion::Stolen,
        Evasion::Probe,
        Evasion::Tools,
    ];

    /// Name in labels and attack lists.
    pub fn name(self) -> &'static str {
        match self {
            Evasion::Paraphrase => "paraphrase",
            Evasion::Translation => "translation",
            Evasion::Script => "script",
            Evasion::Base64 => "base64",
            Evasion::Human => "human",
            Evasion::Jitter => "jitter",
            Evasion::Ramp => "ramp",
            Evasion::Shuffle => "shuffle",
            Evasion::Decoys => "decoys",
            Evasion::Chaff => "chaff",
            Evasion::NoMetadata => "no-metadata",
            Evasion::Camouflage => "camouflage",
            Evasion::RotateIds => "rotate-ids",
            Evasion::MultiTurn => "multi-turn",
            Evasion::Drift => "drift",
            Evasion::Frameless => "frameless",
            Evasion::Split => "split",
            Evasion::Replace => "replace",
            Evasion::Stolen => "stolen",
            Evasion::Probe => "probe",
            Evasion::Tools => "tools",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.name() == name)
    }

    pub(super) fn names() -> String {
        Self::ALL.map(Evasion::name).join(", ")
    }
}

impl Evasions {
    /// Whether it is among them.
    pub fn has(self, evasion: Evasion) -> bool {
        self.0 & (1 << evasion as u32) != 0
    }

    /// These and one more.
    #[must_use]
    pub fn with(self, evasion: Evasion) -> Self {
        Self(self.0 | 1 << evasion as u32)
    }

    /// None of them.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Changes a harvest so that it hides; `host`: the workload whose habits it takes on.
    pub(super) fn hide(self, load: &mut Workload, host: Option<&Workload>, draw: &mut Draw) {
        let guises = [Evasion::Paraphrase, Evasion::Translation, Evasion::Script, Evasion::Base64]
            .into_iter()
            .filter(|e| self.has(*e));
        for evasion in guises {
            load.guise = match evasion {
                Evasion::Paraphrase => Guise::Paraphrased,
                Evasion::Translation => Guise::Translated,
                Evasion::Script => Guise::Script,
                _ => Guise::Base64,
            };
        }
        if self.has(Evasion::Human) {
            load.clock.shape = draw.pick(&[Shape::Office, Shape::Evening]);
            load.clock.client = None;
            load.clock.regular = 0.0;
        }
        if self.has(Evasion::Jitter) {
            load.clock.regular = 0.0;
            load.clock.cv = 2.0;
        }
        if self.has(Evasion::Ramp) {
            load.clock.trend = Trend::Ramp;
        }
        if self.has(Evasion::Drift) {
            load.clock.trend = Trend::Drift;
        }
        if self.has(Evasion::Shuffle) {
            load.cover = match load.cover {
                // The samples of a question come once in each pass over 150.
                Cover::Samples(_) => Cover::Passes(150),
                Cover::Sweep => Cover::Fresh,
                other => other,
            };
        }
        if self.has(Evasion::Probe) {
            load.clock.trend = Trend::Probe;
        }
        if self.has(Evasion::Camouflage) || self.has(Evasion::Drift) {
            load.habit = host.map_or(Habit::Plain, |h| h.habit);
            load.streams = host.is_none_or(|h| h.streams);
            load.messages = host.is_none_or(|h| h.messages);
            load.tools = host.map(|h| h.tools.clone()).unwrap_or_default();
            load.calls = host.is_some_and(|h| h.calls);
        }
        if self.has(Evasion::RotateIds) {
            load.rotates = true;
            load.sessions = true;
            load.users = load.users.max(1);
        }
        if self.has(Evasion::MultiTurn) {
            load.clock.turns = Turns::Talk(2.5);
            load.sessions = true;
        }
        if self.has(Evasion::Tools) {
            load.answer_by_tool();
        }
        if self.has(Evasion::NoMetadata) {
            load.stripped = true;
        }
        if self.has(Evasion::Frameless) {
            load.unframe();
        }
    }
}

impl fmt::Display for Evasions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = Evasion::ALL.into_iter().filter(|e| self.has(*e)).map(Evasion::name).collect();
        f.write_str(&names.join("+"))
    }
}
