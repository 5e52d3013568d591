//! The last tests of every run: the operator stops, and everything that it has shown is looked through.

use std::io::Write as _;

use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use oauth_client_operator::api::{API_VERSION, OAuthClient};
use serde_json::json;

use super::until::{SOON, holds, until};
use super::witness::{CLIENT, EVENT, LOG, METRICS};
use super::world::World;
use super::{canary, pressure, remains};

impl World {
    /// What was promised to the kubelet.
    pub async fn stop_operator(&self) {
        self.operator.alive().unwrap();
        let status = self.operator.stop().await;
        assert!(status.success(), "{status}\n{}", self.operator.log_end(20));
    }

    /// A panic is caught and tried again, so nothing else would show it.
    pub fn show_no_panic(&self) {
        self.see_logs();
        let panics = self.witness.panics();
        assert!(panics.is_empty(), "panics:\n  {}", panics.join("\n  "));
    }

    /// There is something to look through, of every process.
    pub fn show_something(&self) {
        self.see_logs();
        let missing = self.witness.missing();
        assert!(missing.is_empty(), "missing:\n  {}", missing.join("\n  "));
    }

    /// The searches themselves, and that what each place shows comes to them.
    pub async fn find_what_is_planted(&self) {
        canary::finds_what_is_planted();
        remains::finds_what_is_planted();
        pressure::finds_what_is_planted();
        let planted = format!("planted+%:&\"\\-{}", self.run);
        self.witness.knows([planted.clone()]);
        self.plant(&planted).await;
        let evidence = async || self.witness.findings().1;
        until(SOON, "the planted text is found", evidence, async || {
            self.see_logs();
            let (found, _) = self.witness.findings();
            let places = [EVENT, CLIENT, LOG, METRICS].into_iter();
            let unseen: Vec<&str> = places
                .filter(|place| !found.iter().any(|finding| finding.starts_with(place)))
                .collect();
            holds(unseen.is_empty(), format!("not found in {unseen:?}: {found:?}"))
        })
        .await;
        self.witness.forgets(&planted);
    }

    /// Shows a text in an Event, a status, a log and metrics.
    async fn plant(&self, planted: &str) {
        let name = format!("planted-{}", self.run);
        let event = json!({
            "apiVersion": "events.k8s.io/v1", "kind": "Event",
            "metadata": {"name": name, "namespace": "default"},
            "eventTime": "2026-11-22T10:02:00.000000Z", "type": "Normal", "reason": "Planted", "action": "Plant",
            "regarding": {"kind": "Namespace", "name": "default"},
            "reportingController": "e2e", "reportingInstance": "e2e", "note": planted,
        });
        let events: Api<Event> = Api::namespaced(self.kube.clone(), "default");
        let event = serde_json::from_value(event).unwrap();
        events.create(&PostParams::default(), &event).await.unwrap();

        let client = json!({
            "apiVersion": API_VERSION, "kind": "OAuthClient", "metadata": {"name": name},
            "spec": {"serverRef": {"kind": "AuthorizationServer", "name": "nowhere"}},
        });
        let status = json!({"status": {"conditions": [{
            "type": "Ready", "status": "False", "reason": "Planted", "message": planted,
            "lastTransitionTime": "2026-11-22T10:02:00Z",
        }]}});
        let clients: Api<OAuthClient> = Api::namespaced(self.kube.clone(), "default");
        let client = serde_json::from_value(client).unwrap();
        clients.create(&PostParams::default(), &client).await.unwrap();
        let parameters = PatchParams::default();
        clients
            .patch_status(&name, &parameters, &Patch::Merge(status))
            .await
            .unwrap();

        let mut log = std::fs::OpenOptions::new();
        let mut log = log.append(true).open(self.operator.log_file()).unwrap();
        writeln!(log, "{}", json!({"message": "planted", "text": planted})).unwrap();
        let metrics = format!("oauthclient_planted{{text={planted:?}}} 1");
        self.witness.see(METRICS, &metrics);
    }

    /// The last test.
    pub fn show_no_credential(&self) {
        self.see_logs();
        let (findings, extent) = self.witness.findings();
        println!("{extent}");
        assert!(findings.is_empty(), "shown:\n  {}", findings.join("\n  "));
    }

    /// The logs of all processes of the run are next to each other.
    fn see_logs(&self) {
        for file in std::fs::read_dir(&self.folder).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "log") {
                let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                self.witness.see(&format!("{LOG} {name}"), &text);
            }
        }
    }
}
