//! Keeps the house in order: what no compiler checks.
#![allow(clippy::unwrap_used, reason = "what cannot be read fails the test")]

mod dependencies;
mod rooms;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rooms::{Crate, circles};

/// A file past this many lines is two files.
const MAX_LINES: usize = 500;
/// Files that may be longer, each with its reason.
const LONGER: [(&str, &str); 0] = [];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn files(dir: &Path, ending: &str, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') || name == "target" || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            files(&path, ending, out);
        } else if name.ends_with(ending) {
            out.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let mut paths = Vec::new();
    files(&root(), ".rs", &mut paths);
    assert!(paths.len() > 50, "the walk found the sources");
    let root = root();
    paths
        .into_iter()
        .map(|p| {
            let name = p
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            (name, fs::read_to_string(&p).unwrap())
        })
        .collect()
}

#[test]
fn no_source_file_is_two_files() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter(|(name, _)| !name.contains("/tests/") && !name.starts_with("tests/"))
        .filter(|(name, text)| {
            text.lines().count() > MAX_LINES && !LONGER.iter().any(|(allowed, _)| name == allowed)
        })
        .map(|(name, text)| format!("{name}: {} lines", text.lines().count()))
        .collect();
    assert!(long.is_empty(), "past {MAX_LINES} lines: {long:?}");
}

#[test]
fn no_test_is_switched_off() {
    // Put together here, so that this file does not find itself.
    let ignore = concat!("#[", "ignore");
    let off: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| text.contains(ignore))
        .map(|(name, _)| name)
        .collect();
    assert!(off.is_empty(), "switched off: {off:?}");
}

#[test]
fn the_arrows_that_must_not_exist_do_not() {
    let manifest =
        |package: &str| fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap();
    let arrows = [
        ("server", "gridfold-client"),
        ("client-ffi", "gridfold-server"),
        ("sync-core", "gridfold-server"),
        ("sync-core", "gridfold-client"),
        ("sync-core", "tokio"),
        ("sync-core", "rand"),
        ("sync-core", "getrandom"),
        ("client-ffi", "tokio"),
    ];
    for (from, to) in arrows {
        let text = manifest(from);
        // What only tests use makes no arrow.
        let shipped = text.split("[dev-dependencies]").next().unwrap_or_default();
        let found = shipped.lines().any(|line| {
            line.strip_prefix(to)
                .is_some_and(|rest| rest.starts_with([' ', '.', '=']))
        });
        assert!(!found, "{from} must not depend on {to}");
    }
}

#[test]
fn the_core_reads_no_clock_and_touches_no_disk() {
    let forbidden = [
        "std::fs",
        "std::net",
        "SystemTime",
        "Instant::now",
        "std::thread",
        "std::env",
    ];
    for (name, text) in sources()
        .into_iter()
        .filter(|(name, _)| name.starts_with("sync-core/src/"))
    {
        for what in forbidden {
            assert!(!text.contains(what), "{name} uses {what}");
        }
    }
}

#[test]
fn a_route_never_writes_the_views() {
    for (name, text) in sources()
        .into_iter()
        .filter(|(name, _)| name.starts_with("server/src/routes/"))
    {
        assert!(!text.contains("ViewsWriter"), "{name} writes the views");
    }
}

const CRATES: [&str; 3] = ["sync-core", "server", "client-ffi"];

/// Circles that are left, with the reason: a form's lifecycle folds a row, and a row is read under its
/// form, so these are one room in three parts. What a form from before means is what the built-in
/// form of its code says, wherever it is read.
const LEFT: [(&str, &[&str]); 2] = [
    ("sync-core", &["lifecycle", "schema", "view"]),
    (
        "sync-core",
        &[
            "schema::builtin",
            "schema::check",
            "schema::field",
            "schema::form",
            "schema::meaning",
        ],
    ),
];

#[test]
fn no_room_needs_one_that_needs_it() {
    let mut found_left = BTreeSet::new();
    let mut wrong = Vec::new();
    for name in CRATES {
        let found = Crate::read(&root().join(name).join("src"));
        let (rooms, files) = (found.circles_of_rooms(), found.circles_of_files());
        println!(
            "{name}: {} circles of rooms, {} of files in a room, {} arrows",
            rooms.len(),
            files.len(),
            found.arrows().count()
        );
        for circle in rooms.into_iter().chain(files) {
            match LEFT
                .iter()
                .find(|(of, left)| *of == name && circle == *left)
            {
                Some(left) => _ = found_left.insert(left),
                None => wrong.push((name, circle)),
            }
        }
    }
    assert!(wrong.is_empty(), "these need each other: {wrong:#?}");
    assert_eq!(
        found_left.len(),
        LEFT.len(),
        "some of {LEFT:?} is mended: take it off the list"
    );
}

#[test]
fn a_circle_is_found_however_long_it_is() {
    let arrow = |to: &str| BTreeSet::from([to.to_owned()]);
    let mut arrows = BTreeMap::from([
        ("a".to_owned(), arrow("b")),
        ("b".to_owned(), arrow("c")),
        ("d".to_owned(), arrow("a")),
    ]);
    assert!(circles(&arrows).is_empty());
    arrows.insert("c".to_owned(), arrow("a"));
    assert_eq!(circles(&arrows), [["a", "b", "c"]]);
}

/// What may not need what, whether or not a circle would come of it: the walk goes one way.
const NEVER: [(&str, &str, &[&str]); 8] = [
    (
        "server",
        "views",
        &[
            "project", "admit", "writer", "fold", "routes", "acts", "node",
        ],
    ),
    (
        "server",
        "project",
        &["admit", "writer", "routes", "acts", "node"],
    ),
    (
        "server",
        "fold",
        &["admit", "writer", "project", "routes", "acts", "node"],
    ),
    (
        "server",
        "admit",
        &["writer", "project", "routes", "acts", "node"],
    ),
    (
        "server",
        "log",
        &[
            "items",
            "views",
            "keys",
            "auth",
            "routes",
            "node",
            "directory",
        ],
    ),
    ("server", "import", &["routes"]),
    ("server", "cli", &["routes"]),
    ("server", "acts", &["routes", "cli", "import"]),
];

#[test]
fn the_walk_goes_one_way() {
    for (name, from, nevers) in NEVER {
        let found = Crate::read(&root().join(name).join("src"));
        let is_in = |path: &str, room: &str| path.split("::").next() == Some(room);
        assert!(
            found.arrows().any(|(f, _)| is_in(&f, from)),
            "{name} has no room {from} any more: set this list right"
        );
        for never in nevers {
            let wrong: Vec<_> = found
                .arrows()
                .filter(|(f, to)| is_in(f, from) && is_in(to, never))
                .collect();
            assert!(wrong.is_empty(), "{name}: {from} needs {never}: {wrong:?}");
        }
    }
}

#[test]
fn every_source_file_is_part_of_its_crate() {
    let dead: Vec<String> = CRATES
        .iter()
        .chain(&["tests"])
        .flat_map(|name| Crate::dead_files(&root().join(name).join("src")))
        .collect();
    assert!(dead.is_empty(), "no mod names {dead:?}");
}
