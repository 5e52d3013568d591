//! Every choice that the documentation leaves open, each in every value.

use authserver_emulator::cocoon::Switches;
use futures::future::join_all;

use super::bench::Bench;
use super::*;

/// One line for the defaults, and for each value of a switch that differs what differs. The bench holds every answer against
/// what is so; what is seen here is what a person has to live with.
#[tokio::test]
async fn each_value_of_each_switch() {
    let usual = story(|_| {}, false).await;
    let mut lines = vec![format!("default:{usual}")];
    let stories = Switches::info().into_iter().flat_map(|info| {
        let values = info.samples.into_iter().map(move |value| (info.name, value));
        values.collect::<Vec<_>>()
    });
    let stories = stories.map(async |(name, value)| {
        // This makes the server itself say what is not so.
        let untrue = matches!(name, "read_lag_ms");
        let turn = |switches: &mut Switches| switches.set(name, &value).unwrap();
        (format!("{name}={value}"), story(turn, untrue).await)
    });
    let mut same = 0;
    for (label, story) in join_all(stories).await {
        match difference(&usual, &story) {
            none if none.is_empty() => same += 1,
            difference => lines.push(format!("{label}:{difference}")),
        }
    }
    lines.push(format!("{same} more: as by default"));
    insta::assert_snapshot!(lines.join("\n"));
}

async fn story(turn: impl FnOnce(&mut Switches), lies: bool) -> String {
    let bench = Bench {
        lies,
        ..Bench::new().await
    };
    bench.emulator.switch(turn);
    bench.story().await
}

fn difference(usual: &str, story: &str) -> String {
    let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
    let usual = words(usual);
    let other = words(story).into_iter().filter(|word| !usual.contains(word));
    other.fold(String::new(), |text, word| text + " " + &word)
}

/// 500 is believed to say "absent" only of a server that shows another app at the same time.
#[tokio::test]
async fn a_500_for_who_is_not_there() {
    let bench = Bench::turned("get_absent", "500").await;
    assert_eq!(
        bench.client("4711").await,
        Ok(None),
        "the app of the login is there"
    );
    bench.emulator.edit_clients(Vec::clear);
    let found = bench.client("4711").await.map(bench::shown);
    assert_eq!(bench::word(found), "Unavailable");
}

/// A token that is refused, in each way in which a server may say so: told as what it is, or as what nobody understands.
#[tokio::test]
async fn a_token_that_is_refused() {
    for (value, of_read, of_change) in [
        ("challenge", "some", "client"),
        ("bare_401", "some", "client"),
        ("forbidden", "Denied", "Denied"),
        ("login_page", "Unavailable", "Unavailable"),
        ("login_redirect", "Unavailable", "Unavailable"),
    ] {
        let bench = Bench::turned("unauthorized", value).await;
        let app = bench.add("app", SECRET);
        bench.check().await.unwrap();
        bench.emulator.end_tokens(true);
        let read = bench.client(&app.handle.0).await.map(bench::shown);
        assert_eq!(bench::word(read), of_read, "{value}");
        bench.emulator.end_tokens(true);
        let changed = bench
            .change(&update(app, wanted(900)), WITHIN)
            .await
            .map(bench::answered);
        assert_eq!(bench::word(changed), of_change, "{value}");
    }
}
