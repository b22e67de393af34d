//! The JSON Schema of the configuration, and the known keys read off it: one source for the editor that
//! completes the file, for the check of names and types, and for the test of the commented file.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::document::{Document, Leaf, OPTIONS, Origin};
use super::problem::Problem;
use super::raw::RawConfig;

/// The JSON Schema (draft 2020-12), without references.
pub fn json_schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<RawConfig>().to_value()
}

/// Every key but librdkafka's, dotted, with what may stand there.
pub fn known_keys() -> BTreeMap<String, Known> {
    let mut keys = BTreeMap::new();
    collect(&json_schema(), "", &mut keys);
    keys
}

/// What may stand at a key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// JSON types.
    pub types: Vec<String>,
    /// The closed set of values, if it is one.
    pub choices: Vec<String>,
    /// Least number.
    pub minimum: Option<i64>,
    /// Largest number.
    pub maximum: Option<i64>,
    /// How a value looks.
    pub example: Option<String>,
}

/// Refuses unknown names, wrong types and numbers out of range; values from variables get their type here.
pub(super) fn conform(document: &mut Document, problems: &mut Vec<Problem>) {
    let known = known_keys();
    let mut wrong = Vec::new();
    for (key, leaf) in &mut document.leaves {
        let complaint = match (known.get(key), is_option(key)) {
            (_, true) => option_value(leaf),
            (Some(rule), _) => value(rule, leaf, super::is_secret(key)),
            (None, _) if is_section(key, &known) => section(leaf),
            (None, _) => Some(unknown(key, &known)),
        };
        if let Some(message) = complaint {
            problems.push(Problem { key: key.clone(), origin: leaf.origin.clone(), message });
            wrong.push(key.clone());
        }
    }
    for key in wrong {
        document.leaves.remove(&key);
    }
}

fn is_option(key: &str) -> bool {
    key.strip_prefix(OPTIONS).is_some_and(|rest| rest.starts_with('.'))
}

fn is_section(key: &str, known: &BTreeMap<String, Known>) -> bool {
    key == OPTIONS || known.keys().any(|name| name.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
}

fn section(leaf: &Leaf) -> Option<String> {
    (!leaf.value.is_object()).then(|| "is a section, not a value".to_owned())
}

fn option_value(leaf: &Leaf) -> Option<String> {
    let fine = leaf.value.is_string() || leaf.value.is_i64() || leaf.value.is_boolean();
    (!fine).then(|| format!("must be a string, an integer or a boolean, not {}", type_name(&leaf.value)))
}

fn unknown(key: &str, known: &BTreeMap<String, Known>) -> String {
    let last = key.rsplit('.').next().unwrap_or(key);
    let same_name = known.keys().find(|name| name.rsplit('.').next() == Some(last));
    let nearest = same_name
        .or_else(|| known.keys().max_by(|a, b| strsim::jaro_winkler(key, a).total_cmp(&strsim::jaro_winkler(key, b))));
    match nearest {
        Some(nearest) => format!("is not a known key; did you mean `{nearest}`?"),
        None => "is not a known key".to_owned(),
    }
}

fn value(rule: &Known, leaf: &mut Leaf, secret: bool) -> Option<String> {
    if let (Origin::Variable(_), Value::String(text)) = (&leaf.origin, &leaf.value)
        && rule.accepts("integer")
        && let Ok(number) = text.parse::<i64>()
    {
        leaf.value = Value::from(number);
    }
    let found = type_name(&leaf.value);
    let shown = if secret || !(leaf.value.is_string() || leaf.value.is_number() || leaf.value.is_boolean()) {
        found.to_owned()
    } else {
        leaf.value.to_string()
    };
    match &leaf.value {
        Value::String(text) if rule.accepts("string") => {
            if rule.choices.is_empty() || rule.choices.contains(text) {
                return None;
            }
            Some(format!("must be one of {}, not {shown}", quoted(&rule.choices)))
        }
        Value::Number(number) if rule.accepts("integer") && number.is_i64() => {
            let number = number.as_i64().unwrap_or_default();
            let low = rule.minimum.unwrap_or(0);
            let high = rule.maximum.unwrap_or(i64::MAX);
            (number < low || high < number).then(|| format!("must be between {low} and {high}, not {number}"))
        }
        _ => {
            let example = rule.example.as_ref().map(|text| format!(" such as \"{text}\"")).unwrap_or_default();
            Some(format!("must be {}{example}, not {shown}", article(&rule.types)))
        }
    }
}

impl Known {
    fn accepts(&self, kind: &str) -> bool {
        self.types.iter().any(|t| t == kind)
    }
}

fn article(types: &[String]) -> String {
    let named = types.iter().map(|t| if t == "integer" { "an integer".to_owned() } else { format!("a {t}") });
    named.collect::<Vec<_>>().join(" or ")
}

fn quoted(choices: &[String]) -> String {
    choices.iter().map(|choice| format!("\"{choice}\"")).collect::<Vec<_>>().join(", ")
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "a date or a number that is none",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_i64() => "an integer",
        Value::Number(_) => "a fraction",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "a section",
    }
}

fn collect(schema: &Value, prefix: &str, keys: &mut BTreeMap<String, Known>) {
    if let Some(Value::Object(properties)) = schema.get("properties") {
        for (name, inner) in properties {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            collect(inner, &key, keys);
        }
        return;
    }
    if prefix != OPTIONS {
        let mut known = Known::default();
        describe(schema, &mut known);
        keys.insert(prefix.to_owned(), known);
    }
}

/// Gathers the alternatives of one leaf: an optional closed set is written as alternatives by the generator.
fn describe(schema: &Value, known: &mut Known) {
    match schema.get("type") {
        Some(Value::String(kind)) => known.types.push(kind.clone()),
        Some(Value::Array(kinds)) => known.types.extend(kinds.iter().filter_map(Value::as_str).map(ToOwned::to_owned)),
        _ => {}
    }
    known.types.retain(|kind| kind != "null");
    known.types.sort();
    known.types.dedup();
    let strings = |value: &Value| value.as_str().map(ToOwned::to_owned);
    known.choices.extend(schema.get("const").and_then(strings));
    known.choices.extend(schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(strings));
    known.minimum = known.minimum.or_else(|| schema.get("minimum").and_then(Value::as_i64));
    known.maximum = known.maximum.or_else(|| schema.get("maximum").and_then(Value::as_i64));
    if let Some(example) = schema.get("examples").and_then(|list| list.get(0)).and_then(Value::as_str) {
        known.example = Some(example.to_owned());
    }
    for word in ["anyOf", "oneOf"] {
        for alternative in schema.get(word).and_then(Value::as_array).into_iter().flatten() {
            describe(alternative, known);
        }
    }
}
