//! What to simulate: sizes, seed, and which attacks.

use std::fmt;
use std::str::FromStr;

use crate::units::Millis;

/// A simulation to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Tenants in all, attackers and controls included. More are made if the attacks need more.
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
/// `family=COUNT[@SHARE%[+own]]`: without a share the whole tenant harvests; with one, the harvest is that
/// share of an otherwise innocent tenant, hidden in one of its accounts, or under its own (`+own`).
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
    /// Labels through one template.
    ClassifierDistillation,
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
    /// Not a share.
    #[error("`{0}` is not a share between 1% and 90%")]
    Share(String),
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 10] = [
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
    pub(super) fn tenants(&self, tenants: usize) -> Vec<(Family, Dilution)> {
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
            // 9 dilutions and 10 families: every pair comes up within 90 attackers.
            AttackSpec::Default => {
                (0..tenants.div_ceil(20)).map(|i| (Family::ALL[i % 10], TURNS[i % TURNS.len()])).collect()
            }
            AttackSpec::None => Vec::new(),
            AttackSpec::List(list) => {
                list.iter().flat_map(|e| core::iter::repeat_n((e.family, e.dilution), e.count)).collect()
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
        let (kind, dilution) = match text.split_once('@') {
            None => (text, Dilution::Whole),
            Some((kind, share)) => (kind, share.parse()?),
        };
        let (name, count) = kind.split_once('=').unwrap_or((kind, "1"));
        let name = name.trim();
        let family = Family::ALL.into_iter().find(|f| f.name() == name);
        let family = family.ok_or_else(|| AttackSpecError::Family(name.to_owned()))?;
        let number = count.trim().parse().ok().filter(|n| (1..=100_000).contains(n));
        let count = number.ok_or_else(|| AttackSpecError::Count(count.to_owned()))?;
        Ok(Self { family, count, dilution })
    }
}

impl FromStr for Dilution {
    type Err = AttackSpecError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (share, own) = match text.strip_suffix("+own") {
            Some(share) => (share, true),
            None => (text, false),
        };
        let percent: Option<u8> = share.strip_suffix('%').unwrap_or(share).parse().ok();
        match percent {
            Some(100) if !own => Ok(Dilution::Whole),
            Some(percent @ 1..=90) if own => Ok(Dilution::Own(percent)),
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
        assert_eq!(list[0], AttackEntry { family: Family::ReasoningHarvest, count: 5, dilution: Dilution::Whole });
        assert_eq!(list[1].dilution, Dilution::Hidden(10));
        assert_eq!(list[2].dilution, Dilution::Own(5));
        assert_eq!(list[3].count, 1);
        assert_eq!("none".parse(), Ok(AttackSpec::None));
        assert_eq!("default".parse(), Ok(AttackSpec::Default));
    }

    #[test]
    fn wrong_lists_name_what_is_wrong() {
        let wrong = |text: &str| text.parse::<AttackSpec>().expect_err("wrong").to_string();
        assert!(wrong("reasonning=1").starts_with("unknown attack family `reasonning`, known are reasoning_harvest"));
        assert_eq!(wrong("relay=0"), "`0` is not a number of tenants between 1 and 100000");
        assert_eq!(wrong("relay=1@0%"), "`0%` is not a share between 1% and 90%");
    }
}
