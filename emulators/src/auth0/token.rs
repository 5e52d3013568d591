//! `/oauth/token`: tokens for the Management API and for the tenant's APIs.

use std::time::{Duration, Instant};

use hyper::header::{CACHE_CONTROL, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::assertion::{self, Assertion};
use super::choices::{
    AssertionAudience, ClientPolicy, NoAudience, Replay, TokenAuth, TokenLimit, TokenScope, WrongSecret,
};
use super::document::{METHOD, grants};
use super::limits::{self, Headers, Measured};
use super::state::{Api, Client, Store, Token};
use super::{Addresses, Switches};
use crate::http::{Answer, Request};
use crate::random::{URL_SAFE, random};
use crate::speech::{json_answer, with_headers};
use crate::switch::Either::{Do, Refuse};
use crate::switch::SwitchValue as _;
use crate::token::{self, Form, Way, credentials, jwt_of};

const OPAQUE_LENGTH: usize = 32;
const OPAQUE_SECONDS: u64 = 86_400;
const GRANT_TYPE: &str = "client_credentials";

/// A refusal in the manner of RFC 6749 section 5.2.
struct Refused {
    status: u16,
    error: &'static str,
    message: String,
    headers: Headers,
}

impl Refused {
    fn new(status: u16, error: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            error,
            message: message.into(),
            headers: Headers::new(),
        }
    }
}

impl From<token::Refusal> for Refused {
    fn from(refusal: token::Refusal) -> Self {
        Self::new(refusal.status, refusal.error, refusal.message)
    }
}

/// One token request.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The switches.
    pub switches: &'a Switches,
    /// The request.
    pub request: &'a Request,
    /// How the tenant is called.
    pub addresses: &'a Addresses,
}

