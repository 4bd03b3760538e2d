//! The engine of Unentropy.
//!
//! A pure function of its inputs: it reads no file, clock, environment, socket or random source.
//! Configuration, the history's bytes, command output, coverage files and the facts of the run
//! come in; values, new history bytes, verdicts and rendered text go out. Everything but
//! [`wasm`] runs natively under `cargo test`.
//!
//! Of the features, both of which are on by default, `engine` is what every run needs and `parsers` exports what reads
//! coverage reports and source files. Each is built as a wasm module of its own (`tools/wasm.js`).

#[cfg(feature = "engine")]
pub mod api;
pub mod collect;
#[cfg(feature = "engine")]
pub mod config;
pub mod error;
#[cfg(feature = "engine")]
pub mod gate;
#[cfg(feature = "engine")]
pub mod history;
pub mod metric;
#[cfg(feature = "engine")]
pub mod report;
#[cfg(feature = "engine")]
pub mod summary;
pub mod text;
mod vocabulary;
#[cfg(target_family = "wasm")]
mod wasm;
#[cfg(all(test, feature = "engine", feature = "parsers"))]
#[path = "wasm/types.rs"]
mod wasm_types;
