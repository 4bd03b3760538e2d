//! The history engine against real SQLite files: what it accepts, keeps, answers and refuses.

mod damage;
mod merging;
mod old_tool;
mod properties;
mod pruning;
mod questions;
mod recording;
mod sample;
mod speed;
