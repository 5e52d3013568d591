//! Enabling and disabling: one call does both, so it is sent only where a read shows a difference.

use authserver_emulator::misbehave::{Behaviour, Rule};

use super::*;

fn toggles(bench: &Bench) -> u64 {
    bench.emulator.counters().of("enable")
}

#[tokio::test]
async fn only_on_a_difference() {
    let bench = Bench::new().await;
    let app = bench.add("app", SECRET);
    let disable = Request::Disable { target: app.clone() };
    for (times, enabled) in [(1, false), (1, false), (2, true), (2, true), (3, false)] {
        let came = if enabled {
            bench
                .change(&update(app.clone(), wanted(600)), WITHIN)
                .await
                .map(drop)
        } else {
            bench.change(&disable, WITHIN).await.map(drop)
        };
        assert_eq!((came, toggles(&bench)), (Ok(()), times));
        assert_eq!(bench.app("app").enabled, enabled);
    }
    // Nobody asks for it.
    let unsaid = ClientMetadata {
        enabled: None,
        ..wanted(600)
    };
    client_of(bench.change(&update(app, unsaid), WITHIN).await.unwrap());
    assert_eq!(toggles(&bench), 3);
}

/// Its answer may be lost; what was done shows in the next read.
#[tokio::test]
async fn a_lost_answer_is_no_reason_to_toggle_again() {
    for (lost, times) in [(Behaviour::LoseAnswer, 1), (Behaviour::LoseRequest, 2)] {
        let bench = Bench::new().await;
        let app = bench.add("app", SECRET);
        let disable = Request::Disable { target: app };
        bench
            .emulator
            .misbehave(Rule::on("enable", lost).times(1))
            .unwrap();
        let came = bench.change(&disable, WITHIN).await;
        assert!(matches!(came, Err(Fault::OutcomeUnknown(_))), "{came:?}");
        assert_eq!(bench.change(&disable, WITHIN).await, Ok(Answer::Done));
        assert_eq!(toggles(&bench), times);
    }
}

/// Something else is to be changed as well: one call each.
#[tokio::test]
async fn enabling_waits_for_another_change() {
    let bench = Bench::new().await;
    let app = bench.add("app", SECRET);
    bench.emulator.edit_clients(|apps| apps[1].enabled = false);
    let change = update(app, wanted(900));
    let came = bench.change(&change, WITHIN).await;
    assert!(
        matches!(&came, Err(Fault::OutcomeUnknown(text)) if text.contains("next try enables")),
        "{came:?}"
    );
    assert_eq!(
        (bench.app("app").access_token_validity_seconds, toggles(&bench)),
        (900, 0)
    );
    client_of(bench.change(&change, WITHIN).await.unwrap());
    assert!(bench.app("app").enabled);
}

#[tokio::test]
async fn what_starts_disabled_is_told() {
    let bench = Bench::turned("starts_enabled", "false").await;
    let client = client_of(bench.change(&register("app"), WITHIN).await.unwrap());
    assert_eq!(client.metadata.enabled, Some(false));
    assert_eq!(bench.sent(), 1, "it is enabled by a call of its own");
}

/// A server that does not toggle, or hides whether an app is enabled.
#[tokio::test]
async fn what_cannot_be_toggled() {
    for (switch, value, kind, sent) in [
        ("enable", "enables", "OutcomeUnknown", 1),
        ("enable", "404", "Invalid", 1),
        ("enable", "403", "Denied", 1),
        ("enable", "500", "OutcomeUnknown", 1),
        ("enabled_shown", "never", "Invalid", 0),
    ] {
        let bench = Bench::turned(switch, value).await;
        let app = bench.add("app", SECRET);
        let fault = bench
            .change(&Request::Disable { target: app }, WITHIN)
            .await
            .unwrap_err();
        assert_eq!((fault.kind(), bench.sent()), (kind, sent), "{switch}={value}");
        assert!(bench.app("app").enabled);
    }
}

/// Where an answer or the list does not say whether an app is enabled, a read of the app does.
#[tokio::test]
async fn what_only_one_read_shows() {
    let bench = Bench::turned("enabled_shown", "get_only").await;
    let app = bench.add("app", SECRET);
    assert_eq!(
        bench
            .change(&Request::Disable { target: app.clone() }, WITHIN)
            .await,
        Ok(Answer::Done)
    );
    assert_eq!(
        bench.by_id("app").await.unwrap().unwrap().metadata.enabled,
        Some(false)
    );
    assert_eq!(bench.clients().await.unwrap()[1].metadata.enabled, None);
    client_of(bench.change(&register("new"), WITHIN).await.unwrap());
}
