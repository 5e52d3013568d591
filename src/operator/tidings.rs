//! What is news about a server object: what its Events say. Told from what the status said before, so that a restart
//! repeats nothing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use tokio::time::Instant;

use super::standing::Health;
use crate::api::{ConditionStatus, ServerCondition, ServerReason, ServerStatus};
use crate::cluster::News;
use crate::model::Fault;

/// A removal that is due for longer than this is told of, though the server answers.
const OVERDUE: SignedDuration = SignedDuration::from_mins(1);
/// The words for an outage stay for at least this long.
const WORDS_KEPT: Duration = Duration::from_mins(10);

/// Whether it was told that a server is owed removals.
#[derive(Debug, Default)]
pub struct Tidings {
    cleanup_told: Option<bool>,
}

impl Tidings {
    /// The news between the status before and the one that was just written. `due` is since when the oldest removal is
    /// due.
    pub fn news(
        &mut self,
        server: &str,
        old: Option<&ServerStatus>,
        new: &ServerStatus,
        due: Option<Timestamp>,
        now: Timestamp,
    ) -> Vec<News> {
        readiness(old, new)
            .into_iter()
            .chain(held(old, new))
            .chain(self.cleanup(server, old, new, due, now))
            .collect()
    }

    fn cleanup(
        &mut self,
        server: &str,
        old: Option<&ServerStatus>,
        new: &ServerStatus,
        due: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<News> {
        let owed = |status: &ServerStatus| {
            status
                .clients
                .as_ref()
                .map_or(0, |clients| clients.pending_deletion)
        };
        // The process before this one has told it of a server that it could not use.
        let told = self
            .cleanup_told
            .get_or_insert_with(|| old.is_some_and(|old| owed(old) > 0 && is(old, ConditionStatus::False)));
        let count = owed(new);
        let usable = is(new, ConditionStatus::True);
        let patience = if usable { OVERDUE } else { SignedDuration::ZERO };
        let waits = count > 0 && due.is_some_and(|due| now.duration_since(due) >= patience);
        match (*told, waits) {
            (false, true) => {
                *told = true;
                let what = if count == 1 {
                    "1 client that is not wanted any more is".to_owned()
                } else {
                    format!("{count} clients that are not wanted any more are")
                };
                let next = if usable {
                    "tried again with growing pauses; the Events of the OAuthClients say why"
                } else {
                    "done as soon as it can be used"
                };
                Some(News {
                    reason: "CleanupPending",
                    note: format!("{what} still to be removed at {server}: {next}"),
                    warning: true,
                })
            }
            (true, _) if count == 0 => {
                *told = false;
                Some(News {
                    reason: "CleanupDone",
                    note: format!("all clients that are not wanted any more are removed at {server}"),
                    warning: false,
                })
            }
            _ => None,
        }
    }
}

fn ready(status: &ServerStatus) -> Option<&Condition> {
    let ready = ServerCondition::Ready.as_str();
    status
        .conditions
        .iter()
        .find(|condition| condition.type_ == ready)
}

fn is(server: &ServerStatus, status: ConditionStatus) -> bool {
    ready(server).is_some_and(|ready| ready.status == status.as_str())
}

/// A server that cannot be used any more, or for another reason, or can be used again. What a person did on purpose,
/// and what nobody knows yet, is no news.
fn readiness(old: Option<&ServerStatus>, new: &ServerStatus) -> Option<News> {
    let old = old.and_then(ready);
    let new = ready(new)?;
    let failed = |condition: &Condition| {
        condition.status == ConditionStatus::False.as_str()
            && condition.reason != ServerReason::Suspended.as_str()
    };
    let reason = ServerReason::parse(&new.reason)?.as_str();
    if failed(new) {
        let known = old.is_some_and(|old| failed(old) && old.reason == new.reason);
        return (!known).then(|| News {
            reason,
            note: new.message.clone(),
            warning: true,
        });
    }
    let again = new.status == ConditionStatus::True.as_str() && old.is_some_and(failed);
    again.then(|| News {
        reason,
        note: new.message.clone(),
        warning: false,
    })
}

/// Deletions are held from now on, or are not any more.
fn held(old: Option<&ServerStatus>, new: &ServerStatus) -> Option<News> {
    let held = |status: &ServerStatus| {
        let condition = ServerCondition::DeletionsHeld.as_str();
        let found = status.conditions.iter().find(|found| found.type_ == condition);
        found.cloned()
    };
    let is_true = |condition: &Condition| condition.status == ConditionStatus::True.as_str();
    let new = held(new)?;
    let before = old.and_then(held).is_some_and(|old| is_true(&old));
    let reason = ServerReason::parse(&new.reason)?.as_str();
    (is_true(&new) != before).then(|| News {
        reason,
        warning: is_true(&new),
        note: new.message,
    })
}

/// The words for an outage. What a server in trouble says may be another thing at each try, and a status must not be
/// written for each.
#[derive(Debug, Default)]
pub struct Words {
    since: Option<Instant>,
}

impl Words {
    /// What a check showed, in the words that are in the status where it showed the same kind of trouble again.
    pub fn settle(&mut self, before: Option<&Health>, checked: Health) -> Health {
        if let (Some(Health::Unreachable(known)), Health::Unreachable(_)) = (before, &checked)
            && self.since.is_some_and(|since| since.elapsed() < WORDS_KEPT)
        {
            return Health::Unreachable(known.clone());
        }
        self.since = Some(Instant::now());
        checked
    }
}

/// The words for a fault of a check, without times, which are others at each try.
pub fn unreachable(fault: &Fault) -> Health {
    Health::Unreachable(match fault {
        Fault::Throttled(_) => Fault::Throttled(None).to_string(),
        fault => fault.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ClientCounts;
    use crate::operator::metrics::Counts;
    use crate::operator::standing::Standing;

    fn condition(status: &str, reason: &str) -> Condition {
        serde_json::from_value(serde_json::json!({
            "type": "Ready", "status": status, "reason": reason, "message": "m",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }))
        .unwrap()
    }

    fn status(ready: &str, reason: &str, pending_deletion: u32) -> ServerStatus {
        ServerStatus {
            conditions: vec![condition(ready, reason)],
            clients: Some(ClientCounts {
                pending_deletion,
                ..ClientCounts::default()
            }),
            ..ServerStatus::default()
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// The reasons of the news, `!` before a warning.
    fn told(
        tidings: &mut Tidings,
        old: Option<&ServerStatus>,
        new: &ServerStatus,
        due: Option<i64>,
    ) -> String {
        let news = tidings.news("corp", old, new, due.map(at), at(1_000));
        let word = |news: &News| format!("{}{}", if news.warning { "!" } else { "" }, news.reason);
        news.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_change_of_readiness_is_told_once() {
        let good = status("True", "Ready", 0);
        let denied = status("False", "ServerDenied", 0);
        let down = status("False", "Unreachable", 0);
        let suspended = status("False", "Suspended", 0);
        let pending = status("Unknown", "Pending", 0);
        let cases = [
            (None, &good, ""),
            (Some(&pending), &good, ""),
            (Some(&pending), &denied, "!ServerDenied"),
            (None, &denied, "!ServerDenied"),
            (Some(&good), &down, "!Unreachable"),
            (Some(&down), &down, ""),
            (Some(&down), &denied, "!ServerDenied"),
            (Some(&denied), &good, "Ready"),
            (Some(&good), &good, ""),
            (Some(&good), &suspended, ""),
            (Some(&suspended), &good, ""),
        ];
        for (old, new, expected) in cases {
            assert_eq!(
                told(&mut Tidings::default(), old, new, None),
                expected,
                "{old:?} {new:?}"
            );
        }
    }

    #[test]
    fn that_deletions_are_held_is_told_once_and_the_end_of_it_too() {
        let held = |count| {
            let standing = Standing {
                counts: Counts {
                    held_deletion: count,
                    ..Counts::default()
                },
                ..Standing::default()
            };
            move |old: Option<&ServerStatus>| standing.status("corp", 1, old)
        };
        let none = held(0)(None);
        let some = held(2)(Some(&none));
        let more = held(3)(Some(&some));
        let over = held(0)(Some(&more));
        let news = |old: &ServerStatus, new: &ServerStatus| {
            let news = super::held(Some(old), new);
            news.map(|news| (news.reason, news.warning))
        };
        assert_eq!(news(&none, &none), None);
        assert_eq!(news(&none, &some), Some(("BurstExceeded", true)));
        assert_eq!(news(&some, &more), None, "told once");
        assert_eq!(news(&more, &over), Some(("NoneHeld", false)));
        assert_eq!(news(&over, &over), None);
    }

    #[test]
    fn cleanup_that_waits_is_told_once_and_its_end_too() {
        let mut tidings = Tidings::default();
        let (good, down) = (
            |n| status("True", "Ready", n),
            |n| status("False", "Unreachable", n),
        );
        assert_eq!(
            told(&mut tidings, Some(&good(0)), &good(1), Some(999)),
            "",
            "it is under way"
        );
        assert_eq!(
            told(&mut tidings, Some(&good(1)), &good(1), Some(2_000)),
            "",
            "it has time"
        );
        let pending = "!Unreachable !CleanupPending";
        assert_eq!(told(&mut tidings, Some(&good(1)), &down(1), Some(1_000)), pending);
        assert_eq!(told(&mut tidings, Some(&down(1)), &down(2), Some(900)), "");
        let mut restarted = Tidings::default();
        assert_eq!(told(&mut restarted, Some(&down(2)), &down(2), Some(900)), "");
        assert_eq!(told(&mut restarted, Some(&down(2)), &good(2), Some(900)), "Ready");
        assert_eq!(
            told(&mut restarted, Some(&good(2)), &good(0), None),
            "CleanupDone"
        );
        let mut refused = Tidings::default();
        assert_eq!(
            told(&mut refused, Some(&good(1)), &good(1), Some(900)),
            "!CleanupPending"
        );
        assert_eq!(told(&mut refused, Some(&good(1)), &good(0), None), "CleanupDone");
        assert_eq!(told(&mut refused, Some(&good(0)), &good(0), None), "");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_stays_down_changes_its_status_no_more() {
        let faults = [
            Fault::Unavailable("connection refused".into()),
            Fault::Throttled(Some(at(1))),
            Fault::Unavailable("502 Bad Gateway".into()),
            Fault::Throttled(Some(at(2))),
        ];
        let mut words = Words::default();
        let mut standing = Standing {
            counts: Counts::default(),
            ..Standing::default()
        };
        let mut written: Vec<ServerStatus> = Vec::new();
        for fault in faults.iter().cycle().take(9) {
            let health = words.settle(standing.health.as_ref(), unreachable(fault));
            standing.health = Some(health);
            let status = standing.status("corp", 1, written.last());
            if written.last() != Some(&status) {
                written.push(status);
            }
            tokio::time::sleep(Duration::from_mins(1)).await;
        }
        assert_eq!(written.len(), 1, "{written:?}");
        let message = &ready(&written[0]).unwrap().message;
        assert!(message.contains("at least once a minute"), "{message}");
        assert_eq!(
            unreachable(&faults[1]),
            unreachable(&faults[3]),
            "no time is in it"
        );
    }
}
