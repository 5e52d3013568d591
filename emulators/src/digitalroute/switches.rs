//! The switches: every choice that the documentation leaves open, its default and the doubt behind it.

use super::choices::{
    Alphabet, ContentType, DeleteAbsent, DuplicateRegister, EmptyList, EmptyScope, EmptyScopeText,
    EncodedSlash, ErrorBody, GetAbsent, ListOrder, NameCase, Plus, PutPair, ReadSecret, RequestBody,
    RequestFields, RequestType, RotateAbsent, RotateChanges, SameName, SameNameDelete, ScopeAbsent,
    ScopeBase, ScopeExisting, ScopeInUse, ScopeText, TrailingSlash, Unauthorized, UnknownScope,
};
use crate::switch::{
    Either::{self, Do, Refuse},
    Success, Toggle,
};
use crate::switches;
use crate::token_choices::{
    BasicDecoding, ExpiresIn, TokenClientAuth, TokenErrorBody, TokenErrorStatus, TokenScopeExcess,
    TokenScopeOmitted, TokenType,
};

switches! {
    /// All switches of the DigitalRoute emulator.
    Switches {
        register_status: Success = Success(200), "U", "Status of a successful POST /clients; no status is documented.";
        put_create_status: Success = Success(200), "U", "Status of a PUT that registered.";
        put_change_status: Success = Success(200), "U", "Status of a PUT that changed the scope.";
        rotate_status: Success = Success(200), "U", "Status of a successful PATCH of a client.";
        delete_status: Success = Success(200), "U", "Status of a successful DELETE.";
        scope_status: Success = Success(200), "U", "Status of a successful POST or PATCH /scope.";

        duplicate_register: Either<DuplicateRegister> = Refuse(409), "U", "POST with a name that is taken: names must be unique, but who sees to it is not said.";
        same_name_lookup: Either<SameName> = Do(SameName::First), "U", "Which client a path means when there are several of the name.";
        same_name_delete: SameNameDelete = SameNameDelete::One, "U", "What DELETE removes when there are several of the name.";
        name_case: NameCase = NameCase::Exact, "U", "Whether names that differ in case only are the same.";
        name_limit: u64 = 0, "U", "The longest name in characters, 400 beyond; 0 for no limit.";
        encoded_slash: Either<EncodedSlash> = Do(EncodedSlash::OneSegment), "U", "%2F in the path: many servlet containers refuse it.";
        plus_in_path: Plus = Plus::Literal, "U", "Whether + in the path is decoded as a space.";
        trailing_slash: Either<TrailingSlash> = Refuse(404), "U", "What /clients/ is, which a client with an empty name would call.";

        get_absent: Either<GetAbsent> = Refuse(404), "U", "GET of a name that nobody registered.";
        rotate_absent: Either<RotateAbsent> = Refuse(404), "U", "PATCH of a name that nobody registered.";
        delete_absent: Either<DeleteAbsent> = Refuse(404), "U", "DELETE of a name that nobody registered.";
        empty_list: Either<EmptyList> = Do(EmptyList::Array), "U", "GET /clients when there is none.";

        unknown_scope: Either<UnknownScope> = Refuse(400), "U", "A client is registered or changed with a scope that is not provisioned.";
        empty_scope: Either<EmptyScope> = Do(EmptyScope::Accept), "U", "A client is registered or changed with no scope.";
        empty_scope_text: EmptyScopeText = EmptyScopeText::Empty, "U", "How no scope is written in answers.";
        scope_text: ScopeText = ScopeText::AsGiven, "U", "Order, repetition and blanks of scopes in answers.";
        scope_existing: Either<ScopeExisting> = Do(ScopeExisting::Listed), "U", "POST /scope with one that is provisioned already.";
        scope_refused: String = String::new(), "I", "Scopes, separated by blanks, that POST /scope leaves out: partial success is possible.";
        scope_absent: Either<ScopeAbsent> = Do(ScopeAbsent::Omitted), "U", "PATCH /scope with one that is not provisioned.";
        scope_in_use: Either<ScopeInUse> = Do(ScopeInUse::Remove), "U", "PATCH /scope with one that a client has.";
        scope_base: ScopeBase = ScopeBase::Same, "U", "The base of /scope may differ from that of /clients.";

        put_pair: PutPair = PutPair::Keep, "U", "Whether PUT keeps id and secret of a client that is there.";
        old_pair_seconds: u64 = 0, "I", "How long a replaced pair still gets tokens; no grace period is mentioned.";
        rotate_changes: RotateChanges = RotateChanges::Both, "D", "PATCH is documented to replace both; another release might keep the id.";
        read_secret: ReadSecret = ReadSecret::Shown, "D", "Documented as readable in list and GET; another release might hide it.";
        secret_alphabet: Alphabet = Alphabet::UrlSafe, "U", "What characters a secret has; only its length is shown.";

        list_order: ListOrder = ListOrder::Insertion, "U", "The order of GET /clients.";
        list_limit: u64 = 0, "U", "A silent end of the list after so many; 0 for none. No paging is documented.";
        read_lag_ms: u64 = 0, "U", "GET and the list show the clients as they were so long ago, as replicas might.";

        extra_fields: Toggle = Toggle(false), "U", "Fields in answers that are not documented.";
        trailing_whitespace: Toggle = Toggle(false), "U", "Blanks and line ends around a JSON body.";
        content_type: ContentType = ContentType::Json, "U", "The media type of JSON answers.";
        error_body: ErrorBody = ErrorBody::Framework, "U", "The body of a refusal.";
        unauthorized: Unauthorized = Unauthorized::Challenge, "I", "The answer to a wrong credential or none.";
        request_fields: Either<RequestFields> = Do(RequestFields::Ignore), "U", "A field in a request that is not documented.";
        request_body: Either<RequestBody> = Do(RequestBody::Ignore), "U", "A body with GET, PATCH or DELETE, which are documented without one.";
        request_type: Either<RequestType> = Do(RequestType::Any), "U", "A JSON body that is not declared as application/json.";

        token_client_auth: TokenClientAuth = TokenClientAuth::Both, "U", "How a client authenticates at the token endpoint.";
        token_basic_decoding: BasicDecoding = BasicDecoding::Either, "U", "Whether id and secret in Basic are form-encoded first.";
        token_error_status: Either<TokenErrorStatus> = Do(TokenErrorStatus::Standard), "U", "The status of a refusal by the token endpoint.";
        token_error_body: TokenErrorBody = TokenErrorBody::OAuth, "U", "The body of a refusal by the token endpoint.";
        token_scope_omitted: Either<TokenScopeOmitted> = Do(TokenScopeOmitted::All), "U", "A token request that names no scope.";
        token_scope_excess: Either<TokenScopeExcess> = Refuse(400), "U", "A token request that names more than the client has.";
        token_scope_shown: Toggle = Toggle(true), "U", "Whether the token answer has a scope field.";
        token_expiry_seconds: u64 = 1800, "I", "How long a token is good; 1800 in the samples.";
        token_expires_in: ExpiresIn = ExpiresIn::Number, "U", "How expires_in is written.";
        token_type: TokenType = TokenType::Capital, "U", "How token_type is written.";
    }
}
