//! oauth-client-operator: an OAuth client is a Kubernetes resource.
//!
//! ```text
//!   api ◄── model ◄──┬── provider ◄──┬── operator ◄── main
//!   kinds   the pure │   servers     │   watches, queue, passes
//!           core     └── cluster ◄───┴── plugin ◄── kubectl-oauthclient
//!                        Kubernetes      what a person asks
//! ```
//!
//! A module uses only what is to its left; a test (`tests/structure.rs`) sees to that. To read it in order:
//!
//! 1. [`api`]: the three kinds, as their CRDs say them.
//! 2. [`model`]: what is known ([`model::State`]), what to do next ([`model::decide`]), and what is known then. No I/O. The
//!    [`model::LedgerEntry`] is the operator's own record of one client, and the only thing that may cause an action.
//! 3. The two ports that a pass goes through: [`provider::Provider`] to one authorization server, [`cluster::Cluster`] to
//!    Kubernetes.
//! 4. [`operator::pass`]: gather, decide, do one step, fold its outcome in. Around it [`operator`] has what says who is
//!    next, and what keeps the process healthy.
//!
//! To add a kind of server: CONTRIBUTING.md, "Adding an authorization server". What is promised, and why: docs/concepts.md.

pub mod api;
pub mod cluster;
pub mod model;
pub mod operator;
pub mod plugin;
pub mod provider;
