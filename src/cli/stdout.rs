//! Results on stdout. A reader that went away (`| head`) is no failure; a full disk is one.

use std::io::{Error, ErrorKind, Write};

use serde_json::Value;

use super::Failure;

/// Whether a reader went away.
pub fn has_enough(error: &Error) -> bool {
    error.kind() == ErrorKind::BrokenPipe
}

/// Writes a text as it is.
pub fn text(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if !has_enough(&error) => Err(Failure::Failed(format!("stdout cannot be written: {error}"))),
        _ => Ok(()),
    }
}

/// Writes a text and a newline.
pub fn line(line: &str) -> Result<(), Failure> {
    text(&format!("{line}\n"))
}

/// Writes one JSON value on one line.
pub fn json(value: &Value) -> Result<(), Failure> {
    line(&value.to_string())
}
