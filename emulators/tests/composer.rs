//! The emulator of Composer Trusted Access, over HTTP.

mod support;

#[path = "composer/access.rs"]
mod access;
#[path = "composer/api.rs"]
mod api;
#[path = "composer/caller.rs"]
mod caller;
#[path = "composer/control.rs"]
mod control;
#[path = "composer/effects.rs"]
mod effects;
#[path = "composer/lists.rs"]
mod lists;
#[path = "composer/misbehaviour.rs"]
mod misbehaviour;
#[path = "composer/rules.rs"]
mod rules;
#[path = "composer/switches.rs"]
mod switches;
#[path = "composer/tokens.rs"]
mod tokens;
