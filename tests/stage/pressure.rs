//! How hard the operator presses an authorization server and the API server while things go wrong: who goes in circles
//! is seen here.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};
use oauth_client_operator::model::{ClientKey, Subject, Uid};

use super::proxy::Passed;
use super::scene::{SCENE_LABEL, Scene};
use super::world::NAMESPACE;

const WINDOW: Duration = Duration::from_secs(10);
/// In any such time a whole life in bad weather took at most this much, of one client or two, all that was done to them
/// included: 11 requests to the authorization server, 13 writes at the API server, 9 Events. A machine that is slow puts
/// more into one window; whoever goes in circles without a pause is at hundreds.
const REQUESTS: usize = 30;
const WRITES: usize = 32;
const EVENTS: usize = 24;

/// What happened in the busiest window: `acts` are in the order of their moments.
fn busiest(acts: &[(Duration, String)]) -> &[(Duration, String)] {
    let mut busiest: &[(Duration, String)] = &[];
    let mut from = 0;
    for (to, (at, _)) in acts.iter().enumerate() {
        while at.saturating_sub(acts[from].0) >= WINDOW {
            from += 1;
        }
        if to + 1 - from > busiest.len() {
            busiest = &acts[from..=to];
        }
    }
    busiest
}

impl Scene {
    /// That neither its authorization server nor the API server was pressed because of it.
    pub async fn assert_spared(&self) {
        let is_event = |(_, what): &(Duration, String)| what.contains(" events ");
        let written = self.written_by_operator().await;
        let (events, writes): (Vec<_>, Vec<_>) = written.into_iter().partition(is_event);
        assert!(!writes.is_empty(), "{}: no write was seen", self.id);
        for (what, acts, bound) in [
            ("requests", self.asked_by_operator(), REQUESTS),
            ("writes at the API server", writes, WRITES),
            ("Events", events, EVENTS),
        ] {
            let busiest = busiest(&acts);
            assert!(
                busiest.len() <= bound,
                "{}: {} {what} in {WINDOW:?}, more than {bound}: {busiest:#?}",
                self.id,
                busiest.len()
            );
        }
    }

    /// What its server was asked, but for the tokens that the test itself has asked for.
    fn asked_by_operator(&self) -> Vec<(Duration, String)> {
        let mut entries = self.emulator.requests();
        for sent in self.tokens_asked.lock().unwrap().iter() {
            let is_it = |entry: &_| is_token_since(entry, *sent);
            if let Some(index) = entries.iter().position(is_it) {
                entries.remove(index);
            }
        }
        let acts = entries.into_iter().map(|entry| {
            let what = format!("{} -> {:?}", entry.operation, entry.status);
            (Duration::from_millis(entry.at_ms), what)
        });
        acts.collect()
    }

    /// What the operator wrote in its namespaces, of its server object, and in the ledger about its clients.
    async fn written_by_operator(&self) -> Vec<(Duration, String)> {
        let entries = self.entry_names().await;
        let inner = format!("{}-", self.id);
        let concerns = |passed: &Passed| match passed.namespace.as_str() {
            NAMESPACE => entries.contains(&passed.name),
            // Of what has no namespace, and where Events about it are.
            "" | "default" => passed.name.split('.').next() == Some(&self.id),
            namespace => namespace == self.id || namespace.starts_with(&inner),
        };
        let passed = self.world.proxy.passed_since(self.began).into_iter();
        let writes = passed.filter(|passed| passed.writes() && concerns(passed));
        let acts = writes.map(|passed| {
            let what = format!("{} {} {}", passed.verb, passed.resource, passed.name);
            (passed.at - self.began, what)
        });
        acts.collect()
    }

    /// What the entries of its clients are called in the ledger.
    async fn entry_names(&self) -> Vec<String> {
        let namespaces: Api<Namespace> = Api::all(self.world.kube.clone());
        let ours = ListParams::default().labels(&format!("{SCENE_LABEL}={}", self.id));
        let namespaces = namespaces.list(&ours).await.unwrap().items;
        let apps = self.apps.lock().unwrap();
        let names = apps.iter().filter_map(|(namespace, name)| {
            let found = namespaces.iter().find(|found| found.name_any() == *namespace)?;
            let subject = Subject {
                client: ClientKey {
                    namespace: namespace.clone(),
                    name: name.clone(),
                },
                namespace_uid: Uid(found.uid()?),
            };
            Some(subject.entry_name())
        });
        names.collect()
    }
}

fn is_token_since(entry: &authserver_emulator::journal::Entry, sent: Timestamp) -> bool {
    entry.operation == "token" && entry.at >= sent
}

/// That the busiest window is found.
pub fn finds_what_is_planted() {
    let at = |moments: &[u64]| -> Vec<(Duration, String)> {
        let acts = moments
            .iter()
            .map(|at| (Duration::from_millis(*at), String::new()));
        acts.collect()
    };
    assert!(busiest(&[]).is_empty());
    // Once a second is eleven in ten seconds and a bit, and never in ten.
    let steady = at(&(0..60).map(|second| second * 1_000).collect::<Vec<_>>());
    assert_eq!(busiest(&steady).len(), 10);
    // Late, and across what a division into tens of seconds would cut.
    let circles = at(&[0, 1, 2, 35_000, 38_000, 39_999, 40_000, 44_000, 44_999, 45_000]);
    assert_eq!(busiest(&circles), &circles[3..9]);
}
