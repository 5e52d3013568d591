//! What adapters are made with.

use std::fmt;
use std::time::Duration;

use super::{Account, NeededKind, NotConnected, Secrets, TLS_CERTIFICATE, TLS_KEY, ca_kind, endpoints, id};
use crate::api::{
    BasicAuth, CaBundleKind, ClientSecretAuth, PasswordAuth, PrivateKeyJwtAuth, ServerSpec, TokenAuth,
};
use crate::model::{Confidential, Endpoints};
use crate::provider::address::EgressRules;
use crate::provider::http::{Authorization, Http, Reach, Target, Trust, Unfit};

/// What a connection is made of, and the means to make it.
pub struct Setup<'a> {
    /// The server's spec.
    pub spec: &'a ServerSpec,
    /// A tenant wrote it.
    pub namespaced: bool,
    /// The values of what it refers to.
    pub secrets: &'a Secrets,
    /// What the operator's flags allow.
    pub egress: &'a EgressRules,
}

impl Setup<'_> {
    /// How long one call may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.spec.limits.request_timeout_seconds.max(1).into())
    }

    /// The address of the token endpoint, where it is known from the spec.
    pub fn token_uri(&self) -> Option<String> {
        endpoints(self.spec, Endpoints::default()).token_uri
    }

    /// The token endpoint of the server that `api` speaks to. It gets the credentials of clients, never ours.
    pub fn token_endpoint(&self, api: &Http, trust: &Trust, uri: &str) -> Result<Http, NotConnected> {
        let reach = self.reach(trust);
        reach
            .token_endpoint(api, uri)
            .map_err(|unfit| named("the token endpoint", unfit))
    }

    /// How an address is gone to that becomes known only later.
    pub fn reach(&self, trust: &Trust) -> Reach {
        Reach {
            namespaced: self.namespaced,
            egress: self.egress.clone(),
            trust: trust.clone(),
        }
    }

    /// Where a server is: `prefix` comes between its address and the paths of calls.
    pub fn target<'t>(&'t self, url: &'t str, prefix: &'t str, trust: &'t Trust) -> Target<'t> {
        Target {
            url,
            prefix,
            namespaced: self.namespaced,
            egress: self.egress,
            trust,
        }
    }

    /// What an object refers to as a user with its password, or a client with its secret.
    pub fn account(&self, secret: &str, name: &str, key: &str) -> Result<Account, NotConnected> {
        Ok(Account {
            name: self.credential(secret, name)?,
            secret: self.credential(secret, key)?,
        })
    }

    /// A user name and password.
    pub fn user(&self, auth: &BasicAuth) -> Result<Account, NotConnected> {
        self.account(&auth.secret_ref.name, &auth.username_key, &auth.password_key)
    }

    /// The same for HTTP Basic.
    pub fn basic(&self, auth: &BasicAuth) -> Result<Authorization, NotConnected> {
        let user = self.user(auth)?;
        if user.name.expose().contains(':') {
            return Err(NotConnected::BadConfiguration(format!(
                "key {} of Secret {} holds a colon, which HTTP Basic cannot send in a user name",
                auth.username_key, auth.secret_ref.name
            )));
        }
        Ok(Authorization::basic(user.name.expose(), &user.secret))
    }

    /// A client id and secret.
    pub fn client(&self, auth: &ClientSecretAuth) -> Result<Account, NotConnected> {
        self.account(
            &auth.secret_ref.name,
            &auth.client_id_key,
            &auth.client_secret_key,
        )
    }

    /// A user with its password, and the client through which they are used.
    pub fn user_and_client(&self, auth: &PasswordAuth) -> Result<(Account, Account), NotConnected> {
        let secret = &auth.secret_ref.name;
        Ok((
            self.account(secret, &auth.username_key, &auth.password_key)?,
            self.account(secret, &auth.client_id_key, &auth.client_secret_key)?,
        ))
    }

    /// A client id and a private key, PEM as it was found.
    pub fn private_key(&self, auth: &PrivateKeyJwtAuth) -> Result<Account, NotConnected> {
        let secret = &auth.secret_ref.name;
        Ok(Account {
            name: self.credential(secret, &auth.client_id_key)?,
            secret: self
                .value(NeededKind::Secret, secret, &auth.private_key_key)?
                .clone(),
        })
    }

    /// A token that is sent as it is.
    pub fn bearer(&self, auth: &TokenAuth) -> Result<Authorization, NotConnected> {
        let secret = &auth.secret_ref.name;
        let token = self.credential(secret, &auth.token_key)?;
        Authorization::bearer(&token).ok_or_else(|| {
            NotConnected::BadConfiguration(format!(
                "key {} of Secret {secret} holds spaces or other characters that no token has",
                auth.token_key
            ))
        })
    }

    /// A value that is one line. Editors and shells like to add a line break at its end, which no credential has.
    pub fn credential(&self, secret: &str, key: &str) -> Result<Confidential, NotConnected> {
        let value = self.value(NeededKind::Secret, secret, key)?;
        let line = value.expose().trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            return Err(NotConnected::CredentialEmpty {
                object: Object(NeededKind::Secret, secret).to_string(),
                key: key.to_owned(),
            });
        }
        if line.contains(char::is_control) {
            return Err(NotConnected::BadConfiguration(format!(
                "key {key} of Secret {secret} holds control characters"
            )));
        }
        Ok(Confidential::new(line))
    }

    /// A value as it was found.
    pub fn value(&self, kind: NeededKind, name: &str, key: &str) -> Result<&Confidential, NotConnected> {
        let object = Object(kind, name).to_string();
        let key = key.to_owned();
        match self
            .secrets
            .get(&id(kind, name))
            .and_then(|values| values.get(&key))
        {
            None => Err(NotConnected::CredentialMissing { object, key }),
            Some(value) if value.expose().trim().is_empty() => {
                Err(NotConnected::CredentialEmpty { object, key })
            }
            Some(value) => Ok(value),
        }
    }

    /// Whom to trust, and who we are.
    pub fn trust(&self) -> Result<Trust, NotConnected> {
        let Some(tls) = &self.spec.tls else {
            return Ok(Trust::default());
        };
        let ca_bundle = match (&tls.ca_bundle, &tls.ca_bundle_ref) {
            (Some(pem), _) => Some(pem.clone()),
            (None, Some(ca)) if self.namespaced && ca.kind == CaBundleKind::ConfigMap => {
                return Err(NotConnected::BadConfiguration(
                    "caBundleRef of a server of one namespace must be a Secret".to_owned(),
                ));
            }
            (None, Some(ca)) => {
                let pem = self.value(ca_kind(ca.kind), &ca.name, &ca.key)?;
                Some(pem.expose().to_owned())
            }
            (None, None) => None,
        };
        let client_certificate = match &tls.client_certificate_secret_ref {
            Some(secret) => Some((
                self.value(NeededKind::Secret, &secret.name, TLS_CERTIFICATE)?
                    .clone(),
                self.value(NeededKind::Secret, &secret.name, TLS_KEY)?.clone(),
            )),
            None => None,
        };
        Ok(Trust {
            ca_bundle,
            client_certificate,
        })
    }
}

struct Object<'a>(NeededKind, &'a str);

impl fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0 {
            NeededKind::Secret => "Secret",
            NeededKind::ConfigMap => "ConfigMap",
        };
        write!(f, "{kind} {}", self.1)
    }
}

/// What is wrong with an address, after the name of the field that it is from.
pub fn named(what: &str, unfit: Unfit) -> NotConnected {
    match unfit {
        Unfit::Address(refused) => NotConnected::AddressNotAllowed(format!("{what}: {refused}")),
        Unfit::Configuration(text) => NotConnected::BadConfiguration(format!("{what}: {text}")),
    }
}
