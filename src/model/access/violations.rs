//! What of a spec a rule does not allow.

use crate::api::{AccessRule, Naming, OAuthClientSpec};
use crate::model::capabilities::Field;
use crate::model::state::Server;

/// What of the spec a rule does not allow, each as "… is not allowed here; allowed: …".
pub(super) fn violations(rule: &AccessRule, spec: &OAuthClientSpec, server: &Server) -> Vec<String> {
    let mut against = Vec::new();
    let mut refuse = |what: String, allowed: &[String]| {
        let allowed = if allowed.is_empty() {
            "none".to_owned()
        } else {
            allowed.join(", ")
        };
        against.push(format!("{what} is not allowed here; allowed: {allowed}"));
    };
    let none: Vec<String> = Vec::new();

    if let Some(grants) = &spec.grant_types {
        let default = vec!["what the provider gives where grantTypes is left out".to_owned()];
        let (allowed, told) = match &rule.grant_types {
            Some(allowed) => (allowed, allowed),
            None => (&none, &default),
        };
        for grant in grants.iter().filter(|grant| !allowed.contains(grant)) {
            refuse(format!("grant type {grant}"), told);
        }
    }
    let allowed_scopes = rule.scopes.as_ref().unwrap_or(&none);
    let of_audiences = spec.audiences.iter().flat_map(|audience| &audience.scopes);
    for scope in spec.scopes.iter().flatten().chain(of_audiences) {
        if !allowed_scopes.iter().any(|pattern| scope_fits(pattern, scope)) {
            refuse(format!("scope {scope}"), allowed_scopes);
        }
    }
    for audience in spec
        .audiences
        .iter()
        .filter(|audience| !rule.audiences.contains(&audience.audience))
    {
        refuse(format!("audience {}", audience.audience), &rule.audiences);
    }
    for uri in &spec.redirect_uris {
        let host = url::Url::parse(uri)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned));
        if !host.is_some_and(|host| {
            rule.redirect_hosts
                .iter()
                .any(|pattern| host_fits(pattern, &host))
        }) {
            refuse(format!("redirect URI {uri}"), &rule.redirect_hosts);
        }
    }
    if let Some(method) = &spec.token_endpoint_auth_method {
        let allowed = rule.token_endpoint_auth_methods.as_deref().unwrap_or_default();
        if !allowed.contains(method) {
            let allowed: Vec<String> = allowed.iter().map(|method| method.as_str().to_owned()).collect();
            refuse(format!("tokenEndpointAuthMethod {}", method.as_str()), &allowed);
        }
    }
    if rule.naming == Naming::Generated && (spec.client_name.is_some() || spec.client_id.is_some()) {
        refuse(
            "a chosen clientName or clientID".to_owned(),
            &["generated names".to_owned()],
        );
    }
    if !rule.deletion_policies.contains(&spec.deletion_policy) {
        let allowed: Vec<String> = rule
            .deletion_policies
            .iter()
            .map(|policy| policy.as_str().to_owned())
            .collect();
        refuse(
            format!("deletionPolicy {}", spec.deletion_policy.as_str()),
            &allowed,
        );
    }
    let validities = [
        (
            Field::AccessTokenValidity,
            spec.access_token_validity_seconds
                .or(server.access_token_validity_seconds),
            rule.max_access_token_validity_seconds,
        ),
        (
            Field::RefreshTokenValidity,
            spec.refresh_token_validity_seconds,
            rule.max_refresh_token_validity_seconds,
        ),
    ];
    for (field, asked, most) in validities {
        if let (Some(asked), Some(most)) = (asked, most)
            && asked > most
        {
            refuse(format!("{} {asked}", field.name()), &[format!("at most {most}")]);
        }
    }
    against
}

/// Exact, or a prefix followed by `*`.
fn scope_fits(pattern: &str, scope: &str) -> bool {
    pattern
        .strip_suffix('*')
        .map_or(pattern == scope, |prefix| scope.starts_with(prefix))
}

/// Exact, or `*.` and a suffix that does not match by itself. Host names know no case.
fn host_fits(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.to_ascii_lowercase(), host.to_ascii_lowercase());
    match pattern.strip_prefix('*') {
        Some(suffix) => suffix.starts_with('.') && host.len() > suffix.len() && host.ends_with(suffix),
        None => pattern == host,
    }
}
