//! The stage of the stories: the API server with the chart on it, the operator as a process, and for each story an
//! authorization server of its own.

#![allow(dead_code, unused_imports, reason = "each test binary uses a part of it")]

pub mod app;
pub mod canary;
pub mod cocoon;
pub mod finale;
pub mod known;
pub mod oidc;
pub mod operator;
pub mod pressure;
pub mod proxy;
pub mod published;
pub mod remains;
pub mod requests;
pub mod runner;
pub mod scene;
pub mod tenant;
pub mod tls;
pub mod until;
pub mod witness;
pub mod world;

pub use app::App;
pub use published::{Pair, Published};
pub use runner::Test;
pub use scene::Scene;
pub use world::{Way, World};
