//! What is there before anybody registers anything.

use std::io;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::document::{self, METHODS};
use super::state::{
    Api, Client, Credential, Grant, credential_id, global_client, grant_id, made_up, new_secret,
};
use super::{Addresses, Config, Management, SCOPES, Switches, apis, keys};

/// What was there before.
pub struct Seeds {
    /// Clients.
    pub clients: Vec<Client>,
    /// APIs.
    pub apis: Vec<Api>,
    /// Grants.
    pub grants: Vec<Grant>,
}

/// A client with a name and the defaults, made up whatever the switches say.
pub fn named(switches: &Switches, name: &str) -> Client {
    let sent = Map::from_iter([("name".to_owned(), json!(name))]);
    // A document of a name alone is never refused.
    let document = document::registered(switches, sent).unwrap_or_default();
    made_up(switches, document)
}

impl Management {
    fn client(&self, switches: &Switches) -> io::Result<Client> {
        let mut client = Client {
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            ..named(&Switches::default(), "operator")
        };
        client
            .document
            .insert("app_type".to_owned(), json!("non_interactive"));
        let Some(pem) = &self.public_key else {
            return Ok(client);
        };
        let key = keys::read(pem).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "the public key is not an RSA key of 2048 bits or more in PEM",
            )
        })?;
        let now = Timestamp::now();
        let credential = Credential {
            id: credential_id(),
            kid: key.key.thumbprint(),
            alg: "RS256".to_owned(),
            name: None,
            created_at: now,
            updated_at: now,
            expires_at: None,
            key: key.key,
        };
        let methods = json!({ "private_key_jwt": { "credentials": [{ "id": credential.id }] } });
        client.document.insert(METHODS.to_owned(), methods);
        client.credentials.push(credential);
        // Its own secret is as good as any other now.
        client.client_secret = new_secret(switches);
        Ok(client)
    }
}

impl Seeds {
    /// As configured; an error where the public key is none.
    pub fn new(config: &Config, addresses: &Addresses) -> io::Result<Self> {
        let switches = &config.switches;
        let mut clients = vec![config.management.client(switches)?];
        clients.extend(config.clients.iter().map(|name| named(switches, name)));
        clients.push(global_client(switches));
        let api = |identifier: &str, name: &str, scopes: Value| {
            let document = Map::from_iter([("name".to_owned(), json!(name)), ("scopes".to_owned(), scopes)]);
            apis::made_up(identifier, document)
        };
        let management = Api {
            is_system: true,
            ..api(
                &addresses.management(),
                "Auth0 Management API",
                apis::scopes(&SCOPES),
            )
        };
        let others = config.apis.iter();
        let others = others.map(|(identifier, scopes)| api(identifier, identifier, apis::scopes(scopes)));
        let grant = Grant {
            id: grant_id(),
            client_id: config.management.client_id.clone(),
            audience: addresses.management(),
            scope: config.management.scopes.clone(),
            subject_type: None,
            others: Map::new(),
        };
        Ok(Self {
            clients,
            apis: [management].into_iter().chain(others).collect(),
            grants: vec![grant],
        })
    }
}
