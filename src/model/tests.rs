//! Properties that hold of every decision, whatever the state: nobody chose these states to be sensible.

// A table of one-line edits reads better without a semicolon in each; the rules are one list, however long.
#![allow(clippy::semicolon_if_nothing_returned, clippy::too_many_lines)]

mod access;

use proptest::prelude::*;

use super::testing::*;
use super::*;
use crate::api::{DeletionPolicy, Rotation as RotationSpec, SecretTemplate};

/// One way to put a state that is in order out of it.
type Upset = fn(&mut State);

fn present(state: &mut State, edit: impl FnOnce(&mut ClientObject)) {
    if let ClientView::Present(client) = &mut state.client {
        edit(client);
    }
}

fn entry(state: &mut State, edit: impl FnOnce(&mut LedgerEntry)) {
    if let LedgerView::Held { entry, .. } = &mut state.ledger {
        edit(entry);
    }
}

fn server_edit(state: &mut State, edit: impl FnOnce(&mut Server)) {
    if let ServerView::Ready(server) = &mut state.server {
        edit(server);
    }
}

fn attempt(id: &str, by: &str, seconds: i64) -> Attempt {
    Attempt {
        id: id.into(),
        by: by.into(),
        at: at(seconds),
        tries: 1,
    }
}

fn rotation() -> Rotation {
    Rotation {
        annotation: Some("x".into()),
        overlap_seconds: 60,
    }
}

fn candidate() -> Candidate {
    Candidate {
        name: "payments.billing.x.9".into(),
        trace: Trace::GeneratedName,
        marker: testing::marker(),
        client_id: None,
        client_secret: None,
        metadata: scopes(&["read"]),
    }
}

fn obligation(not_before: i64, was_current: bool) -> Obligation {
    Obligation {
        only_secret: false,
        lost: None,
        handle: registration(7).handle,
        registration: Some(registration(7)),
        removal: Removal::Delete,
        since: at(0),
        not_before: at(not_before),
        was_current,
        attempt: None,
        removed: false,
    }
}

fn remote(state: &State, edit: impl FnOnce(&mut RemoteClient)) -> RemoteClient {
    let current = state
        .ledger
        .entry()
        .and_then(|entry| entry.current.clone())
        .unwrap_or_else(|| registration(1));
    let mut remote = RemoteClient {
        handle: current.handle,
        name: Some(current.name),
        marker: None,
        credential: current.credential,
        metadata: current.told,
        secret_expires_at: None,
        access: None,
    };
    edit(&mut remote);
    remote
}

fn seen(state: &mut State, authoritative: bool, client: Option<RemoteClient>) {
    state.seen = Some(Observation {
        began_at: state.now,
        authoritative,
        client,
    });
}

