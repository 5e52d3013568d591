//! Schema fragments that several fields share, for `#[schemars(schema_with = …)]`.
//!
//! What a person may get wrong is a CEL rule with a sentence; names that every Kubernetes user knows are a pattern.
//! Every string has a `maxLength` and every list a `maxItems`: the API server prices CEL rules by them, and a tenant
//! cannot fill etcd or the operator's memory with one field.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// Longest URL.
pub(super) const URL_MAX: usize = 2048;
/// Longest client identifier.
pub(super) const CLIENT_ID_MAX: usize = 255;
/// Longest client name.
pub(super) const CLIENT_NAME_MAX: usize = 200;
/// Longest scope.
pub(super) const SCOPE_MAX: usize = 256;
/// Most scopes of one client or one rule.
pub(super) const SCOPES_MAX: usize = 100;
/// Most grant types.
pub(super) const GRANTS_MAX: usize = 16;
/// Ten years: longest validity, age or overlap in seconds.
pub(super) const SECONDS_MAX: u32 = 315_360_000;

/// RFC 1123 subdomain, as of Kubernetes object names.
const SUBDOMAIN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
/// Printable text without leading and trailing space: no control or format characters (bidirectional marks and
/// zero-width ones are format characters), no line separators, no angle brackets.
const PRINTABLE: &str = r"^[^\p{C}\p{Z}<>]([^\p{C}\p{Zl}\p{Zp}<>]*[^\p{C}\p{Z}<>])?$";
/// `http` or `https`, a host, an optional port and path; nothing else.
const BASE_URL: &str = r"^https?://([A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~!$&()+,;=:@%-]+)*/?$";
/// `https`, or `http` on loopback; host, optional port, path and query of URI characters without `*`, no fragment.
const REDIRECT_URI: &str = r"^(https://([A-Za-z0-9]([-.A-Za-z0-9]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])|http://(localhost|127\.0\.0\.1|\[::1\]))(:[0-9]{1,5})?([/?][A-Za-z0-9._~:/?@!$&()+,;=%-]*)?$";

/// A string with a bound and rules: `(rule, message)`.
pub(super) fn text(max: usize, rules: &[(String, &str)]) -> Schema {
    let mut schema = json!({"type": "string", "minLength": 1, "maxLength": max});
    add_rules(&mut schema, rules);
    from_value(schema)
}

/// A list of at most `max` items, each once.
pub(super) fn set(items: &Schema, max: usize) -> Schema {
    json_schema!({"type": "array", "maxItems": max, "x-kubernetes-list-type": "set", "items": items})
}

/// `self.matches(r'…')`.
pub(super) fn matches(pattern: &str) -> String {
    format!("self.matches(r'{pattern}')")
}

fn add_rules(schema: &mut Value, rules: &[(String, &str)]) {
    if !rules.is_empty() {
        schema["x-kubernetes-validations"] = rules
            .iter()
            .map(|(rule, message)| json!({"rule": rule, "message": message}))
            .collect();
    }
}

fn from_value(value: Value) -> Schema {
    // Only objects are given here, and an object is a schema.
    Schema::try_from(value).unwrap_or_default()
}

fn pattern(max: usize, pattern: &str) -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": max, "pattern": pattern})
}

/// One word of an enum, for an optional field: derive would put the type's description over the field's.
pub(super) fn word<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = T::json_schema(generator);
    schema.remove("description");
    schema
}

/// Name of a Kubernetes object.
pub(super) fn object_name(_: &mut SchemaGenerator) -> Schema {
    pattern(253, SUBDOMAIN)
}

/// Key in the data of a Secret or ConfigMap.
pub(super) fn data_key(_: &mut SchemaGenerator) -> Schema {
    // Not . and .., and nothing that begins with ..: the kubelet has such names for itself where it mounts the data.
    pattern(253, r"^\.?[-_a-zA-Z0-9][-._a-zA-Z0-9]*$")
}

