//! When a credential is rotated, and in which of the ways that a server allows.

use croner::Cron;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::access::Desired;
use super::capabilities::{Capabilities, ChosenBy, Overlap};
use super::confidential::Confidential;
use super::ledger::{LedgerEntry, Registration, Rotation, Served};
use super::state::ClientObject;
use crate::api::{ANNOTATION_VALUE_MAX, Schedule};

/// How a rotation is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// The server replaces the credential of the client.
    InPlace,
    /// The server adds a second secret to the client, and the first one is retired after the overlap.
    SecondSecret,
    /// A second client is registered and published, and the first one removed after the overlap.
    Replacement,
}

/// What the triggers say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Triggers {
    /// The rotation that is due now.
    pub due: Option<Rotation>,
    /// When a trigger that depends on time fires next.
    pub next: Option<Timestamp>,
}

/// Why no rotation can be done.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotPossible {
    /// The spec demands an overlap.
    #[error("rotation.overlap is Required, and the server cannot have two credentials at once")]
    NoOverlap,
    /// The spec forbids another client id.
    #[error("rotation.clientIDChange is Forbidden, and the server can only rotate by changing the client id")]
    ClientIdWouldChange,
    /// A second client would need the same name.
    #[error("the name is exact, and the server has no two clients of one name")]
    NameIsExact,
    /// A second client would need the same client id.
    #[error("clientID is chosen, and no two clients have one client id")]
    ClientIdIsChosen,
    /// The spec refers to the secret.
    #[error("clientSecretRef names the secret, and the operator makes no other one")]
    SecretIsGiven,
    /// The annotation is too long to be an order.
    #[error("the value of the rotate annotation is longer than {ANNOTATION_VALUE_MAX} characters")]
    AnnotationTooLong,
    /// The schedule cannot be read.
    #[error("rotation.schedule: {0}")]
    BadSchedule(String),
    /// The schedule never comes to pass, as on 31 February.
    #[error("rotation.schedule: there is no day to which cron {0:?} could apply")]
    NeverFires(String),
}

impl NotPossible {
    /// What in the spec has to change.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::NoOverlap => "set rotation.overlap to Preferred",
            Self::ClientIdWouldChange => "set rotation.clientIDChange to Allowed",
            Self::ClientIdIsChosen => {
                "ask for no overlap where the server can rotate in place, or make this OAuthClient again without clientID"
            }
            Self::SecretIsGiven => "change the value in the Secret that clientSecretRef names",
            Self::NameIsExact => "ask for no overlap, or make this OAuthClient again without an exact name",
            Self::AnnotationTooLong => "give the annotation a shorter value",
            Self::BadSchedule(_) | Self::NeverFires(_) => "change rotation.schedule",
        }
    }
}

/// Looks at all triggers. One rotation serves all that are due. `given` is the secret that the spec refers to: another one
/// than the current is a trigger, and without that nothing is.
pub fn triggers(
    client: &ClientObject,
    entry: &LedgerEntry,
    current: &Registration,
    desired: &Desired,
    given: Option<&Confidential>,
    now: Timestamp,
) -> Result<Triggers, NotPossible> {
    let annotation = client.rotate.clone().filter(|value| !entry.served.knows(value));
    if annotation.as_ref().is_some_and(|value| !Served::is_order(value)) {
        return Err(NotPossible::AnnotationTooLong);
    }
    if desired.secret_is_given {
        let changed = given.is_some() && given != current.credential.client_secret.as_ref();
        if annotation.is_some() && !changed {
            return Err(NotPossible::SecretIsGiven);
        }
        return Ok(Triggers {
            due: changed.then_some(Rotation {
                annotation,
                overlap_seconds: desired.overlap_seconds,
            }),
            next: None,
        });
    }
    let since = entry.served.rotated_at.unwrap_or(current.registered_at);
    let rotation = client.spec.rotation.as_ref();
    let age = rotation
        .and_then(|rotation| rotation.max_age_seconds)
        .and_then(|seconds| since.checked_add(SignedDuration::from_secs(seconds.into())).ok());
    let tick = rotation
        .and_then(|rotation| rotation.schedule.as_ref())
        .map(|schedule| {
            let seen = entry.schedule.as_ref().map_or(now, |seen| seen.since);
            next_tick(schedule, since.max(seen))
        })
        .transpose()?
        .flatten();
    let expiry = current.secret_expires_at.map(|expires| {
        renewal(
            since,
            expires,
            rotation.and_then(|rotation| rotation.renew_before_seconds),
        )
    });
    let next = [age, tick, expiry].into_iter().flatten().min();
    let due = annotation.is_some() || next.is_some_and(|next| next <= now);
    Ok(Triggers {
        due: due.then_some(Rotation {
            annotation,
            overlap_seconds: desired.overlap_seconds,
        }),
        next: next.filter(|next| *next > now),
    })
}

