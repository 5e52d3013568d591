use serde_json::{Value, json};

use super::explain::explain;
use super::seen::{Reading, RecordSeen, SecretSeen, Seen};
use super::shown;
use crate::api::{OAuthClient, ServerStatus};
use crate::model::{LedgerEntry, Unreadable, testing};
use crate::plugin::moves::Mover;
use crate::plugin::testing::{kept, now, owing};

const DENIED: &str =
    "corp denied the request: 403 Forbidden. Platform team: grant it. Retried with growing pauses.";

fn condition(type_: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({
        "type": type_, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": "2026-11-22T12:00:00Z", "observedGeneration": 1,
    })
}

/// A client with this status, an hour old.
fn client(status: &Value) -> OAuthClient {
    serde_json::from_value(json!({
        "apiVersion": "oauthclient.dev/v1alpha1", "kind": "OAuthClient",
        "metadata": {
            "namespace": "payments", "name": "billing", "uid": "uid-1", "generation": 1,
            "creationTimestamp": "2026-11-22T12:00:00Z",
        },
        "spec": {"serverRef": {"kind": "ClusterAuthorizationServer", "name": "corp"}},
        "status": status,
    }))
    .unwrap()
}

fn ready() -> Value {
    json!({
        "observedGeneration": 1, "clientID": "id-1", "clientName": "payments.billing.0123456789.1",
        "binding": {"name": "billing"},
        "conditions": [
            condition("Ready", "True", "Ready", "registered at corp; the credential is in Secret billing"),
            condition("Accepted", "True", "Accepted", "corp takes this client"),
            condition("Registered", "True", "Registered", "registered at corp"),
            condition("SecretPublished", "True", "Published", "Secret billing holds the credential"),
            condition("Verified", "Unknown", "NotSupported", "the server gives no way to try a credential"),
        ],
    })
}

fn denied() -> Value {
    json!({"observedGeneration": 1, "conditions": [
        condition("Ready", "False", "ServerDenied", DENIED),
        condition("Accepted", "True", "Accepted", "corp takes this client"),
        condition("Registered", "False", "ServerDenied", DENIED),
        condition("Stalled", "True", "ServerDenied", DENIED),
    ]})
}

fn server(ready: &str, reason: &str, message: &str) -> Reading<ServerStatus> {
    let status = json!({"conditions": [condition("Ready", ready, reason, message)]});
    Reading::Found(serde_json::from_value(status).unwrap())
}

fn secret() -> Reading<SecretSeen> {
    Reading::Found(SecretSeen {
        name: "billing".to_owned(),
        client: Some("billing".to_owned()),
    })
}

fn record(entry: LedgerEntry) -> Reading<RecordSeen> {
    Reading::Found(RecordSeen::Kept(Box::new(kept(entry)), Some("cluster-1".into())))
}

fn may_not(what: &str) -> String {
    format!("{what} cannot be read: {what} is forbidden (403)")
}

/// What an administrator sees of a client that is as it should be.
fn settled() -> Seen {
    Seen {
        now: now(),
        key: testing::subject().client,
        client: Some(client(&ready())),
        server_key: Some(testing::server_key()),
        server: server("True", "Ready", "clients can be registered"),
        secret: secret(),
        record: record(testing::settled_entry()),
    }
}

fn text(seen: &Seen) -> String {
    let told = explain(seen);
    let text = shown::text(&told, seen.now);
    let json = serde_json::to_string(&told).unwrap();
    assert!(
        !text.contains("canary") && !json.contains("canary"),
        "{text}{json}"
    );
    text
}

#[test]
fn all_is_well() {
    insta::assert_snapshot!(text(&settled()));
}

#[test]
fn a_tenant_is_told_what_the_own_object_says_and_what_could_not_be_read() {
    let seen = Seen {
        server: Reading::NotRead(may_not("clusterauthorizationservers/corp")),
        record: Reading::NotRead(may_not("namespaces/payments")),
        secret: Reading::Absent,
        client: Some(client(&denied())),
        ..settled()
    };
    insta::assert_snapshot!(text(&seen));
    let told = explain(&seen);
    assert_eq!(told.wrong.len(), 1, "one message is told once");
    assert_eq!(told.moves, [Mover::PlatformTeam]);
    insta::assert_snapshot!("json", serde_json::to_string_pretty(&told).unwrap());
}

#[test]
fn what_is_left_of_a_client_that_is_gone() {
    let entry = LedgerEntry {
        current: None,
        ..owing()
    };
    let seen = Seen {
        client: None,
        server: server(
            "False",
            "Unreachable",
            "corp gave no answer. The operator asks again; nobody has to act unless it lasts.",
        ),
        secret: Reading::Absent,
        record: record(entry),
        ..settled()
    };
    insta::assert_snapshot!(text(&seen));
    let without = explain(&Seen {
        server: Reading::Absent,
        ..seen
    });
    let message = &without.wrong[0].message;
    assert!(message.contains("discharge payments/billing --all"), "{message}");
}