/// Answers a token request.
pub fn token(store: &mut Store, call: Call<'_>) -> Answer {
    let measured = limits::token(&mut store.buckets, call.switches);
    let answer = if measured.passes {
        issue(store, call)
    } else {
        Err(too_many(call.switches))
    };
    let answer = match answer {
        Ok((body, headers)) => {
            let answer = said(200, &body).header(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            with_headers(answer, headers)
        }
        Err(Refused {
            status,
            error,
            message,
            headers,
        }) => {
            let body = json!({ "error": error, "error_description": message });
            token::challenged(with_headers(said(status, &body), headers), call.request)
        }
    };
    with_headers(answer, measured.headers)
}

fn said(status: u16, body: &Value) -> Answer {
    json_answer(status, body, Some("application/json"))
}

fn too_many(switches: &Switches) -> Refused {
    match switches.token_limit {
        TokenLimit::Quota => Refused::new(429, "too_many_requests", "Client quota exceeded"),
        TokenLimit::Denied => Refused::new(429, "Rate limit reached", "Access Denied"),
        TokenLimit::ServerError => Refused::new(500, "access_denied", "Global limit has been reached"),
    }
}

/// What a token request is for and whose it is, believed or not.
pub fn claimed(request: &Request) -> (Option<String>, Option<String>) {
    let Ok(form) = Form::or_json(request) else {
        return (None, None);
    };
    let field = |name| form.get(name).map(str::to_owned);
    let assertion = form.get("client_assertion").and_then(Assertion::read);
    let by_assertion = || assertion.map(|assertion| assertion.client_id().to_owned());
    let by_basic = || request.basic().map(|(id, _)| id);
    let client_id = field("client_id").or_else(by_assertion).or_else(by_basic);
    (field("audience"), client_id)
}

/// A token as it is told, and what the answer tells beside it.
type Issued = (Value, Headers);

fn issue(store: &mut Store, call: Call<'_>) -> Result<Issued, Refused> {
    let form = Form::or_json(call.request)?;
    match form.get("grant_type") {
        Some(GRANT_TYPE) => {}
        Some(other) => {
            let message = format!("Unsupported grant type: {other}");
            return Err(Refused::new(403, "unsupported_grant_type", message));
        }
        None => {
            let message = "Missing required parameter: grant_type";
            return Err(Refused::new(400, "invalid_request", message));
        }
    }
    store.next_node();
    let client = match form.get("client_assertion") {
        Some(text) => by_assertion(store, call, &form, text)?,
        None => by_secret(store, call, &form)?,
    };
    if !grants(&client.document).any(|grant| grant == GRANT_TYPE) {
        let message = "Grant type 'client_credentials' not allowed for the client.";
        return Err(Refused::new(403, "unauthorized_client", message));
    }
    match form.get("audience").filter(|audience| !audience.is_empty()) {
        Some(audience) => for_api(store, call, &client, audience, form.get("scope")),
        None => for_nothing(store, call.switches, &client),
    }
}

fn for_api(
    store: &mut Store,
    call: Call<'_>,
    client: &Client,
    audience: &str,
    asked: Option<&str>,
) -> Result<Issued, Refused> {
    let switches = call.switches;
    let apis = store.apis.seen(switches.token_lag_ms);
    let api = apis.iter().find(|api| api.identifier == audience).cloned();
    let Some(api) = api else {
        let message = format!("Service not enabled within domain: {audience}");
        return Err(Refused::new(403, "access_denied", message));
    };
    let scopes = scopes(store, switches, client, &api, asked)?;
    let (seconds, headers) = if api.is_system {
        let seconds = api.token_lifetime().min(switches.management_token_seconds);
        (seconds, Headers::new())
    } else {
        let Measured { passes, headers } = store.quotas.count(client);
        if !passes {
            let refused = Refused::new(429, "too_many_requests", "Client quota exceeded");
            return Err(Refused { headers, ..refused });
        }
        (api.token_lifetime(), headers)
    };
    let id = &client.client_id;
    let claims = json!({
        "iss": format!("{}/", call.addresses.tenant),
        "sub": format!("{id}@clients"),
        "aud": audience,
        "scope": scopes.join(" "),
        "gty": "client-credentials",
        "azp": id,
        "jti": random(OPAQUE_LENGTH, URL_SAFE),
    });
    let text = jwt_of(claims, seconds);
    Ok((
        told(store, text, client, Some(api.identifier), scopes, seconds),
        headers,
    ))
}

fn for_nothing(store: &mut Store, switches: &Switches, client: &Client) -> Result<Issued, Refused> {
    match switches.no_audience {
        Refuse(status) => {
            let message = "No audience parameter was provided, and no default audience has been configured";
            Err(Refused::new(status, "access_denied", message))
        }
        Do(NoAudience::Opaque) => {
            let text = random(OPAQUE_LENGTH, URL_SAFE);
            let told = told(store, text, client, None, Vec::new(), OPAQUE_SECONDS);
            Ok((told, Headers::new()))
        }
    }
}

/// Keeps a token, and tells it.
fn told(
    store: &mut Store,
    text: String,
    client: &Client,
    audience: Option<String>,
    scopes: Vec<String>,
    seconds: u64,
) -> Value {
    let mut said = json!({ "access_token": text, "expires_in": seconds, "token_type": "Bearer" });
    if !scopes.is_empty() {
        said["scope"] = json!(scopes.join(" "));
    }
    let token = Token {
        client_id: client.client_id.clone(),
        audience,
        scopes,
        expires: Instant::now() + Duration::from_secs(seconds),
    };
    store.issue(text, token);
    said
}

/// What the client may do at an API.
fn scopes(
    store: &Store,
    switches: &Switches,
    client: &Client,
    api: &Api,
    asked: Option<&str>,
) -> Result<Vec<String>, Refused> {
    let denied = || {
        let (id, audience) = (&client.client_id, &api.identifier);
        let message = format!(
            "Client {id} is not authorized to access \"{audience}\". You need to create a \"client-grant\" \
             associated to this API"
        );
        Refused::new(switches.no_grant_status.0, "access_denied", message)
    };
    let known = || api.scopes().into_iter().map(str::to_owned).collect();
    let types = api
        .document
        .get("subject_type_authorization")
        .unwrap_or(&Value::Null);
    let policy = types["client"]["policy"].as_str().and_then(ClientPolicy::parse);
    let mut scopes: Vec<String> = match policy.unwrap_or(switches.client_policy) {
        ClientPolicy::DenyAll => return Err(denied()),
        ClientPolicy::AllowAll => known(),
        ClientPolicy::Grant => {
            let mut grants = store.grants.seen(switches.token_lag_ms).iter();
            let grant = grants.find(|grant| {
                grant.client_id == client.client_id
                    && grant.audience == api.identifier
                    && grant.subject_type() == "client"
            });
            let grant = grant.ok_or_else(denied)?;
            if grant.others.get("allow_all_scopes") == Some(&json!(true)) {
                known()
            } else {
                grant.scope.clone()
            }
        }
    };
    let is_there = |scope: &String| switches.unknown_scopes.0 || api.scopes().contains(&scope.as_str());
    scopes.retain(is_there);
    let asked: Vec<_> = asked.unwrap_or_default().split_whitespace().collect();
    if switches.token_scope == TokenScope::Narrowed && !asked.is_empty() {
        scopes.retain(|scope| asked.contains(&scope.as_str()));
    }
    Ok(scopes)
}

fn client<'a>(store: &'a Store, switches: &Switches, id: &str) -> Option<&'a Client> {
    let mut clients = store.clients.seen(switches.token_lag_ms).iter();
    clients.find(|client| client.client_id == id)
}

