//! The history engine against real SQLite files: what it accepts, keeps, answers and refuses.

mod damage;
mod future;
mod merging;
mod old_tool;
mod properties;
mod pruning;
mod questions;
mod recording;
mod repository;
mod sample;
mod speed;
