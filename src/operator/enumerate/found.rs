//! What the enumeration found, so that it stays mended.

use super::disturbance::What;
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
        "keycloak/update-and-back",
        "4:twin<quiet,17:conflict",
        "a look at a client whose name had seemed taken counted as the look after late deliveries, which was still due",
    ),
];

/// What was found and is not mended yet. Runs like it are counted apart; once it is mended, it moves up.
pub(super) struct Open {
    /// The scene, with any kind of server.
    scene: &'static str,
    /// What has to befall it.
    with: fn(What) -> bool,
    /// How what it violates begins.
    says: &'static [&'static str],
    /// A plan that shows it, with the first kind of server or the one that is named.
    example: (&'static str, &'static str),
    what: &'static str,
    mended_by: &'static str,
}

fn in_flight(what: What) -> bool {
    matches!(what, What::Late(_) | What::TwinBefore(_) | What::TwinAfter(_))
}

pub(super) const OPEN: &[Open] = &[
    Open {
        scene: "crd-made-again",
        with: |what| what == What::Early,
        says: &["S9: a client is given up without evidence"],
        example: ("crd-made-again", "2:early"),
        what: "the CRD is made again after a pass has read the client and before it asks which CRD there is: the new UID \
               is recorded for a client that went with the old CRD, and later taken for evidence that it was deleted",
        mended_by: "gather asks World::here() before it reads anything, so that the UID is older than the client",
    },
    Open {
        scene: "name-handed-over",
        with: in_flight,
        says: &["S5: ", "S6: ", "L2: "],
        example: ("name-handed-over", "9:late"),
        what: "a removal by an exact name is delivered late, after the name was given to another client: that one is gone",
        mended_by: "a removal by a name that anybody can have, once tried without an outcome, claims the name until late \
                    deliveries are over",
    },
    Open {
        scene: "name-deleted-and-taken",
        with: in_flight,
        says: &["S5: ", "S6: ", "L2: "],
        example: ("name-deleted-and-taken", "9:late"),
        what: "the same, with a client of another namespace",
        mended_by: "the same",
    },
    Open {
        scene: "name-deleted-and-taken",
        with: |what| what == What::Old,
        says: &["S2: shared is an orphan"],
        example: ("name-deleted-and-taken", "7:old"),
        what: "a look by an exact name does not show yet what was registered right before, which is taken for gone and left",
        mended_by: "a look before a removal counts as absence only when the registration has had its time to settle",
    },
    Open {
        scene: "exact-name-rotated-and-deleted",
        with: |what| in_flight(what) || what == What::Old,
        says: &["S2: billing is an orphan"],
        example: ("exact-name-rotated-and-deleted", "5:late+12"),
        what: "a late rotation gives a client of an exact name another id after its record has closed the rotation: at its \
               removal it is taken for somebody else's and left",
        mended_by: "cleanup::owed removes by name alone also where a look after late deliveries is still due and ids change",
    },
    Open {
        scene: "create-to-retain-and-delete",
        with: in_flight,
        says: &["L2: ", "S6: "],
        example: ("create-to-retain-and-delete", "7:twin>quiet"),
        what: "a process that is held before it creates a record or a Secret, and wakes when the client is gone and cleaned \
               up, creates it again: a Secret is left, a retained client is removed",
        mended_by: "the executor refuses to create a record or a Secret from what was gathered too long ago, as it refuses \
                    to send a call",
    },
];

/// Which open finding a run is like.
pub(super) fn open(scene: &str, plan: &Plan, violated: &[String]) -> Option<&'static str> {
    let scene = scene.rsplit('/').next().unwrap_or(scene);
    let says = |open: &Open| {
        violated
            .iter()
            .any(|what| open.says.iter().any(|begins| what.starts_with(begins)))
    };
    let found = OPEN
        .iter()
        .find(|open| open.scene == scene && plan.0.iter().any(|(_, what)| (open.with)(*what)) && says(open));
    found.map(|open| open.what)
}

#[test]
fn what_is_open_is_not_mended() {
    for Open {
        example: (scene, plan),
        what,
        mended_by,
        ..
    } in OPEN
    {
        let mut account = Account::default();
        let scene = search::scene(scene);
        let base = account.undisturbed(scene);
        account.plan(scene, &plan.parse().unwrap(), &base);
        println!(
            "open: make replay SCENE='{}' AT='{plan}'\n    {what}\n    mended by: {mended_by}",
            scene.name
        );
        assert_eq!(
            account.open.len(),
            1,
            "mended: move it up to what stays mended: {what}"
        );
    }
}

#[test]
fn stays_mended() {
    let mut account = Account::default();
    for (scene, plan, what) in FOUND {
        let scene = search::scene(scene);
        let base = account.undisturbed(scene);
        let before = account.violations.len();
        account.plan(scene, &plan.parse().unwrap(), &base);
        if account.violations.len() > before {
            println!("again: {what}");
        }
    }
    println!("found before: {account}");
    account.settle("found before");
}
