//! collect

pub mod coverage;
