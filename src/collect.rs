//! collect
pub mod loc;
