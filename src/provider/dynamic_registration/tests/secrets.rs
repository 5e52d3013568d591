//! No credential is seen where people look.

use super::*;

/// Servers and proxies that send back what they were sent, in whatever form.
#[tokio::test]
async fn in_no_text_that_a_server_sends_back() {
    let bench = Bench::with(true, true).await;
    let target = bench.target(&json!({"scope": "read"}));
    for status in [200, 201, 400, 401, 403, 404, 500] {
        for template in [
            r#"{"error":"invalid_token","error_description":"ECHO"}"#,
            r#"{"error":"ECHO"}"#,
            r#""ECHO""#,
            "ECHO",
            r#"{"client_id":"","client_secret":"ECHO","message":"x"}"#,
        ] {
            let echoing = |sent: &[&str]| {
                let text = template.replace("ECHO", &sent.join(" "));
                let media_type = if template == "ECHO" {
                    "text/plain"
                } else {
                    "application/json"
                };
                ResponseTemplate::new(status).set_body_raw(text, media_type)
            };
            bench.answers("POST", echoing(&[INITIAL, STATEMENT])).await;
            let mut said = format!("{:?}", bench.register(scopes(&[])).await);
            bench.answers("PUT", echoing(&[ACCESS, SECRET, STATEMENT])).await;
            said += &format!("{:?}", bench.change(&target, scopes(&[])).await);
            bench.answers("DELETE", echoing(&[ACCESS, SECRET])).await;
            said += &format!("{:?}", bench.delete(&target).await);
            assert!(!said.contains("canary"), "{status} {template}: {said}");
        }
    }
}

#[tokio::test]
async fn in_no_debug_output_of_a_client() {
    let bench = Bench::new().await;
    let answer = but(&json!({
        "registration_access_token": ACCESS,
        "registration_client_uri": "/reg/the-id",
        "software_statement": STATEMENT,
        "x_again": [ACCESS, {"y": SECRET}],
    }));
    bench.answers("POST", made(&answer)).await;
    let client = client_of(bench.register(scopes(&[])).await);
    assert!(client.access.is_some());
    let text = format!("{client:?}");
    assert!(!text.contains("canary"), "{text}");
}
