//! Whether a server's rules and abilities allow what a spec asks for, and what exactly is then wanted.

mod violations;

use std::collections::{BTreeMap, BTreeSet};

use super::capabilities::{Field, Overlap, ScopeModel};
use super::ledger::Removal;
use super::metadata::ClientMetadata;
use super::names::{ClientKey, cut, looks_generated};
use super::report::{Obstacle, names};
use super::state::{ClientObject, NamespaceView, Server};
use crate::api::{
    AccessRule, AdoptionPolicy, Audience, ClientCondition, ClientIdChange, ClientReason, DeletionPolicy,
    LabelSelector, LabelSelectorOperator, NamespacesFrom, Naming, OAuthClientSpec, OverlapPolicy,
};
use violations::violations;

/// What an accepted spec comes to, with the server's defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Desired {
    /// The name before any suffix.
    pub client_name: String,
    /// Whether the name stands without a suffix, so that it proves nothing.
    pub exact_name: bool,
    /// The client id, where the spec chose it.
    pub client_id: Option<String>,
    /// So many clients may its namespace have by the rule that allows it, and the rule's name.
    pub clients_at_most: Option<(u32, String)>,
    /// The metadata.
    pub metadata: ClientMetadata,
    /// The deletion policy.
    pub removal: Removal,
    /// How long both credentials shall be good in a rotation.
    pub overlap_seconds: u32,
    /// Refuse to rotate where no overlap is possible.
    pub overlap_required: bool,
    /// Whether a rotation may change the client id.
    pub client_id_may_change: bool,
    /// The spec refers to the secret, so nobody else may choose one.
    pub secret_is_given: bool,
}

/// Checks a spec against the server's rules and abilities.
pub fn accept(
    key: &ClientKey,
    client: &ClientObject,
    namespace: &NamespaceView,
    server: &Server,
) -> Result<Desired, Obstacle> {
    let spec = &client.spec;
    supported(spec, server)?;
    let rule = allowed(key, spec, namespace, server)?;
    let naming = rule.map_or(Naming::Any, |rule| rule.naming);

    let capabilities = &server.capabilities;
    let default_name = || format!("{}{}.{}", server.name_prefix, key.namespace, key.name);
    let client_name = cut(
        &spec.client_name.clone().unwrap_or_else(default_name),
        capabilities.name_limit,
    );
    let exact_name = naming == Naming::Exact;
    not_as_if_generated(spec, &client_name, exact_name)?;
    let rotation = spec.rotation.as_ref();
    let changes_id_anyway = !capabilities.client_id_stable || !capabilities.rotate_in_place;
    Ok(Desired {
        client_id: spec.client_id.clone(),
        client_name,
        exact_name,
        clients_at_most: rule.and_then(|rule| Some((rule.max_clients_per_namespace?, rule.name.clone()))),
        metadata: metadata(spec, server),
        removal: removal_by(spec.deletion_policy),
        overlap_seconds: rotation
            .and_then(|rotation| rotation.overlap_seconds)
            .or(server.overlap_seconds)
            .unwrap_or(0),
        overlap_required: rotation.is_some_and(|rotation| rotation.overlap == OverlapPolicy::Required),
        client_id_may_change: match rotation.and_then(|rotation| rotation.client_id_change) {
            Some(ClientIdChange::Allowed) => true,
            Some(ClientIdChange::Forbidden) => false,
            None => changes_id_anyway,
        },
        secret_is_given: spec.client_secret_ref.is_some(),
    })
}

/// Whether a rule allows what the server gave of scopes, too: some give a set of their own to who asks for none.
pub fn given(
    key: &ClientKey,
    client: &ClientObject,
    namespace: &NamespaceView,
    server: &Server,
    told: &ClientMetadata,
) -> Result<(), Obstacle> {
    let mut spec = client.spec.clone();
    spec.scopes = told.scopes.as_ref().map(|told| told.iter().cloned().collect());
    allowed(key, &spec, namespace, server)
        .map(drop)
        .map_err(|against| Obstacle {
            message: format!(
                "{} gave this client more scopes than it asked for, and its credential is not published: {}",
                server.key.name, against.message
            ),
            ..against
        })
}

/// Whether a client may have every scope, so that it does not matter which ones the server gives to who asks for none.
pub fn may_have_every_scope(
    key: &ClientKey,
    client: &ClientObject,
    namespace: &NamespaceView,
    server: &Server,
) -> bool {
    let mut spec = client.spec.clone();
    // As a scope this fits no other pattern than the one that fits all.
    spec.scopes = Some(vec!["*".to_owned()]);
    allowed(key, &spec, namespace, server).is_ok()
}

fn removal_by(policy: DeletionPolicy) -> Removal {
    match policy {
        DeletionPolicy::Delete => Removal::Delete,
        DeletionPolicy::Retain => Removal::Retain,
        DeletionPolicy::Disable => Removal::Disable,
    }
}

