//! From the configuration of a server to its adapter.

mod fingerprint;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use fingerprint::{fingerprint, former_fingerprints};

use super::Provider;
use super::address::EgressRules;
use super::digitalroute;
use super::dynamic_registration::{self, Admission, Discovery};
use super::http::{Authorization, Http, Reach, Target, Trust, Unfit};
use crate::api::{
    BasicAuth, CaBundleKind, DigitalRoute, DigitalRouteAuth, DynamicRegistration, DynamicRegistrationAuth,
    ProviderSpec, ProviderType, ScopeProvisioning, ServerSpec, TokenAuth,
};
use crate::model::{Confidential, Endpoints};

/// Keys of a Secret of type `kubernetes.io/tls`.
const TLS_CERTIFICATE: &str = "tls.crt";
const TLS_KEY: &str = "tls.key";

/// The values of the objects that a server refers to: by [`Needed::id`], then by key.
pub type Secrets = BTreeMap<String, BTreeMap<String, Confidential>>;

/// An object with data that a connection needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Needed {
    /// Its kind.
    pub kind: NeededKind,
    /// Its name.
    pub name: String,
    /// The keys that it must have.
    pub keys: BTreeSet<String>,
}

/// The kind of such an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NeededKind {
    /// A Secret, with the label of server credentials.
    Secret,
    /// A ConfigMap of the operator's namespace; only certificates are read from one.
    ConfigMap,
}

impl Needed {
    /// What [`Secrets`] has it under: a Secret's name; of a ConfigMap `configmap/<name>`, which no name can be.
    pub fn id(&self) -> String {
        id(self.kind, &self.name)
    }
}

fn id(kind: NeededKind, name: &str) -> String {
    match kind {
        NeededKind::Secret => name.to_owned(),
        NeededKind::ConfigMap => format!("configmap/{name}"),
    }
}

/// Why there is no adapter. The texts are for people and hold no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotConnected {
    /// This version has no adapter for that kind of server.
    #[error("this version of the operator has no adapter for provider {0}")]
    ProviderNotAvailable(ProviderType),
    /// A value that is needed is not there.
    #[error("{object} has no key {key}")]
    CredentialMissing {
        /// The object, as [`Needed::id`] names it.
        object: String,
        /// The key.
        key: String,
    },
    /// A value that is needed is empty.
    #[error("key {key} of {object} is empty")]
    CredentialEmpty {
        /// The object, as [`Needed::id`] names it.
        object: String,
        /// The key.
        key: String,
    },
    /// The operator may not connect to that address.
    #[error("{0}")]
    AddressNotAllowed(String),
    /// Something in the configuration makes no sense.
    #[error("{0}")]
    BadConfiguration(String),
}

impl From<Unfit> for NotConnected {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Address(refused) => Self::AddressNotAllowed(refused.to_string()),
            Unfit::Configuration(text) => Self::BadConfiguration(text),
        }
    }
}

/// The objects whose values a connection to this server needs, each once.
pub fn secrets_needed(spec: &ServerSpec) -> Vec<Needed> {
    let mut needed: BTreeMap<(NeededKind, String), BTreeSet<String>> = BTreeMap::new();
    let mut need = |kind, name: &str, keys: &[&str]| {
        let all = needed.entry((kind, name.to_owned())).or_default();
        all.extend(keys.iter().map(ToString::to_string));
    };
    for (name, keys) in credential_keys(&spec.provider) {
        need(NeededKind::Secret, name, &keys);
    }
    if let Some(tls) = &spec.tls {
        if let Some(ca) = &tls.ca_bundle_ref {
            need(ca_kind(ca.kind), &ca.name, &[&ca.key]);
        }
        if let Some(certificate) = &tls.client_certificate_secret_ref {
            need(NeededKind::Secret, &certificate.name, &[TLS_CERTIFICATE, TLS_KEY]);
        }
    }
    needed
        .into_iter()
        .map(|((kind, name), keys)| Needed { kind, name, keys })
        .collect()
}

fn ca_kind(kind: CaBundleKind) -> NeededKind {
    match kind {
        CaBundleKind::ConfigMap => NeededKind::ConfigMap,
        CaBundleKind::Secret => NeededKind::Secret,
    }
}

