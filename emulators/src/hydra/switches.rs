//! The switches: every choice that documentation and source leave open, its default and the doubt behind it.

use super::choices::{
    ArrayOrder, ContentType, ErrorBody, Filters, IdCase, LifespanForm, LinkForm, LongSecret, PageSizeAsked,
    PagesEnd, PatchJwksUri, PatchRemove, PatchType, Release, ScopeText, UnsetLifespans, UnsetLists,
    UnsetObjects, UpdateAnswer, WrongPageToken,
};
use crate::management_choices::{DeleteAbsent, Feature, Field, ListOrder, Unauthorized};
use crate::switch::{
    Either::{self, Do, Refuse},
    Failure, Success, Toggle,
};
use crate::switches;
use crate::token_choices::{BasicDecoding, ExpiresIn, TokenScopeOmitted, TokenType};

switches! {
    /// All switches of the Hydra emulator.
    Switches {
        release: Release = Release::V26, "D", "1.x, 2.x and 26 differ in paths, pages and fields.";

        unauthorized: Unauthorized = Unauthorized::Bare, "U", "The answer of what guards the admin API to a token that is wrong, or to none.";
        content_type: ContentType = ContentType::JsonUtf8, "I", "The media type of JSON answers; 2.3.0 says it so.";
        error_body: ErrorBody = ErrorBody::OAuth, "U", "The body of a refusal; the source has a request_id that 2.3.0 does not write.";
        register_status: Success = Success(201), "D", "Status of a successful registration.";
        update_status: Success = Success(200), "D", "Status of a successful PUT.";
        patch_status: Success = Success(200), "D", "Status of a successful PATCH.";
        lifespans_status: Success = Success(200), "D", "Status of a successful PUT of lifespans.";
        delete_status: Success = Success(204), "D", "Status of a successful DELETE.";
        update_answer: UpdateAnswer = UpdateAnswer::Client, "U", "What PUT and PATCH answer; defaults may be missing.";
        set_secret_shown: Toggle = Toggle(true), "U", "Whether the answer to a PUT or PATCH that sets the secret shows it.";
        extra_fields: Toggle = Toggle(false), "U", "Fields in answers that are not documented.";
        unset_lists: UnsetLists = UnsetLists::ByCall, "U", "How an answer writes lists that were never set; 2.3.0 does it by call.";
        unset_objects: UnsetObjects = UnsetObjects::Empty, "U", "How an answer writes metadata and jwks that were never set.";
        unset_lifespans: UnsetLifespans = UnsetLifespans::Null, "U", "How an answer writes lifespans that were never set.";
        lifespan_form: LifespanForm = LifespanForm::Normal, "U", "How an answer writes a lifespan.";
        array_order: ArrayOrder = ArrayOrder::AsGiven, "U", "The order of lists in a client's document.";
        scope_text: ScopeText = ScopeText::AsGiven, "U", "How scope is written in answers.";
        default_scope: String = "offline_access offline openid".to_owned(), "I", "The scope of a client that is given none; it can be configured.";

        duplicate_id: Failure = Failure(409), "I", "A registration under a client_id that is taken.";
        id_case: IdCase = IdCase::Sensitive, "U", "Whether ids differ that differ in small and capital letters; the database decides.";
        long_secret: Either<LongSecret> = Do(LongSecret::Accepted), "U", "A secret of more than 72 bytes, which BCrypt cannot take whole.";
        absent: Failure = Failure(404), "F", "A call for a client that is not there, but DELETE; old releases said 401.";
        delete_absent: Either<DeleteAbsent> = Refuse(404), "U", "DELETE of a client that is not there.";
        patch_type: PatchType = PatchType::Any, "U", "The media types that PATCH takes.";
        patch_refused: Failure = Failure(500), "U", "A PATCH that cannot be applied; 2.3.0 says 500.";
        patch_remove: PatchRemove = PatchRemove::Kept, "U", "A field that PATCH removes; 2.3.0 keeps it.";
        patch_jwks_uri: Either<PatchJwksUri> = Refuse(400), "I", "PATCH, and PUT of lifespans, of a client with jwks_uri; 2.3.0 takes its jwks for set, too.";

        rotation: Either<Feature> = Refuse(404), "D", "The calls that rotate secrets; 26.2 has none, later releases do.";
        rotate_status: Success = Success(200), "D", "Status of a successful rotation.";
        rotate_chosen: Either<Field> = Do(Field::Applied), "U", "A secret that a rotation brings with it; only the newest documentation has that.";
        rotated_kept: u64 = 5, "D", "How many secrets stay good behind the newest one.";
        clear_status: Success = Success(200), "U", "Status when the secrets behind the newest one are removed.";

        page_size: u64 = 100, "D", "The clients in a page for which nobody asks a size; 250 in 2.3.0.";
        page_size_limit: u64 = 500, "D", "The most clients in a page.";
        page_size_asked: PageSizeAsked = PageSizeAsked::Capped, "U", "A page_size that is asked for.";
        pages_end: PagesEnd = PagesEnd::Ends, "F", "How the pages end; an empty list of 2.x always names a next one.";
        link_form: LinkForm = LinkForm::Path, "U", "How the address of the next page is written.";
        page_token_seconds: u64 = 3600, "D", "How long a page token is good.";
        wrong_page_token: Either<WrongPageToken> = Refuse(400), "U", "A page token that is wrong or has ended.";
        list_order: ListOrder = ListOrder::Name, "I", "The order of the list; name is by client_id.";
        filters: Filters = Filters::Applied, "U", "Whether the list takes client_name and owner.";
        read_lag_ms: u64 = 0, "U", "GET and the list show the clients as they were so long ago, as replicas might.";

        token_basic_decoding: BasicDecoding = BasicDecoding::Form, "D", "How id and secret in Basic are read.";
        token_scope_omitted: Either<TokenScopeOmitted> = Do(TokenScopeOmitted::None), "I", "A token request without scope.";
        token_expires_in: ExpiresIn = ExpiresIn::Number, "U", "How expires_in is written.";
        token_type: TokenType = TokenType::Small, "U", "How token_type is written.";
        token_scope_shown: Toggle = Toggle(true), "U", "Whether the answer with a token has a scope.";
        token_seconds: u64 = 3600, "D", "How long tokens are good of a client without a lifespan of its own; it can be configured.";
    }
}
