//! Wiring: what feeds the core, runs its steps, and keeps the process healthy.

pub mod pass;
