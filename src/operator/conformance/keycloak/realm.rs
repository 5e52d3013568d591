//! One realm of a running Keycloak, beside the operator: as its administrator.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Value, json};

use super::SCOPES;
use crate::model::{ClientMetadata, Confidential, Credential, Handle, Marker, RemoteClient};
use crate::operator::conformance::process::{Started, call, client};

/// What starts the server, from the root of the repository.
const RUN: &str = "testcluster/keycloak/run";
/// Those that every realm has, and the operator's own.
const OWN: [&str; 7] = [
    "account",
    "account-console",
    "admin-cli",
    "broker",
    "operator",
    "realm-management",
    "security-admin-console",
];

/// A running Keycloak.
pub(super) struct Process {
    /// Where it is.
    pub(super) url: String,
    /// The secret of the operator's client.
    pub(super) secret: Confidential,
    admin: Confidential,
    _started: Started,
}

impl Process {
    /// Starts it, built before if it has to be.
    pub(super) fn start() -> Result<Self, String> {
        let cannot = |why: String| {
            format!(
                "Keycloak does not start: {why}. It needs Java 17, Node.js 20, and for the first time Maven and unzip; what {RUN} \
                 says is on stderr"
            )
        };
        let mut command = Command::new(format!("{}/{RUN}", env!("CARGO_MANIFEST_DIR")));
        command
            .args(SCOPES.iter().flat_map(|scope| ["--scope", scope]))
            .arg("--end-with-stdin");
        let started = Started::by(&mut command).map_err(cannot)?;
        let said = |name: &str| {
            let said = started.said[name].as_str().map(str::to_owned);
            said.ok_or_else(|| cannot(format!("it does not say its {name}")))
        };
        let secret = |name: &str| {
            let secret = std::fs::read_to_string(said(name)?).map_err(|error| error.to_string())?;
            Ok::<_, String>(Confidential::new(secret.trim()))
        };
        Ok(Self {
            url: said("url")?,
            secret: secret("client_secret_file")?,
            admin: secret("admin_client_secret_file")?,
            _started: started,
        })
    }

    /// A realm of it.
    pub(super) fn realm(&self, name: &'static str) -> Result<Realm, String> {
        Ok(Realm {
            name,
            url: self.url.clone(),
            admin: self.admin.clone(),
            http: client()?,
        })
    }
}

/// A realm.
pub(super) struct Realm {
    name: &'static str,
    url: String,
    admin: Confidential,
    http: reqwest::Client,
}

impl Realm {
    /// A call of the administrator's, below the realm.
    pub(super) async fn admin(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u16, Value), String> {
        let (status, token) = self.token("master", "admin", self.admin.expose()).await?;
        let token = token["access_token"]
            .as_str()
            .ok_or_else(|| format!("no token for the administrator: {status}"))?;
        let url = format!("{}/admin/realms/{}{path}", self.url, self.name);
        call(&self.http, method, &url, body, Some(token)).await
    }