/// What the spec wants done with the client when it is gone, if that alone is allowed: whatever else of a spec is refused or
/// waits, it may be deleted the next moment.
pub fn removal(client: &ClientObject, namespace: &NamespaceView, server: &Server) -> Option<Removal> {
    let policy = client.spec.deletion_policy;
    let can = policy != DeletionPolicy::Disable || server.capabilities.can_disable;
    let may = server.access_rules.as_ref().is_none_or(|rules| {
        rules
            .iter()
            .any(|rule| is_for(rule, namespace, server) && rule.deletion_policies.contains(&policy))
    });
    (can && may).then(|| removal_by(policy))
}

/// A generated name is proof of ownership, so nobody chooses one that could be another client's.
fn not_as_if_generated(spec: &OAuthClientSpec, client_name: &str, exact_name: bool) -> Result<(), Obstacle> {
    let (field, name) = match (&spec.client_name, &spec.client_id) {
        (Some(name), _) if looks_generated(name) => ("clientName", name.as_str()),
        (_, Some(id)) if looks_generated(id) => ("clientID", id.as_str()),
        _ if exact_name && looks_generated(client_name) => ("the default clientName", client_name),
        _ => return Ok(()),
    };
    Err(Obstacle {
        on: ClientCondition::Accepted,
        reason: ClientReason::NotAllowedByPolicy,
        message: format!(
            "{field} {name} ends like a name that the operator generates (a dot, ten hexadecimal digits, a dot and a \
             number), and such a name belongs to the client that it was generated for. Application team: make this \
             OAuthClient again with another clientName or clientID."
        ),
        stalled: true,
    })
}

fn metadata(spec: &OAuthClientSpec, server: &Server) -> ClientMetadata {
    let capabilities = &server.capabilities;
    let set = |values: &Vec<String>| values.iter().cloned().collect::<BTreeSet<_>>();
    ClientMetadata {
        grant_types: spec.grant_types.as_ref().map(set),
        // Where a server knows scopes, "no scopes" is said too: taking one out of the spec takes it away.
        scopes: match capabilities.scopes {
            ScopeModel::None => None,
            ScopeModel::Free | ScopeModel::Provisioned { .. } => {
                Some(spec.scopes.as_ref().map(set).unwrap_or_default())
            }
        },
        audiences: capabilities.honours.contains(&Field::Audiences).then(|| {
            let scopes = |audience: &Audience| audience.scopes.iter().cloned().collect();
            let of_each = |audience: &Audience| (audience.audience.clone(), scopes(audience));
            spec.audiences.iter().map(of_each).collect()
        }),
        redirect_uris: (!spec.redirect_uris.is_empty()).then(|| set(&spec.redirect_uris)),
        token_endpoint_auth_method: spec
            .token_endpoint_auth_method
            .as_ref()
            .map(|method| method.as_str().to_owned()),
        access_token_validity_seconds: spec
            .access_token_validity_seconds
            .or(server.access_token_validity_seconds)
            .filter(|_| capabilities.honours.contains(&Field::AccessTokenValidity)),
        refresh_token_validity_seconds: spec.refresh_token_validity_seconds,
        enabled: capabilities.can_disable.then_some(true),
    }
}

/// Refuses fields that the provider cannot honour: they are never dropped silently.
fn supported(spec: &OAuthClientSpec, server: &Server) -> Result<(), Obstacle> {
    let capabilities = &server.capabilities;
    let refuse = |what: String, cure: &str| {
        Err(Obstacle {
            on: ClientCondition::Accepted,
            reason: ClientReason::FieldNotSupported,
            message: format!(
                "{} cannot honour {what}. Application team: {cure}.",
                server.key.name
            ),
            stalled: true,
        })
    };
    let unsupported: BTreeSet<Field> = fields_set(spec)
        .difference(&capabilities.honours)
        .copied()
        .collect();
    if !unsupported.is_empty() {
        return refuse(names(&unsupported), "remove it from the spec");
    }
    if let (Some(asked), Some(known)) = (&spec.grant_types, &capabilities.grant_types)
        && let Some(unknown) = asked.iter().find(|grant| !known.contains(*grant))
    {
        return refuse(format!("grant type {unknown}"), "remove it from grantTypes");
    }
    if !capabilities.audience_scopes
        && let Some(audience) = spec.audiences.iter().find(|audience| !audience.scopes.is_empty())
    {
        let what = format!("scopes of audience {} alone", audience.audience);
        return refuse(what, "move them to scopes");
    }
    // Without a note of who made it, a chosen client id is all that a client is known by.
    if !capabilities.keeps_marker && spec.client_name.is_some() && spec.client_id.is_some() {
        return refuse("clientName beside clientID".into(), "leave one of them out");
    }
    if spec.deletion_policy == DeletionPolicy::Disable && !capabilities.can_disable {
        return refuse("deletionPolicy Disable".into(), "use Delete or Retain");
    }
    if spec.adoption.policy != AdoptionPolicy::Never {
        return refuse("adoption".into(), "set adoption.policy to Never");
    }
    let rotation = spec.rotation.as_ref();
    if rotation.is_some_and(|rotation| rotation.overlap == OverlapPolicy::Required)
        && capabilities.overlap == Overlap::None
    {
        return refuse("rotation.overlap Required".into(), "use Preferred");
    }
    if rotation.is_some_and(|rotation| rotation.renew_before_seconds.is_some())
        && !capabilities.secrets_expire
    {
        return refuse(
            "rotation.renewBeforeSeconds, as its secrets do not expire".into(),
            "use rotation.maxAgeSeconds or rotation.schedule",
        );
    }
    Ok(())
}

