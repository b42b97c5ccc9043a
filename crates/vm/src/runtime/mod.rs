//! The machine at work: frames, the main loop, calls, errors, imports, collection, threads.
//!
//! CPython's counterpart: `Python/`.

pub mod args;
mod bind;
pub mod boot;
pub mod ceval;
pub mod compile;
pub mod config;
pub mod enter;
pub mod errors;
pub mod exit;
pub mod frame;
pub mod frozen;
pub mod gc;
pub mod gil;
pub mod handlers;
pub mod hash;
pub mod import_;
mod import_time;
mod instructions;
pub mod leave;
pub mod machine;
pub mod memory;
pub mod monitoring;
pub mod names;
pub mod observer;
mod passage;
pub mod prepared;
pub mod random;
pub mod report;
pub mod signals;
pub mod stress;
pub mod suggest;
pub mod tracemalloc;
pub mod vm;
