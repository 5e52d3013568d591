//! Whole stories in memory: the real core and the real pass, against a cluster and a server that can be looked into.

mod again;
pub(super) mod bench;
mod beyond;
mod closed;
mod disabled;
mod families;
mod given;
mod limits;
mod names;
mod own_access;
mod ownership;
mod promises;
mod rights;
pub(super) mod servers;
mod stories;
mod turns;
mod two_secrets;
mod weather;
