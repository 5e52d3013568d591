//! From the first token to the next.

use rstest::rstest;

use super::*;

#[tokio::test]
async fn a_token_is_asked_for_once_and_used() {
    let bench = Bench::itself().await;
    bench.answers("/token", |number, _| issue(number)).await;
    bench.takes_all().await;
    assert_eq!(bench.read().await, Ok(200));
    assert_eq!(bench.change().await, Ok(200));
    assert_eq!(
        bench.logins().await,
        ["grant_type=client_credentials&client_id=the+client&client_secret=canary-secret%2B1"]
    );
    assert_eq!(bench.tokens().await, ["Bearer canary-token-0"; 2]);
    let debug = format!("{:?} {:?} {:?}", bench.login, bench.login.client, password());
    assert!(!debug.contains("canary"), "{debug}");
}

#[tokio::test]
async fn each_grant() {
    let audience = Grant::ClientCredentials {
        audience: Some("https://tenant/api/v2/".to_owned()),
    };
    let bench = Bench::new(ClientAuth::Basic(client()), audience).await;
    bench.answers("/token", |number, _| issue(number)).await;
    bench.takes_all().await;
    bench.read().await.unwrap();
    assert_eq!(
        bench.logins().await,
        ["grant_type=client_credentials&audience=https%3A%2F%2Ftenant%2Fapi%2Fv2%2F"]
    );
    // the+client:canary-secret%2B1
    let request = bench.received("/token").await.remove(0);
    assert_eq!(
        request.headers["authorization"],
        "Basic dGhlK2NsaWVudDpjYW5hcnktc2VjcmV0JTJCMQ=="
    );
    assert_eq!(
        request.headers["content-type"],
        "application/x-www-form-urlencoded"
    );

    let bench = Bench::user().await;
    bench.answers("/token", |number, _| issue(number)).await;
    bench.takes_all().await;
    bench.read().await.unwrap();
    assert_eq!(
        bench.logins().await,
        ["grant_type=password&username=admin&password=canary+pass%2Fword"]
    );
}

#[rstest]
#[case(json!(600), 570)]
#[case(json!(60), 45)]
#[case(json!("40"), 30)]
#[case(json!(null), 45)]
#[case(json!("soon"), 45)]
#[case(json!(0), 7)]
#[case(json!(-5), 7)]
#[case(json!(1_000_000_000), 86_370)]
#[tokio::test]
async fn it_is_renewed_before_its_end(#[case] expires_in: Value, #[case] used: u64) {
    let bench = Bench::itself().await;
    bench
        .answers("/token", move |_, _| {
            answer(200, &json!({"access_token": "t", "expires_in": expires_in}))
        })
        .await;
    bench.takes_all().await;
    bench.read().await.unwrap();
    pass(Duration::from_secs(used - 1)).await;
    bench.read().await.unwrap();
    assert_eq!(bench.logins().await.len(), 1);
    pass(Duration::from_secs(2)).await;
    bench.read().await.unwrap();
    assert_eq!(bench.logins().await.len(), 2);
}

#[tokio::test]
async fn one_logs_in_and_the_others_wait() {
    let bench = Bench::itself().await;
    bench
        .answers("/token", |number, _| {
            issue(number).set_delay(Duration::from_millis(200))
        })
        .await;
    bench.takes_all().await;
    let all = futures::future::join_all((0..10).map(|_| bench.read())).await;
    assert_eq!(all, vec![Ok(200); 10]);
    assert_eq!(bench.logins().await.len(), 1);
}

/// Who logs in may go away; then another one does.
#[tokio::test]
async fn a_login_that_is_given_up_holds_nobody_up() {
    let bench = Bench::itself().await;
    bench
        .answers("/token", |number, _| {
            let slow = Duration::from_secs(if number == 0 { 60 } else { 0 });
            issue(number).set_delay(slow)
        })
        .await;
    bench.takes_all().await;
    let hasty = change(Duration::from_millis(300));
    let (gone, patient) = tokio::join!(bench.send(&hasty), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        bench.read().await
    });
    assert!(matches!(gone, Err(Fault::Unavailable(_))), "{gone:?}");
    assert_eq!(patient, Ok(200));
    assert_eq!(bench.tokens().await, ["Bearer canary-token-1"]);
}

/// The refresh token, and the password again where that is not taken any more.
#[tokio::test]
async fn a_refresh_token_spares_the_password() {
    let bench = Bench::user().await;
    bench
        .answers("/token", |number, _| match number {
            0 => answer(
                200,
                &json!({"access_token": "a", "expires_in": 60, "refresh_token": "canary-r/0"}),
            ),
            1 => answer(200, &json!({"access_token": "b", "expires_in": 60})),
            2 => answer(
                200,
                &json!({"access_token": "c", "expires_in": 60, "refresh_token": "canary-r1"}),
            ),
            3 => answer(400, &json!({"error": "invalid_grant"})),
            _ => issue(number),
        })
        .await;
    bench.takes_all().await;
    for _ in 0..4 {
        assert_eq!(bench.read().await, Ok(200));
        pass(Duration::from_secs(50)).await;
    }
    let with_password = "grant_type=password&username=admin&password=canary+pass%2Fword";
    let with = |token: &str| format!("grant_type=refresh_token&refresh_token={token}");
    assert_eq!(
        bench.logins().await,
        [
            with_password,
            &with("canary-r%2F0"),
            &with("canary-r%2F0"),
            &with("canary-r1"),
            with_password
        ]
    );
}

/// A client asks anew, whatever else it was given.
#[tokio::test]
async fn a_client_needs_no_refresh_token() {
    let bench = Bench::itself().await;
    bench
        .answers("/token", |_, _| {
            answer(
                200,
                &json!({"access_token": "a", "expires_in": 60, "refresh_token": "r"}),
            )
        })
        .await;
    bench.takes_all().await;
    bench.read().await.unwrap();
    pass(Duration::from_secs(50)).await;
    bench.read().await.unwrap();
    let logins = bench.logins().await;
    assert!(
        logins
            .iter()
            .all(|form| form.starts_with("grant_type=client_credentials"))
    );
    assert_eq!(logins.len(), 2);
}
