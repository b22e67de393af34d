//! Logs: text or JSON on stderr, filtered by target and level.

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{fmt, registry};

use crate::config::{LogConfig, LogFormat};

/// Starts logging; a second call changes nothing.
pub fn start(config: &LogConfig) {
    // checked by config: the fallback is for a filter that a caller made up
    let filter = config.filter.parse::<Targets>().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let started = match config.format {
        LogFormat::Json => {
            let layer = fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
            registry().with(layer.with_filter(filter)).try_init()
        }
        LogFormat::Text => {
            let layer = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
            registry().with(layer.with_filter(filter)).try_init()
        }
    };
    // the error says that a subscriber is there already, which is what was asked for
    drop(started);
}
