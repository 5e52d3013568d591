//! What the rules of a server allow, and what is said when they do not.

use super::super::names::generated_name;
use super::super::testing::*;
use super::super::*;
use crate::api::{AccessRule, DeletionPolicy};

/// A rule that allows what the table asks for.
fn rule() -> AccessRule {
    serde_json::from_value(serde_json::json!({
        "name": "payments",
        "namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "payments"}}},
        "scopes": ["invoices.*", "read"],
        "naming": "Generated",
    }))
    .unwrap()
}

fn verdict(
    edit_client: impl FnOnce(&mut ClientObject),
    edit_rule: impl FnOnce(&mut AccessRule),
    labels: &[(&str, &str)],
) -> String {
    let mut client = client();
    edit_client(&mut client);
    let mut rule = rule();
    edit_rule(&mut rule);
    let server = Server {
        access_rules: Some(vec![rule]),
        ..server()
    };
    let labels = labels
        .iter()
        .map(|(key, value)| (String::from(*key), String::from(*value)))
        .collect();
    let namespace = NamespaceView {
        labels,
        ..NamespaceView::default()
    };
    match access::accept(&subject().client, &client, &namespace, &server) {
        Ok(_) => "allowed".to_owned(),
        Err(obstacle) => format!("{}: {}", obstacle.reason, obstacle.message),
    }
}

#[test]
fn access_rules_say_what_is_allowed() {
    const TEAM: &[(&str, &str)] = &[("team", "payments")];
    let keep = |_: &mut AccessRule| {};
    let scope = |value: &'static str| move |c: &mut ClientObject| c.spec.scopes = Some(vec![value.into()]);
    assert_eq!(verdict(|_| {}, keep, TEAM), "allowed");
    assert_eq!(verdict(scope("invoices.read"), keep, TEAM), "allowed");
    assert_eq!(verdict(|c| c.spec.scopes = None, keep, TEAM), "allowed");
    insta::assert_snapshot!(
        [
            verdict(|_| {}, keep, &[]),
            verdict(|_| {}, keep, &[("team", "other")]),
            verdict(scope("admin"), keep, TEAM),
            verdict(scope("invoices"), keep, TEAM),
            verdict(
                |c| c.spec.grant_types = Some(vec!["client_credentials".into()]),
                keep,
                TEAM
            ),
            verdict(|c| c.spec.client_name = Some("Mine".into()), keep, TEAM),
            verdict(|c| c.spec.deletion_policy = DeletionPolicy::Retain, keep, TEAM),
            verdict(
                |c| c.spec.redirect_uris = vec!["https://a.example/cb".into()],
                keep,
                TEAM
            ),
            verdict(
                |c| c.spec.grant_types = Some(vec!["authorization_code".into()]),
                keep,
                TEAM
            ),
            verdict(|c| c.spec.access_token_validity_seconds = Some(60), keep, TEAM),
            verdict(|_| {}, |r| r.namespaces = None, TEAM),
            verdict(
                |_| {},
                |r| {
                    if let Some(n) = &mut r.namespaces {
                        n.selector = None
                    }
                },
                TEAM
            ),
        ]
        .join("\n")
    );
}

#[test]
fn nobody_chooses_a_name_that_looks_generated() {
    const TEAM: &[(&str, &str)] = &[("team", "payments")];
    let other = generated_name(
        "audit.trail",
        &"cluster-1".into(),
        &"uid-of-another".into(),
        1,
        100,
    );
    for naming in [crate::api::Naming::Any, crate::api::Naming::Exact] {
        let chosen = verdict(
            |c| c.spec.client_name = Some(other.clone()),
            |r| r.naming = naming,
            TEAM,
        );
        assert!(chosen.starts_with("NotAllowedByPolicy: clientName"), "{chosen}");
        let plain = verdict(
            |c| c.spec.client_name = Some("audit.trail.1".into()),
            |r| r.naming = naming,
            TEAM,
        );
        assert_eq!(plain, "allowed");
    }
}

#[test]
fn a_default_name_that_looks_generated_does_not_stand_exactly() {
    let exact: AccessRule = serde_json::from_value(serde_json::json!({
        "name": "all", "namespaces": {"from": "All"}, "scopes": ["*"], "naming": "Exact",
    }))
    .unwrap();
    let key = ClientKey {
        name: "billing.0123456789.1".into(),
        ..subject().client
    };
    let accept = |rules| {
        let server = Server {
            access_rules: rules,
            ..server()
        };
        access::accept(&key, &client(), &NamespaceView::default(), &server)
    };
    let refused = accept(Some(vec![exact])).unwrap_err();
    assert_eq!(refused.reason, crate::api::ClientReason::NotAllowedByPolicy);
    assert!(accept(None).is_ok(), "a suffix of its own tells it apart");
}

#[test]
fn the_scopes_of_an_audience_are_scopes() {
    let told = verdict_of_audience("admin");
    assert!(told.contains("scope admin is not allowed here"), "{told}");
    assert_eq!(verdict_of_audience("invoices.read"), "allowed");
}

/// What the rule says of a scope of an audience that it allows, at a server that has such.
fn verdict_of_audience(scope: &str) -> String {
    let mut client = client();
    client.spec.audiences = vec![
        serde_json::from_value(serde_json::json!({"audience": "https://api", "scopes": [scope]})).unwrap(),
    ];
    let rule = AccessRule {
        audiences: vec!["https://api".into()],
        ..rule()
    };
    let mut server = Server {
        access_rules: Some(vec![rule]),
        ..server()
    };
    server.capabilities.honours.insert(Field::Audiences);
    server.capabilities.audience_scopes = true;
    let labels = [("team".to_owned(), "payments".to_owned())].into();
    let namespace = NamespaceView {
        labels,
        terminating: false,
        closed: None,
    };
    match access::accept(&subject().client, &client, &namespace, &server) {
        Ok(_) => "allowed".to_owned(),
        Err(obstacle) => obstacle.message,
    }
}
