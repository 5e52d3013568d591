//! The operator on a real API server, installed by the chart, as a user sees it: many stories side by side, each with
//! an authorization server of its own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test run is told on the terminal"
)]

mod access;
mod drift;
mod ending;
mod given;
mod life;
mod limits;
mod names;
mod rotation;
mod secrets;
mod servers;
#[path = "../stage/mod.rs"]
mod stage;
#[path = "../support/mod.rs"]
mod support;
mod taken;
mod tenant;
mod weather;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut tests = tests![
        access::a_namespace_that_no_rule_selects,
        access::a_scope_that_no_rule_allows,
        access::a_scope_that_the_server_does_not_have,
        access::suspend_stops_changes_and_not_repair,
        drift::a_client_that_was_deleted_at_the_server,
        drift::a_client_that_was_edited_at_the_server,
        drift::a_credential_that_was_replaced_at_the_server,
        ending::delete,
        ending::delete_while_the_server_is_down,
        ending::a_namespace_is_deleted,
        ending::a_namespace_that_is_terminating_gets_nothing,
        ending::a_client_that_is_terminating_gets_nothing_new,
        ending::prune_and_come_back,
        ending::retain,
        given::a_secret_of_the_applications_own,
        given::where_the_server_chooses_it_is_refused,
        life::create,
        life::scopes_follow,
        life::what_the_api_server_refuses_is_explained,
        limits::a_namespace_has_its_share_and_no_more,
        limits::a_mass_deletion_waits_for_a_person,
        rotation::in_place,
        rotation::with_an_overlap,
        rotation::the_value_at_creation_rotates_nothing,
        secrets::an_altered_secret,
        secrets::a_secret_without_its_proof_is_somebody_elses,
        secrets::an_immutable_secret_that_was_altered,
        secrets::a_secret_of_another_type_in_its_place,
        servers::an_unknown_server,
        servers::a_credential_that_is_missing_and_comes,
        servers::a_credential_that_is_not_fit,
        servers::a_wrong_credential_that_is_replaced,
        servers::a_credential_that_lacks_a_right,
        servers::a_credential_of_another_server_is_nobodys_business,
        servers::an_address_that_is_not_allowed,
        servers::a_provider_that_is_not_there_yet,
        servers::a_server_that_is_down_when_a_client_is_applied,
        servers::an_outage_leaves_settled_clients_alone,
        taken::a_foreign_secret,
        taken::an_immutable_foreign_secret,
        taken::two_clients_with_one_secret_name,
        taken::a_quota_that_forbids_the_secret,
        tenant::a_server_of_a_namespace,
        tenant::its_words_are_not_passed_on,
        weather::a_lost_answer_to_a_registration,
        weather::a_lost_answer_to_an_update,
        weather::a_lost_answer_to_a_rotation,
        weather::a_lost_answer_to_a_removal,
        weather::a_server_that_asks_for_patience,
        weather::a_server_that_refuses_connections,
    ];
    tests.extend(names::all());
    tests.extend(weather::at_registration());
    tests.push(stage::Test::new("secrets::fifty_deleted_secrets", secrets::fifty_deleted_secrets).alone());
    // There all that the operator asks of the API server is counted. Without the proxy it is met in the demo.
    stage::runner::run("e2e", stage::Way::ThroughProxy, tests)
}
