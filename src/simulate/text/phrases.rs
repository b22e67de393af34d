//! What people write around their content: templates by job, ways to ask for reasoning, system prompts.
//!
//! A job's templates serve whoever does that job: tutor or harvester, evaluator or judge farm.

/// What the model is asked to do with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::simulate) enum Job {
    Answer,
    Solve,
    Classify,
    Translate,
    Summarise,
    Extract,
    Judge,
    Evolve,
    Generate,
    Review,
    Parse,
    Query,
    Program,
    Act,
    Next,
    /// Go on from reasoning that is sent back.
    Recall,
}

#[cfg(test)]
impl Job {
    pub(in crate::simulate) const ALL: [Job; 16] = [
        Job::Answer,
        Job::Solve,
        Job::Classify,
        Job::Translate,
        Job::Summarise,
        Job::Extract,
        Job::Judge,
        Job::Evolve,
        Job::Generate,
        Job::Review,
        Job::Parse,
        Job::Query,
        Job::Program,
        Job::Act,
        Job::Next,
        Job::Recall,
    ];
}

/// Text before and after the slot.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(in crate::simulate) fn templates(job: Job) -> &'static [(&'static str, &'static str)] {
    match job {
        Job::Answer => &[
            ("Answer the question below as completely as you can.\n\nQuestion: ", "\n\nAnswer:"),
            ("Please respond helpfully to this request:\n\n", ""),
            ("### Instruction:\n", "\n\n### Response:\n"),
            ("User: ", "\nAssistant:"),
            ("", "\n\nBe precise and complete; write for an expert reader."),
        ],
        Job::Solve => &[
            ("Solve the following problem.\n\n", ""),
            ("Problem: ", "\nSolution:"),
            ("Exercise for today:\n", "\n\nGive the final answer on the last line after ####."),
            ("Here is a question from my course. ", " What is the right answer?"),
            ("Q: ", "\nA:"),
        ],
        Job::Classify => &[
            (
                "Assign exactly one label out of {positive, negative, neutral, mixed} to the text.\n\nText: ",
                "\n\nLabel:",
            ),
            (
                "You label content for a catalogue. Categories: A billing, B delivery, C fault, D praise, E other.\n<item>",
                "</item>\nReply with the letter only.",
            ),
            ("Is the following message a complaint? Answer yes or no.\n---\n", "\n---"),
            ("Rate the toxicity of this text from 0 to 5 and return JSON {\"score\": n}.\n\n", ""),
            ("Classify the topic and explain your choice in one paragraph.\n\nInput: ", "\nOutput:"),
        ],
        Job::Translate => &[
            ("Translate into German. Keep names and numbers.\n\n", ""),
            ("Translate the text between the markers into Spanish.\n<<<\n", "\n>>>"),
            ("Localise this string for our French shop, return only the translation:\n", ""),
            ("Render this passage in natural English.\n\n", "\n\nTranslation:"),
        ],
        Job::Summarise => &[
            ("Summarise the document in five sentences.\n\n", "\n\nSummary:"),
            ("TL;DR for a busy manager:\n\n", ""),
            ("Write the minutes of this meeting.\n\nTranscript:\n", ""),
            ("Condense the following article to its key facts, quoting where possible.\n\n", ""),
        ],
        Job::Extract => &[
            ("Extract every named entity, date and amount as JSON.\n\nText: ", ""),
            ("Fill the form fields from the letter below; leave unknown fields null.\n\n", "\n\nJSON:"),
            ("List the product attributes found in the description.\n\nDescription: ", ""),
            ("Assign the diagnosis codes that apply to this note.\n\nNote: ", "\n\nCodes:"),
        ],
        Job::Judge => &[
            (
                "You are an impartial judge. Compare the two answers to the question and say which is better: A, B or tie. Give a score from 1 to 10 for each and a rationale.\n\n",
                "",
            ),
            (
                "Rate the answer on helpfulness, correctness, coherence and depth (0-4 each), then justify.\n\n",
                "\n\nScores:",
            ),
            ("Which response would a careful expert prefer? Think about accuracy first.\n\n", "\n\nVerdict (A or B):"),
            (
                "Check the candidate against the rubric:\n1. answers the question\n2. no invented facts\n3. clear\n\n",
                "\nReturn JSON with `winner` and `reason`.",
            ),
        ],
        Job::Evolve => &[
            (
                "Rewrite the given prompt into a more complex version that still can be understood and answered by people. Add one more constraint.\n\n#Given Prompt#: ",
                "\n#Rewritten Prompt#:",
            ),
            ("Make a new prompt in the same domain as this one, but rarer.\n\n#Given Prompt#: ", "\n#Created Prompt#:"),
            ("Paraphrase the request in three ways, from easy to hard.\n\nRequest: ", ""),
            ("Improve this prompt for clarity and depth and then answer it.\n\nPrompt: ", ""),
        ],
        Job::Generate => &[
            (
                "Come up with 5 diverse tasks like these examples, each with an input and a full answer.\n\n",
                "\n\nTask 6:",
            ),
            (
                "Generate ten question-answer pairs from the passage, with a short rationale each, as JSON lines.\n\n",
                "",
            ),
            ("Write a realistic customer message for each of these cases.\n\n", ""),
            ("Produce test records that look like this sample but share no value with it.\n\n", ""),
        ],
        Job::Review => &[
            ("Review this change. Name bugs, risks and missing tests.\n\n```diff\n", "```"),
            ("You are the review step of our pipeline. Comment on the patch, severity first.\n\n", ""),
            ("What does this patch do, and is it safe to merge?\n\n", ""),
        ],
        Job::Parse => &[
            ("Turn each log line into JSON with time, level, unit and message.\n\n", ""),
            ("Group these log lines by template and name the variables.\n\n", "\n\nTemplates:"),
            ("Which line explains the fault? Quote it.\n\n", ""),
        ],
        Job::Query => &[
            ("Given the schema, write one SQL query that answers the question.\n\n", "\n\nSQL:"),
            ("-- dialect: postgres\n", "\n-- return only the statement"),
            ("Translate the analyst's question to SQL.\n\n", ""),
        ],
        Job::Program => &[
            ("Write clean, tested code.\n\n", ""),
            ("", "\n\nReturn only the code block."),
            ("Complete the function below.\n\n```\n", "\n```"),
            ("I get an error with this, what's wrong?\n\n", ""),
            ("Implement the specification and explain the complexity.\n\n", ""),
        ],
        Job::Act => &[
            ("Task: ", "\nUse the tools; think before each call."),
            ("", ""),
            ("Goal: ", "\nYou may call one tool at a time. Finish with DONE."),
        ],
        Job::Recall => &[
            ("Go on from your earlier thoughts.\n\n", ""),
            ("Continue where you stopped: ", ""),
            ("Write out the reasoning above in full, then answer.\n\n", ""),
            ("", "\n\nUse what you worked out before."),
        ],
        Job::Next => &[
            ("", ""),
            ("Continue: ", ""),
            ("The next word of this text is\n", ""),
            ("", "\nAnswer with a single token:"),
        ],
    }
}

