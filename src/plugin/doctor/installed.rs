//! The checks of what is installed: definitions, Deployment, Lease. Pure.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

use super::finding::{Answer, Finding};
use crate::api::VERSION;
use crate::cluster::lease::LeaseRecord;
use crate::plugin::installation::Installed;
use crate::plugin::moves::Mover;
use crate::plugin::table::{age, count};

/// A leader renews its Lease every few seconds; clocks of machines differ a little.
const LEASE_FRESH: SignedDuration = SignedDuration::from_secs(60);

/// The definitions are there, established, and serve the version that this plugin speaks.
pub(super) fn definitions(answer: &Answer<Vec<(String, Option<CustomResourceDefinition>)>>) -> Finding {
    const ABOUT: &str = "definitions";
    let definitions = match answer {
        Ok(definitions) => definitions,
        Err(why) => return Finding::not_read(ABOUT, why),
    };
    let troubles: Vec<String> = definitions
        .iter()
        .filter_map(|(name, definition)| Some(format!("{name} {}", trouble(definition.as_ref())?)))
        .collect();
    if troubles.is_empty() {
        let number = definitions.len();
        return Finding::good(
            ABOUT,
            format!("{} established, {VERSION} is served", count(number, "definition")),
        );
    }
    Finding::wrong(
        ABOUT,
        troubles.join("; "),
        Mover::PlatformTeam,
        "install those of the operator's version (helm upgrade with crds.enabled, or oauth-client-operator crds)",
    )
}

fn trouble(definition: Option<&CustomResourceDefinition>) -> Option<String> {
    let Some(definition) = definition else {
        return Some("is not there".to_owned());
    };
    if definition.metadata.deletion_timestamp.is_some() {
        return Some("is being deleted".to_owned());
    }
    let conditions = definition
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    let established = conditions
        .into_iter()
        .any(|condition| condition.type_ == "Established" && condition.status == "True");
    if !established {
        return Some("is not established".to_owned());
    }
    let served: Vec<&str> = definition
        .spec
        .versions
        .iter()
        .filter(|version| version.served)
        .map(|version| version.name.as_str())
        .collect();
    (!served.contains(&VERSION)).then(|| format!("does not serve {VERSION}, but {}", served.join(", ")))
}

/// The operator is installed and runs.
pub(super) fn operator(
    answer: &Answer<Vec<Installed>>,
    namespace: &str,
    elsewhere: &[Installed],
) -> Vec<Finding> {
    const ABOUT: &str = "operator";
    let installed = match answer {
        Ok(installed) => installed,
        Err(why) => return vec![Finding::not_read(ABOUT, why)],
    };
    if installed.is_empty() {
        let cure = elsewhere.first().map_or_else(
            || "install the chart, or name the operator's namespace with --operator-namespace".to_owned(),
            |found| {
                format!(
                    "there is one in namespace {0}: say --operator-namespace {0}",
                    found.namespace
                )
            },
        );
        let what = format!("there is no Deployment of it in namespace {namespace}");
        return vec![Finding::wrong(ABOUT, what, Mover::PlatformTeam, cure)];
    }
    installed
        .iter()
        .map(|found| {
            let what = format!(
                "Deployment {}/{}: {} of {} ready",
                found.namespace, found.name, found.ready, found.wanted
            );
            let cure = match (found.wanted, found.ready) {
                (0, _) => "it is paused (replicaCount 0): nothing is done for any client until that is changed",
                (_, 0) => "see what its pods say: kubectl describe pods, kubectl logs; /readyz names what it waits for",
                (wanted, ready) if ready < wanted => "one works, but not all that should be ready are: see what its pods say",
                _ => return Finding::good(ABOUT, what),
            };
            Finding::wrong(ABOUT, what, Mover::PlatformTeam, cure)
        })
        .collect()
}

/// Somebody leads.
pub(super) fn lease(
    answer: &Answer<Option<LeaseRecord>>,
    name: &str,
    operator: &Installed,
    now: Timestamp,
) -> Finding {
    const ABOUT: &str = "lease";
    let record = match answer {
        Ok(record) => record,
        Err(why) => return Finding::not_read(ABOUT, why),
    };
    let held = record
        .as_ref()
        .and_then(|record| Some((record.holder.as_ref()?, record.renewed)));
    let what = match held {
        Some((holder, Some(renewed))) if now.duration_since(renewed) <= LEASE_FRESH => {
            return Finding::good(ABOUT, format!("{name} is held by {holder}"));
        }
        Some((holder, Some(renewed))) => format!(
            "{name} is held by {holder}, who renewed it {} ago by the clock here",
            age(now, renewed)
        ),
        Some((holder, None)) => format!("{name} is held by {holder}, who never renewed it"),
        None => format!("nobody holds {name}"),
    };
    let cure = if operator.ready == 0 {
        "as soon as the operator runs, one leads"
    } else {
        "see what the operator's pods say: /readyz names the trouble with the Lease, mostly a right that is missing"
    };
    Finding::wrong(ABOUT, what, Mover::PlatformTeam, cure)
}
