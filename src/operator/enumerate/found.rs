//! What the enumeration found, so that it stays mended.

use super::plan::Plan;
use super::search::{self, Account};

/// Scene, plan, and what was wrong.
const FOUND: &[(&str, &str, &str)] = &[
    (
        "rotate-with-overlap",
        "0:twin>quiet",
        "a process that had read the record long before it read the Secret put an old credential back",
    ),
    (
        "create-and-delete",
        "6:late",
        "a registration that was repeated and then deleted was delivered once more, after its record was gone",
    ),
    (
        "create",
        "9:unavailable",
        "a credential that could not be tried once was never tried again, and its status stayed so",
    ),
    (
        "rotate-with-overlap",
        "9:old",
        "a new credential that the token endpoint did not know at once was never proven, and the old one never retired",
    ),
    (
        "suspend-and-rotate",
        "5:late+9",
        "a credential that a late rotation had replaced was refused, and not looked up before late deliveries were over",
    ),
    (
        "suspend-and-rotate",
        "5:late,13:late+8",
        "of two late rotations only the first was found, as that took the second look back",
    ),
    (
        "composer/rotate-in-place",
        "5:twin<settled",
        "that a lost registration was not found was taken for the current client's absence, which was then replaced",
    ),
    (
        "hydra/update-and-back",
        "4:twin<quiet,17:conflict",
        "a look at a client whose name had seemed taken counted as the look after late deliveries, which was still due",
    ),
    (
        "crd-made-again",
        "2:early",
        "the UID of a CRD that was made again after the client was read was recorded for that client, and later taken for \
         evidence that it was deleted",
    ),
    (
        "name-handed-over",
        "9:late",
        "a removal by an exact name was delivered late, after the name was given to another client",
    ),
    (
        "name-deleted-and-taken",
        "9:late",
        "the same, with a client of another namespace",
    ),
    (
        "name-deleted-and-taken",
        "7:old",
        "a look by an exact name that did not show yet what was registered right before was taken for its absence",
    ),
    (
        "exact-name-rotated-and-deleted",
        "5:late+12",
        "a client of an exact name that a late rotation had given another id was taken for somebody else's at its removal",
    ),
    (
        "exact-name-rotated-and-deleted",
        "5:off+5",
        "a name that was kept until late deliveries were over was removed again each time they were",
    ),
    (
        "exact-name-rotated-and-deleted",
        "5:late,31:late+5",
        "the same, with two late deliveries",
    ),
    (
        "registration/rotate-twice-with-overlap",
        "27:twin<settled,37:denied",
        "of two removals that were refused in one pass the second one was taken for done, as the first one's credential was \
         refused",
    ),
    (
        "hydra/create-to-retain-and-delete",
        "4:twin<quiet",
        "a record that was to be created long ago was created by the repetition of its write",
    ),
    (
        "create-to-retain-and-delete",
        "7:twin>quiet",
        "a process that was held before it created a record or a Secret created it when the client was long gone",
    ),
    (
        "remote-deleted",
        "7:denied",
        "a client that was found gone and registered anew stayed ready while its new credential could not be recorded",
    ),
];

#[test]
fn stays_mended() {
    let mut account = Account::default();
    for (scene, plan, what) in FOUND {
        let scene = search::scene(scene);
        let base = account.undisturbed(scene);
        let before = account.violations.len();
        let parsed: Plan = plan.parse().unwrap();
        let run = account.plan_on(scene, &parsed, &base);
        assert!(
            parsed.befalls(&run.log),
            "{} {plan} befalls nothing any more: {what}",
            scene.name
        );
        if account.violations.len() > before {
            println!("again: {what}");
        }
    }
    println!("found before: {account}");
    account.settle("found before");
}
