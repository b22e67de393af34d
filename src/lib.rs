//! stillwatch tells a model provider, from its own logs, which customers are distilling its model.
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | exchange | one request and its response |
//! | part | what one record says of an exchange whose halves lie in several; `route --join` joins them |
//! | tenant | the customer; the Kafka key |
//! | account | an API key, seat or end user inside a tenant; optional |
//! | workload | a part of one account's traffic: under one frame, of one shape, about one cluster of topics, or what passes a sieve |
//! | template | text that many prompts share while slots vary |
//! | feature | one number computed from exchanges, named in the feature table |
//! | evidence | what has accumulated for a workload or tenant since it was last calm |
//! | finding | what the product publishes: created, updated, closed |
//! | verdict | what a person decided about a finding; later events tell it |
//! | side inputs | model, known tenants, policy and verdicts: what findings depend on beside the log; they change at an offset |
//! | control record | says what is in force from which offset of a partition on |
//! | policy finding | a finding that rests on what the provider knows of a tenant, not on evidence |
//! | budget | how many false findings per 1,000 tenant-months the operator accepts |
//!
//! # The data's path
//!
//! ```text
//!  Kafka ─► source ─Batch─► record ─Exchange─► trace ─Trace─► tenant ─Window─► model ─Score─► evidence ─► finding ─► Kafka
//!  files ─►                   │ Reject                           │                                           │
//!                             ▼                                  └ sharded by tenant                         └► covers ─► commit
//!                         dead letters
//! ```
//!
//! The modules below stand in that order. Everything from `record` to `finding` is pure: [`pipeline`]
//! folds it, and the drivers (`live`, `replay`, `train`, `calibrate`, `evaluate`) connect the fold to Kafka, files and linfa.
//!
//! # Invariants
//!
//! 1. The core is a deterministic fold: findings depend on the log, the config and the side inputs, which
//!    change at offsets, and on no clock, random source or I/O. Time is the record's time.
//! 2. Any split into batches, any number of threads, any crash or rebalance gives the same findings.
//! 3. `run` and `replay` call the same function.
//! 4. Findings, state and consumer offsets commit in one Kafka transaction.
//! 5. No text leaves `record`: after [`trace`] there are numbers, keyed hashes and ids.
//! 6. Every tenant's state has a compile-time bound; every queue says what happens when it is full.
//! 7. Rejects by reason + accepted = read.
//! 8. Fatal errors end the process with a distinct exit code and one clear line.

pub mod units;

pub mod source;
pub mod record;
pub mod trace;
pub mod sketch;
pub mod tenant;
pub mod feature;
pub mod model;
pub mod evidence;
pub mod snapshot;
pub mod knowledge;
pub mod verdicts;
pub mod side_inputs;
pub mod finding;
pub mod pipeline;

pub mod config;
pub mod library;
pub mod control;
pub mod metrics;
pub mod http;
pub mod clock;
mod draw;
pub mod simulate;
pub mod live;
pub mod replay;
pub mod demo;
pub mod train;
pub mod calibrate;
pub mod evaluate;
pub mod compare;
pub mod cli;
