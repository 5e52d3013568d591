//! The switches: every choice that the documentation leaves open or that was recorded otherwise, its default and
//! the doubt behind it.

use super::choices::{
    AbsentCode, AssertionAudience, AttachNone, AuthMethodDefault, BothPagings, ChangeSecret, ClientPolicy,
    CredentialList, ExpiresUnset, GlobalShown, GrantsOfDeleted, KeyAlg, LastPage, MethodsConflict,
    NoAudience, OffsetCap, PatchScopes, Plan, RateReset, Refill, Replay, RetryAfter, SecretAfterKeys,
    SecretWithKeys, Spread, TenantShown, TokenAuth, TokenLimit, TokenScope, TotalsShape, WrongSecret,
};
use crate::management_choices::{DeleteAbsent, Feature, Field, ListOrder, RequestFields};
use crate::random::Alphabet;
use crate::switch::{
    Either::{self, Do, Refuse},
    Failure, Success, Toggle,
};
use crate::switches;
use crate::token_choices::BasicDecoding;

switches! {
    /// All switches of the Auth0 emulator.
    Switches {
        challenge: Toggle = Toggle(true), "U", "Whether a 401 comes with WWW-Authenticate.";
        error_code: Toggle = Toggle(true), "F", "Whether a refusal has an errorCode; it was seen missing.";
        absent_code: AbsentCode = AbsentCode::Inexistent, "F", "The errorCode of a 404.";
        patch_scopes: PatchScopes = PatchScopes::PerField, "I", "Which scopes a PATCH of a client needs; only that of the secret is documented.";
        change_secret: ChangeSecret = ChangeSecret::ByScope, "U", "Who sees the secret in the answer to a registration, a rotation or a change.";

        register_status: Success = Success(201), "F", "Status of a successful registration.";
        update_status: Success = Success(200), "F", "Status of a successful PATCH of a client.";
        request_fields: Either<RequestFields> = Refuse(400), "D", "A field in a request that is not documented; the schemas are closed.";
        secret_at_create: Either<Field> = Refuse(400), "I", "client_secret in a registration: prose of an SDK knows it, the schema does not.";
        auth_method_default: AuthMethodDefault = AuthMethodDefault::NotShown, "F", "A client registered without token_endpoint_auth_method; the schema's default is none.";
        methods_conflict: Either<MethodsConflict> = Refuse(400), "U", "The two ways to set an authentication method exclude each other; how is not said.";
        attach_none: Either<AttachNone> = Do(AttachNone::Accepted), "U", "private_key_jwt with an empty list of credentials.";
        key_alg: Either<KeyAlg> = Refuse(400), "D", "private_key_jwt needs a jwt_configuration.alg; the refusal is not documented.";
        key_auth: Either<Feature> = Do(Feature::Offered), "D", "private_key_jwt and credentials; only the Enterprise plan has them.";
        secret_with_keys: SecretWithKeys = SecretWithKeys::Absent, "F", "Whether a client on private_key_jwt shows its secret; recorded both ways.";
        secret_after_keys: SecretAfterKeys = SecretAfterKeys::Same, "I", "Which secret a client has when it returns from private_key_jwt.";
        rotate_with_keys: Failure = Failure(400), "U", "A rotation of the secret of a client on private_key_jwt, which is documented to be refused.";
        secret_alphabet: Alphabet = Alphabet::UrlSafe, "U", "What characters a secret has.";
        client_limit: u64 = 0, "D", "The most clients of a tenant, 403 beyond; 0 for no limit. 10 are free, 100 in self-service.";
        delete_absent: Either<DeleteAbsent> = Do(DeleteAbsent::Success), "F", "DELETE of what is not there.";
        delete_global: Failure = Failure(400), "U", "DELETE of the global client, which is documented to be refused.";
        tenant_shown: TenantShown = TenantShown::InList, "F", "Where a client shows tenant and global; documented for every answer.";
        fields_extra: Toggle = Toggle(true), "F", "Whether an answer with chosen fields has signing_keys or tenant beside them.";
        extra_fields: Toggle = Toggle(false), "U", "Fields in answers that are not documented.";

        list_order: ListOrder = ListOrder::Insertion, "U", "The order of lists by page.";
        global_shown: GlobalShown = GlobalShown::Last, "F", "Where the global client is in the list.";
        list_shape: TotalsShape = TotalsShape::AsAsked, "U", "What stands around a list by page.";
        offset_cap: Either<OffsetCap> = Refuse(400), "I", "A page beyond the first 1000 items; documented for organizations.";
        checkpoint: Either<Feature> = Do(Feature::Offered), "U", "Lists by checkpoint, of every kind of thing.";
        last_page: LastPage = LastPage::NoNext, "F", "The end of a list by checkpoint; organizations were recorded with one more page, an empty one.";
        both_pagings: Either<BothPagings> = Do(BothPagings::Checkpoint), "F", "A list that is asked for in both ways.";
        checkpoint_seconds: u64 = 86_400, "D", "How long next is good.";
        read_lag_ms: u64 = 0, "U", "GET and lists show things as they were so long ago, as replicas might.";

        credential_list: CredentialList = CredentialList::Array, "F", "What stands around the credentials of a client.";
        credential_order: ListOrder = ListOrder::Insertion, "F", "The order of the credentials of a client; recorded in several.";
        credential_update_status: Success = Success(200), "F", "Status of a successful PATCH of a credential; documented with 201.";
        duplicate_key: Failure = Failure(400), "U", "A key that the client has already.";
        expires_unset: ExpiresUnset = ExpiresUnset::Absent, "F", "How a credential without an end writes expires_at.";

        grant_target_absent: Failure = Failure(404), "U", "A grant for a client or an API that is not there.";
        subject_type_shown: Toggle = Toggle(false), "F", "Whether a grant shows subject_type though none was sent.";
        grants_of_deleted: GrantsOfDeleted = GrantsOfDeleted::Removed, "I", "What becomes of the grants of a client that is deleted.";
        api_update_status: Success = Success(200), "F", "Status of a successful PATCH of an API; documented with 201.";
        client_policy: ClientPolicy = ClientPolicy::Grant, "I", "What a client needs for tokens of an API that names no policy.";

        token_auth: TokenAuth = TokenAuth::Any, "U", "In which ways a client can give its secret.";
        token_basic_decoding: BasicDecoding = BasicDecoding::Either, "U", "Whether id and secret in Basic are form-encoded first.";
        token_scope: TokenScope = TokenScope::Granted, "U", "Whether a token request can ask for less than is granted.";
        unknown_scopes: Toggle = Toggle(false), "U", "Whether tokens have granted scopes that the API lacks.";
        wrong_secret: WrongSecret = WrongSecret::AccessDenied, "F", "The error for a secret that is wrong.";
        wrong_secret_status: Failure = Failure(401), "I", "Its status.";
        no_grant_status: Failure = Failure(403), "F", "The status for an audience that the client has no grant for.";
        no_audience: Either<NoAudience> = Refuse(403), "F", "A token request without an audience.";
        assertion_audience: AssertionAudience = AssertionAudience::Either, "F", "Whether an assertion may be for the token endpoint; documented for the tenant.";
        assertion_replay: Either<Replay> = Refuse(401), "U", "An assertion that was used before, which is documented as good once.";
        management_token_seconds: u64 = 86_400, "D", "How long a token for the Management API is good; it can be configured.";
        spread_ms: u64 = 0, "D", "How long a change of a secret takes to spread; documented with up to 30 s.";
        spread: Spread = Spread::Either, "D", "Which secrets are good meanwhile; either one may be.";
        token_lag_ms: u64 = 0, "U", "The token endpoint sees clients, keys and grants as they were so long ago.";

        plan: Plan = Plan::Unlimited, "D", "The subscription, which sets the rate limits.";
        rate_per_second: u64 = 10, "D", "Calls of the Management API a second under the plan custom.";
        rate_burst: u64 = 20, "D", "How many of them can come at once.";
        token_rate: u64 = 30, "D", "Token requests a second, and at once, under the plan custom.";
        rate_refill: Refill = Refill::Steady, "D", "How used-up requests come back.";
        rate_headers: Toggle = Toggle(true), "D", "Whether answers have the x-ratelimit headers.";
        rate_reset: RateReset = RateReset::Next, "U", "What x-ratelimit-reset tells.";
        retry_after: RetryAfter = RetryAfter::Absent, "U", "Retry-After of a 429; documented for quotas.";
        token_limit: TokenLimit = TokenLimit::Quota, "F", "The answer to too many token requests; seen in three ways.";
    }
}
