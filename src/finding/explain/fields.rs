//! Reading a finding field by field: absent and null are nothing, a wrong type is an error with its
//! path, text comes out harmless.

use serde_json::Value;

use super::ExplainError;
use crate::units::Millis;

/// An object of the finding and where it stands.
#[derive(Debug)]
pub(super) struct Fields<'v> {
    value: &'v Value,
    path: String,
}

impl<'v> Fields<'v> {
    pub(super) fn of(value: &'v Value) -> Fields<'v> {
        Fields { value, path: String::new() }
    }

    /// An object that must be there.
    pub(super) fn need(&self, name: &str) -> Result<Fields<'v>, ExplainError> {
        self.child(name)?.ok_or_else(|| ExplainError::Missing(self.path_of(name)))
    }

    pub(super) fn child(&self, name: &str) -> Result<Option<Fields<'v>>, ExplainError> {
        let path = self.path_of(name);
        self.read(name, "an object", |value| value.is_object().then_some(value))
            .map(|found| found.map(|value| Fields { value, path }))
    }

    /// The objects of a list; none if the list is absent.
    pub(super) fn children(&self, name: &str) -> Result<Vec<Fields<'v>>, ExplainError> {
        let list = self.read(name, "a list", Value::as_array)?;
        let mut children = Vec::new();
        for (i, value) in list.into_iter().flatten().enumerate() {
            let path = format!("{}[{i}]", self.path_of(name));
            if !value.is_object() {
                return Err(ExplainError::WrongType { path, expected: "an object" });
            }
            children.push(Fields { value, path });
        }
        Ok(children)
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, ExplainError> {
        let list = self
            .read(name, "a list of texts", |value| value.as_array().filter(|list| list.iter().all(Value::is_string)))?;
        Ok(list.into_iter().flatten().filter_map(Value::as_str).map(harmless).collect())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, ExplainError> {
        self.read(name, "a text", Value::as_str).map(|text| text.map(harmless))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, ExplainError> {
        self.read(name, "a number", Value::as_f64)
    }

    pub(super) fn whole(&self, name: &str) -> Result<Option<u64>, ExplainError> {
        self.read(name, "a whole number", Value::as_u64)
    }

    pub(super) fn truth(&self, name: &str) -> Result<Option<bool>, ExplainError> {
        self.read(name, "true or false", Value::as_bool)
    }

    /// Epoch milliseconds that a calendar can show.
    pub(super) fn time(&self, name: &str) -> Result<Option<Millis>, ExplainError> {
        let years_0_to_9999 = -62_167_219_200_000..253_402_300_800_000;
        self.read(name, "a time in epoch milliseconds", |value| {
            value.as_i64().filter(|millis| years_0_to_9999.contains(millis)).map(Millis)
        })
    }

    fn read<T>(
        &self,
        name: &str,
        expected: &'static str,
        convert: impl FnOnce(&'v Value) -> Option<T>,
    ) -> Result<Option<T>, ExplainError> {
        match self.value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match convert(value) {
                Some(value) => Ok(Some(value)),
                None => Err(ExplainError::WrongType { path: self.path_of(name), expected }),
            },
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

/// Nothing that moves the cursor, changes colours or turns the direction of writing.
pub(crate) fn harmless(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}