/// DNS label.
pub(super) fn label_name(_: &mut SchemaGenerator) -> Schema {
    pattern(63, r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
}

/// Name by which people know a client.
pub(super) fn client_name(_: &mut SchemaGenerator) -> Schema {
    text(
        CLIENT_NAME_MAX,
        &[
            (
                matches(PRINTABLE),
                "clientName must be printable text without leading or trailing space: remove control characters, invisible or bidirectional marks, < and >",
            ),
            (
                matches(r"[\p{L}\p{N}]"),
                "clientName must hold a letter or a digit",
            ),
        ],
    )
}

/// Client identifier that a caller chooses.
pub(super) fn chosen_client_id(_: &mut SchemaGenerator) -> Schema {
    text(
        CLIENT_ID_MAX,
        &[(
            matches(r"^[A-Za-z0-9][A-Za-z0-9._~:@-]*$"),
            "clientID must start with a letter or digit and go on with letters, digits and . _ ~ : @ - only",
        )],
    )
}

/// Client identifier that exists already; RFC 6749 appendix A.1, without space.
pub(super) fn existing_client_id(_: &mut SchemaGenerator) -> Schema {
    text(
        CLIENT_ID_MAX,
        &[(
            matches(r"^[\x21-\x7E]+$"),
            "a client id is printable ASCII without spaces (RFC 6749 appendix A.1)",
        )],
    )
}

/// List of [`existing_client_id`].
pub(super) fn existing_client_ids(generator: &mut SchemaGenerator) -> Schema {
    set(&existing_client_id(generator), 256)
}

fn scope(_: &mut SchemaGenerator) -> Schema {
    text(
        SCOPE_MAX,
        &[(
            matches(r"^[\x21\x23-\x5B\x5D-\x7E]+$"),
            "a scope is printable ASCII without space, double quote and backslash (RFC 6749 section 3.3); give each scope as an item of its own",
        )],
    )
}

/// Scopes of a client.
pub(super) fn scopes(generator: &mut SchemaGenerator) -> Schema {
    set(&scope(generator), SCOPES_MAX)
}

/// Scopes of a rule: exact, or a prefix and `*`.
pub(super) fn scope_patterns(_: &mut SchemaGenerator) -> Schema {
    let item = text(
        SCOPE_MAX,
        &[(
            matches(r"^([\x21\x23-\x29\x2B-\x5B\x5D-\x7E]+\*?|\*)$"),
            "a scope of a rule is exact, or a prefix followed by one *; no space, double quote or backslash",
        )],
    );
    set(&item, SCOPES_MAX)
}

fn grant_type() -> Schema {
    text(
        100,
        &[(
            matches(r"^([a-z][a-z0-9_]*|urn:[A-Za-z0-9][-A-Za-z0-9]*:[-A-Za-z0-9:._~]+)$"),
            "a grant type is spelt as on the wire, such as client_credentials or urn:ietf:params:oauth:grant-type:device_code",
        )],
    )
}

/// Grant types of a client: at least one, where given.
pub(super) fn grant_types(_: &mut SchemaGenerator) -> Schema {
    let mut list = set(&grant_type(), GRANTS_MAX);
    list.insert("minItems".to_owned(), json!(1));
    list
}

/// Grant types of a rule, and of a status.
pub(super) fn grant_type_list(_: &mut SchemaGenerator) -> Schema {
    set(&grant_type(), GRANTS_MAX)
}

fn audience_text() -> Schema {
    text(
        512,
        &[(
            matches(r"^[\x21\x23-\x5B\x5D-\x7E]+$"),
            "an audience is printable ASCII without space, double quote and backslash",
        )],
    )
}

/// Identifier of an API.
pub(super) fn audience(_: &mut SchemaGenerator) -> Schema {
    audience_text()
}

/// List of [`audience`].
pub(super) fn audience_list(_: &mut SchemaGenerator) -> Schema {
    set(&audience_text(), 32)
}

/// Redirection endpoints of a client.
pub(super) fn redirect_uris(_: &mut SchemaGenerator) -> Schema {
    let item = text(
        URL_MAX,
        &[
            (
                matches(REDIRECT_URI),
                "a redirect URI is an exact https URL, or http on localhost, 127.0.0.1 or [::1]; without user info, wildcard, fragment, space or control character",
            ),
            (
                r"!self.matches(r'%(0[0-9A-Fa-f]|1[0-9A-Fa-f]|7[Ff])')".to_owned(),
                "a redirect URI must not hold an encoded control character",
            ),
        ],
    );
    set(&item, 50)
}

/// Hosts of redirect URIs that a rule allows.
pub(super) fn redirect_hosts(_: &mut SchemaGenerator) -> Schema {
    let item = text(
        253,
        &[(
            matches(
                r"^((\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*|\[[0-9a-f:.]+\])$",
            ),
            "a redirect host is a host name in lower case, or *. and a suffix such as *.apps.example.com; no scheme, port or path",
        )],
    );
    set(&item, 32)
}

/// An address that the operator calls or publishes: scheme, host, port, path.
pub(super) fn base_url(_: &mut SchemaGenerator) -> Schema {
    base_url_schema()
}

fn base_url_schema() -> Schema {
    text(
        URL_MAX,
        &[
            (
                format!("isURL(self) && {}", matches(BASE_URL)),
                "must be an absolute https URL (http on a ClusterAuthorizationServer only) of host, port and path; without user info, query or fragment",
            ),
            (
                r"!self.matches(r'(?i)/(\.|%2e){1,2}(/|$)') && !self.matches(r'(?i)%(2f|5c|[01][0-9a-f]|7f)')".to_owned(),
                "the path of a URL must not hold . or .. segments, encoded slashes or encoded control characters",
            ),
        ],
    )
}

/// Former addresses: URLs, or a domain where the provider is addressed by one.
pub(super) fn former_urls(_: &mut SchemaGenerator) -> Schema {
    set(&base_url_schema(), 16)
}

/// Host name of a tenant.
pub(super) fn domain(_: &mut SchemaGenerator) -> Schema {
    text(
        253,
        &[(
            matches(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$"),
            "must be a host name in lower case with at least one dot, such as tenant.eu.auth0.com; no scheme, port or path",
        )],
    )
}

/// An optional path before the API: segments, each with a leading slash.
pub(super) fn path_prefix(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": 128,
        "x-kubernetes-validations": [{
            "rule": matches(r"^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$"),
            "message": "must be empty or segments that each begin with a slash, such as /authserver/api; no slash at the end, no . or .. segment",
        }],
    })
}

