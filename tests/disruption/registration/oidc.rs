//! node oidc-provider, a real server at which nothing can be looked up and whose registration access tokens change with each
//! update.

use serde_json::{Value, json};

use super::Remote;
use crate::stage::World;
use crate::stage::oidc::{OidcProvider, RemoteClient};
use crate::stage::published::Pair;

/// Requests whose answers get lost, one after the other, and the path where it tells the kind.
const LOST: [(&str, Option<&str>); 3] = [("POST", Some("/reg")), ("PUT", None), ("DELETE", None)];

pub fn start(world: &World) -> OidcProvider {
    let server = OidcProvider::start(&["--rotate-registration-access-token", "on"]);
    world.witness.knows([server.initial_access_token.clone()]);
    server
}

impl Remote for OidcProvider {
    type Client = RemoteClient;

    const NAME: &'static str = "oidc-provider";
    const LEAVES_BEHIND: bool = true;

    fn credential(&self) -> Value {
        json!({"token": self.initial_access_token})
    }

    fn provider(&self, secret: &str) -> Value {
        json!({"dynamicRegistration": {
            "issuer": self.url,
            "auth": {"initialAccessToken": {"secretRef": {"name": secret}}},
        }})
    }

    fn allows(&self) -> Value {
        json!({"scopes": ["read", "write"]})
    }

    fn asks(&self, other: bool) -> Value {
        let scopes: &[&str] = if other { &["read", "write"] } else { &["read"] };
        json!({"scopes": scopes})
    }

    async fn lose_answer(&self, number: usize) {
        let (method, path) = LOST[number % LOST.len()];
        Self::lose_answer(self, method, path).await;
    }

    async fn token(&self, pair: &Pair) -> Result<(), u16> {
        Self::token(self, pair).await
    }

    async fn clients(&self) -> Vec<RemoteClient> {
        Self::clients(self).await
    }

    fn id(client: &RemoteClient) -> &str {
        &client.client_id
    }

    /// By the software id that it carries too.
    fn leads_to(owed: &Value, client: &RemoteClient) -> bool {
        let marker = &owed["lost"]["marker"];
        let by_software = marker["owner"].as_str().is_some_and(|owner| {
            client.software_id == format!("oauthclient.dev/{owner}")
                && marker["number"] == client.software_version.parse::<u64>().unwrap_or_default()
        });
        by_software || owed["registration"]["credential"]["client_id"] == client.client_id.as_str()
    }

    async fn requests(&self) -> [usize; 3] {
        [
            Self::requests(self, "POST", "/reg").await,
            Self::requests(self, "PUT", "/reg").await,
            Self::requests(self, "DELETE", "/reg").await,
        ]
    }
}