/// The Secrets of the operator's own credential, each with its keys. Adapters that are not there yet need none.
fn credential_keys(provider: &ProviderSpec) -> Vec<(&str, Vec<&str>)> {
    match provider {
        ProviderSpec::DigitalRoute(DigitalRoute {
            auth: DigitalRouteAuth::Basic(basic),
            ..
        }) => vec![(
            &basic.secret_ref.name,
            vec![&basic.username_key, &basic.password_key],
        )],
        ProviderSpec::DynamicRegistration(server) => {
            let token = match &server.auth {
                DynamicRegistrationAuth::InitialAccessToken(token) => {
                    Some((token.secret_ref.name.as_str(), vec![token.token_key.as_str()]))
                }
                DynamicRegistrationAuth::None(_) => None,
            };
            let statement = server.software_statement_secret_ref.as_ref();
            let statement =
                statement.map(|statement| (statement.name.as_str(), vec![statement.key.as_str()]));
            token.into_iter().chain(statement).collect()
        }
        ProviderSpec::DigitalRoute(_)
        | ProviderSpec::Composer(_)
        | ProviderSpec::Auth0(_)
        | ProviderSpec::Cocoon(_)
        | ProviderSpec::Keycloak(_)
        | ProviderSpec::Hydra(_) => Vec::new(),
    }
}

/// The addresses to publish: those that the spec gives, what is known from the server's own, and what was found in its
/// metadata.
pub fn endpoints(spec: &ServerSpec, found: Endpoints) -> Endpoints {
    let given = spec.endpoints.clone().unwrap_or_default();
    let known_token_uri = match &spec.provider {
        ProviderSpec::DigitalRoute(server) => Some(format!(
            "{}{}",
            server.url.trim_end_matches('/'),
            server.token_path
        )),
        ProviderSpec::Composer(_)
        | ProviderSpec::Auth0(_)
        | ProviderSpec::Cocoon(_)
        | ProviderSpec::DynamicRegistration(_)
        | ProviderSpec::Keycloak(_)
        | ProviderSpec::Hydra(_) => None,
    };
    Endpoints {
        issuer_uri: given.issuer_uri.or(found.issuer_uri),
        token_uri: given.token_uri.or(known_token_uri).or(found.token_uri),
        authorization_uri: given.authorization_uri.or(found.authorization_uri),
        jwks_uri: given.jwks_uri.or(found.jwks_uri),
    }
}

/// The adapter for a server. Nothing is sent.
///
/// `namespaced` says that a tenant wrote the spec: private addresses and plain HTTP are refused then, and texts of
/// answers are never shown.
pub fn connect(
    spec: &ServerSpec,
    namespaced: bool,
    secrets: &Secrets,
    egress: &EgressRules,
) -> Result<Arc<dyn Provider>, NotConnected> {
    let setup = Setup {
        spec,
        namespaced,
        secrets,
        egress,
    };
    match &spec.provider {
        ProviderSpec::DigitalRoute(server) => setup.digital_route(server),
        ProviderSpec::DynamicRegistration(server) => setup.dynamic_registration(server),
        ProviderSpec::Composer(_)
        | ProviderSpec::Auth0(_)
        | ProviderSpec::Cocoon(_)
        | ProviderSpec::Keycloak(_)
        | ProviderSpec::Hydra(_) => Err(NotConnected::ProviderNotAvailable(spec.provider.provider_type())),
    }
}

struct Setup<'a> {
    spec: &'a ServerSpec,
    namespaced: bool,
    secrets: &'a Secrets,
    egress: &'a EgressRules,
}