/// When a secret that ends to be good by itself is replaced: so long before, or after two thirds of its life and at most a
/// week before; but never in the first half of its life, or a short-lived one would be replaced without end.
fn renewal(since: Timestamp, expires: Timestamp, before: Option<u32>) -> Timestamp {
    const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
    let life = expires.duration_since(since).max(SignedDuration::ZERO);
    let before = before.map_or_else(
        || (life / 3).min(WEEK),
        |before| SignedDuration::from_secs(before.into()),
    );
    expires.checked_sub(before.min(life / 2)).unwrap_or(since)
}

/// The first tick after the last rotation, and after the schedule was first seen: however many were missed since, one
/// rotation catches up.
fn next_tick(schedule: &Schedule, since: Timestamp) -> Result<Option<Timestamp>, NotPossible> {
    let zone = match &schedule.time_zone {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name)
            .map_err(|_| NotPossible::BadSchedule(format!("there is no time zone {name}")))?,
    };
    let cron: Cron = schedule
        .cron
        .parse()
        .map_err(|_| NotPossible::BadSchedule(format!("cron {:?} cannot be read", schedule.cron)))?;
    match cron.find_next_occurrence(&since.to_zoned(zone), false) {
        Ok(tick) => Ok(Some(tick.timestamp())),
        Err(_) => Err(NotPossible::NeverFires(schedule.cron.clone())),
    }
}

/// Chooses the way of rotating from what the server can do and the spec wants.
pub fn method(
    desired: &Desired,
    rotation: &Rotation,
    capabilities: &Capabilities,
) -> Result<Method, NotPossible> {
    let one_of_its_name = desired.exact_name && capabilities.unique_names;
    let one_of_its_id = desired.client_id.is_some();
    let replaceable = desired.client_id_may_change && !one_of_its_name && !one_of_its_id;
    let never = if one_of_its_id {
        NotPossible::ClientIdIsChosen
    } else if one_of_its_name {
        NotPossible::NameIsExact
    } else {
        NotPossible::ClientIdWouldChange
    };
    if rotation.overlap_seconds > 0 {
        match capabilities.overlap {
            // The server would choose the second secret.
            Overlap::TwoSlots(ChosenBy::Server) if desired.secret_is_given => {}
            Overlap::TwoSlots(_) => return Ok(Method::SecondSecret),
            Overlap::None | Overlap::SecondClient => {}
        }
        if capabilities.overlap == Overlap::SecondClient && replaceable {
            return Ok(Method::Replacement);
        }
        if desired.overlap_required {
            return Err(match capabilities.overlap {
                Overlap::None | Overlap::TwoSlots(_) => NotPossible::NoOverlap,
                Overlap::SecondClient => never,
            });
        }
    }
    if capabilities.rotate_in_place && (capabilities.client_id_stable || desired.client_id_may_change) {
        return Ok(Method::InPlace);
    }
    if replaceable {
        Ok(Method::Replacement)
    } else {
        Err(never)
    }
}

#[cfg(test)]
mod tests {
    use super::super::state::NamespaceView;
    use super::super::{access, testing};
    use super::*;

