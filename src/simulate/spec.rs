//! What to simulate: sizes, seed, and which attacks.

use std::fmt;
use std::str::FromStr;

use super::evasion::{Evasion, Evasions};
use crate::units::Millis;

/// A simulation to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Tenants in all, attackers, controls and twins included. More are made if the attacks need more.
    pub tenants: usize,
    /// Length of the log.
    pub days: f64,
    /// Who harvests, and how openly.
    pub attacks: AttackSpec,
    /// Same seed, same bytes.
    pub seed: u64,
    /// The log's first moment.
    pub start: Millis,
}

/// The attacks of a simulation, as text `default`, `none` or a list such as `reasoning_harvest=5,judge_farm=2@10%`.
///
/// `family=COUNT[@SHARE%][+own][+EVASION…]`: without a share the whole tenant harvests; with one, the harvest is
/// that share of an otherwise innocent tenant, hidden in one of its accounts, or under its own (`+own`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AttackSpec {
    /// One attacker to twenty tenants, all families and dilutions in turn.
    #[default]
    Default,
    /// A calm world.
    None,
    /// These.
    List(Vec<AttackEntry>),
}

/// Some attackers of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttackEntry {
    /// What they take.
    pub family: Family,
    /// How many tenants do it.
    pub count: usize,
    /// How openly.
    pub dilution: Dilution,
    /// How it hides.
    pub evasions: Evasions,
}

/// What one attacker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attack {
    pub(super) family: Family,
    pub(super) dilution: Dilution,
    pub(super) evasions: Evasions,
}

/// How much of a tenant is harvest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dilution {
    /// All of it.
    Whole,
    /// So many percent of its exchanges, under an account of its own.
    Own(u8),
    /// So many percent of its exchanges, inside an account with innocent use.
    Hidden(u8),
}

/// What is harvested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Worked solutions, often several per question.
    ReasoningHarvest,
    /// Instructions over all subjects.
    InstructionSweep,
    /// Prompts made from prompts.
    EvolvedInstructions,
    /// Preferences and gradings.
    JudgeFarm,
    /// Tool-using trajectories.
    AgentTrajectories,
    /// Programs.
    CodeHarvest,
    /// One subject in depth.
    SingleDomain,
    /// Token probabilities.
    LogitExtraction,
    /// Labels through one template, for any of the three kinds of text below.
    ClassifierDistillation,
    /// Labels of random words.
    ClassifierWords,
    /// Labels of natural text that the template was not made for.
    ClassifierForeignText,
    /// Labels of questions that a model wrote.
    ClassifierQuestions,
    /// The same sealed reasoning, sent back in other sessions and to other models.
    ReplayedReasoning,
    /// Real-looking users' prompts passed on.
    Relay,
}

/// Why a text is not an [`AttackSpec`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttackSpecError {
    /// No such family.
    #[error("unknown attack family `{0}`, known are {known}", known = Family::names())]
    Family(String),
    /// Not a number of tenants.
    #[error("`{0}` is not a number of tenants between 1 and 100000")]
    Count(String),
    /// No such evasion.
    #[error("unknown evasion `{0}`, known are own, {known}", known = Evasion::names())]
    Evasion(String),
    /// A part of a tenant that is named where the whole tenant harvests.
    #[error("`{0}` needs a share, as in relay=1@10%+{0}")]
    NeedsShare(String),
    /// Not a share.
    #[error("`{0}` is not a share between 1% and 90%")]
    Share(String),
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 14] = [
        Family::ReasoningHarvest,
        Family::JudgeFarm,
        Family::InstructionSweep,
        Family::LogitExtraction,
        Family::AgentTrajectories,
        Family::EvolvedInstructions,
        Family::CodeHarvest,
        Family::ClassifierDistillation,
        Family::SingleDomain,
        Family::Relay,
        Family::ReplayedReasoning,
        Family::ClassifierWords,
        Family::ClassifierForeignText,
        Family::ClassifierQuestions,
    ];

    /// Name in labels and attack lists.
    pub fn name(self) -> &'static str {
        match self {
            Family::ReasoningHarvest => "reasoning_harvest",
            Family::InstructionSweep => "instruction_sweep",
            Family::EvolvedInstructions => "evolved_instructions",
            Family::JudgeFarm => "judge_farm",
            Family::AgentTrajectories => "agent_trajectories",
            Family::CodeHarvest => "code_harvest",
            Family::SingleDomain => "single_domain",
            Family::LogitExtraction => "logit_extraction",
            Family::ClassifierDistillation => "classifier_distillation",
            Family::Relay => "relay",
            Family::ReplayedReasoning => "replayed_reasoning",
            Family::ClassifierWords => "classifier_words",
            Family::ClassifierForeignText => "classifier_foreign_text",
            Family::ClassifierQuestions => "classifier_questions",
        }
    }

    fn names() -> String {
        Self::ALL.map(Family::name).join(", ")
    }
}

impl Dilution {
    /// Share of the tenant's exchanges that are harvest.
    pub fn share(self) -> f64 {
        match self {
            Dilution::Whole => 1.0,
            Dilution::Own(percent) | Dilution::Hidden(percent) => f64::from(percent) / 100.0,
        }
    }
}

