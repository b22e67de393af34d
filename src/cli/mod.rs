//! The command line: one file per command, each with its arguments and what it prints.
//!
//! Results go to stdout, everything else to stderr; the exit code says which kind of failure it was.

pub mod calibrate;
pub mod check;
pub mod compare;
pub mod config;
pub mod demo;
pub mod evaluate;
pub mod explain;
pub mod model;
pub mod artefact;
pub mod benchmark;
pub mod replay;
pub mod route;
pub mod run;
pub mod simulate;
pub mod topics;
pub mod train;

pub mod failure;
pub mod logs;
pub mod progress;
pub mod stdout;

pub use failure::Failure;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The version of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Tells a model provider, from its own logs, which customers are distilling its model.
#[derive(Debug, Parser)]
#[command(name = "stillwatch", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulated traffic through the whole pipeline, in one process, with findings on screen
    Demo(demo::DemoArgs),
    /// Kafka in, findings out
    Run(run::RunArgs),
    /// The same over files
    Replay(replay::ReplayArgs),
    /// Records of any schema in, native records keyed by tenant out: before a run, where topics are not keyed so
    Route(route::RouteArgs),
    /// Fit a model to calm traffic
    Train(train::TrainArgs),
    /// Fit the model to one's own history, and set a threshold that holds a budget
    Calibrate(calibrate::CalibrateArgs),
    /// How well it detects on a labelled log, beside the built-in baselines
    Evaluate(evaluate::EvaluateArgs),
    /// Write simulated traffic and the truth about it
    Simulate(simulate::SimulateArgs),
    /// One finding in words and numbers
    Explain(explain::ExplainArgs),
    /// What a shadow would raise beside what is raised: two sets of findings, tenant by tenant
    Compare(compare::CompareArgs),
    /// Check a configuration, the model, the brokers and the topics before a run.
    Check(check::CheckArgs),
    /// Make or list the topics that a run needs.
    Topics(topics::TopicsArgs),
    /// Look into a model.
    Model(model::ModelArgs),
    /// Write, describe or show a configuration.
    Config(config::ConfigArgs),
}

const EXAMPLES: &str = "\
Start here:
  stillwatch demo                            see it work, without any service
  stillwatch config init > stillwatch.toml   a commented configuration
  stillwatch check -c stillwatch.toml        is everything in place?
  stillwatch topics create -c stillwatch.toml

Exit codes: 0 fine, 1 a run failed, 2 bad usage or configuration, 3 bad model or state,
4 Kafka cannot be used, 5 findings where --fail-on-findings was asked.";

/// Parses the arguments, does what they say, and prints the one line of a failure.
pub fn main() -> ExitCode {
    // clap prints help, version and its own complaints, and exits 0 or 2
    let cli = Cli::parse();
    match dispatch(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // nothing is left to do when stderr is gone
            drop(writeln!(std::io::stderr(), "error: {failure}"));
            failure.exit_code()
        }
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Demo(args) => demo::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Route(args) => route::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Calibrate(args) => calibrate::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Topics(args) => topics::run(&args),
        Command::Model(args) => model::run(&args),
        Command::Config(args) => config::run(&args),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples() {
        fn walk(command: &clap::Command) {
            assert!(command.get_after_help().is_some(), "{} has no examples", command.get_name());
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }
}
