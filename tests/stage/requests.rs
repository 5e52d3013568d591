//! What the API server counts of the requests that it has had.

use std::collections::BTreeMap;

use kube::Client;
use kube::api::ListParams;
use kube::core::Request;

/// One kind of request, in the API server's words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// `POST`, `APPLY`, `GET`, `LIST`, `WATCH`, …
    pub verb: String,
    /// With the subresource behind a slash.
    pub resource: String,
    /// It was tried only.
    pub dry_run: bool,
}

impl Asked {
    /// Whether it changes something.
    pub fn writes(&self) -> bool {
        let writes = ["POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"];
        !self.dry_run && writes.contains(&self.verb.as_str())
    }
}

/// How many requests of each kind the API server has had since its start.
pub async fn requests(kube: &Client) -> BTreeMap<Asked, i64> {
    let request = Request::new("/metrics").list(&ListParams::default()).unwrap();
    let metrics = kube.request_text(request).await.unwrap();
    let mut found = BTreeMap::new();
    for line in metrics.lines() {
        let Some((labels, count)) = line
            .strip_prefix("apiserver_request_total{")
            .and_then(|rest| rest.split_once("} "))
        else {
            continue;
        };
        let label = |name: &str| {
            let value = labels.split(&format!("{name}=\"")).nth(1);
            let value = value.and_then(|rest| rest.split('"').next());
            value.unwrap_or_default().to_owned()
        };
        let (resource, subresource) = (label("resource"), label("subresource"));
        let asked = Asked {
            verb: label("verb"),
            resource: if subresource.is_empty() {
                resource
            } else {
                format!("{resource}/{subresource}")
            },
            dry_run: !label("dry_run").is_empty(),
        };
        #[expect(clippy::cast_possible_truncation, reason = "a count")]
        let count = count.trim().parse::<f64>().unwrap() as i64;
        *found.entry(asked).or_default() += count;
    }
    let read = found.values().sum::<i64>() > 0;
    assert!(read, "the metrics of the API server cannot be read");
    found
}

/// What came since an earlier count.
pub fn since(before: &BTreeMap<Asked, i64>, now: BTreeMap<Asked, i64>) -> BTreeMap<Asked, i64> {
    let grown = now.into_iter().map(|(asked, count)| {
        let earlier = before.get(&asked).copied().unwrap_or_default();
        (asked, count - earlier)
    });
    grown.filter(|(_, count)| *count != 0).collect()
}
