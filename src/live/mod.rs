//! The live driver: Kafka in, findings out, exactly once.
//!
//! ```text
//!            ┌──────────────────────── poll thread ────────────────────────┐
//!  input ──► │ poll a batch ─► fold (rayon) ─► outputs in memory ─► publish │ ──► findings, dead letters,
//!            │     ▲ rebalance: assign, revoke        (covers, slices)     │     state, control, offsets
//!            └─────┼───────────────────────────────────────────────────────┘     in one transaction
//!                  └── restore thread: committed offset, control, state
//! ```
//!
//! One OS thread owns the consumer and the producer and never waits for anything but Kafka. tokio runs
//! HTTP and signals; SIGHUP loads side inputs on a thread of its own. Invariants: no transaction is open
//! while polling; every transaction sends offsets for every partition it writes for; a partition in re-fold
//! is in none; a control record commits with what was folded up to its offset.

pub mod admin;
mod heard;
mod may_write;
pub mod client;
pub mod control;
pub mod engine;
pub mod failpoint;
pub mod fatal;
pub mod output;
pub mod owned;
pub mod publish;
mod reach;
mod poll;
pub mod reload;
pub mod report;
pub mod restore;
pub mod route;
pub mod start;
pub mod topics;

pub use fatal::Fatal;
