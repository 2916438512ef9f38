//! A directory of 100,000 areas and 10,000 people: what a change and a question cost.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use gridfold_sync_core::directory::{Area, Directory, DirectoryChange, Grant, User};
use gridfold_sync_core::ids::{AreaCode, GrantId, UserId};
use gridfold_sync_core::schema::Role;

use super::site::{T0, area, row, ten};

pub(super) const STREETS: usize = 1_000;
pub(super) const GRIDS: usize = 99;
pub(super) const PEOPLE: u64 = 10_000;

fn of(code: String, parent: Option<&str>, level: &str) -> Area {
    Area {
        name: code.clone(),
        code: area(&code),
        parent: parent.map(area),
        level: level.to_owned(),
    }
}

fn grant(n: u64, role: Role, of: &str) -> DirectoryChange {
    DirectoryChange::Grant {
        grant: Grant {
            id: GrantId::from_parts(T0, ten(n * 3)),
            user: user(n),
            role,
            area: Some(area(of)),
            from: T0,
            until: None,
        },
    }
}

fn user(n: u64) -> UserId {
    UserId::from_parts(T0, ten(n * 3 + 1))
}

fn person(n: u64) -> DirectoryChange {
    DirectoryChange::User {
        user: User {
            id: user(n),
            name: format!("worker {n}"),
            active: true,
        },
    }
}

/// The best of a few, so that other work on the machine counts little.
fn best(mut run: impl FnMut()) -> Duration {
    let one = |()| {
        let from = Instant::now();
        run();
        from.elapsed()
    };
    std::iter::repeat_n((), 9)
        .map(one)
        .min()
        .unwrap_or_default()
}

fn show(what: &str, took: Duration, baseline: Duration, of: &str) {
    row(
        what,
        &format!("{took:.1?}"),
        &format!("{of} {baseline:.1?}"),
        took.as_secs_f64() / baseline.as_secs_f64(),
        Some(1.0),
    );
}

/// A city, its streets, and their grids.
pub(super) fn areas() -> Vec<Area> {
    let mut areas = vec![of("city".into(), None, "city")];
    for s in 0..STREETS {
        let street = format!("s{s}");
        areas.push(of(street.clone(), Some("city"), "street"));
        areas.extend((0..GRIDS).map(|g| of(format!("s{s}g{g}"), Some(&street), "grid")));
    }
    areas
}

pub(crate) fn run() {
    let mut directory = Directory::default();
    let areas = areas();
    let whole: BTreeMap<AreaCode, Area> =
        areas.iter().map(|a| (a.code.clone(), a.clone())).collect();
    directory.apply(DirectoryChange::Areas { areas });
    for n in 1..=PEOPLE {
        directory.apply(person(n));
        let grid = format!("s{}g{}", n as usize % STREETS, n as usize % GRIDS);
        directory.apply(grant(n, Role::Worker, &grid));
    }
    directory.apply(grant(PEOPLE + 1, Role::Supervisor, "city"));
    let later = T0.plus_millis(1);
    let most = Duration::from_millis(50);
    let changed = best(|| {
        let mut copy = directory.clone();
        copy.apply(person(PEOPLE + 2));
        black_box(copy);
    });
    let copied = best(|| drop(black_box(whole.clone())));
    show(
        "a change: one more person",
        changed,
        copied,
        "a copy of the areas alone",
    );
    let walked = best(|| {
        let mut copy = Directory::default();
        copy.apply(DirectoryChange::Areas {
            areas: whole.values().cloned().collect(),
        });
        black_box(copy.grids_in(Some(&area("s7"))));
    });
    show("all areas, and the first question", walked, most, "aim");
    // From here on the places are known, as in a server that runs.
    black_box(directory.grids_in(Some(&area("s7"))));
    let changed = best(|| {
        let mut copy = directory.clone();
        copy.apply(DirectoryChange::Areas {
            areas: vec![of("new".into(), Some("s7"), "grid")],
        });
        black_box(copy.grids_in(Some(&area("s7"))));
    });
    show(
        "a new area, and the first question after it",
        changed,
        most,
        "aim",
    );
    let ask = |what: &str, run: &dyn Fn()| show(what, best(run), most, "aim");
    ask("the grids of a street", &|| {
        drop(black_box(directory.grids_in(Some(&area("s7")))))
    });
    ask("what a supervisor of all may list", &|| {
        black_box(directory.roles_everywhere(user(PEOPLE + 1), later));
    });
    ask("the streams of a worker", &|| {
        drop(black_box(directory.streams_of(user(5), later)))
    });
    ask("the directory of a worker's phone", &|| {
        drop(black_box(directory.scope(user(5), later)))
    });
    ask("the streams of a supervisor of all", &|| {
        drop(black_box(directory.streams_of(user(PEOPLE + 1), later)));
    });
}
