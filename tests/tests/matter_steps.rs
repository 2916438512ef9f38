//! Phones without signal that disagree about where a matter stands: whoever's edits come first, all end in one state, and
//! that is what the reference makes of who knew of what.

use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::schema::Role;
use tests::world::Story;

const WORKER: usize = 0;
const OFFICE: usize = 1;
const CHIEF: usize = 2;
const ROLES: [Role; 3] = [Role::Worker, Role::Supervisor, Role::Supervisor];
/// Every order in which three phones can come in.
const ORDERS: [[usize; 3]; 6] = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
];

/// A matter that all three phones know, with these steps taken by the office.
fn begun(steps: &[(usize, &str)]) -> (Story, RecordId) {
    let mut world = Story::office(&ROLES);
    let matter = world.report(WORKER).unwrap();
    world.sync(WORKER).unwrap();
    for (who, step) in steps {
        world.sync(*who).unwrap();
        world.step(*who, matter, step).unwrap();
        world.sync(*who).unwrap();
    }
    for phone in 0..3 {
        world.sync(phone).unwrap();
    }
    (world, matter)
}

/// What one phone after the other does without signal ends the same, in whichever order they come in: the status, and
/// what stands beside it.
fn always_ends(
    begin: &[(usize, &str)],
    offline: &[(usize, &str)],
    (status, beside): (&str, &[&str]),
) {
    for order in ORDERS {
        let (mut world, matter) = begun(begin);
        for (who, step) in offline {
            world.step(*who, matter, step).unwrap();
        }
        for phone in order {
            world.sync(phone).unwrap();
        }
        world.end().unwrap();
        for phone in 0..3 {
            let (now, mut sides) = world.stands(phone, matter);
            sides.sort();
            assert_eq!(
                (now.as_str(), sides),
                (status, beside.iter().map(ToString::to_string).collect()),
                "{order:?}"
            );
        }
    }
}

const HANDLED: [(usize, &str); 3] = [(OFFICE, "accept"), (OFFICE, "dispatch"), (WORKER, "handle")];
const IN_HAND: [(usize, &str); 2] = [(OFFICE, "accept"), (OFFICE, "dispatch")];

#[test]
fn two_close_and_one_opens_again() {
    always_ends(
        &HANDLED,
        &[(OFFICE, "close"), (CHIEF, "close"), (CHIEF, "reopen")],
        ("closed", &["closed", "reopened"]),
    );
}

#[test]
fn a_recall_meets_what_was_done_meanwhile() {
    always_ends(
        &IN_HAND,
        &[(OFFICE, "recall"), (WORKER, "handle"), (CHIEF, "follow")],
        ("handled", &["accepted", "handled"]),
    );
}

#[test]
fn a_recall_meets_an_acceptance() {
    // Two who verified and accept, neither knowing of the other.
    always_ends(
        &[(OFFICE, "verify")],
        &[(OFFICE, "recall"), (CHIEF, "accept"), (WORKER, "follow")],
        ("accepted", &["accepted", "reported"]),
    );
}

#[test]
fn a_suspension_meets_a_closing() {
    always_ends(
        &IN_HAND,
        &[
            (OFFICE, "suspend"),
            (WORKER, "handle"),
            (WORKER, "follow"),
            (CHIEF, "urge"),
        ],
        ("handled", &["handled", "suspended"]),
    );
    // Whoever closes it does not know that it was found not done and suspended.
    always_ends(
        &HANDLED,
        &[(OFFICE, "not_done"), (OFFICE, "suspend"), (CHIEF, "close")],
        ("closed", &["closed", "suspended"]),
    );
}

#[test]
fn what_is_suspended_twice_goes_on_where_it_stood() {
    always_ends(
        &[(OFFICE, "accept")],
        &[
            (OFFICE, "suspend"),
            (CHIEF, "suspend"),
            (CHIEF, "resume"),
            (WORKER, "follow"),
        ],
        ("suspended", &["accepted", "suspended"]),
    );
    always_ends(
        &[(OFFICE, "accept"), (OFFICE, "suspend")],
        &[(WORKER, "resume"), (CHIEF, "urge"), (OFFICE, "follow")],
        ("accepted", &[]),
    );
}