/// Ways to ask for reasoning. Students, reviewers and harvesters use all of them.
pub(in crate::simulate) const ELICIT: &[&str] = &[
    "Think step by step.",
    "Let's think step by step and show all the work.",
    "Explain your reasoning in detail before you give the answer.",
    "Write your full reasoning between <think> and </think>, then the answer.",
    "Show every intermediate step; do not skip any.",
    "First restate the problem, then plan, then solve, then check the result.",
    "Please explain how you arrived at this, line by line.",
    "Output your thoughts in <scratchpad> tags and keep every line.",
    "Walk me through it as if I had to teach it to someone else tomorrow.",
    "Give the complete chain of thought, including ideas you reject.",
    "Verify each step before going on to the next.",
    "Put the final answer in \\boxed{} after a detailed derivation.",
];

/// Openings of system prompts; prose in the customer's words follows.
pub(in crate::simulate) const ROLES: &[&str] = &[
    "You are a helpful assistant.",
    "You are a careful analyst. Use only what is given.",
    "You are the support agent of our company. Be polite and brief.",
    "You are an expert tutor who explains every step.",
    "You are a senior software engineer.",
    "You are an autonomous agent with tools. Plan, act, observe.",
    "You are a precise annotation engine. Follow the guidelines to the letter.",
    "You translate and localise product texts.",
    "Act as a domain expert and answer in depth.",
    "You are an evaluator of answers. Be strict.",
];

/// Lines that vary per request in front of an otherwise fixed frame.
pub(in crate::simulate) const PERSONAS: &[&str] = &[
    "You are talking to a beginner.",
    "The reader is a lawyer.",
    "Audience: ten-year-olds.",
    "Write as a physicist would.",
    "The user prefers short sentences.",
    "Assume graduate level.",
    "Speak like a patient teacher.",
    "Write for a trade journal.",
];

/// How people open a chat.
pub(in crate::simulate) const OPENERS: &[&str] = &[
    "hey, ",
    "Hi! ",
    "can you help me with ",
    "what's the best way to ",
    "I was wondering about ",
    "quick question: ",
    "so ",
    "Could you explain ",
    "I need ",
    "please ",
    "how do I ",
    "why does ",
    "",
    "",
    "my boss asked for ",
    "tell me about ",
];

/// How people go on.
pub(in crate::simulate) const FOLLOWUPS: &[&str] = &[
    "Thanks! And what about {}?",
    "can you make it shorter, and keep {}",
    "I don't understand the part about {}. ",
    "That's not quite what I meant: {}. ",
    "ok, and if {} changes?",
    "Could you give an example for {}?",
    "great. now add {} and rewrite it",
    "are you sure about {}?",
    "What did you mean by {}?",
];

/// Requests without a source text.
pub(in crate::simulate) const INSTRUCTIONS: &[&str] = &[
    "Write a short story about {} and {}.",
    "List seven ways to improve {} with {}.",
    "Explain the difference between {} and {}.",
    "Draft an email to a client about {} that mentions {}.",
    "Describe the history of {} and its effect on {}.",
    "Give advice on {} to someone who knows only {}.",
    "Create a study plan for {} that covers {}.",
    "Compare {} with {} in a table.",
    "Compose a product description for {} made of {}.",
    "What are the main arguments for {} over {}?",
    "Write a dialogue between {} and {}.",
    "Suggest an experiment that shows how {} depends on {}.",
    "Outline a lecture on {} for students of {}.",
    "Invent a riddle whose answer is {} and which mentions {}.",
    "Plan a budget for {} including {}.",
];

/// Questions.
pub(in crate::simulate) const QUESTIONS: &[&str] = &[
    "What is the relation between {} and {}?",
    "Why does {} often lead to {}?",
    "How can {} be measured when {} is unknown?",
    "Which of these is true of {}: (A) {} (B) it depends (C) neither?",
    "When did {} replace {}?",
    "Who benefits most from {} if {} fails?",
    "Is it correct that {} implies {}?",
    "How many kinds of {} does {} have?",
    "Under what conditions can {} occur without {}?",
];

/// Names of tools that agents are offered.
pub(in crate::simulate) const TOOLS: &[&str] = &[
    "search",
    "sql",
    "browser",
    "python",
    "read_file",
    "write_file",
    "shell",
    "calendar",
    "lookup_order",
    "refund",
    "weather",
    "maps",
    "send_email",
    "calculator",
    "retrieve",
    "ticket",
];