    /// The way of rotating with an overlap wanted, where the server is DigitalRoute's kind but for `change`.
    fn way(change: impl FnOnce(&mut Desired, &mut Capabilities)) -> String {
        let server = testing::server();
        let subject = testing::subject();
        let mut desired = access::accept(
            &subject.client,
            &testing::client(),
            &NamespaceView {
                labels: [("team".to_owned(), "payments".to_owned())].into(),
                ..NamespaceView::default()
            },
            &server,
        )
        .unwrap();
        let mut capabilities = server.capabilities;
        desired.client_id_may_change = true;
        change(&mut desired, &mut capabilities);
        let rotation = Rotation {
            annotation: None,
            overlap_seconds: 60,
        };
        match method(&desired, &rotation, &capabilities) {
            Ok(method) => format!("{method:?}"),
            Err(why) => format!("{why:?}"),
        }
    }

    #[test]
    fn a_schedule_that_cannot_be_followed_is_told() {
        let next = |cron: &str, zone: Option<&str>| {
            let schedule = Schedule {
                cron: cron.into(),
                time_zone: zone.map(str::to_owned),
            };
            next_tick(&schedule, testing::noon())
        };
        assert!(next("0 3 1 * *", Some("Europe/Oslo")).unwrap().is_some());
        assert_eq!(
            next("0 3 31 2 *", None),
            Err(NotPossible::NeverFires("0 3 31 2 *".into()))
        );
        for (cron, zone) in [("0 3 1 * *", Some("Mars/Phobos")), ("61 25 * * *", None)] {
            let why = next(cron, zone).unwrap_err();
            assert!(matches!(&why, NotPossible::BadSchedule(_)), "{why}");
        }
        let oslo = next("30 2 * * *", Some("Europe/Oslo")).unwrap().unwrap();
        assert_eq!(oslo.to_string(), "2026-11-23T01:30:00Z", "local time");
    }

    #[test]
    fn a_secret_that_expires_is_replaced_in_time() {
        let (since, hour) = (testing::noon(), SignedDuration::from_hours(1));
        let at = |life: SignedDuration, before| {
            let renewal = renewal(since, since + life, before);
            (since + life).duration_since(renewal)
        };
        assert_eq!(at(hour * 3, None), hour, "two thirds of its life");
        assert_eq!(at(hour * 24 * 365, None), hour * 24 * 7, "at most a week before");
        assert_eq!(at(hour * 3, Some(60)), SignedDuration::from_mins(1));
        assert_eq!(
            at(hour, Some(86_400)),
            hour / 2,
            "never in the first half of its life"
        );
        assert_eq!(
            at(-hour, None),
            SignedDuration::ZERO,
            "what has ended is due at once"
        );
    }

    #[test]
    fn an_overlap_takes_a_second_client_where_there_can_be_one() {
        assert_eq!(way(|_, _| {}), "Replacement");
        assert_eq!(way(|desired, _| desired.exact_name = true), "InPlace");
        let required = |desired: &mut Desired| {
            desired.exact_name = true;
            desired.overlap_required = true;
        };
        assert_eq!(way(|desired, _| required(desired)), "NameIsExact");
        let by_id = |desired: &mut Desired, can: &mut Capabilities| {
            desired.exact_name = true;
            can.unique_names = false;
        };
        assert_eq!(way(by_id), "Replacement", "names may be used twice there");
        let chosen = |desired: &mut Desired, can: &mut Capabilities| {
            desired.client_id = Some("billing".into());
            can.client_id_stable = true;
        };
        assert_eq!(way(chosen), "InPlace", "no two clients have one id");
        let chosen = |desired: &mut Desired, can: &mut Capabilities| {
            chosen(desired, can);
            can.rotate_in_place = false;
        };
        assert_eq!(way(chosen), "ClientIdIsChosen");
        let two_slots = |desired: &mut Desired, can: &mut Capabilities| {
            desired.exact_name = true;
            can.overlap = Overlap::TwoSlots(ChosenBy::Server);
        };
        assert_eq!(way(two_slots), "SecondSecret");
        let only_by_another_id = |desired: &mut Desired, can: &mut Capabilities| {
            desired.client_id_may_change = false;
            can.rotate_in_place = false;
        };
        assert_eq!(way(only_by_another_id), "ClientIdWouldChange");
        let nothing = |desired: &mut Desired, can: &mut Capabilities| {
            desired.exact_name = true;
            can.rotate_in_place = false;
        };
        assert_eq!(way(nothing), "NameIsExact");
    }
}
