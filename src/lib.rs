//! The engine of Unentropy.
//!
//! A pure function of its inputs: it reads no file, clock, environment, socket or random source.
//! Configuration, the history's bytes, command output, coverage files and the facts of the run
//! come in; values, new history bytes, verdicts and rendered text go out. Everything but
//! [`wasm`] runs natively under `cargo test`.

pub mod api;
pub mod collect;
pub mod config;
pub mod error;
pub mod gate;
pub mod history;
pub mod report;
pub mod summary;
pub mod text;
#[cfg(target_family = "wasm")]
mod wasm;
