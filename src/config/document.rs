//! The file and the environment as one flat map: dotted key → value and where it was said, so that every
//! complaint can name the line or the variable. Later layers win: defaults, file, environment.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};

/// Prefix of the variables that override keys: `STILLWATCH__KAFKA__BOOTSTRAP` is `kafka.bootstrap`.
pub const ENV_PREFIX: &str = "STILLWATCH__";
/// Everything below is librdkafka's.
pub(super) const OPTIONS: &str = "kafka.options";

/// Where a value was said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A line of the file, from 1.
    Line(usize),
    /// An environment variable.
    Variable(String),
    /// Not said at all.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Line(line) => write!(f, "line {line}: "),
            Origin::Variable(name) => write!(f, "environment variable {name}: "),
            Origin::Default => Ok(()),
        }
    }
}

/// A value and where it was said.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// Dotted key → leaf. An empty section is a leaf that holds an empty object.
#[derive(Clone, Debug, Default)]
pub(super) struct Document {
    pub(super) leaves: BTreeMap<String, Leaf>,
}

impl Document {
    /// Reads the text; the error is (line, message) and never quotes the text: it may hold a secret.
    pub(super) fn parse(text: &str) -> Result<Document, (usize, String)> {
        let table = DeTable::parse(text).map_err(|error| {
            let line = line_of(text, error.span().map_or(0, |span| span.start));
            (line, error.message().to_owned())
        })?;
        let mut document = Document::default();
        document.add_table("", table.get_ref(), text)?;
        Ok(document)
    }

    /// Lays the variables over the file. A secret and its `_file` are one setting: the later one wins.
    pub(super) fn overlay(&mut self, variables: &[(String, String)]) {
        for (name, text) in variables {
            let Some(rest) = name.strip_prefix(ENV_PREFIX) else {
                continue;
            };
            let key = rest.to_ascii_lowercase().replace("__", ".");
            let key = match key.strip_prefix("kafka.options.") {
                Some(option) => format!("{OPTIONS}.{}", option_name(option)),
                None => key,
            };
            let twin = key.strip_suffix("_file").map_or_else(|| format!("{key}_file"), ToOwned::to_owned);
            self.leaves.remove(&twin);
            let leaf = Leaf { value: Value::String(text.clone()), origin: Origin::Variable(name.clone()) };
            self.leaves.insert(key, leaf);
        }
    }

    /// Where a key was said.
    pub(super) fn origin(&self, key: &str) -> Origin {
        self.leaves.get(key).map_or(Origin::Default, |leaf| leaf.origin.clone())
    }

    /// The nested form, for serde.
    pub(super) fn nested(&self) -> Value {
        let mut root = Map::new();
        for (key, leaf) in &self.leaves {
            if leaf.value.is_object() {
                continue;
            }
            let option = key.strip_prefix(OPTIONS).and_then(|rest| rest.strip_prefix('.'));
            let path: Vec<&str> = match option {
                Some(option) => vec!["kafka", "options", option],
                None => key.split('.').collect(),
            };
            insert(&mut root, &path, leaf.value.clone());
        }
        Value::Object(root)
    }

    fn add_table(&mut self, prefix: &str, table: &DeTable<'_>, text: &str) -> Result<(), (usize, String)> {
        for (name, value) in table {
            let key =
                if prefix.is_empty() { name.get_ref().to_string() } else { format!("{prefix}.{}", name.get_ref()) };
            let line = line_of(text, name.span().start);
            let value = match value.get_ref() {
                DeValue::Table(inner) if !inner.is_empty() => {
                    self.add_table(&key, inner, text)?;
                    continue;
                }
                DeValue::Table(_) => Value::Object(Map::new()),
                other => plain(other).map_err(|message| (line, format!("`{key}` {message}")))?,
            };
            let leaf = Leaf { value, origin: Origin::Line(line) };
            if self.leaves.insert(key.clone(), leaf).is_some() {
                return Err((line, format!("`{key}` is there twice")));
            }
        }
        Ok(())
    }
}

/// `sasl_password_file` → `sasl.password_file`: librdkafka's names have dots, variables cannot.
fn option_name(option: &str) -> String {
    match option.strip_suffix("_file") {
        Some(name) => format!("{}_file", name.replace('_', ".")),
        None => option.replace('_', "."),
    }
}

fn plain(value: &DeValue<'_>) -> Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(switch) => Value::Bool(*switch),
        DeValue::Integer(digits) => {
            let number = i64::from_str_radix(digits.as_str(), digits.radix());
            Value::from(number.map_err(|_| "is a number beyond 64 bits".to_owned())?)
        }
        DeValue::Float(digits) => digits.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Datetime(_) => Value::Null,
        DeValue::Array(_) | DeValue::Table(_) => Value::Array(Vec::new()),
    })
}

fn insert(map: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [last] => {
            map.insert((*last).to_owned(), value);
        }
        [first, rest @ ..] => {
            let inner = map.entry((*first).to_owned()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

fn line_of(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|b| *b == b'\n').count()
}
