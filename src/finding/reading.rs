//! What each pattern means in plain words: its title, what it is, the innocent use that looks the
//! same and what tells the two apart, and what to do. For people who act on findings and must be
//! able to defend that; no numbers and nothing of the exchanges themselves.

use super::Pattern;

/// The words of one pattern.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// A short name, as a heading begins.
    pub(crate) title: &'static str,
    /// What the exchanges look like, after "look as if".
    pub(crate) what: &'static str,
    /// Innocent use that looks the same, and what tells the two apart.
    pub(crate) benign: &'static str,
    /// What to do first.
    pub(crate) remedy: &'static str,
}

impl Reading {
    /// The words of a pattern.
    pub(crate) fn of(pattern: Pattern) -> Reading {
        match pattern {
            Pattern::ReasoningHarvest => REASONING_HARVEST,
            Pattern::InstructionSweep => INSTRUCTION_SWEEP,
            Pattern::BenchmarkSweep => BENCHMARK_SWEEP,
            Pattern::JudgeFarm => JUDGE_FARM,
            Pattern::AgentTrajectories => AGENT_TRAJECTORIES,
            Pattern::LogitExtraction => LOGIT_EXTRACTION,
            Pattern::Relay => RELAY,
            Pattern::ReplayedReasoning => REPLAYED_REASONING,
            Pattern::Unknown => UNKNOWN,
        }
    }
}

const REASONING_HARVEST: Reading = Reading {
    title: "Reasoning harvest",
    what: "step-by-step answers to ever new questions were collected at volume",
    benign: "an evaluation suite or a tutoring product also asks for step-by-step answers at volume; \
             an evaluation comes back to the same questions on other days, and learners ask follow-ups: \
             look for repeats and for later turns that use an answer",
    remedy: "Ask the tenant what the answers are kept for. Until that is clear, summarise or withhold \
             reasoning for this unit and limit its rate; compare with other tenants that use the same frame.",
};

const INSTRUCTION_SWEEP: Reading = Reading {
    title: "Instruction sweep",
    what: "one frame was filled with ever new instructions whose answers no later turn uses",
    benign: "bulk enrichment, translation or back-fill of a customer's own records also runs new content \
             through one frame; there the answer is short against its input or restates it, in a harvest it \
             is long and new: compare output with input tokens, and ask for the source of the records",
    remedy: "Ask the tenant for the purpose of the job and where its instructions come from. Until then cap \
             daily output tokens of this unit.",
};

const BENCHMARK_SWEEP: Reading = Reading {
    title: "Benchmark sweep",
    what: "the questions of a test set were asked, many samples for each",
    benign: "a buyer who compares models runs public test sets too, once or a few times for each model \
             version; a harvest draws many samples of each question from one version: count samples per \
             question and versions asked",
    remedy: "Ask whether this is an evaluation and of what. Bound the number of samples per question, and \
             watch whether the same questions come back through other accounts.",
};

const JUDGE_FARM: Reading = Reading {
    title: "Judge farm",
    what: "answers were graded in one rigid form, as preference data for training is made",
    benign: "a quality monitor grades a product's own answers in the same form; it follows the product's \
             hours and grades one product's answers, while a farm grades pairs on every subject at an even \
             pace: look at the spread of subjects and at the hours",
    remedy: "Ask whose answers are graded and what the grades feed. Terms that forbid training a competing \
             model cover preference data: name them in the request.",
};

const AGENT_TRAJECTORIES: Reading = Reading {
    title: "Agent trajectories",
    what: "tool-using sessions were run for their transcripts, not for their results",
    benign: "coding and review agents produce long tool sessions all day; theirs follow people's working \
             hours and repositories that change, collected ones start from a list of tasks that never \
             comes back: look at the hours and at whether tasks recur",
    remedy: "Ask which product runs these sessions and who its users are. Until then limit concurrent \
             sessions of this unit.",
};

const LOGIT_EXTRACTION: Reading = Reading {
    title: "Logit extraction",
    what: "log-probabilities and token biases were read out with very short answers",
    benign: "classifiers and rerankers also ask for one token and its log-probability; their biases and \
             limits stay fixed, while an extraction varies them: look at how many different settings are used",
    remedy: "Limit top log-probabilities and bias entries for this unit, or add noise to them, and ask for \
             the purpose.",
};

const RELAY: Reading = Reading {
    title: "Relay",
    what: "the prompts of many other people were passed on through it",
    benign: "a gateway or router in front of a company's own teams looks the same; it can name its users \
             and their region, a reseller without a contract cannot: ask for end-user ids",
    remedy: "Require end-user ids and check the tenant's right to resell and the regions served. What passes \
             through a relay must be judged by its end users, so ask for those ids first.",
};

const REPLAYED_REASONING: Reading = Reading {
    title: "Replayed reasoning",
    what: "reasoning given in one place was shown again in another session, account or model",
    benign: "a product that keeps conversations moves them between sessions of the same user; a harvest \
             shows the same reasoning under several accounts or to several models: compare the accounts",
    remedy: "Bind reasoning blocks to the account and session that received them, and find the accounts \
             that share them.",
};

const UNKNOWN: Reading = Reading {
    title: "Unusual traffic",
    what: "something unlike calm traffic goes on; no known pattern stands out",
    benign: "a new product or a migration also changes traffic at once; it settles within days and keeps \
             its users: watch before acting, and ask the tenant what changed",
    remedy: "Read the reasons, ask the tenant what changed, and watch. Do not restrict anyone on this alone.",
};
