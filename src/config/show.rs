//! How a configuration may be shown: every effective value, secrets as `***`. Also what `Debug` prints,
//! so that no log line can leak one.

use std::fmt;

use serde_json::Value;

use super::raw::RawConfig;
use super::{FoldConfig, HttpConfig, KafkaConfig, Loaded, is_secret, options};

/// Stands for a secret.
const HIDDEN: &str = "***";

impl Loaded {
    /// The effective configuration as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string(&self.redacted).unwrap_or_default()
    }
}

impl fmt::Debug for FoldConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoldConfig")
            .field("key_id", &self.key_id())
            .field("max_record_bytes", &self.max_record_bytes)
            .field("max_depth", &self.max_depth)
            .field("memory_per_partition", &self.memory_per_partition)
            .field("close_after_ms", &self.close_after_ms)
            .field("forget_after_ms", &self.forget_after_ms)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token.as_ref().map(|_| HIDDEN);
        f.debug_struct("HttpConfig").field("listen", &self.listen).field("token", &token).finish()
    }
}

impl fmt::Debug for KafkaConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<(&str, &str)> = self
            .options
            .iter()
            .map(|(name, value)| (name.as_str(), if options::is_secret(name) { HIDDEN } else { value.as_str() }))
            .collect();
        f.debug_struct("KafkaConfig")
            .field("bootstrap", &self.bootstrap)
            .field("group", &self.group)
            .field("mode", &self.mode)
            .field("instance_id", &self.instance_id)
            .field("input", &self.input)
            .field("options", &shown)
            .finish_non_exhaustive()
    }
}

/// Values of `*_file` keys are paths and stay; what they point at was never in here.
pub(super) fn redacted(raw: &RawConfig) -> Value {
    let mut value = serde_json::to_value(raw).unwrap_or_default();
    hide("", &mut value);
    value
}

fn hide(key: &str, value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                hide(&if key.is_empty() { name.clone() } else { format!("{key}.{name}") }, inner);
            }
        }
        _ if is_secret(key) && !key.ends_with("_file") => *value = Value::String(HIDDEN.to_owned()),
        _ => {}
    }
}
