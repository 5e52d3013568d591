//! The switches: every choice that the documentation leaves open, its default and the doubt behind it.

use super::choices::{
    AppName, Booleans, ChangeSecret, ContentType, Enable, EnabledShown, GrantsOrder, GrantsTaken,
    ImplicitWithRefresh, InfoId, ListFields, ListText, NoRedirects, Omitted, RefreshUse, RefreshValidity,
    RegisterAnswer, RequestType, RestrictedMark, Rights, ShortRefresh, TokenHeader, TwoFactor, Unset,
};
use crate::management_choices::{
    ChangeAnswer, DeleteAbsent, Duplicate, ErrorBody, Field, Freed, GetAbsent, ListOrder, ListShape, Numbers,
    Paging, ReadSecret, RequestFields, Unauthorized,
};
use crate::switch::{
    Either::{self, Do, Refuse},
    Failure, Success, Toggle,
};
use crate::switches;
use crate::token_choices::{BasicDecoding, ExpiresIn, TokenErrorBody, TokenErrorStatus, TokenType};

switches! {
    /// All switches of the Cocoon emulator.
    Switches {
        token_header: TokenHeader = TokenHeader::Authorization, "I", "The documentation spells the header of the token request Authentication, surely a slip.";
        token_basic_decoding: BasicDecoding = BasicDecoding::Either, "U", "Whether id and secret in Basic are form-encoded first.";
        token_error_status: Either<TokenErrorStatus> = Do(TokenErrorStatus::Standard), "U", "The status of a refusal by the token endpoint.";
        token_error_body: TokenErrorBody = TokenErrorBody::OAuth, "U", "The body of a refusal by the token endpoint.";
        token_expires_in: ExpiresIn = ExpiresIn::Number, "U", "How expires_in is written.";
        token_type: TokenType = TokenType::Small, "U", "How token_type is written.";
        refresh_issued: Toggle = Toggle(true), "U", "Whether an app with refresh_token gets a refresh token with a password.";
        refresh_use: RefreshUse = RefreshUse::Same, "U", "What becomes of a refresh token that is used.";
        two_factor: TwoFactor = TwoFactor::ByUser, "D", "A user with a second factor gets a restricted token first.";
        restricted_mark: RestrictedMark = RestrictedMark::Scope, "U", "How a restricted token says so.";
        restricted_use: Failure = Failure(403), "U", "A management call with a restricted token.";
        disabled_app: Failure = Failure(401), "U", "A token request of an app that is disabled.";
        old_secret_seconds: u64 = 0, "I", "How long a replaced secret still authenticates; no overlap is mentioned.";

        unauthorized: Unauthorized = Unauthorized::Challenge, "U", "The answer to a token that is wrong or has ended, or to none.";
        rights: Rights = Rights::Administrators, "I", "What users may do who are no administrators.";
        request_type: Either<RequestType> = Refuse(415), "D", "A body that is not declared as application/json.";
        content_type: ContentType = ContentType::Json, "U", "The media type of JSON answers.";
        error_body: ErrorBody = ErrorBody::Framework, "U", "The body of a refusal.";

        register_status: Success = Success(200), "I", "Status of a successful registration; 200 like the sibling calls.";
        update_status: Success = Success(200), "D", "Status of a successful PUT.";
        enable_status: Success = Success(200), "D", "Status of a successful PUT /enable.";
        delete_status: Success = Success(200), "D", "Status of a successful DELETE.";
        register_answer: RegisterAnswer = RegisterAnswer::App, "U", "What a registration answers; it may lack clientInfoId.";
        update_answer: ChangeAnswer = ChangeAnswer::Client, "D", "PUT is documented to answer the app.";
        enable_answer: ChangeAnswer = ChangeAnswer::Nothing, "U", "What PUT /enable answers.";
        delete_answer: ChangeAnswer = ChangeAnswer::Nothing, "U", "What DELETE answers; no body is stated.";
        info_id: InfoId = InfoId::Number, "U", "What a clientInfoId is.";
        change_secret: ChangeSecret = ChangeSecret::Absent, "U", "Whether the answer to a registration or a change shows the secret.";
        read_secret: ReadSecret = ReadSecret::Absent, "U", "Whether GET and the list show the secret.";
        numbers: Numbers = Numbers::Integer, "U", "How numbers are written in answers.";
        booleans: Booleans = Booleans::Boolean, "U", "How enabled is written in answers.";
        extra_fields: Toggle = Toggle(false), "U", "Fields in answers that are not documented.";

        duplicate_client_id: Either<Duplicate> = Refuse(409), "U", "A clientId that is taken.";
        duplicate_app_name: Either<AppName> = Do(AppName::Allowed), "U", "An appName that is taken.";
        deleted_client_id: Freed = Freed::Free, "U", "Whether the clientId of a deleted app can be used again.";
        name_limit: u64 = 0, "U", "The longest appName in characters, 400 beyond; 0 for no limit.";
        secret_least: u64 = 0, "U", "The shortest secret in characters, 400 below.";
        secret_limit: u64 = 0, "U", "The longest secret in characters, 400 beyond; 0 for no limit.";
        grants_taken: GrantsTaken = GrantsTaken::Either, "U", "Whether a request writes grant types as an array or as text.";
        grants_text: ListText = ListText::Array, "U", "Whether an answer writes grant types as an array or as text.";
        grants_order: GrantsOrder = GrantsOrder::AsGiven, "U", "The order of grant types in answers.";
        unknown_grant: Either<Field> = Refuse(400), "U", "A grant type that is not documented.";
        refresh_validity: RefreshValidity = RefreshValidity::WithRefreshToken, "D", "2.16 wants refreshTokenValiditySeconds always, later releases with refresh_token.";
        refresh_unneeded: Either<Field> = Do(Field::Applied), "U", "refreshTokenValiditySeconds without refresh_token.";
        short_refresh: Either<ShortRefresh> = Refuse(400), "U", "A refresh validity must be greater than the access validity; the refusal is not documented.";
        implicit_with_refresh: Either<ImplicitWithRefresh> = Refuse(400), "U", "implicit does not go with refresh tokens; the refusal is not documented.";
        redirects_missing: Either<NoRedirects> = Refuse(400), "I", "authorization_code or implicit without a redirect URI.";
        redirects_unneeded: Either<Field> = Do(Field::Applied), "U", "Redirect URIs without such a grant type; one page ties them to password.";
        redirects_text: ListText = ListText::Array, "U", "Whether an answer writes redirect URIs as an array or as text.";
        unset: Unset = Unset::Empty, "U", "How an answer writes redirect URIs and a refresh validity that an app has not.";
        request_fields: Either<RequestFields> = Do(RequestFields::Ignore), "U", "A field in a request that is not documented.";

        omitted_in_put: Either<Omitted> = Do(Omitted::Kept), "U", "Fields that PUT leaves out: it may want or take the whole body.";
        put_client_id: Either<Field> = Do(Field::Applied), "I", "Whether PUT takes a clientId.";
        put_secret: Either<Field> = Do(Field::Applied), "I", "Whether PUT takes a clientSecret.";
        put_enabled: Either<Field> = Do(Field::Ignored), "U", "Whether PUT takes enabled.";
        starts_enabled: Toggle = Toggle(true), "U", "Whether a new app is enabled.";
        enable: Either<Enable> = Do(Enable::Toggles), "D", "PUT /enable is documented to toggle.";
        enabled_shown: EnabledShown = EnabledShown::Always, "U", "Where enabled is shown; it is documented for GET.";
        get_absent: Either<GetAbsent> = Refuse(404), "U", "GET of an app that is not there.";
        update_absent: Failure = Failure(404), "U", "PUT of an app that is not there, /enable too.";
        delete_absent: Either<DeleteAbsent> = Refuse(404), "U", "DELETE of an app that is not there.";

        list_shape: ListShape = ListShape::Array, "U", "What stands around the list.";
        list_fields: ListFields = ListFields::Full, "D", "The list is documented to show everything.";
        list_order: ListOrder = ListOrder::Insertion, "U", "The order of the list.";
        paging: Paging = Paging::None, "U", "In what pieces the list comes; no paging is documented.";
        page_size: u64 = 20, "U", "The most apps in a piece.";
        read_lag_ms: u64 = 0, "U", "GET and the list show the apps as they were so long ago, as replicas might.";
    }
}