fn by_secret(store: &Store, call: Call<'_>, form: &Form) -> Result<Client, Refused> {
    let switches = call.switches;
    let (way, pairs) = credentials(call.request, form, switches.token_basic_decoding)?;
    let registered = match way {
        Way::Basic => "client_secret_basic",
        Way::Body => "client_secret_post",
    };
    let fits = |client: &Client| match (switches.token_auth, client.document.get(METHOD)) {
        (TokenAuth::AsRegistered, Some(method)) => method == registered,
        (TokenAuth::Any, _) | (_, None) => true,
    };
    let good = |(id, secret): &(String, String)| {
        let client = client(store, switches, id)?;
        let good =
            client.uses_secret() && fits(client) && store.good_secrets(switches, client).contains(secret);
        good.then(|| client.clone())
    };
    pairs.iter().find_map(good).ok_or_else(|| {
        let (error, message) = match switches.wrong_secret {
            WrongSecret::AccessDenied => ("access_denied", "Unauthorized"),
            WrongSecret::InvalidClient => ("invalid_client", "Client authentication failed"),
        };
        Refused::new(switches.wrong_secret_status.0, error, message)
    })
}

fn by_assertion(store: &mut Store, call: Call<'_>, form: &Form, text: &str) -> Result<Client, Refused> {
    let switches = call.switches;
    let invalid = |message: &str| Refused::new(401, "invalid_client", message);
    if form.get("client_assertion_type") != Some(assertion::TYPE) {
        return Err(invalid("client_assertion_type is not known"));
    }
    let assertion = Assertion::read(text).ok_or_else(|| invalid("the assertion is not a JWT"))?;
    let id = assertion.client_id();
    if form.get("client_id").is_some_and(|other| other != id) {
        return Err(invalid("client_id is another than that of the assertion"));
    }
    let client = client(store, switches, id).filter(|client| client.uses_keys());
    let client = client
        .ok_or_else(|| invalid("the client does not use private_key_jwt"))?
        .clone();
    let Addresses { tenant, listened } = call.addresses;
    let mut audiences = vec![format!("{tenant}/"), format!("{listened}/")];
    if switches.assertion_audience == AssertionAudience::Either {
        audiences.extend([tenant, listened].map(|address| format!("{address}{}", super::TOKEN_PATH)));
    }
    assertion
        .check(&client, &audiences, Timestamp::now())
        .map_err(invalid)?;
    let is_new = store
        .used_assertions
        .insert((client.client_id.clone(), assertion.id().to_owned()));
    match switches.assertion_replay {
        Refuse(status) if !is_new => Err(Refused::new(
            status,
            "invalid_client",
            "the assertion was used before",
        )),
        Refuse(_) | Do(Replay::Accepted) => Ok(client),
    }
}
