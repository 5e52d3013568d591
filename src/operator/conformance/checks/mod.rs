//! What every adapter must pass. Each check is written once, against [`super::server::ServerUnderTest`], and asks the
//! adapter's capabilities what applies.

mod access;
mod answers;
mod basics;
mod drift;
mod ending;
mod ownership;
mod registrations;
mod rotation;
mod trouble;

use futures::future::BoxFuture;

use super::story::Story;
use super::verdict::Checked;

/// One check: it tells a story from a fresh start.
pub(super) struct Check {
    /// Its name, as the table has it.
    pub(super) name: &'static str,
    /// Tells the story.
    pub(super) run: for<'a> fn(&'a Story) -> BoxFuture<'a, Checked>,
}

macro_rules! checks {
    ($($name:literal: $module:ident::$run:ident,)+) => {
        /// All of them, in the order of the table.
        pub(super) const ALL: &[Check] = &[
            $(Check { name: $name, run: |story| Box::pin($module::$run(story)) },)+
        ];
    };
}

checks! {
    "register": basics::register,
    "proven by a token request": basics::proven,
    "observe": basics::observe,
    "update each field that can change": basics::update,
    "refuse what cannot be honoured": basics::refuse,
    "scopes that do not exist": basics::scopes,
    "what is not honoured is said": registrations::not_honoured,
    "rotate": rotation::without_overlap,
    "rotate with overlap": rotation::with_overlap,
    "secret of the application's own": rotation::given,
    "secret that ends": registrations::secret_ends,
    "delete": ending::delete,
    "delete what is gone already": ending::delete_again,
    "disable instead of delete": ending::disable,
    "alone at the server": ending::alone,
    "killed after every call": trouble::killed_after_calls,
    "killed after every step": trouble::killed_after_steps,
    "every answer lost": trouble::answer_lost,
    "every request lost": trouble::request_lost,
    "every request delivered late": trouble::delivered_late,
    "throttled": trouble::throttled,
    "denied": trouble::denied,
    "failed though done": trouble::failed_though_done,
    "feature switched off": trouble::switched_off,
    "absurd answers to changes": answers::absurd_to_changes,
    "absurd answers to reads": answers::absurd_to_reads,
    "other order, defaults filled in": answers::otherwise,
    "unknown fields": answers::with_more,
    "more than three pages": answers::pages,
    "drift of metadata": drift::metadata,
    "drift of the credential": drift::credential,
    "removed behind our back": drift::removed,
    "registration access refused": registrations::access_refused,
    "name taken by somebody else": ownership::name_taken,
    "name taken over by somebody else": ownership::name_taken_over,
    "client of another cluster": ownership::another_cluster,
    "one name in two clusters": ownership::one_name_in_two_clusters,
    "admin credential refused: slow": access::credential_refused,
    "admin credential refused: said": access::refusal_said,
    "admin session ended: one login": access::session_ended,
}