fn fields_set(spec: &OAuthClientSpec) -> BTreeSet<Field> {
    [
        (Field::ClientName, spec.client_name.is_some()),
        (Field::ClientId, spec.client_id.is_some()),
        (Field::GrantTypes, spec.grant_types.is_some()),
        (
            Field::Scopes,
            spec.scopes.as_ref().is_some_and(|scopes| !scopes.is_empty()),
        ),
        (Field::Audiences, !spec.audiences.is_empty()),
        (Field::RedirectUris, !spec.redirect_uris.is_empty()),
        (
            Field::TokenEndpointAuthMethod,
            spec.token_endpoint_auth_method.is_some(),
        ),
        (
            Field::AccessTokenValidity,
            spec.access_token_validity_seconds.is_some(),
        ),
        (
            Field::RefreshTokenValidity,
            spec.refresh_token_validity_seconds.is_some(),
        ),
        (Field::ClientSecretRef, spec.client_secret_ref.is_some()),
    ]
    .into_iter()
    .filter_map(|(field, set)| set.then_some(field))
    .collect()
}

/// Finds a rule that the spec fits entirely; rules do not add up. `None` where there are no rules, and anything goes.
fn allowed<'a>(
    key: &ClientKey,
    spec: &OAuthClientSpec,
    namespace: &NamespaceView,
    server: &'a Server,
) -> Result<Option<&'a AccessRule>, Obstacle> {
    let Some(rules) = &server.access_rules else {
        return Ok(None);
    };
    let here: Vec<&AccessRule> = rules
        .iter()
        .filter(|rule| is_for(rule, namespace, server))
        .collect();
    if here.is_empty() {
        return Err(Obstacle {
            on: ClientCondition::Accepted,
            reason: ClientReason::NamespaceNotAllowed,
            message: format!(
                "no access rule of {0} is for namespace {1}. Platform team: add one, or label the namespace so that \
                 one fits.",
                server.key.name, key.namespace
            ),
            stalled: true,
        });
    }
    let mut nearest: Option<(&AccessRule, Vec<String>)> = None;
    for rule in here {
        let against = violations(rule, spec, server);
        if against.is_empty() {
            return Ok(Some(rule));
        }
        if nearest
            .as_ref()
            .is_none_or(|(_, fewest)| against.len() < fewest.len())
        {
            nearest = Some((rule, against));
        }
    }
    let (rule, against) =
        nearest.map_or_else(Default::default, |(rule, against)| (rule.name.clone(), against));
    Err(Obstacle {
        on: ClientCondition::Accepted,
        reason: ClientReason::NotAllowedByPolicy,
        message: format!(
            "{} (nearest rule: {rule}). Application team: change the spec, or ask the owner of {}.",
            against.join("; "),
            server.key.name
        ),
        stalled: true,
    })
}

fn is_for(rule: &AccessRule, namespace: &NamespaceView, server: &Server) -> bool {
    match &rule.namespaces {
        // A namespaced server serves its own namespace only, so its rules name none.
        None => server.key.namespace.is_some(),
        Some(selection) => match selection.from {
            NamespacesFrom::All => true,
            NamespacesFrom::Selector => selection
                .selector
                .as_ref()
                .is_some_and(|selector| selects(selector, &namespace.labels)),
        },
    }
}

/// Whether a label selector matches; an empty one matches nothing here, as a slip must not open a server.
pub fn selects(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let empty = selector.match_labels.is_empty() && selector.match_expressions.is_empty();
    !empty
        && selector
            .match_labels
            .iter()
            .all(|(key, value)| labels.get(key) == Some(value))
        && selector.match_expressions.iter().all(|requirement| {
            let value = labels.get(&requirement.key);
            let listed = value.is_some_and(|value| requirement.values.contains(value));
            match requirement.operator {
                LabelSelectorOperator::In => listed,
                LabelSelectorOperator::NotIn => !listed,
                LabelSelectorOperator::Exists => value.is_some(),
                LabelSelectorOperator::DoesNotExist => value.is_none(),
            }
        })
}