const UPSETS: &[Upset] = &[
    |s| s.ledger = LedgerView::Absent,
    |s| s.ledger = LedgerView::Unreadable(Unreadable::Newer(9)),
    |s| s.secret = None,
    |s| {
        if let Some(found) = &mut s.secret {
            found.annotations.clear()
        }
    },
    |s| {
        if let Some(found) = &mut s.secret {
            found.data.clear()
        }
    },
    |s| {
        if let Some(found) = &mut s.secret {
            found.immutable = true
        }
    },
    |s| {
        if let Some(found) = &mut s.secret {
            found.secret_type = "Opaque".into()
        }
    },
    |s| {
        if let Some(found) = &mut s.secret {
            found.terminating = true
        }
    },
    |s| {
        s.client = ClientView::Gone {
            crd_uid: "crd-1".into(),
        }
    },
    |s| {
        s.client = ClientView::Gone {
            crd_uid: "crd-2".into(),
        }
    },
    |s| s.client = ClientView::Unknown("403".into()),
    |s| present(s, |c| c.terminating = true),
    |s| present(s, |c| c.uid = "uid-2".into()),
    |s| {
        present(s, |c| {
            c.uid = "uid-2".into();
            c.spec.client_name = Some("other".into());
        })
    },
    |s| present(s, |c| c.rotate = Some("x".into())),
    |s| present(s, |c| c.rotate = Some("y".repeat(300))),
    |s| present(s, |c| c.spec.scopes = Some(vec!["write".into()])),
    |s| present(s, |c| c.spec.scopes = None),
    |s| present(s, |c| c.spec.suspend = true),
    |s| present(s, |c| c.spec.redirect_uris = vec!["https://a.example/cb".into()]),
    |s| present(s, |c| c.spec.deletion_policy = DeletionPolicy::Retain),
    |s| present(s, |c| c.spec.deletion_policy = DeletionPolicy::Disable),
    |s| present(s, |c| c.spec.server_ref.name = "other".into()),
    |s| {
        present(s, |c| {
            c.spec.rotation = Some(RotationSpec {
                overlap_seconds: Some(60),
                ..RotationSpec::default()
            })
        })
    },
    |s| {
        present(s, |c| {
            c.spec.rotation = Some(RotationSpec {
                max_age_seconds: Some(60),
                ..RotationSpec::default()
            })
        })
    },
    |s| {
        present(s, |c| {
            c.spec.secret = SecretTemplate {
                previous: crate::api::PreviousKeys::Publish,
                ..c.spec.secret.clone()
            }
        })
    },
    |s| s.namespace.terminating = true,
    |s| s.server = ServerView::Missing(server_key()),
    |s| s.server = ServerView::NotReady(server_key(), "no credential.".into()),
    |s| server_edit(s, |v| v.suspended = true),
    |s| server_edit(s, |v| v.fingerprint = "https://moved:443".into()),
    |s| server_edit(s, |v| v.access_rules = Some(Vec::new())),
    |s| server_edit(s, |v| v.capabilities.rotate_in_place = false),
    |s| server_edit(s, |v| v.capabilities.overlap = Overlap::None),
    |s| server_edit(s, |v| v.capabilities.can_verify = false),
    |s| server_edit(s, |v| v.capabilities.scopes = ScopeModel::Free),
    |s| {
        server_edit(s, |v| {
            v.capabilities.scopes = ScopeModel::Provisioned {
                may_create: true,
                to_let_create: None,
            }
        })
    },
    |s| server_edit(s, |v| v.capabilities.client_secret = ChosenBy::Caller),
    |s| server_edit(s, |v| v.repair_drift = false),
    |s| entry(s, |e| e.cluster_id = "cluster-2".into()),
    |s| entry(s, |e| e.crd_uid = "crd-0".into()),
    |s| entry(s, |e| e.current = None),
    |s| {
        entry(s, |e| {
            e.previous = Some(Previous {
                registration: registration(5),
                same_client: false,
                overlap_seconds: 60,
                retire_at: None,
                unproven_since: None,
            })
        })
    },
    |s| {
        entry(s, |e| {
            e.previous = Some(Previous {
                registration: registration(5),
                same_client: false,
                overlap_seconds: 60,
                retire_at: Some(at(60)),
                unproven_since: None,
            })
        })
    },
    |s| entry(s, |e| e.obligations.push(obligation(0, true))),
    |s| entry(s, |e| e.obligations.push(obligation(99_999, true))),
    |s| entry(s, |e| e.recheck_at = Some(at(60))),
    |s| entry(s, |e| e.recheck_at = Some(at(99_999))),
    |s| {
        entry(s, |e| {
            e.intent = Some(Intent {
                operation: Operation::Update {
                    unset: std::collections::BTreeSet::new(),
                    metadata: scopes(&["read"]),
                },
                attempt: attempt("a", "instance-1", 3590),
            })
        })
    },
    |s| {
        entry(s, |e| {
            e.intent = Some(Intent {
                operation: Operation::Register {
                    candidate: candidate(),
                    rotation: None,
                },
                attempt: attempt("a", "other", 3590),
            })
        })
    },
    |s| {
        entry(s, |e| {
            e.intent = Some(Intent {
                operation: Operation::Register {
                    candidate: Candidate {
                        trace: Trace::ExactName,
                        ..candidate()
                    },
                    rotation: None,
                },
                attempt: attempt("a", "instance-1", 0),
            })
        })
    },
    |s| {
        entry(s, |e| {
            e.intent = Some(Intent {
                operation: Operation::Register {
                    candidate: candidate(),
                    rotation: Some(rotation()),
                },
                attempt: attempt("a", "instance-1", 0),
            })
        })
    },
    |s| {
        entry(s, |e| {
            e.intent = Some(Intent {
                operation: Operation::Rotate {
                    candidate: None,
                    rotation: rotation(),
                    keep_previous: false,
                },
                attempt: attempt("a", "other", 0),
            })
        })
    },
    |s| s.pass.recorded_attempt = Some("a".into()),
    |s| s.pass.recorded_attempt = Some("stale".into()),
    |s| {
        s.pass.answer = Some((
            "a".into(),
            Answer::Client(remote(s, |r| r.credential.client_id = "new".into())),
        ))
    },
    |s| s.pass.answer = Some(("a".into(), Answer::Done)),
    |s| s.pass.fault = Some(Fault::OutcomeUnknown("lost".into())),
    |s| s.pass.fault = Some(Fault::Denied(Denial::Right, "403".into())),
    |s| s.pass.fault = Some(Fault::Throttled(Some(at(7200)))),
    |s| s.pass.refusal = Some((Written::Secret, Refusal::Denied("quota".into()))),
    |s| s.pass.refusal = Some((Written::Ledger, Refusal::Stale)),
    |s| s.pass.verification = Some(Verification::Rejected("invalid_client".into())),
    |s| s.pass.rehearsed = true,
    |s| s.pass.claimed = Some(true),
    |s| s.pass.claimed = Some(false),
    |s| s.pass.scopes = Some(["read".to_owned()].into()),
    |s| seen(s, true, None),
    |s| seen(s, false, None),
    |s| {
        let client = remote(s, |r| r.metadata = scopes(&["admin"]));
        seen(s, true, Some(client))
    },
    |s| {
        let client = remote(s, |r| r.credential.client_id = "other".into());
        seen(s, true, Some(client))
    },
];

