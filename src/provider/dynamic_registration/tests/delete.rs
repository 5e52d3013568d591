//! Deletions.

use super::*;

#[tokio::test]
async fn with_the_access_of_the_registration() {
    let bench = Bench::new().await;
    let target = bench.target(&json!({}));
    for status in [204, 200] {
        bench.answers("DELETE", ResponseTemplate::new(status)).await;
        assert_eq!(bench.delete(&target).await, Ok(Answer::Done));
        let sent = &bench.received().await[0];
        assert_eq!((sent.url.path(), bearer(sent)), ("/reg/the-id", Some(ACCESS)));
        assert!(sent.body.is_empty());
    }
}

#[tokio::test]
async fn an_answer_that_is_none_leaves_the_outcome_open() {
    let bench = Bench::new().await;
    let target = bench.target(&json!({}));
    for answer in [
        ResponseTemplate::new(202),
        ResponseTemplate::new(200).set_body_raw("<html>", "text/html"),
        ResponseTemplate::new(200).set_body_raw("this is not JSON", "application/json"),
    ] {
        bench.answers("DELETE", answer).await;
        assert_eq!(kind(bench.delete(&target).await), "OutcomeUnknown");
    }
    let late = ResponseTemplate::new(204).set_delay(Duration::from_secs(5));
    bench.answers("DELETE", late).await;
    let request = Request::Delete {
        target: Box::new(target),
    };
    let soon = Duration::from_millis(200);
    assert_eq!(
        kind(bench.adapter.perform(&request, soon).await),
        "OutcomeUnknown"
    );
}
