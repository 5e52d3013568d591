//! The emulator of dynamic client registration, over HTTP.

mod support;

#[path = "dynamic_registration/api.rs"]
mod api;
#[path = "dynamic_registration/caller.rs"]
mod caller;
#[path = "dynamic_registration/control.rs"]
mod control;
#[path = "dynamic_registration/effects.rs"]
mod effects;
#[path = "dynamic_registration/management.rs"]
mod management;
#[path = "dynamic_registration/metadata.rs"]
mod metadata;
#[path = "dynamic_registration/misbehaviour.rs"]
mod misbehaviour;
#[path = "dynamic_registration/renewal.rs"]
mod renewal;
#[path = "dynamic_registration/switches.rs"]
mod switches;
#[path = "dynamic_registration/token.rs"]
mod token;
