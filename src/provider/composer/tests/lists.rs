//! Lists in pieces, which nobody documents.

use super::bench::{shown, word};
use super::*;

/// A server with so many clients, of which three are on a page.
async fn paged(paging: &str, shape: &str, clients: usize) -> Bench {
    let bench = Bench::turned("paging", paging).await;
    bench.turn("list_shape", shape);
    bench.turn("page_size", "3");
    for number in 0..clients {
        bench.emulator.add_client(&format!("app-{number}"), 300);
    }
    bench
}

/// Pieces that name the next one, or say how many there are, are put together. The bench compares with what is there.
#[tokio::test]
async fn pieces_are_followed() {
    for paging in ["none", "page", "offset", "next", "endless"] {
        for shape in ["content", "data"] {
            for clients in [0, 1, 3, 4, 9, 10] {
                let bench = paged(paging, shape, clients).await;
                assert!(bench.clients().await.is_ok(), "{paging} {shape} {clients}");
                assert_eq!(bench.client("nobody").await, Ok(None));
                let last = candidate("app-9", None);
                assert_eq!(bench.attempted(&last).await.unwrap().is_some(), clients == 10);
            }
        }
    }
}

/// A list that tells that it is not whole, and not where the rest is, proves nothing.
#[tokio::test]
async fn what_is_not_whole_is_no_list() {
    for (paging, shape) in [
        ("page", "array"),
        ("offset", "array"),
        ("repeats", "content"),
        ("repeats", "array"),
    ] {
        let bench = paged(paging, shape, 7).await;
        assert_eq!(
            word(bench.clients().await.map(|_| "ok")),
            "Unavailable",
            "{paging} {shape}"
        );
        assert_eq!(word(bench.client("nobody").await.map(shown)), "Unavailable");
        let came = bench.change(&register("new"), WITHIN).await;
        assert_eq!((came.unwrap_err().kind(), bench.sent()), ("Unavailable", 0));
    }
}

/// Two of one name: none is taken for ours.
#[tokio::test]
async fn several_of_one_name() {
    let bench = Bench::new().await;
    bench.emulator.add_client("app", 300);
    bench.emulator.add_client("app", 300);
    let found = bench.attempted(&candidate("app", None)).await;
    assert!(
        matches!(&found, Err(Fault::Unavailable(text)) if text.contains("several")),
        "{found:?}"
    );
    assert_eq!(bench.clients().await.unwrap().len(), 2);
}