/// Prefix of default client names.
pub(super) fn name_prefix(_: &mut SchemaGenerator) -> Schema {
    text(
        64,
        &[(
            matches(r"^[A-Za-z0-9][A-Za-z0-9._-]*$"),
            "must start with a letter or digit and go on with letters, digits and . _ - only",
        )],
    )
}

/// A name within a server: a realm, an account, a user.
pub(super) fn printable(_: &mut SchemaGenerator) -> Schema {
    text(
        255,
        &[(
            matches(PRINTABLE),
            "must be printable text without leading or trailing space, control characters, < and >",
        )],
    )
}

/// Realm of Keycloak: one path segment.
pub(super) fn realm(_: &mut SchemaGenerator) -> Schema {
    text(
        255,
        &[(
            matches(r"^[A-Za-z0-9_][A-Za-z0-9._ -]*$"),
            "must be a realm's name as it stands in its URL: letters, digits, spaces and . _ - only",
        )],
    )
}

/// Certificates, PEM. Its rules are those of the object around it, which are not answered with the text.
pub(super) fn ca_bundle(_: &mut SchemaGenerator) -> Schema {
    text(131_072, &[])
}

/// Labels of the published Secret.
pub(super) fn secret_labels(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 32,
        "additionalProperties": {
            "type": "string",
            "maxLength": 63,
            "pattern": r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
        },
        "x-kubernetes-validations": [
            {"rule": KEYS_VALID, "message": KEYS_VALID_MESSAGE},
            {
                "rule": format!("self.all(k, !{RESERVED_KEY} || (k.startsWith('app.kubernetes.io/') && !(k in ['app.kubernetes.io/managed-by', 'app.kubernetes.io/instance'])))"),
                "message": "labels of kubernetes.io, k8s.io and oauthclient.dev are not for the Secret's owner to set; of app.kubernetes.io/ all but managed-by and instance are allowed",
            },
        ],
    })
}

/// Annotations of the published Secret.
pub(super) fn secret_annotations(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 32,
        "additionalProperties": {"type": "string", "maxLength": 4096},
        "x-kubernetes-validations": [
            {"rule": KEYS_VALID, "message": KEYS_VALID_MESSAGE},
            {
                "rule": format!("self.all(k, !{RESERVED_KEY})"),
                "message": "annotations of kubernetes.io, k8s.io and oauthclient.dev are not for the Secret's owner to set",
            },
        ],
    })
}

const KEYS_VALID: &str = r"self.all(k, size(k) <= 317 && k.matches(r'^([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))";
const KEYS_VALID_MESSAGE: &str =
    "a key is a name of at most 63 letters, digits and - _ . with an optional DNS prefix and slash before it";
