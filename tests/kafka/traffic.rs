//! Exchanges of a few tenants, some of them harvesting, with bad records among them. Seeded: the same
//! call gives the same bytes.

use rand::{Rng as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::{Value, json};

use crate::fill::Entry;

/// 2026-07-24T00:00:00Z.
pub const BEGIN: i64 = 1_784_851_200_000;

const WORDS: [&str; 40] = [
    "river", "invoice", "garden", "server", "letter", "market", "engine", "window", "doctor", "salad", "ticket",
    "castle", "python", "budget", "violin", "planet", "kettle", "museum", "bridge", "lawyer", "forest", "camera",
    "pepper", "school", "wallet", "rocket", "pillow", "harbor", "butter", "mirror", "carbon", "parrot", "lemon",
    "tunnel", "cotton", "thunder", "magnet", "copper", "velvet", "anchor",
];

/// A stream of records that can be taken piece by piece.
pub struct Traffic {
    random: Xoshiro256PlusPlus,
    partitions: i32,
    calm: u32,
    harvesters: u32,
    bad_every: u64,
    step_ms: i64,
    made: u64,
    chats: u64,
}

impl Traffic {
    /// Ten calm tenants and two harvesters per partition; one record in fifty is bad.
    pub fn new(seed: u64, partitions: i32) -> Traffic {
        Traffic {
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            partitions,
            calm: 10 * partitions as u32,
            harvesters: 2 * partitions as u32,
            bad_every: 50,
            step_ms: 180_000,
            made: 0,
            chats: 0,
        }
    }

    /// With so many calm tenants instead, each seen in turn.
    pub fn with_tenants(mut self, calm: u32) -> Traffic {
        self.calm = calm;
        self.step_ms = 50;
        self
    }

    /// The event time that the next record will have.
    pub fn now(&self) -> i64 {
        BEGIN + self.made as i64 * self.step_ms
    }

    fn words(&mut self, n: usize) -> String {
        let one = |_| WORDS[self.random.gen_range(0..WORDS.len())];
        (0..n).map(one).collect::<Vec<_>>().join(" ")
    }

    /// Always-new slots in one frame, asked for step by step, no session, long answers.
    fn harvest(&mut self, tenant: &str) -> Value {
        let slot = self.words(12);
        let answer = self.words(120);
        let reasoning = self.words(60);
        let output = self.random.gen_range(900..1_100);
        json!({
            "v": 1, "id": format!("r{}", self.made), "ts": self.now(), "tenant": tenant, "account": "key_1",
            "provider": "openai", "model": "gpt-x-large",
            "system": "You are an expert tutor. Explain every step of your reasoning before the answer.",
            "prompt": format!("Solve the following problem. Think step by step and show all your reasoning, \
                then give the final answer in a box.\n\nProblem: {slot}"),
            "response": format!("Step 1: {answer}"), "reasoning": reasoning,
            "params": {"temperature": 0.7, "n": 1, "max_tokens": 4096, "reasoning_effort": "high"},
            "usage": {"input_tokens": 80, "output_tokens": output, "reasoning_tokens": 400},
            "client": {"ip": "203.0.113.9", "user_agent": "python-httpx/0.27"},
            "status": 200, "finish": "stop", "latency_ms": 4000,
        })
    }

    /// A person in a conversation.
    fn chat(&mut self, tenant: &str) -> Value {
        let length = self.random.gen_range(4..30);
        let (question, before, answer) = (self.words(length), self.words(20), self.words(25));
        let session = self.random.gen_range(0..40);
        json!({
            "v": 1, "id": format!("r{}", self.made), "ts": self.now(), "tenant": tenant,
            "account": format!("seat_{}", session % 5), "session": format!("c{session}"),
            "model": "gpt-x-small",
            "messages": [{"role": "user", "content": before}, {"role": "assistant", "content": "Sure."},
                {"role": "user", "content": format!("{question}?")}],
            "response": answer, "usage": {"input_tokens": 60, "output_tokens": 45}, "status": 200, "finish": "stop",
        })
    }

    fn bad(&mut self, partition: i32) -> Entry {
        let now = self.now();
        let good = format!("{{\"ts\":{now},\"tenant\":\"calm-{partition}\",\"prompt\":\"x\"");
        let payload = match self.made / self.bad_every % 10 {
            0 => return Entry::tombstone(partition, "calm-0"),
            1 => good.into_bytes(),
            2 => Vec::new(),
            3 => format!("{{\"ts\":{now}}}").into_bytes(),
            4 => b"{\"tenant\":\"calm-0\"}".to_vec(),
            5 => b"{\"ts\":\"yesterday\",\"tenant\":\"calm-0\"}".to_vec(),
            6 => format!("{good},\"response\":\"\u{0}\"}}").into_bytes(),
            7 => [good.as_bytes(), b"\xff\xfe\"}"].concat(),
            8 => format!("{good},\"status\":\"fine\"}}").into_bytes(),
            _ => b"{\"ts\":4200000000000000,\"tenant\":\"calm-0\"}".to_vec(),
        };
        Entry::new(partition, "calm-0", payload)
    }
}

impl Iterator for Traffic {
    type Item = Entry;

    /// Never ends. Harvesters work two days and rest two, so that findings close and open again.
    fn next(&mut self) -> Option<Entry> {
        self.made += 1;
        if self.made.is_multiple_of(self.bad_every) {
            let partition = self.random.gen_range(0..self.partitions);
            return Some(self.bad(partition));
        }
        let day = (self.now() - BEGIN) / 86_400_000;
        let (name, tenant, record) = if day % 4 < 2 && self.random.gen_bool(0.4) {
            let tenant = self.random.gen_range(0..self.harvesters);
            let name = format!("harvest-{tenant}");
            let record = self.harvest(&name);
            (name, tenant, record)
        } else {
            let tenant = (self.chats % u64::from(self.calm)) as u32;
            self.chats += 1;
            let name = format!("calm-{tenant}");
            let record = self.chat(&name);
            (name, tenant, record)
        };
        let partition = (tenant % self.partitions as u32) as i32;
        Some(Entry::new(partition, &name, record.to_string()))
    }
}
