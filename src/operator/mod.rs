//! Wiring: what feeds the core, runs its steps, and keeps the process healthy.

pub mod index;
pub mod mirror;
pub mod pass;
pub mod queue;
#[cfg(test)]
mod scenarios;
