use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Here, How, Life, Plan, Why, adopted};
use crate::model::{LedgerEntry, testing};
use crate::plugin::testing::{book, kept, obligation};

/// A cluster whose namespace has this UID.
fn here(namespace_uid: &str) -> Here {
    let life = Life {
        uid: namespace_uid.into(),
        terminating: false,
    };
    Here {
        cluster_id: "here".into(),
        crd_uid: Some("crd-2".into()),
        namespaces: BTreeMap::from([("payments".to_owned(), life)]),
    }
}

fn old() -> LedgerEntry {
    testing::settled_entry()
}

/// The record of this cluster that comes of the old one.
fn adopted_here() -> LedgerEntry {
    let mut subject = old().subject;
    subject.namespace_uid = "ns-2".into();
    adopted(&old(), &subject, &"here".into())
}

fn plan(entries: impl IntoIterator<Item = LedgerEntry>, here: &Here) -> Plan {
    Plan::new(&book(entries), &"cluster-1".into(), here)
}

fn hows(plan: &Plan) -> Vec<How> {
    plan.adoptions.iter().map(|adoption| adoption.how).collect()
}

fn whys(plan: &Plan) -> Vec<Why> {
    plan.left.iter().map(|left| left.why).collect()
}

#[test]
fn cluster_and_namespace_change_and_nothing_else() {
    for (uid, how) in [("ns-1", How::InPlace), ("ns-2", How::UnderAnotherName)] {
        let plan = plan([old()], &here(uid));
        assert_eq!(hows(&plan), [how]);
        let entry = plan.adoptions[0].entry.clone();
        assert_eq!(
            (
                entry.cluster_id.0.as_str(),
                entry.subject.namespace_uid.0.as_str()
            ),
            ("here", uid)
        );
        let back = LedgerEntry {
            cluster_id: old().cluster_id,
            subject: old().subject,
            ..entry
        };
        assert_eq!(
            back,
            old(),
            "owner and definition stay those of the other cluster"
        );
    }
}

#[test]
fn only_records_of_that_cluster_are_touched() {
    let other = LedgerEntry {
        cluster_id: "third".into(),
        ..old()
    };
    assert!(plan([other], &here("ns-2")).is_empty());
    assert!(plan([adopted_here()], &here("ns-2")).is_empty());
}

#[test]
fn a_namespace_that_is_not_there_holds() {
    let mut without = here("ns-2");
    without.namespaces.clear();
    assert_eq!(whys(&plan([old()], &without)), [Why::NoNamespace]);
    let mut going = here("ns-2");
    going
        .namespaces
        .values_mut()
        .for_each(|life| life.terminating = true);
    assert_eq!(whys(&plan([old()], &going)), [Why::NamespaceGoing]);
}

#[test]
fn where_the_definition_is_the_same_only_the_cluster_changes() {
    let mut restored = here("ns-2");
    restored.crd_uid = Some(old().crd_uid);
    restored.namespaces.clear();
    let mut earlier = old();
    earlier.subject.namespace_uid = "ns-0".into();
    let plan = plan([earlier, old()], &restored);
    assert_eq!(hows(&plan), [How::InPlace, How::InPlace]);
    assert!(
        plan.adoptions
            .iter()
            .all(|adoption| adoption.entry.subject == adoption.old.entry.subject)
    );
    let shown = plan.shown(&BTreeSet::new());
    assert!(shown.contains("was deleted: the client is removed"), "{shown}");
}

#[test]
fn a_second_run_ends_what_the_first_began() {
    // As it was written, and as the operator has taken it over since.
    let taken_over = LedgerEntry {
        owner: "uid-2".into(),
        crd_uid: "crd-2".into(),
        next_number: 3,
        obligations: vec![obligation(2)],
        ..adopted_here()
    };
    for there in [adopted_here(), taken_over] {
        assert_eq!(hows(&plan([old(), there], &here("ns-2"))), [How::OldOneOnly]);
    }
}

#[test]
fn no_record_is_removed_that_knows_more_than_the_one_here() {
    let rotated_away = LedgerEntry {
        current: Some(testing::registration(2)),
        ..adopted_here()
    };
    let behind = LedgerEntry {
        next_number: 1,
        ..adopted_here()
    };
    for there in [rotated_away, behind] {
        assert_eq!(whys(&plan([old(), there], &here("ns-2"))), [Why::GoneOn]);
    }
    let anew = LedgerEntry {
        publication_id: "another".to_owned(),
        ..adopted_here()
    };
    assert_eq!(whys(&plan([old(), anew], &here("ns-2"))), [Why::AnotherRecord]);
}

#[test]
fn a_client_at_the_server_belongs_to_one_record() {
    let mut other = adopted_here();
    other.subject.client.name = "reports".to_owned();
    other.publication_id = "another".to_owned();
    assert_eq!(
        whys(&plan([old(), other.clone()], &here("ns-2"))),
        [Why::SharedClient]
    );
    other.server_fingerprint = "elsewhere".to_owned();
    assert_eq!(whys(&plan([old(), other], &here("ns-2"))), []);
}

#[test]
fn of_several_lives_of_a_namespace_the_one_in_use_is_adopted() {
    let mut earlier = LedgerEntry {
        current: None,
        obligations: vec![obligation(1)],
        ..old()
    };
    earlier.subject.namespace_uid = "ns-0".into();
    let found = plan([earlier.clone(), old()], &here("ns-2"));
    assert_eq!(
        (hows(&found), whys(&found)),
        (vec![How::UnderAnotherName], vec![Why::OneOfSeveral])
    );
    assert_eq!(found.adoptions[0].old, kept(old()));

    earlier.current = old().current;
    let found = plan([earlier, old()], &here("ns-2"));
    assert_eq!(whys(&found), [Why::OneOfSeveral, Why::OneOfSeveral]);
}

#[test]
fn what_will_happen_is_shown() {
    let mut lost = old();
    lost.subject.client.namespace = "orders".to_owned();
    let plan = plan([old(), lost], &here("ns-2"));
    insta::assert_snapshot!("there", plan.shown(&BTreeSet::from([old().subject.client])));
    let without = plan.shown(&BTreeSet::new());
    assert!(without.contains("until its OAuthClient is applied"), "{without}");
    assert!(!without.contains("canary"));
}
