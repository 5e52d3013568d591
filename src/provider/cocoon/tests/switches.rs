//! Every choice that the documentation leaves open, each in every value.

use super::bench::switches::each_value;
use super::*;

#[tokio::test]
async fn each_value_of_each_switch() {
    let lines = each_value(&["read_lag_ms"], async |bench: Bench| bench.story().await);
    insta::assert_snapshot!(lines.await);
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
