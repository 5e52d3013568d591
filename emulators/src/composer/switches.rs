//! The switches: every choice that the documentation leaves open, its default and the doubt behind it.

use super::choices::{
    Accept, AccountScope, Caller, ClientList, ContentType, Csrf, Handle, Licence, Login, NameCase,
    PullAccount, ReadId, RegisterAnswer, Release, RequestType, SecretExpiresAt, Supervisor, TokenAnswer,
    TokenId, TokenRequest, TrustedAccess, UnknownUser, ValidityExcess,
};
use crate::management_choices::{
    ChangeAnswer, DeleteAbsent, Duplicate, ErrorBody, Feature, Field, Freed, GetAbsent, ListOrder, Numbers,
    Paging, ReadSecret, RequestFields, Unauthorized,
};
use crate::random::Alphabet;
use crate::switch::{
    Either::{self, Do, Refuse},
    Failure, Success, Toggle,
};
use crate::switches;
use crate::token_choices::BasicDecoding;

switches! {
    /// All switches of the Composer emulator.
    Switches {
        trusted_access: TrustedAccess = TrustedAccess::On, "D", "Switched off, every endpoint answers 404: that is not an absent client.";
        licence: Licence = Licence::Valid, "F", "With an expired licence tokens answer 401 while clients can be managed.";
        release: Release = Release::Recent, "D", "Before 7.5 there was one token call.";
        caller: Caller = Caller::Supervisor, "F", "A tenant administrator gets 403 on registration and on the list.";
        login: Login = Login::Both, "F", "Basic works on a standalone Composer; a bundled one was seen to need a session.";
        csrf: Csrf = Csrf::Sessions, "F", "Changes in a session need X-CSRF-TOKEN; without it comes a 403 that talks about an expired session.";
        session_seconds: u64 = 0, "U", "How long a session lasts; 0 for ever.";
        session_ended: Unauthorized = Unauthorized::Bare, "U", "The answer in a session that has ended or never was.";
        session_offered: Toggle = Toggle(false), "U", "Whether the answer to Basic brings a SESSION cookie and a CSRF token.";
        unauthorized: Unauthorized = Unauthorized::Challenge, "F", "The answer to a wrong credential or none; seen with a challenge.";

        request_type: RequestType = RequestType::VendorOrJson, "U", "What media types the client endpoints take; another endpoint answered 415 to application/json.";
        accept: Accept = Accept::Any, "U", "What media types the client endpoints make.";
        content_type: ContentType = ContentType::Vendor, "U", "The media type of JSON answers.";
        error_body: ErrorBody = ErrorBody::Details, "F", "The body of a refusal; seen elsewhere in the product with error and details.";

        register_status: Success = Success(201), "I", "Status of a successful registration.";
        update_status: Success = Success(200), "I", "Status of a successful PATCH.";
        delete_status: Success = Success(204), "I", "Status of a successful DELETE.";
        register_answer: RegisterAnswer = RegisterAnswer::Client, "U", "What a registration answers beside id and secret.";
        update_answer: ChangeAnswer = ChangeAnswer::Client, "U", "What PATCH answers.";
        delete_answer: ChangeAnswer = ChangeAnswer::Nothing, "U", "What DELETE answers with another status than 204.";
        handle: Handle = Handle::ClientId, "I", "The id in paths is the client ID by the documentation, and just an id in the OpenAPI list.";
        read_id: ReadId = ReadId::ClientId, "U", "What the list and GET call the id.";
        read_secret: ReadSecret = ReadSecret::Absent, "D", "The secret is documented to be shown once; another release might show something.";
        secret_expires_at: SecretExpiresAt = SecretExpiresAt::Epoch, "I", "Time in seconds, 0 for never: epoch by its name.";
        secret_seconds: u64 = 0, "U", "How long a secret is good; 0 for ever.";
        numbers: Numbers = Numbers::Integer, "U", "How numbers are written in answers.";
        extra_fields: Toggle = Toggle(false), "U", "Fields in answers that are not documented.";
        secret_alphabet: Alphabet = Alphabet::UrlSafe, "U", "What characters a secret has.";
        id_alphabet: Alphabet = Alphabet::UrlSafe, "U", "What characters an id has; it goes into paths.";

        duplicate_register: Either<Duplicate> = Refuse(409), "U", "A name that is taken: names must be unique, but the refusal is not documented.";
        name_case: NameCase = NameCase::Exact, "U", "Whether names that differ in case only are the same.";
        name_limit: u64 = 0, "U", "The longest name in characters, 400 beyond; 0 for no limit.";
        deleted_name: Freed = Freed::Free, "U", "Whether the name of a deleted client can be used again.";
        validity_limit: u64 = 0, "U", "The longest validity; 0 for no limit. Under 600 is recommended.";
        validity_excess: Either<ValidityExcess> = Refuse(400), "U", "A validity that is longer than the limit.";
        request_fields: Either<RequestFields> = Do(RequestFields::Ignore), "U", "A field in a request that is not documented.";
        update_name: Either<Field> = Do(Field::Ignored), "U", "PATCH with client_name; only the validity is documented.";
        update_validity: Field = Field::Applied, "D", "A PATCH of the validity that is answered and not done.";
        get_absent: Either<GetAbsent> = Refuse(404), "U", "GET of a client that is not there.";
        update_absent: Failure = Failure(404), "U", "PATCH of a client that is not there.";
        delete_absent: Either<DeleteAbsent> = Refuse(404), "U", "DELETE of a client that is not there.";

        list_shape: ClientList = ClientList::ByVersion, "F", "What stands around the list; content was seen under version 3.";
        list_order: ListOrder = ListOrder::Insertion, "U", "The order of the list.";
        paging: Paging = Paging::None, "U", "In what pieces the list comes; no paging is documented.";
        page_size: u64 = 20, "U", "The most clients in a piece.";
        read_lag_ms: u64 = 0, "U", "GET and the list show the clients as they were so long ago, as replicas might.";

        token_request: TokenRequest = TokenRequest::Any, "U", "Whether a token request is JSON or a form.";
        token_basic_decoding: BasicDecoding = BasicDecoding::Either, "U", "Whether id and secret in Basic are form-encoded first.";
        token_answer: TokenAnswer = TokenAnswer::OAuth, "U", "What a token request answers.";
        token_status: Success = Success(200), "U", "Status of a successful token request.";
        token_id: TokenId = TokenId::Token, "U", "What a token is called when it is revoked.";
        unknown_client: Failure = Failure(500), "F", "A token request of a client that is not registered; seen with 500.";
        wrong_secret: Failure = Failure(401), "U", "A token request with a wrong secret, or one that has expired.";
        account_scope: Either<AccountScope> = Do(AccountScope::Everywhere), "F", "A client may have to be scoped to an account first, by hand.";
        pull_account: Either<PullAccount> = Do(PullAccount::Optional), "F", "The account in a pull; one note sends it.";
        pull_unknown_user: Either<UnknownUser> = Refuse(400), "U", "A pull for a user that is not there; with LDAP it need not be.";
        supervisor_target: Either<Supervisor> = Refuse(400), "U", "A token for a supervisor, which is documented not to be had.";
        revoke: Either<Feature> = Do(Feature::Offered), "U", "Revocation of a token; documented for v25 only.";
        revoke_status: Success = Success(204), "U", "Status of a successful revocation.";
        revoke_absent: Failure = Failure(404), "U", "Revocation of a token that is not there.";
    }
}
