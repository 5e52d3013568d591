//! The connection to the server under test: the adapter as the operator makes it, and what counts its calls.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::mistakes::Mistake;
use super::verdict::Checked;
use crate::api::ServerSpec;
use crate::model::Fault;
use crate::operator::pass::{Connection, Permit, Permits};
use crate::operator::tapped::Tapped;
use crate::provider::address::EgressRules;
use crate::provider::connect::{Secrets, connect};
use crate::provider::gate::{self, Gate, NoEntry};

/// The calls that were made, as [`crate::model::Request::kind`] names those that change something.
pub(super) type Calls = Arc<Mutex<Vec<&'static str>>>;

/// Connects as the operator does: from the spec of the server object and the Secrets that it refers to. There are no
/// limits on the rate of calls.
pub(super) fn connection(
    spec: &ServerSpec,
    secrets: &Secrets,
    mistake: Option<Mistake>,
    calls: &Calls,
) -> Checked<Connection> {
    // Servers under test are on this machine.
    let egress = EgressRules {
        allow_loopback: true,
        ..EgressRules::default()
    };
    let provider = connect(spec, false, secrets, &egress).map_err(|why| why.to_string())?;
    let provider = match mistake {
        Some(mistake) => mistake.made_by(provider),
        None => provider,
    };
    let calls = Arc::clone(calls);
    let provider = Tapped::new(provider, move |call, _: Option<&Fault>| {
        calls.lock().unwrap().push(call);
    });
    Ok(Connection {
        provider: Arc::new(provider),
        permits: Arc::new(NoLimits),
        call_limit: Duration::from_secs(spec.limits.request_timeout_seconds.max(1).into()),
    })
}

/// Lets everybody in: limits are kept by real clocks, which a story does not wait for.
struct NoLimits;

#[async_trait]
impl Permits for NoLimits {
    async fn permit(&self, _party: &str) -> Result<Box<dyn Permit>, NoEntry> {
        Ok(Box::new(Self))
    }
}

impl Permit for NoLimits {
    fn done(self: Box<Self>, _fault: Option<&Fault>) {}
}

/// The operator's own limits, as the server object sets them.
pub(super) fn limits(spec: &ServerSpec) -> Arc<dyn Permits> {
    Arc::new(Limited(Gate::new(&spec.limits)))
}

struct Limited(Gate);

#[async_trait]
impl Permits for Limited {
    async fn permit(&self, party: &str) -> Result<Box<dyn Permit>, NoEntry> {
        Ok(Box::new(Admitted(self.0.enter(party, Duration::ZERO).await?)))
    }
}

struct Admitted(gate::Permit);

impl Permit for Admitted {
    fn done(self: Box<Self>, fault: Option<&Fault>) {
        self.0.done(&fault.map_or(Ok(()), |fault| Err(fault.clone())));
    }
}
