use super::*;
use crate::api::ANNOTATION_VALUE_MAX;
use crate::model::metadata::ClientMetadata;
use crate::model::testing;

#[test]
fn a_value_that_is_too_long_to_be_an_order_is_not_kept() {
    let long = "x".repeat(ANNOTATION_VALUE_MAX + 1);
    let mut served = Served::at_creation(Some(long.clone()));
    served.serve(&long);
    assert_eq!(served, Served::default());
    assert!(!served.knows(&long), "so it is told that it is too long");
    served.serve(&long[1..]);
    assert!(served.knows(&long[1..]));
}

#[test]
fn an_entry_survives_the_ledger() {
    let entry = testing::settled_entry();
    let text = entry.encode().unwrap();
    assert!(
        text.expose().contains("canary-current-secret"),
        "the credential is kept"
    );
    assert_eq!(LedgerEntry::decode(text.expose()).unwrap(), entry);
}

#[test]
fn a_newer_schema_is_told_from_a_broken_one() {
    assert_eq!(
        LedgerEntry::decode(r#"{"schema":2,"what":[]}"#),
        Err(Unreadable::Newer(2))
    );
    assert!(matches!(
        LedgerEntry::decode(r#"{"schema":1,"entry":{}}"#),
        Err(Unreadable::Malformed(_))
    ));
    assert!(matches!(LedgerEntry::decode(""), Err(Unreadable::Malformed(_))));
}

#[test]
fn a_field_that_is_not_known_is_not_dropped_silently() {
    let text = testing::settled_entry().encode().unwrap();
    let text = text
        .expose()
        .replacen("\"cluster_id\"", "\"later\":1,\"cluster_id\"", 1);
    assert!(matches!(
        LedgerEntry::decode(&text),
        Err(Unreadable::Malformed(_))
    ));
}

#[test]
fn an_entry_claims_every_exact_name_that_it_answers_for() {
    let mut entry = testing::settled_entry();
    assert!(entry.claims().is_empty(), "generated names need no claim");
    let named = |name: &str| Registration {
        name: name.to_owned(),
        ..testing::registration(1)
    };
    entry.current = Some(named("current"));
    entry.previous = Some(Previous {
        registration: named("previous"),
        same_client: false,
        overlap_seconds: 0,
        retire_at: None,
        unproven_since: None,
    });
    entry.obligations.push(Obligation {
        handle: "owed".into(),
        registration: Some(named("owed")),
        lost: None,
        only_secret: false,
        removal: Removal::Delete,
        since: testing::noon(),
        not_before: testing::noon(),
        was_current: false,
        attempt: None,
        removed: false,
    });
    entry.intent = Some(Intent {
        operation: Operation::Register {
            candidate: Candidate {
                name: "attempted".to_owned(),
                trace: Trace::ExactName,
                marker: testing::marker(),
                client_id: None,
                client_secret: None,
                metadata: ClientMetadata::default(),
            },
            rotation: None,
        },
        attempt: Attempt {
            id: "a".into(),
            by: "b".into(),
            at: testing::noon(),
            tries: 1,
        },
    });
    let claimed = ["current", "previous", "owed", "attempted"];
    assert_eq!(
        entry.claims(),
        claimed
            .map(|name| claim(&entry.server_fingerprint, name))
            .into_iter()
            .collect()
    );
    assert_ne!(claim("https://a", "x"), claim("https://b", "x"));
}

#[test]
fn errors_do_not_quote_the_entry() {
    let text = testing::settled_entry().encode().unwrap();
    let broken =
        text.expose()
            .replacen("\"tries\"", "\"tires\"", 1)
            .replacen("\"Delete\"", "\"canary-x\"", 1);
    let error = LedgerEntry::decode(&broken).unwrap_err();
    assert!(!error.to_string().contains("canary"), "{error}");
}
