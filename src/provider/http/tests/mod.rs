mod calls;
mod headers;
mod meaning;
mod raw;
mod tls;

use std::time::Duration;

use reqwest::Method;
use zeroize::Zeroizing;

use super::super::address::EgressRules;
use super::*;
use crate::model::Confidential;

const SOON: Duration = Duration::from_secs(1);
const WITHIN: Duration = Duration::from_secs(20);

fn loopback() -> EgressRules {
    EgressRules {
        allow_loopback: true,
        ..EgressRules::default()
    }
}

fn http(url: &str) -> Http {
    http_with(url, "/base", &Trust::default(), None).unwrap()
}

fn http_with(
    url: &str,
    prefix: &str,
    trust: &Trust,
    authorization: Option<Authorization>,
) -> Result<Http, Unfit> {
    let egress = loopback();
    let target = Target {
        url,
        prefix,
        namespaced: false,
        egress: &egress,
        trust,
    };
    Http::new(&target, authorization)
}

fn read() -> Call<'static> {
    Call::read("the thing", &["thing"], WITHIN)
}

fn change() -> Call<'static> {
    let body = Body::Json(Zeroizing::new(br#"{"a":1}"#.to_vec()));
    Call::change(Method::POST, "the change", &["thing"], body, WITHIN)
}

fn change_within(within: Duration) -> Call<'static> {
    Call { within, ..change() }
}

/// The fault of a call: of the way, or of the answer.
async fn fault(http: &Http, call: &Call<'_>) -> Option<Fault> {
    match http.send(call).await {
        Err(fault) => Some(fault),
        Ok(reply) if reply.status.is_success() => {
            let json: Result<serde_json::Value, String> = reply.json();
            json.err().map(|why| http.absurd(call, &why))
        }
        Ok(reply) => Some(http.refused(call, &reply)),
    }
}

async fn kind(http: &Http, call: &Call<'_>) -> &'static str {
    fault(http, call).await.map_or("Good", |fault| fault.kind())
}
