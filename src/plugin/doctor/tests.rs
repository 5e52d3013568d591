use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt as _;
use kube::core::DeserializeGuard;
use serde_json::{Value, json};

use super::finding::{Answer, Findings, Grade};
use super::{installed, kept};
use crate::api::{self, OAuthClient};
use crate::cluster::lease::LeaseRecord;
use crate::model::{LedgerEntry, ServerKey, Unreadable, testing};
use crate::plugin::installation::Installed;
use crate::plugin::ledger::{Book, Unusable};
use crate::plugin::servers::ServerSeen;
use crate::plugin::testing::{book, now, owing};

fn definitions() -> Vec<(String, Option<CustomResourceDefinition>)> {
    let established = json!({
        "conditions": [{"type": "Established", "status": "True", "reason": "r", "message": "m",
                        "lastTransitionTime": "2026-11-22T12:00:00Z"}],
        "acceptedNames": {"kind": "K", "plural": "p"}, "storedVersions": ["v1alpha1"],
    });
    let all = api::crds().into_iter().map(|mut definition| {
        definition.status = serde_json::from_value(established.clone()).unwrap();
        (definition.name_any(), Some(definition))
    });
    all.collect()
}

fn operator(wanted: i32, ready: i32) -> Installed {
    let deployment: Deployment = serde_json::from_value(json!({
        "metadata": {"name": "operator", "namespace": "oauth-system", "labels": {"app.kubernetes.io/name": "oauth-client-operator"}},
        "spec": {"replicas": wanted, "selector": {}, "template": {"spec": {"containers": [{"name": "operator", "args": ["run"]}]}}},
        "status": {"readyReplicas": ready},
    }))
    .unwrap();
    Installed::of(&deployment).unwrap()
}

fn lease(renewed: i64) -> LeaseRecord {
    LeaseRecord {
        holder: Some("operator-0".to_owned()),
        renewed: Some(testing::at(renewed)),
        ..LeaseRecord::default()
    }
}

fn condition(type_: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": type_, "status": status, "reason": reason, "message": message,
           "lastTransitionTime": "2026-11-22T12:00:00Z"})
}

fn server(namespace: Option<&str>, name: &str, ready: &Value) -> ServerSeen {
    let spec = json!({"provider": {"digitalRoute": {
        "url": "https://corp", "auth": {"basic": {"secretRef": {"name": format!("{name}-admin")}}},
    }}});
    ServerSeen {
        key: ServerKey {
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        },
        content: Ok((
            serde_json::from_value(spec).unwrap(),
            serde_json::from_value(json!({ "conditions": [ready] })).unwrap(),
        )),
    }
}

fn client(name: &str, conditions: &Value) -> DeserializeGuard<OAuthClient> {
    serde_json::from_value(json!({
        "apiVersion": "oauthclient.dev/v1alpha1", "kind": "OAuthClient",
        "metadata": {"namespace": "payments", "name": name, "uid": name, "creationTimestamp": "2026-11-22T12:00:00Z"},
        "spec": {"serverRef": {"kind": "ClusterAuthorizationServer", "name": "corp"}},
        "status": {"conditions": conditions},
    }))
    .unwrap()
}

fn servers_seen() -> Vec<ServerSeen> {
    let ready = condition("Ready", "True", "Ready", "clients can be registered");
    let denied = condition(
        "Ready",
        "False",
        "ServerDenied",
        "shop denied the request. Platform team: mend the credential.",
    );
    vec![
        server(None, "corp", &ready),
        server(Some("shop"), "local", &denied),
    ]
}

#[test]
fn all_is_well() {
    let mut found = vec![
        installed::definitions(&Ok(definitions())),
        installed::lease(&Ok(Some(lease(3_590))), "operator", &operator(2, 2), now()),
    ];
    found.extend(installed::operator(
        &Ok(vec![operator(2, 2)]),
        "oauth-system",
        &[],
    ));
    found.extend(kept::ledger(
        &Ok(book([testing::settled_entry()])),
        &Ok("cluster-1".into()),
    ));
    found.extend(kept::servers(&Ok(servers_seen()[..1].to_vec())));
    let ready = json!([condition("Ready", "True", "Ready", "m")]);
    found.extend(kept::clients(&Ok(vec![client("a", &ready)]), now()));
    let findings = Findings(found);
    assert!(findings.all_is_well(), "{findings}");
    insta::assert_snapshot!(findings.to_string());
}

