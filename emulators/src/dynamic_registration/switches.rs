//! The switches: every choice that the standards leave to a server, and a few that servers take against them.

use super::choices::{
    Accept, ArrayOrder, AuthMethod, BareLists, ContentType, Discovery, DiscoveryFields, DiscoveryForm,
    ErrorBody, Feature, IssuerValue, Numbers, RedirectPolicy, RegisterSecret, RegistrationEndpoint,
    RequestType, ScopeGranted, ScopeOmitted, ScopeText, SecretExpiresAt, TokenAuth, Unauthorized,
    UnknownMetadata, UnknownScope, UnsetFields,
};
use super::manage_choices::{
    ForeignRat, Management, OldRat, OmittedInPut, RatForm, RatOnGet, RatOnPut, Returned, SecretInPut,
    SecretOnGet, SecretOnPut, UriForm,
};
use crate::random::Alphabet;
use crate::switch::{
    Either::{self, Do, Refuse},
    Failure, Success, Toggle,
};
use crate::switches;
use crate::token_choices::{
    BasicDecoding, ExpiresIn, TokenErrorStatus, TokenScopeExcess, TokenScopeOmitted, TokenType,
};

switches! {
    /// All switches of the emulator of dynamic client registration.
    Switches {
        discovery: Discovery = Discovery::Both, "U", "Which of the two discovery documents there are.";
        discovery_form: DiscoveryForm = DiscoveryForm::Standard, "U", "Where the documents of an issuer with a path are; the two standards differ, and servers mix them.";
        discovery_fields: DiscoveryFields = DiscoveryFields::Full, "U", "What is recommended or optional may be left out of a discovery document.";
        issuer_value: IssuerValue = IssuerValue::Right, "D", "The issuer in a discovery document must be the one that was asked for.";
        registration_endpoint: RegistrationEndpoint = RegistrationEndpoint::Shown, "U", "The registration endpoint is optional in a discovery document; behind a proxy it may be wrong.";

        register: Either<Feature> = Do(Feature::Offered), "I", "Registration may be switched off: 404 from Hydra.";
        register_status: Success = Success(201), "D", "Status of a successful registration; 201 is documented.";
        register_secret: RegisterSecret = RegisterSecret::Shown, "D", "A confidential client needs the secret, but the field is optional.";
        initial_token_uses: u64 = 0, "U", "How many registrations an initial access token is good for; 0 for any number. Keycloak counts.";
        client_limit: u64 = 0, "U", "How many clients there may be; 0 for no limit.";
        client_limit_status: Failure = Failure(403), "U", "The refusal when there are as many clients as there may be.";
        bare_lists: BareLists = BareLists::Optional, "I", "oidc-provider wants redirect_uris and response_types of a client without redirects, as empty lists.";
        refused_grants: String = String::new(), "U", "Grant types, separated by blanks, that a policy refuses with 400 invalid_client_metadata.";
        redirect_policy: RedirectPolicy = RedirectPolicy::Any, "U", "Which redirect URIs are refused with 400 invalid_redirect_uri.";
        unknown_scope: Either<UnknownScope> = Refuse(400), "U", "A client asks for a scope that the server does not know.";
        scope_omitted: Either<ScopeOmitted> = Do(ScopeOmitted::None), "U", "A client names no scope; the server may give it a default.";
        unknown_metadata: Either<UnknownMetadata> = Do(UnknownMetadata::Ignore), "D", "Metadata that the server does not know must be ignored.";

        dropped_fields: String = String::new(), "U", "Names of metadata, separated by blanks, that the server does not register: it may drop any.";
        dropped_grants: String = String::new(), "U", "Grant types, separated by blanks, that the server drops in silence.";
        auth_method: AuthMethod = AuthMethod::AsAsked, "U", "The server may change token_endpoint_auth_method.";
        scope_granted: ScopeGranted = ScopeGranted::AsAsked, "U", "The server may grant another scope than a client asks for.";
        default_fields: Toggle = Toggle(false), "U", "The server may fill in metadata that a client did not send.";

        scope_text: ScopeText = ScopeText::AsGiven, "U", "How the registered scope is written in answers; all metadata must be there.";
        array_order: ArrayOrder = ArrayOrder::AsGiven, "U", "The order of lists in answers.";
        unset_fields: UnsetFields = UnsetFields::Absent, "U", "Whether metadata that a client does not have are in answers.";
        extra_fields: Toggle = Toggle(false), "U", "Fields in answers that no standard has, nested ones among them.";
        numbers: Numbers = Numbers::Integer, "D", "How numbers are written in answers.";
        secret_expires_at: SecretExpiresAt = SecretExpiresAt::Standard, "D", "The field is required with a secret, in seconds, 0 for never.";
        content_type: ContentType = ContentType::Json, "D", "The media type of JSON answers; application/json is documented.";

        secret_alphabet: Alphabet = Alphabet::UrlSafe, "U", "What characters a secret has; any printable one is allowed.";
        id_alphabet: Alphabet = Alphabet::UrlSafe, "U", "What characters a client_id has; any printable one is allowed.";
        secret_seconds: u64 = 0, "U", "How long a secret is good; 0 for ever.";
        old_secret_ms: u64 = 0, "D", "How long a replaced secret still gets tokens; it must be discarded at once.";

        management: Management = Management::Full, "U", "RFC 7592 is optional; Auth0 has no management, Okta no token.";
        uri_form: UriForm = UriForm::Path, "U", "registration_client_uri is opaque: its form is the server's choice, and behind a proxy it may be wrong.";
        read: Either<Feature> = Do(Feature::Offered), "U", "GET of a client may be refused.";
        update: Either<Feature> = Do(Feature::Offered), "U", "PUT may be refused; oidc-provider has it off by default.";
        delete: Either<Feature> = Do(Feature::Offered), "U", "DELETE may be refused; 405 is documented.";
        update_status: Success = Success(200), "D", "Status of a successful PUT; 200 with the client is documented.";
        delete_status: Success = Success(204), "D", "Status of a successful DELETE; 204 is documented.";
        unknown_client: Failure = Failure(401), "D", "A management call for a client that is not there; 401 is documented.";
        foreign_rat: ForeignRat = ForeignRat::DestroyedIfUnknown, "U", "A registration access token that comes for another client; oidc-provider destroys it.";

        rat_on_get: RatOnGet = RatOnGet::Keep, "U", "GET may bring a new registration access token; Keycloak writes it anew.";
        rat_on_put: RatOnPut = RatOnPut::Keep, "U", "PUT may bring a new registration access token; oidc-provider, Keycloak and Hydra do so.";
        rat_in_get_answer: Returned = Returned::Always, "D", "The token is required in an answer; Hydra leaves it out of GET.";
        rat_in_put_answer: Returned = Returned::Always, "D", "The token is required in an answer; who loses a new one is locked out.";
        old_rat: OldRat = OldRat::AtOnce, "U", "When a replaced registration access token ends; with at_once a lost answer locks out.";
        rat_seconds: u64 = 0, "U", "How long a registration access token is good; 0 for ever.";
        rat_form: RatForm = RatForm::Opaque, "U", "What a registration access token looks like; Keycloak's is a signed token.";

        secret_on_get: SecretOnGet = SecretOnGet::Keep, "U", "GET may bring a new secret.";
        secret_on_put: SecretOnPut = SecretOnPut::Keep, "U", "PUT may bring a new secret; IBM Verify Access does so each time, Keycloak with a policy.";
        secret_in_get_answer: Returned = Returned::Always, "U", "GET may leave the secret out; Hydra does.";
        secret_in_put_answer: Returned = Returned::Always, "U", "PUT may leave the secret out.";
        secret_in_put: Either<SecretInPut> = Do(SecretInPut::Optional), "U", "The current secret in a PUT; IBM Verify Access demands it, Hydra refuses it with 403.";
        omitted_in_put: OmittedInPut = OmittedInPut::Removed, "D", "Metadata that a PUT leaves out must be removed or get a default.";

        error_body: ErrorBody = ErrorBody::OAuth, "U", "The body of a refusal of registration or management.";
        unauthorized: Unauthorized = Unauthorized::Challenge, "D", "The answer to a wrong bearer token or none; RFC 6750 has a challenge.";
        accept: Either<Accept> = Do(Accept::Ignored), "I", "A request that does not name application/json in Accept; oidc-provider refuses with a page.";
        request_type: Either<RequestType> = Do(RequestType::Any), "U", "A body that is not declared as application/json.";

        token_auth: TokenAuth = TokenAuth::Registered, "U", "Whether a client has to authenticate as it is registered.";
        token_basic_decoding: BasicDecoding = BasicDecoding::Either, "U", "Whether id and secret in Basic are form-encoded first, as RFC 6749 says.";
        token_error_status: Either<TokenErrorStatus> = Do(TokenErrorStatus::Standard), "D", "The status of a refusal by the token endpoint.";
        token_error_body: ErrorBody = ErrorBody::OAuth, "D", "The body of a refusal by the token endpoint.";
        token_scope_omitted: Either<TokenScopeOmitted> = Do(TokenScopeOmitted::All), "U", "A token request that names no scope.";
        token_scope_excess: Either<TokenScopeExcess> = Refuse(400), "U", "A token request that names more than the client has.";
        token_scope_shown: Toggle = Toggle(true), "U", "Whether the token answer has a scope field.";
        token_expiry_seconds: u64 = 600, "U", "How long a token is good.";
        token_expires_in: ExpiresIn = ExpiresIn::Number, "U", "How expires_in is written.";
        token_type: TokenType = TokenType::Capital, "U", "How token_type is written.";
    }
}