impl AttackSpec {
    /// One entry per attacking tenant, for a simulation of so many tenants.
    pub(super) fn tenants(&self, tenants: usize) -> Vec<Attack> {
        const TURNS: [Dilution; 9] = [
            Dilution::Whole,
            Dilution::Hidden(50),
            Dilution::Whole,
            Dilution::Own(20),
            Dilution::Hidden(10),
            Dilution::Whole,
            Dilution::Hidden(5),
            Dilution::Own(5),
            Dilution::Hidden(1),
        ];
        match self {
            // 9 dilutions and 14 families: every pair comes up within 126 attackers.
            AttackSpec::Default => {
                let attack = |i: usize| Attack {
                    family: Family::ALL[i % Family::ALL.len()],
                    dilution: TURNS[i % TURNS.len()],
                    evasions: Evasions::default(),
                };
                (0..tenants.div_ceil(20)).map(attack).collect()
            }
            AttackSpec::None => Vec::new(),
            AttackSpec::List(list) => {
                let attack = |e: &AttackEntry| Attack { family: e.family, dilution: e.dilution, evasions: e.evasions };
                list.iter().flat_map(|e| core::iter::repeat_n(attack(e), e.count)).collect()
            }
        }
    }
}

impl FromStr for AttackSpec {
    type Err = AttackSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "default" => return Ok(AttackSpec::Default),
            "none" | "" => return Ok(AttackSpec::None),
            _ => {}
        }
        text.split(',').map(|entry| entry.trim().parse()).collect::<Result<_, _>>().map(AttackSpec::List)
    }
}

impl FromStr for AttackEntry {
    type Err = AttackSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('+');
        let plain = parts.next().unwrap_or_default();
        let (kind, share) = plain.split_once('@').map_or((plain, None), |(kind, share)| (kind, Some(share)));
        let mut dilution = share.map_or(Ok(Dilution::Whole), str::parse)?;
        let mut evasions = Evasions::default();
        for part in parts.map(str::trim) {
            match (part, Evasion::named(part), dilution) {
                ("own", _, Dilution::Hidden(percent)) => dilution = Dilution::Own(percent),
                ("own", ..) | (_, Some(Evasion::Stolen), Dilution::Whole) => {
                    return Err(AttackSpecError::NeedsShare(part.to_owned()));
                }
                (_, Some(evasion), _) => evasions = evasions.with(evasion),
                _ => return Err(AttackSpecError::Evasion(part.to_owned())),
            }
        }
        let (name, count) = kind.split_once('=').unwrap_or((kind, "1"));
        let name = name.trim();
        let family = Family::ALL.into_iter().find(|f| f.name() == name);
        let family = family.ok_or_else(|| AttackSpecError::Family(name.to_owned()))?;
        let number = count.trim().parse().ok().filter(|n| (1..=100_000).contains(n));
        let count = number.ok_or_else(|| AttackSpecError::Count(count.to_owned()))?;
        Ok(Self { family, count, dilution, evasions })
    }
}

impl FromStr for Dilution {
    type Err = AttackSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let percent: Option<u8> = text.strip_suffix('%').unwrap_or(text).parse().ok();
        match percent {
            Some(100) => Ok(Dilution::Whole),
            Some(percent @ 1..=90) => Ok(Dilution::Hidden(percent)),
            _ => Err(AttackSpecError::Share(text.to_owned())),
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn attack_lists_are_read() {
        let parsed: AttackSpec =
            "reasoning_harvest=5, judge_farm=2@10%,relay=1@5%+own,code_harvest".parse().expect("valid");
        let AttackSpec::List(list) = parsed else { panic!("a list") };
        assert_eq!(
            list[0],
            AttackEntry {
                family: Family::ReasoningHarvest,
                count: 5,
                dilution: Dilution::Whole,
                evasions: Evasions::default()
            }
        );
        assert_eq!(list[1].dilution, Dilution::Hidden(10));
        assert_eq!(list[2].dilution, Dilution::Own(5));
        assert_eq!(list[3].count, 1);
        let parsed: AttackSpec = "judge_farm=2@10%+own+paraphrase+human,relay=1+ramp".parse().expect("valid");
        let AttackSpec::List(list) = parsed else { panic!("a list") };
        assert_eq!((list[0].dilution, list[0].evasions.to_string().as_str()), (Dilution::Own(10), "paraphrase+human"));
        assert_eq!((list[1].dilution, list[1].evasions.to_string().as_str()), (Dilution::Whole, "ramp"));
        assert_eq!("none".parse(), Ok(AttackSpec::None));
        assert_eq!("default".parse(), Ok(AttackSpec::Default));
    }

    #[test]
    fn wrong_lists_name_what_is_wrong() {
        let wrong = |text: &str| text.parse::<AttackSpec>().expect_err("wrong").to_string();
        assert!(wrong("reasonning=1").starts_with("unknown attack family `reasonning`, known are reasoning_harvest"));
        assert_eq!(wrong("relay=0"), "`0` is not a number of tenants between 1 and 100000");
        assert!(wrong("relay=1+hide").starts_with("unknown evasion `hide`, known are own, paraphrase, translation"));
        assert_eq!(wrong("relay=1+own"), "`own` needs a share, as in relay=1@10%+own");
        assert_eq!(wrong("relay=1@0%"), "`0%` is not a share between 1% and 90%");
    }
}