#[test]
fn an_overlap_and_a_rotation_to_come_are_what_happens_next() {
    let mut status = ready();
    status["rotation"] = json!({
        "overlapEndTime": "2026-11-22T14:00:00Z", "nextRotationTime": "2026-12-22T13:00:00Z",
        "credentialExpirationTime": "2027-01-01T00:00:00Z",
    });
    let told = explain(&Seen {
        client: Some(client(&status)),
        ..settled()
    });
    assert_eq!(
        told.next,
        [
            "the previous credential stops working at 2026-11-22T14:00:00Z (in 60m)",
            "the credential is rotated at 2026-12-22T13:00:00Z (in 30d)",
            "the credential expires at the server at 2027-01-01T00:00:00Z (in 39d)",
        ]
    );
    assert_eq!(told.moves, [Mover::Nobody]);
}

/// That this is what is said to be wrong, and whose move that is.
#[track_caller]
fn says(change: impl FnOnce(&mut Seen), wrong: &str, mover: Mover) {
    let mut seen = settled();
    change(&mut seen);
    let told = explain(&seen);
    let what: Vec<&str> = told.wrong.iter().map(|wrong| wrong.what.as_str()).collect();
    assert_eq!((what.join("; ").as_str(), told.moves), (wrong, vec![mover]));
}

#[test]
fn whether_the_operator_has_looked_is_told() {
    says(|_| {}, "", Mover::Nobody);
    let never = |seen: &mut Seen| seen.client = Some(client(&Value::Null));
    says(never, "nobody has looked at it", Mover::PlatformTeam);
    let just_made = |seen: &mut Seen| {
        never(seen);
        seen.now = testing::at(5);
    };
    says(just_made, "nobody has looked at it", Mover::Operator);
    let edited = |seen: &mut Seen| seen.client.as_mut().unwrap().metadata.generation = Some(2);
    says(edited, "its status is out of date", Mover::Operator);
}

#[test]
fn conditions_say_what_is_wrong_and_whose_move_it_is() {
    let with = |type_: &'static str, status: &'static str, reason: &'static str, message: &'static str| {
        move |seen: &mut Seen| {
            let mut of = ready();
            let conditions = of["conditions"].as_array_mut().unwrap();
            conditions.retain(|condition| condition["type"] != type_);
            conditions.push(condition(type_, status, reason, message));
            seen.client = Some(client(&of));
        }
    };
    let refused = with("Verified", "False", "Rejected", "the token endpoint refused it");
    says(refused, "Verified is False: Rejected", Mover::PlatformTeam);
    let failed = with(
        "Rotating",
        "False",
        "Failed",
        "corp cannot. Application team: change the spec",
    );
    says(failed, "Rotating is False: Failed", Mover::ApplicationTeam);
    says(with("Rotating", "False", "Completed", "done"), "", Mover::Nobody);
    let suspended = with("Ready", "False", "Suspended", "spec.suspend is set");
    says(suspended, "Ready is False: Suspended", Mover::WhoSuspended);
    let at_work = with("Ready", "False", "Reconciling", "the operator is at work");
    says(at_work, "Ready is False: Reconciling", Mover::Operator);
    let stalled = with("Stalled", "True", "LaterReason", "words of a later version");
    says(stalled, "Stalled is True: LaterReason", Mover::Person);
}

#[test]
fn what_stands_beside_the_client_is_told() {
    let deleted = |seen: &mut Seen| seen.secret = Reading::Absent;
    says(deleted, "Secret billing is not there", Mover::Operator);
    let foreign = |seen: &mut Seen| {
        seen.secret = Reading::Found(SecretSeen {
            name: "billing".to_owned(),
            client: None,
        });
    };
    says(
        foreign,
        "Secret billing is somebody else's",
        Mover::ApplicationTeam,
    );
    let down = |seen: &mut Seen| {
        seen.server = server(
            "False",
            "Unreachable",
            "corp gave no answer; nobody has to act unless it lasts.",
        );
    };
    says(down, "its server is not ready: Unreachable", Mover::Operator);
    let newer = |seen: &mut Seen| seen.record = Reading::Found(RecordSeen::Unusable(Unreadable::Newer(9)));
    says(
        newer,
        "the operator's record of it cannot be used",
        Mover::PlatformTeam,
    );
    let elsewhere = |seen: &mut Seen| {
        let record = Box::new(kept(testing::settled_entry()));
        seen.record = Reading::Found(RecordSeen::Kept(record, Some("another".into())));
    };
    says(
        elsewhere,
        "the operator's record of it is another cluster's",
        Mover::PlatformTeam,
    );
}

#[test]
fn a_deletion_that_hangs_is_somebody_elses_finalizer() {
    let mut going = client(&ready());
    going.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now()));
    going.metadata.finalizers = Some(vec!["example.com/hold".to_owned()]);
    let told = explain(&Seen {
        client: Some(going),
        secret: Reading::Absent,
        ..settled()
    });
    assert_eq!(told.summary, "being deleted");
    assert!(told.wrong[0].message.contains("example.com/hold"), "{told:?}");
    assert_eq!(told.wrong.len(), 1, "{told:?}");
}