const RESERVED_KEY: &str = r"k.matches(r'^([-.a-z0-9]+\.)?(kubernetes\.io|k8s\.io|oauthclient\.dev)/')";

/// Labels to match.
pub(super) fn match_labels(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 16,
        "additionalProperties": {
            "type": "string",
            "maxLength": 63,
            "pattern": r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
        },
        "x-kubernetes-validations": [{"rule": KEYS_VALID, "message": KEYS_VALID_MESSAGE}],
    })
}

/// Label key.
pub(super) fn label_key(_: &mut SchemaGenerator) -> Schema {
    pattern(
        317,
        r"^([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
    )
}

/// Label values.
pub(super) fn label_values(_: &mut SchemaGenerator) -> Schema {
    set(
        &json_schema!({
            "type": "string",
            "maxLength": 63,
            "pattern": r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
        }),
        64,
    )
}

/// Text of a status: bounded, otherwise as the server gave it.
pub(super) fn status_text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 1024})
}

/// Texts of a status.
pub(super) fn status_list(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 256,
        "x-kubernetes-list-type": "atomic",
        "items": status_text(generator),
    })
}

/// `status.conditions`, as `metav1.Condition` with the bounds of its Go markers.
pub(super) fn conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 16,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "default": [{
            "type": super::ClientCondition::Ready.as_str(),
            "status": super::ConditionStatus::Unknown.as_str(),
            "reason": super::ClientReason::Pending.as_str(),
            "message": super::PENDING_MESSAGE,
            "lastTransitionTime": super::LAST_TRANSITION_NEVER,
        }],
        "items": {
            "type": "object",
            "description": "One aspect of the current state.",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": {
                    "description": "Which aspect, in CamelCase.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 64,
                    "pattern": "^[A-Za-z]([A-Za-z0-9]*[A-Za-z0-9])?$",
                },
                "status": {
                    "description": "True, False or Unknown.",
                    "type": "string",
                    "enum": ["True", "False", "Unknown"],
                },
                "observedGeneration": {
                    "description": "metadata.generation that the condition is about; an older one than the object's means that the last change was not looked at yet.",
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0,
                },
                "lastTransitionTime": {
                    "description": "When status last changed; 1970-01-01T00:00:00Z before the operator's first look.",
                    "type": "string",
                    "format": "date-time",
                },
                "reason": {
                    "description": "Why, as one CamelCase word of a closed set.",
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 64,
                    "pattern": "^[A-Za-z]([A-Za-z0-9]*[A-Za-z0-9])?$",
                },
                "message": {
                    "description": "What is the case, whose move it is and what happens next.",
                    "type": "string",
                    "maxLength": super::MESSAGE_MAX,
                },
            },
        },
    })
}

/// Five fields of cron, each of values in its range.
pub(super) fn cron(_: &mut SchemaGenerator) -> Schema {
    /// A list of values, ranges and steps.
    fn field(value: &str) -> String {
        let part = format!(r"(\*|\?|{value}(-{value})?)(/[1-9][0-9]?)?");
        format!("{part}(,{part})*")
    }
    const NAME: &str = "[A-Za-z]{3}";
    let minute = field("([0-5]?[0-9])");
    let hour = field("([01]?[0-9]|2[0-3])");
    let day = field("(0?[1-9]|[12][0-9]|3[01]|L)");
    let month = field(&format!("(0?[1-9]|1[0-2]|{NAME})"));
    let weekday = field(&format!("(([0-7]|{NAME})(#[1-5]|L)?)"));
    text(
        128,
        &[(
            matches(&format!("^{minute} +{hour} +{day} +{month} +{weekday}$")),
            "cron must have five fields: minute (0-59), hour (0-23), day of month (1-31), month (1-12 or JAN-DEC), day of \
             week (0-7 or SUN-SAT); such as 0 3 1 * *",
        )],
    )
}

/// IANA time zone.
pub(super) fn time_zone(_: &mut SchemaGenerator) -> Schema {
    text(
        64,
        &[(
            matches(r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"),
            "timeZone must be a name of the IANA database, such as Europe/Oslo",
        )],
    )
}

/// Media type of a JSON API.
pub(super) fn media_type(_: &mut SchemaGenerator) -> Schema {
    text(
        128,
        &[(
            matches(r"^application/[a-z0-9][a-z0-9.+-]*$"),
            "must be a media type, such as application/vnd.composer.v3+json",
        )],
    )
}