fn states() -> impl Strategy<Value = State> {
    proptest::collection::vec(0..UPSETS.len(), 0..6).prop_map(|upsets| {
        let mut state = settled();
        for upset in upsets {
            UPSETS[upset](&mut state);
        }
        state
    })
}

/// What could come of a step; `luck` chooses.
fn outcome(state: &State, step: &Step, luck: u8) -> Outcome {
    match step {
        Step::Observe(Query::Scopes) => Outcome::Scopes(["read".to_owned(), "write".to_owned()].into()),
        Step::Observe(Query::Token(_)) if luck < 128 => Outcome::Token(Verification::TokenIssued),
        Step::Observe(Query::Token(_)) => Outcome::Token(Verification::Rejected("invalid_client".into())),
        Step::FindClaim(_) => Outcome::Claimed(luck < 128),
        Step::Admit(_) => Outcome::Admitted(luck < 128),
        Step::Observe(_) if luck < 100 => Outcome::Client(Some(remote(state, |_| {}))),
        Step::Observe(_) if luck < 200 => Outcome::Client(None),
        Step::Observe(_) => Outcome::Fault(Fault::Unavailable("is away".into())),
        Step::Record(Record::Remove { .. }) => Outcome::Recorded(None),
        Step::Record(_) if luck < 230 => Outcome::Recorded(Some("2".into())),
        Step::Record(_) => Outcome::Refused(Refusal::Stale),
        Step::Call(call) if luck < 150 => match &call.request {
            Request::Delete { .. } | Request::Disable { .. } | Request::RetireSecret { .. } => {
                Outcome::Answered(Answer::Done)
            }
            Request::ProvisionScopes(scopes) => Outcome::Answered(Answer::Scopes(scopes.clone())),
            _ => Outcome::Answered(Answer::Client(remote(state, |r| {
                r.credential.client_id = "new".into()
            }))),
        },
        Step::Call(_) if luck < 200 => Outcome::Fault(Fault::OutcomeUnknown("lost".into())),
        Step::Call(_) if luck < 225 => Outcome::NotSent,
        Step::Call(_) => Outcome::Fault(Fault::NotFound),
        Step::Publish(publish) => match &publish.mode {
            _ if luck > 240 => Outcome::Refused(Refusal::Denied("quota".into())),
            PublishMode::Rehearse(_) => Outcome::Rehearsed,
            _ => Outcome::Published(FoundSecret {
                data: publish.publication.data.clone(),
                labels: publish.publication.labels.clone(),
                annotations: publish.publication.annotations.clone(),
                owners: publish
                    .publication
                    .owned
                    .then(|| (publish.publication.owner.0.clone(), "x".into()))
                    .into_iter()
                    .collect(),
                ..found(&client(), &settled_entry())
            }),
        },
        Step::Unpublish { .. } => Outcome::Unpublished,
        Step::Report(_) => Outcome::Reported,
    }
}

