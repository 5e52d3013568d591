//! PATCH: what is merged, what is replaced, what is removed.

use serde_json::{Value, json};

use crate::caller::{Caller, refused, text};

struct Changes {
    caller: Caller,
    id: String,
}

impl Changes {
    async fn of(document: &Value) -> Self {
        let caller = Caller::start().await;
        let made = caller.register(document).await;
        assert_eq!(made.status, 201, "{made:?}");
        let id = made.field("client_id");
        Self { caller, id }
    }

    /// A field after a change.
    async fn after(&self, change: &Value, field: &str) -> Value {
        let answer = self.caller.update(&self.id, change).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(self.caller.get(&self.id).await.json(), answer.json());
        answer.json()[field].clone()
    }

    async fn refused(&self, change: &Value, message: &str) {
        let before = self.caller.get(&self.id).await.json();
        refused(
            &self.caller.update(&self.id, change).await,
            400,
            "invalid_body",
            message,
        );
        assert_eq!(self.caller.get(&self.id).await.json(), before);
    }
}

#[tokio::test]
async fn metadata_is_merged_and_null_removes_an_entry() {
    let changes =
        Changes::of(&json!({ "name": "x", "client_metadata": { "bar": "baz", "foo": "zoo" } })).await;
    let field = "client_metadata";
    for (metadata, expected) in [
        (
            json!({ "bar": null, "foo": "new", "more": "m" }),
            json!({ "foo": "new", "more": "m" }),
        ),
        (
            json!({ "bar": "baz" }),
            json!({ "bar": "baz", "foo": "new", "more": "m" }),
        ),
        (json!({}), json!({ "bar": "baz", "foo": "new", "more": "m" })),
        (
            json!({ "foo": null, "more": null, "never": null }),
            json!({ "bar": "baz" }),
        ),
        (json!({ "bar": null }), json!({})),
    ] {
        assert_eq!(changes.after(&json!({ field: metadata }), field).await, expected);
    }
    changes.refused(&json!({ field: null }), "found type null").await;
}

#[tokio::test]
async fn the_limits_hold_after_merging() {
    let entries = |range: std::ops::Range<usize>| -> Value {
        let entries = range.map(|number| (format!("k{number}"), json!("v")));
        Value::Object(entries.collect())
    };
    let changes = Changes::of(&json!({ "name": "x", "client_metadata": entries(0..10) })).await;
    changes
        .refused(
            &json!({ "client_metadata": { "one": "more" } }),
            "Too many properties defined (11), maximum 10",
        )
        .await;
    let swapped = json!({ "client_metadata": { "k0": null, "one": "more" } });
    changes.after(&swapped, "client_metadata").await;
}

#[tokio::test]
async fn some_objects_are_merged_and_others_replaced() {
    let changes = Changes::of(&json!({
        "name": "x",
        "jwt_configuration": { "alg": "HS256", "lifetime_in_seconds": 60 },
        "mobile": { "ios": { "team_id": "t" } },
        "token_quota": { "client_credentials": { "enforce": true, "per_day": 2000, "per_hour": 100 } },
        "callbacks": ["https://a.example", "https://b.example"],
    }))
    .await;
    let alg = json!({ "jwt_configuration": { "alg": "RS256" } });
    assert_eq!(
        changes.after(&alg, "jwt_configuration").await,
        json!({ "alg": "RS256", "lifetime_in_seconds": 60, "secret_encoded": false })
    );
    let mobile = json!({ "mobile": { "android": { "app_package_name": "p" } } });
    assert_eq!(
        changes.after(&mobile, "mobile").await,
        json!({ "ios": { "team_id": "t" }, "android": { "app_package_name": "p" } })
    );
    let quota = json!({ "token_quota": { "client_credentials": { "per_day": 1 } } });
    assert_eq!(changes.after(&quota, "token_quota").await, quota["token_quota"]);
    let callbacks = json!({ "callbacks": ["https://c.example"] });
    assert_eq!(
        changes.after(&callbacks, "callbacks").await,
        json!(["https://c.example"])
    );
    assert_eq!(
        changes.after(&json!({ "callbacks": [] }), "callbacks").await,
        json!([])
    );
}

#[tokio::test]
async fn null_unsets_what_can_be_unset() {
    let changes = Changes::of(&json!({
        "name": "x",
        "description": "d",
        "token_endpoint_auth_method": "client_secret_post",
        "token_quota": { "client_credentials": { "per_day": 1 } },
        "organization_usage": "allow",
    }))
    .await;
    for field in [
        "token_endpoint_auth_method",
        "token_quota",
        "organization_usage",
        "refresh_token",
    ] {
        assert_eq!(changes.after(&json!({ field: null }), field).await, Value::Null);
        let shown = changes.caller.get(&changes.id).await.json();
        assert!(shown.get(field).is_none(), "{field}");
    }
    for field in [
        "name",
        "description",
        "grant_types",
        "is_first_party",
        "client_secret",
    ] {
        changes.refused(&json!({ field: null }), "found type null").await;
    }
}

#[tokio::test]
async fn a_change_changes_something_known() {
    let changes = Changes::of(&json!({ "name": "x" })).await;
    changes
        .refused(&json!({}), "'Too few properties defined (0), minimum 1'")
        .await;
    changes
        .refused(
            &json!({ "nonsense": 1 }),
            "Additional properties not allowed: nonsense",
        )
        .await;
    changes
        .refused(
            &json!({ "client_id": "other" }),
            "Additional properties not allowed: client_id",
        )
        .await;
    changes
        .refused(
            &json!({ "token_endpoint_auth_method": "none" }),
            "Invalid grant types: client_credentials",
        )
        .await;
    let public = json!({ "token_endpoint_auth_method": "none", "grant_types": ["authorization_code"] });
    changes.after(&public, "token_endpoint_auth_method").await;
    let renamed = changes.after(&json!({ "name": "y" }), "name").await;
    assert_eq!(renamed, "y");
    let named = changes.caller.emulator.clients_named("y");
    assert_eq!(text(&json!(named[0]), "client_id"), changes.id);
}