impl Setup<'_> {
    fn digital_route(&self, server: &DigitalRoute) -> Result<Arc<dyn Provider>, NotConnected> {
        let authorization = match &server.auth {
            DigitalRouteAuth::Basic(basic) => Some(self.basic(basic)?),
            DigitalRouteAuth::None(_) => None,
        };
        let trust = self.trust()?;
        let unfit = |unfit| named("url", unfit);
        let target = self.target(&server.url, &server.api_prefix, &trust);
        let api = Http::new(&target, authorization.clone()).map_err(unfit)?;
        let elsewhere = ["", "/api"]
            .into_iter()
            .filter(|prefix| *prefix != server.api_prefix);
        let elsewhere = elsewhere
            .map(|prefix| api.beside(&server.url, prefix, authorization.clone()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(unfit)?;
        let uri = endpoints(self.spec, Endpoints::default()).token_uri;
        let token = self.token_endpoint(&api, &trust, &uri.unwrap_or_default())?;
        let adapter = digitalroute::DigitalRoute::new(
            api,
            elsewhere,
            token,
            self.timeout(),
            server.scope_provisioning == ScopeProvisioning::Create,
        );
        Ok(Arc::new(adapter))
    }

    fn dynamic_registration(&self, server: &DynamicRegistration) -> Result<Arc<dyn Provider>, NotConnected> {
        let (field, url) = match (&server.issuer, &server.registration_uri) {
            (Some(issuer), None) => ("issuer", issuer),
            (None, Some(uri)) => ("registrationURI", uri),
            (None, None) | (Some(_), Some(_)) => {
                return Err(NotConnected::BadConfiguration(
                    "dynamicRegistration needs exactly one of issuer and registrationURI".to_owned(),
                ));
            }
        };
        let statement = server.software_statement_secret_ref.as_ref();
        let admission = Admission {
            token: match &server.auth {
                DynamicRegistrationAuth::InitialAccessToken(token) => Some(self.bearer(token)?),
                DynamicRegistrationAuth::None(_) => None,
            },
            statement: statement
                .map(|statement| self.credential(&statement.name, &statement.key))
                .transpose()?,
        };
        let trust = self.trust()?;
        let api = Http::new(&self.target(url, "", &trust), None).map_err(|unfit| named(field, unfit))?;
        let api = Arc::new(api);
        let token = match endpoints(self.spec, Endpoints::default()).token_uri {
            Some(uri) => Some(Arc::new(self.token_endpoint(&api, &trust, &uri)?)),
            None => None,
        };
        let issuer = server.issuer.clone();
        let discovery =
            issuer.map(|issuer| Discovery::new(Arc::clone(&api), issuer, self.reach(&trust), self.timeout()));
        let adapter =
            dynamic_registration::DynamicRegistration::new(api, discovery, admission, token, self.timeout());
        Ok(Arc::new(adapter))
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(self.spec.limits.request_timeout_seconds.max(1).into())
    }

    /// The token endpoint gets the credentials of clients, never ours.
    fn token_endpoint(&self, api: &Http, trust: &Trust, uri: &str) -> Result<Http, NotConnected> {
        let reach = self.reach(trust);
        reach
            .token_endpoint(api, uri)
            .map_err(|unfit| named("the token endpoint", unfit))
    }

    fn reach(&self, trust: &Trust) -> Reach {
        Reach {
            namespaced: self.namespaced,
            egress: self.egress.clone(),
            trust: trust.clone(),
        }
    }

    fn target<'t>(&'t self, url: &'t str, prefix: &'t str, trust: &'t Trust) -> Target<'t> {
        Target {
            url,
            prefix,
            namespaced: self.namespaced,
            egress: self.egress,
            trust,
        }
    }

    fn basic(&self, auth: &BasicAuth) -> Result<Authorization, NotConnected> {
        let secret = &auth.secret_ref.name;
        let user = self.credential(secret, &auth.username_key)?;
        let password = self.credential(secret, &auth.password_key)?;
        if user.expose().contains(':') {
            return Err(NotConnected::BadConfiguration(format!(
                "key {} of Secret {secret} holds a colon, which HTTP Basic cannot send in a user name",
                auth.username_key
            )));
        }
        Ok(Authorization::basic(user.expose(), &password))
    }

    fn bearer(&self, auth: &TokenAuth) -> Result<Authorization, NotConnected> {
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
    fn credential(&self, secret: &str, key: &str) -> Result<Confidential, NotConnected> {
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

    fn value(&self, kind: NeededKind, name: &str, key: &str) -> Result<&Confidential, NotConnected> {
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

    fn trust(&self) -> Result<Trust, NotConnected> {
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

fn named(what: &str, unfit: Unfit) -> NotConnected {
    match unfit {
        Unfit::Address(refused) => NotConnected::AddressNotAllowed(format!("{what}: {refused}")),
        Unfit::Configuration(text) => NotConnected::BadConfiguration(format!("{what}: {text}")),
    }
}

#[cfg(test)]
mod tests;
