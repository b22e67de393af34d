//! The binary: everything is in the library, so that tests and other programs can call it.

use std::process::ExitCode;

fn main() -> ExitCode {
    stillwatch::cli::main()
}