/// What must be true of a step in the state that it was decided in.
fn check(state: &State, step: &Step) {
    let entry = state.ledger.entry();
    let ours = entry.is_none_or(|entry| entry.cluster_id == state.here.cluster_id);
    match step {
        Step::Call(call) => {
            let Some((id, _)) = &call.attempt else {
                assert!(
                    matches!(call.request, Request::ProvisionScopes(_)),
                    "only shared scopes need no record"
                );
                return;
            };
            assert!(ours, "no call for another cluster's entry");
            assert_eq!(
                state.pass.recorded_attempt.as_ref(),
                Some(id),
                "the call follows its own record"
            );
            let entry = entry.expect("a call has a record");
            let open = entry
                .intent
                .as_ref()
                .is_some_and(|intent| intent.attempt.id == *id);
            let owed = entry
                .obligations
                .iter()
                .find(|o| o.attempt.as_ref().is_some_and(|attempt| attempt.id == *id));
            match &call.request {
                Request::Delete { target } | Request::Disable { target } => {
                    let owed = owed.expect("only what is owed is removed");
                    assert_eq!(owed.handle, target.handle);
                    assert_ne!(
                        entry.current.as_ref().map(|current| &current.handle),
                        Some(&target.handle),
                        "never the current one"
                    );
                }
                Request::Register(candidate) if candidate.trace == Trace::ExactName => {
                    assert!(open, "the call is the intent's");
                    assert_eq!(
                        state.pass.claimed,
                        Some(false),
                        "nobody else was seen to claim the name after our claim was recorded"
                    );
                }
                _ => assert!(open, "the call is the intent's"),
            }
        }
        Step::Record(Record::Write { entry: new, call, .. }) => {
            assert!(ours, "another cluster's entry is not written");
            assert!(
                !matches!(state.ledger, LedgerView::Unreadable(_)),
                "an unreadable entry is not written"
            );
            let named = |id: &AttemptId| {
                new.intent.as_ref().is_some_and(|intent| intent.attempt.id == *id)
                    || new
                        .obligations
                        .iter()
                        .any(|o| o.attempt.as_ref().is_some_and(|attempt| attempt.id == *id))
            };
            assert!(call.as_ref().is_none_or(named), "the attempt is in the record");
            // Nothing that we answer for is forgotten, but what an answer just closed.
            if let Some(old) = entry {
                let closed = state.pass.answer.as_ref().map(|(id, _)| id);
                for handle in old
                    .handles()
                    .filter(|handle| !new.handles().any(|kept| kept == *handle))
                {
                    let answered = old.obligations.iter().any(|o| {
                        o.handle == *handle
                            && o.attempt.as_ref().map(|attempt| &attempt.id) == closed
                            && closed.is_some()
                    });
                    let retained = old.removal == Removal::Retain
                        && matches!(state.client, ClientView::Gone { .. } | ClientView::Present(_));
                    let taken_over = state.pass.answer.is_some() || state.seen.is_some();
                    assert!(answered || retained || taken_over, "{handle} is forgotten");
                }
            }
        }
        Step::Publish(publish) => {
            assert!(
                !matches!(publish.mode, PublishMode::Create) || state.secret.is_none(),
                "creation only where there is none"
            );
            let existing = match &publish.mode {
                PublishMode::Apply(found) => Some(found),
                PublishMode::Rehearse(found) => found.as_ref(),
                PublishMode::Create => None,
            };
            if let (Some(found), Some(entry)) = (existing, entry) {
                assert!(found.is_of(entry), "a foreign Secret is never written");
            }
            if let (PublishMode::Apply(_) | PublishMode::Create, Some(entry)) = (&publish.mode, entry) {
                let current = entry.current.as_ref().expect("only what is current is published");
                let shown = publish
                    .publication
                    .data
                    .get("client-id")
                    .map(Confidential::expose);
                assert!(shown.is_none_or(|id| id == current.credential.client_id));
            }
        }
        Step::Unpublish { .. } => {
            let found = state.secret.as_ref().expect("there is one");
            assert!(
                entry.is_some_and(|entry| found.is_of(entry)),
                "a foreign Secret is never deleted"
            );
        }
        Step::Record(Record::Remove { .. }) => {
            let entry = entry.expect("there is one");
            assert!(
                ours && match &state.client {
                    ClientView::Gone { .. } => true,
                    ClientView::Present(client) => client.uid != entry.owner,
                    ClientView::Unknown(_) => false,
                },
                "only of a client that is gone, or was made again"
            );
            assert!(entry.current.is_none() && entry.previous.is_none() && entry.intent.is_none());
        }
        Step::Observe(_) | Step::FindClaim(_) | Step::Admit(_) | Step::Report(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_pass_keeps_the_rules_and_ends(state in states(), luck in proptest::collection::vec(any::<u8>(), 64)) {
        let mut state = state;
        let mut rng = rng();
        for luck in luck {
            let Decision::Do(step) = decide(&state, &mut rng) else { return Ok(()) };
            check(&state, &step);
            let came = outcome(&state, &step, luck);
            state = fold(state, &step, came);
        }
        prop_assert!(false, "the pass does not end");
    }

    #[test]
    fn the_same_state_gives_the_same_decision(state in states()) {
        prop_assert_eq!(decide(&state, &mut rng()), decide(&state.clone(), &mut rng()));
    }

    #[test]
    fn nothing_is_begun_for_what_is_going_away(state in states()) {
        let going = match &state.client {
            ClientView::Present(client) => client.terminating || state.namespace.terminating,
            ClientView::Unknown(_) => true,
            ClientView::Gone { .. } => false,
        };
        if going {
            prop_assert!(!matches!(decide(&state, &mut rng()), Decision::Do(_)));
        }
    }
}

#[test]
fn every_upset_changes_something() {
    for (number, upset) in UPSETS.iter().enumerate() {
        let mut state = settled();
        upset(&mut state);
        assert_ne!(state, settled(), "upset {number}");
    }
}

#[test]
fn a_settled_client_that_was_reported_needs_nothing() {
    let mut state = settled();
    let mut rng = rng();
    let mut steps = Vec::new();
    while let Decision::Do(step) = decide(&state, &mut rng) {
        let came = outcome(&state, &step, 0);
        state = fold(state, &step, came);
        steps.push(step);
    }
    assert!(
        steps
            .iter()
            .all(|step| matches!(**step, Step::Observe(Query::Token(_)) | Step::Report(_))),
        "{steps:?}"
    );
    state.pass = Pass::default();
    assert_eq!(decide(&state, &mut rng), Decision::Settled(Wake::OnChange));
}

#[test]
fn what_was_seen_of_a_registration_that_is_given_up_says_nothing_of_the_current_client() {
    let mut state = settled();
    entry(&mut state, |e| {
        e.intent = Some(Intent {
            operation: Operation::Register {
                candidate: candidate(),
                rotation: Some(rotation()),
            },
            attempt: attempt("a", "other", 0),
        });
    });
    let look = Step::Observe(Query::Attempted(Box::new(candidate())));
    let state = fold(state, &look, Outcome::Client(None));
    let given_up = LedgerEntry {
        intent: None,
        ..state.ledger.entry().unwrap().clone()
    };
    let record = Step::Record(Record::Write {
        entry: Box::new(given_up),
        replaces: Some("1".into()),
        call: None,
    });
    let state = fold(state, &record, Outcome::Recorded(Some("2".into())));
    assert_eq!(state.seen, None);
}