#[test]
fn everything_is_wrong() {
    let mut gone = definitions();
    gone[0].1 = None;
    gone[1].1.as_mut().unwrap().status = None;
    gone[2].1.as_mut().unwrap().spec.versions[0].name = "v9".to_owned();
    let mut found = vec![
        installed::definitions(&Ok(gone)),
        installed::lease(&Ok(Some(lease(0))), "operator", &operator(2, 0), now()),
        installed::lease(&Ok(None), "operator", &operator(2, 1), now()),
    ];
    for (wanted, ready) in [(2, 0), (2, 1), (0, 0)] {
        found.extend(installed::operator(
            &Ok(vec![operator(wanted, ready)]),
            "oauth-system",
            &[],
        ));
    }
    found.extend(installed::operator(&Ok(vec![]), "elsewhere", &[operator(1, 1)]));
    found.extend(installed::operator(&Ok(vec![]), "elsewhere", &[]));

    let mut foreign = testing::settled_entry();
    foreign.cluster_id = "another".into();
    foreign.subject.client.name = "reports".to_owned();
    let records = Book {
        unusable: vec![Unusable {
            secret: "client-1".to_owned(),
            why: Unreadable::Newer(9),
        }],
        ..book([owing(), foreign])
    };
    found.extend(kept::ledger(&Ok(records), &Ok("cluster-1".into())));

    let servers = servers_seen();
    let needed = kept::credentials_needed(&servers, "oauth-system");
    let labels: [Answer<Option<BTreeMap<String, String>>>; 2] = [Ok(None), Ok(Some(BTreeMap::new()))];
    found.extend(kept::servers(&Ok(servers)));
    assert_eq!(needed.len(), 2);
    found.extend(
        needed
            .iter()
            .zip(&labels)
            .map(|(needed, labels)| kept::credential(needed, labels)),
    );

    let stalled = |reason: &str, message: &str| {
        json!([
            condition("Ready", "False", reason, message),
            condition("Stalled", "True", reason, message)
        ])
    };
    let policy = stalled("NotAllowedByPolicy", "no rule. Application team: change the spec");
    let mut clients: Vec<_> = (0..7)
        .map(|number| client(&format!("a{number}"), &policy))
        .collect();
    clients.push(client(
        "b",
        &stalled("Unmanageable", "its record is of a newer version"),
    ));
    clients.push(client("unseen", &json!([])));
    clients.push(
        serde_json::from_value(json!({
            "apiVersion": "oauthclient.dev/v1alpha1", "kind": "OAuthClient",
            "metadata": {"namespace": "payments", "name": "odd"}, "spec": {"serverRef": {"kind": "Later", "name": "x"}},
        }))
        .unwrap(),
    );
    found.extend(kept::clients(&Ok(clients), now()));
    let findings = Findings(found);
    assert!(!findings.all_is_well());
    insta::assert_snapshot!(findings.to_string());
}

#[test]
fn what_cannot_be_read_is_not_well() {
    let no = || "forbidden (403)".to_owned();
    let mut found = vec![
        installed::definitions(&Err(no())),
        installed::lease(&Err(no()), "operator", &operator(1, 1), now()),
    ];
    found.extend(installed::operator(&Err(no()), "oauth-system", &[]));
    found.extend(kept::ledger(&Err(no()), &Err(no())));
    found.extend(kept::ledger(&Ok(book([testing::settled_entry()])), &Err(no())));
    found.extend(kept::servers(&Err(no())));
    found.extend(kept::clients(&Err(no()), now()));
    let needed = kept::credentials_needed(&servers_seen(), "oauth-system");
    found.push(kept::credential(needed.first().unwrap(), &Err(no())));
    let not_read = found
        .iter()
        .filter(|finding| finding.grade == Grade::NotRead)
        .count();
    assert_eq!(not_read, found.len() - 1, "one could read the ledger");
    let findings = Findings(found);
    assert!(!findings.all_is_well());
    assert!(
        findings
            .to_string()
            .ends_with("Nothing is wrong, 8 things could not be read.\n"),
        "{findings}"
    );
    let nobody = kept::ledger(&Ok(book(Vec::<LedgerEntry>::new())), &Err(no()));
    assert_eq!(
        nobody.len(),
        1,
        "without records it does not matter whose they are"
    );
}
