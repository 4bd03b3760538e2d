//! The engine's tests, natively: one program, so that the engine and SQLite are linked once.
//! `cargo test --test engine gate::` runs those of one file.

mod bench;
mod config;
mod coverage;
mod coverage_cases;
mod coverage_paths;
mod coverage_properties;
mod coverage_runs;
mod coverage_units;
mod figures;
mod gate;
mod gate_statistics;
mod gate_words;
mod groups;
mod history;
mod json;
mod junit;
mod loc;
mod report;
mod summary;