    /// The same, which has to succeed.
    pub(super) async fn must(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, String> {
        match self.admin(method, path, body).await? {
            (200..=299, answer) => Ok(answer),
            (status, answer) => Err(format!("{method} {path} is answered with {status}: {answer}")),
        }
    }

    /// Whether a pair gets a token.
    pub(super) async fn accepts(&self, id: &str, secret: &str) -> Result<bool, String> {
        let (status, answer) = self.token(self.name, id, secret).await?;
        match (status, answer["error"].as_str()) {
            (200, _) => Ok(true),
            (401, _) => Ok(false),
            (status, error) => Err(format!("a token request is answered with {status} {error:?}")),
        }
    }

    async fn token(&self, realm: &str, id: &str, secret: &str) -> Result<(u16, Value), String> {
        let encoded = |text: &str| crate::model::percent::form(text);
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            encoded(id),
            encoded(secret)
        );
        let url = format!("{}/realms/{realm}/protocol/openid-connect/token", self.url);
        let request = self
            .http
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    /// Every client, as Keycloak shows it.
    pub(super) async fn clients(&self) -> Result<Vec<Value>, String> {
        let clients = self.must("GET", "/clients", None).await?;
        Ok(clients.as_array().cloned().unwrap_or_default())
    }

    /// As it was when it was made, but for a session that is long enough for what is asked for.
    pub(super) async fn reset(&self) -> Result<(), String> {
        let hours = 36_000;
        let longer = json!({"ssoSessionIdleTimeout": hours, "ssoSessionMaxLifespan": hours});
        self.must("PUT", "", Some(longer)).await?;
        for client in self.clients().await? {
            if !is_own(&client) {
                let path = format!("/clients/{}", text(&client, "id"));
                self.must("DELETE", &path, None).await?;
            }
        }
        Ok(())
    }

    /// The id of a client scope.
    pub(super) async fn scope(&self, name: &str) -> Result<String, String> {
        let scopes = self.must("GET", "/client-scopes", None).await?;
        let found = scopes
            .as_array()
            .and_then(|scopes| scopes.iter().find(|scope| scope["name"] == name));
        let found = found.ok_or_else(|| format!("there is no client scope {name}"))?;
        Ok(text(found, "id"))
    }

    /// From now on secrets expire after so many seconds; the one before works for as long.
    pub(super) async fn secrets_live(&self, seconds: u32) -> Result<(), String> {
        let configuration = json!({
            "expiration-period": seconds, "rotated-expiration-period": seconds, "remaining-rotation-period": seconds,
        });
        let executors = json!([{"executor": "secret-rotation", "configuration": configuration}]);
        let profiles = json!({"profiles": [{"name": "rotation", "executors": executors}]});
        self.must("PUT", "/client-policies/profiles", Some(profiles))
            .await?;
        Ok(())
    }

    /// Whether the realm has its policy.
    pub(super) async fn has_policy(&self, enabled: bool) -> Result<(), String> {
        let conditions =
            json!([{"condition": "client-access-type", "configuration": {"type": ["confidential"]}}]);
        let policies = json!({"policies": [
            {"name": "rotation", "enabled": enabled, "conditions": conditions, "profiles": ["rotation"]},
        ]});
        self.must("PUT", "/client-policies/policies", Some(policies))
            .await?;
        Ok(())
    }
}

/// Whether a client is Keycloak's own, or the operator's.
pub(super) fn is_own(client: &Value) -> bool {
    OWN.iter().any(|own| client["clientId"] == *own)
}

/// A field that is a text.
pub(super) fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn names(value: &Value) -> BTreeSet<String> {
    let names = value.as_array().into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A client in the words of the model, for what stories ask for.
pub(super) fn remote(client: &Value) -> RemoteClient {
    let attribute = |name: &str| client["attributes"][name].as_str();
    let is_on = |name: &str| attribute(name) == Some("true");
    let mut grants = BTreeSet::new();
    for (grant, there) in [
        ("client_credentials", client["serviceAccountsEnabled"] == true),
        ("authorization_code", client["standardFlowEnabled"] == true),
        (
            "refresh_token",
            is_on("client_credentials.use_refresh_token")
                || (client["standardFlowEnabled"] == true
                    && attribute("use.refresh.tokens") != Some("false")),
        ),
    ] {
        if there {
            grants.insert(grant.to_owned());
        }
    }
    let given = attribute("oauthclient.dev/realm-scopes").unwrap_or("openid service_account");
    let given: BTreeSet<String> = given.split(' ').map(str::to_owned).collect();
    let mut scopes = names(&client["defaultClientScopes"]);
    scopes.extend(names(&client["optionalClientScopes"]));
    let audiences: BTreeMap<String, BTreeSet<String>> =
        (client["protocolMappers"].as_array().into_iter().flatten())
            .filter_map(|mapper| mapper["config"]["included.custom.audience"].as_str())
            .map(|audience| (audience.to_owned(), BTreeSet::new()))
            .collect();
    let method = attribute("oauthclient.dev/token-endpoint-auth-method").unwrap_or("client_secret_basic");
    RemoteClient {
        handle: Handle(text(client, "id")),
        name: client["name"].as_str().map(str::to_owned),
        marker: attribute("oauthclient.dev/marker").and_then(Marker::read),
        credential: Credential {
            client_id: text(client, "clientId"),
            client_secret: client["secret"].as_str().map(Confidential::new),
        },
        metadata: ClientMetadata {
            grant_types: Some(grants),
            scopes: Some(scopes.difference(&given).cloned().collect()),
            audiences: Some(audiences),
            redirect_uris: Some(names(&client["redirectUris"])),
            token_endpoint_auth_method: Some(method.to_owned()),
            access_token_validity_seconds: attribute("access.token.lifespan")
                .and_then(|text| text.parse().ok()),
            refresh_token_validity_seconds: attribute("client.session.idle.timeout")
                .and_then(|text| text.parse().ok()),
            enabled: client["enabled"].as_bool(),
        },
        secret_expires_at: None,
        access: None,
    }
}
