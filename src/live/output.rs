//! What a folded batch and a checkpoint become on the wire: messages for the publisher.

use super::owned::Owned;
use super::publish::{Message, Note};
use crate::config::{Config, DeadLetterMode};
use crate::finding::render::render;
use crate::pipeline::{Core, Output};
use crate::record::dead_letter::DeadLetter;
use crate::source::Record;
use crate::tenant::checkpoint::Slice;

/// Bytes that Kafka adds to a record's key, value and headers, generously.
const RECORD_OVERHEAD: usize = 512;

/// Renders outputs for the configured topics.
pub struct Outputs {
    findings: String,
    dead_letters: String,
    state: String,
    input: String,
    mode: DeadLetterMode,
    /// Largest dead letter with its own bytes; learnt from the broker when one does not fit.
    largest_dead_letter: usize,
}

impl Outputs {
    /// For a config's topics.
    pub fn new(config: &Config) -> Outputs {
        let kafka = &config.kafka;
        Outputs {
            findings: kafka.findings.clone(),
            dead_letters: kafka.dead_letters.clone(),
            state: kafka.state.clone(),
            input: kafka.input.clone(),
            mode: kafka.dead_letter_mode,
            largest_dead_letter: 1_000_000, // librdkafka's message.max.bytes
        }
    }

    /// Renders what a partition's fold brought forth, unless its output is still off there. `records`
    /// holds the batch, for the bytes of what was rejected.
    pub fn render(&self, core: &Core, owned: &mut Owned, output: &Output, records: &[Record<'_>]) {
        let from = owned.live_from;
        for event in output.events.iter().filter(|e| e.at.offset >= from) {
            let Some(fold) = &owned.fold else { break };
            let context = fold.render_context(core, event.at.offset);
            let rendered = render(event, &context);
            let message = Message {
                topic: self.findings.clone(),
                partition: None,
                key: Some(rendered.key.into_bytes()),
                value: Some(rendered.payload),
                headers: rendered.headers,
                time: None,
                note: Some(Note::Finding {
                    kind: event.alarm.kind,
                    pattern: event.alarm.pattern,
                    activity: event.activity,
                    verdict: context.verdicts.of(event.uid),
                    time: event.time,
                }),
            };
            owned.push(message, true);
        }
        let partition = owned.fold.as_ref().map_or(0, crate::pipeline::Partition::index);
        for &(offset, reason) in output.rejects.iter().filter(|(offset, _)| *offset >= from) {
            let found = records.iter().find(|r| r.at.partition == partition && r.at.offset == offset);
            if let Some(record) = found {
                owned.push(self.dead_letter(record, &DeadLetter::new(record, reason, &self.input)), false);
            }
        }
    }

    /// A slice's records, for one partition of the state topic.
    pub fn state<'s>(&self, partition: i32, slice: &'s Slice) -> impl Iterator<Item = Message> + use<'s> {
        let topic = self.state.clone();
        slice.records.iter().map(move |record| Message {
            topic: topic.clone(),
            partition: Some(partition),
            key: Some(record.key.to_vec()),
            value: record.value.clone(),
            headers: Vec::new(),
            time: None,
            note: None,
        })
    }

    /// A message was larger than its topic allows. Dead letters with bytes become references; false if
    /// nothing can be made smaller.
    pub fn shrink<'o>(&mut self, topic: &str, owned: impl Iterator<Item = &'o mut Owned>) -> bool {
        if topic != self.dead_letters || self.mode == DeadLetterMode::Reference {
            return false;
        }
        let mut largest = 0;
        let mut waiting: Vec<&mut Message> = Vec::new();
        for message in owned.flat_map(|o| &mut o.outputs).filter(|m| m.topic == topic && !m.headers.is_empty()) {
            largest = largest.max(message.bytes());
            waiting.push(message);
        }
        // halve what is taken to fit: a few rounds find the topic's limit from above
        self.largest_dead_letter = (largest / 2).min(self.largest_dead_letter / 2);
        let limit = self.largest_dead_letter;
        let mut shrunk = false;
        for message in waiting.into_iter().filter(|m| m.bytes() > limit) {
            message.value = Some(reference(&message.headers));
            message.headers.clear();
            shrunk = true;
        }
        shrunk
    }

    /// A rejected record, as the mode wants it.
    pub fn dead_letter(&self, record: &Record<'_>, letter: &DeadLetter) -> Message {
        let key = record.key.map(<[u8]>::to_vec);
        let topic = self.dead_letters.clone();
        let note = Some(Note::DeadLetter);
        let size = record.payload.map_or(0, <[u8]>::len) + key.as_ref().map_or(0, Vec::len) + RECORD_OVERHEAD;
        if self.mode == DeadLetterMode::Reference || size > self.largest_dead_letter {
            return Message { topic, key, value: Some(letter.to_json()), note, ..Message::default() };
        }
        let headers = letter.headers().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Message { topic, key, value: record.payload.map(<[u8]>::to_vec), headers, note, ..Message::default() }
    }
}

/// The reference form of a dead letter, from its headers.
fn reference(headers: &[(String, String)]) -> Vec<u8> {
    let of = |name: &str| headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    let number = |name: &str| of(name).parse().unwrap_or(0i64);
    DeadLetter {
        length: number("stillwatch_length") as usize,
        sha256: of("stillwatch_sha256").to_owned(),
        reason: crate::record::Reject::from_label(of("stillwatch_reason")),
        topic: of("stillwatch_topic").to_owned(),
        partition: number("stillwatch_partition") as u32,
        offset: number("stillwatch_offset"),
    }
    .to_json()
}
